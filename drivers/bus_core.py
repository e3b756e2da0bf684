"""One bus without any I/O: bytes in, time in, bytes out, outcomes out. Both pumps drive this one object.

How a pump uses it, always from one thread:

    frame = core.advance(now)           what to write now, or None; next call at `core.wake_at` if nothing happens
    core.wrote(count, now)              how much of `core.outgoing` the port took
    core.received(data, now)            whatever the port gave
    core.opened(now) | core.closed(error, now)

Rules kept here: one request in flight; the most urgent turn next, whoever came first; silence before each request;
a deadline on each; after a failure the line is left alone while a late reply may still come (drain); an actuation is
never sent twice; nothing is asked of a board that has not shown who it is since the port was opened.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from functools import partial
from typing import Any

from drivers.bus import BusState, Echo, LineSettings, OnChange
from drivers.bus_listeners import Deliver, Listeners
from drivers.bus_roster import Roster
from drivers.bus_stats import HISTOGRAM_BUCKETS, BoardCounters, Direction, Recorder
from drivers.bus_turns import EchoProbe, Job, Turn, unsent
from drivers.errors import BoardRefused, BoardSilent, BusBusy, BusError, PortLost
from drivers.exchange import Exchange
from drivers.lock_board import LockBoard
from drivers.scan_plan import ScanPlan
from drivers.transaction import Priority
from drivers.unasked import UnaskedBytes

QUEUE_MAX = 64  # jobs waiting in one priority: a cabinet's every door at once would be a mistake, not a load
WRITE_MAX_S = (
    0.25  # a port that has not taken a frame by now is stuck: no frame is longer than this at 9600 baud
)
BABBLE_MAX_S = (
    0.5  # a line that never falls silent is spoken on all the same, or one noisy board stops all others
)
NEVER = float("inf")


class Phase(Enum):
    CLOSED = "closed"
    IDLE = "idle"
    WRITING = "writing"
    WAITING = "waiting"
    DRAINING = "draining"


_CLOSED, _IDLE, _WRITING, _WAITING, _DRAINING = Phase  # one look-up less in a path of some 40 µs
_SENT, _RECEIVED = Direction.SENT, Direction.RECEIVED


class BusCore:
    """See the module. `wake_at` is inf while nothing is planned; `outgoing` is what the port has still to take."""

    def __init__(self, line: LineSettings, deliver: Deliver) -> None:
        self.line = line
        self.recorder = Recorder()
        self.roster = Roster()
        self.plan = ScanPlan(deliver, self._returned, lambda: self._now)
        self.error: BusError | None = self._lost("not started", bytes_left=False)
        self.phase = _CLOSED
        self.wake_at = NEVER
        self.outgoing = b""
        self.listeners = Listeners(deliver, self.recorder)
        self._exchange = Exchange(line.name, line.echo, self.recorder, self.listeners.pushed)
        self._probed: set[str] = set()  # boards asked for the sake of the echo since the port was opened
        self._queues: tuple[deque[Turn], ...] = tuple(deque() for _ in Priority)
        self._queued = 0
        self._turn: Turn | None = None
        self._char_s = line.char_s
        self._silence_s = line.silence_s
        self._now = self._deadline = self._drain_until = self._quiet_at = self._sent_at = 0.0
        self._answerable = False  # the frame on the wire is one that boards reply to
        self._counters = BoardCounters()  # of the board asked last
        self._noisy_since: float | None = None
        self._unasked = UnaskedBytes(self.listeners.pushed)
        self._boards: dict[str, LockBoard] = {}

    # What callers ask for.

    @property
    def state(self) -> BusState:
        return BusState(self.phase is not _CLOSED, self.error)

    def submit(self, job: Job) -> None:
        """Queue one procedure; refused at once where the port is closed or too many wait."""
        queue = self._queues[job.priority]
        if self.error is not None:
            job.refuse(unsent(self.error))
        elif len(queue) >= QUEUE_MAX:
            fact = f"{QUEUE_MAX} procedures wait already"
            job.refuse(BusBusy(f"bus {self.line.name}", fact, bytes_left=False))
        else:
            queue.append(job)
            self._queued += 1

    def attach(self, board: LockBoard, now: float) -> None:
        self._boards[board.name] = board
        if self.roster.attach(board, now):
            self.plan.hold(board.name)

    def watch(self, board: LockBoard, interval_s: float, on_change: OnChange, now: float) -> None:
        self._boards.setdefault(board.name, board)
        objection = self.error or self.roster.objection(board.name)
        blocked = self.phase is _CLOSED or objection is not None or self.roster.must_wait(board.name)
        self.plan.watch(board, interval_s, on_change, now, blocked)
        if objection is not None:
            self.plan.block(board.name, objection)

    # The port.

    def opening(self) -> None:
        """The first attempt to open begins: what is asked meanwhile waits for it."""
        self.error = None

    def opened(self, now: float) -> None:
        self._now = now
        self.error = None
        self.phase = _IDLE
        self.wake_at = now  # attached boards are prepared at once, whether or not anybody asks for them
        self._quiet_at = now + self._silence_s
        self._noisy_since = None
        self._unasked.kept = b""
        self._exchange.forget_echo()
        self._probed.clear()
        self.recorder.port_openings += 1
        self.roster.opened(now)
        for name in self.plan.names():
            if name not in self.roster.entries:
                self.plan.unblock(name, now)
        self.listeners.changed(self.state)

    def closed(self, error: BusError, now: float) -> None:
        """The port is gone or could not be opened: everything that waits for it fails."""
        self._now = now
        if self.phase is not _CLOSED:
            self.recorder.port_losses += 1
        in_flight = self._turn
        asked = in_flight.transaction if in_flight is not None else None
        untouched = asked is not None and self.outgoing is asked.request
        news = self.error is None or self.error.args != error.args
        self.error, self.phase, self.wake_at, self._turn, self.outgoing = error, _CLOSED, NEVER, None, b""
        self.plan.block_all(error)
        if in_flight is not None:
            self._fail_closed(in_flight, unsent(error) if untouched else error)
        for job in self.roster.closed():
            job.refuse(unsent(error))
        for queue in self._queues:
            while queue:
                self._fail_closed(queue.popleft(), unsent(error))
        self._queued = 0
        if news:
            self.listeners.changed(self.state)

    def received(self, data: bytes, now: float) -> None:
        self._now = now
        self._quiet_at = now + self._silence_s
        self.listeners.traffic(now, _RECEIVED, data)
        if self.phase is not _WAITING or not self._answerable:
            self._set_aside(data, now)
            return
        turn = self._turn
        if turn is not None and data == turn.raw and self._exchange.untouched:
            self._answered(data, now)
            return
        verdict = self._exchange.feed(data)
        if verdict is None:
            return
        rest = self._exchange.rest
        if isinstance(verdict, bytes):
            self._answered(verdict, now)
        else:
            self._failed(verdict, now)
        if rest:
            self._set_aside(rest, now)

    def wrote(self, count: int, now: float) -> None:
        """The port took `count` bytes of `outgoing`."""
        if not count:
            return
        self.listeners.traffic(now, _SENT, self.outgoing[:count])
        self.outgoing = self.outgoing[count:]
        if self.outgoing or self._turn is None or self._turn.transaction is None:
            return
        transaction = self._turn.transaction
        wire_s = len(transaction.request) * self._char_s
        self._sent_at = now
        self._deadline = now + wire_s
        self._answerable = transaction.replies
        if transaction.replies:
            answer_s = (
                transaction.reply_bytes_max * self._char_s + transaction.reply_timeout_s + self.line.latency_s
            )
            self._deadline += answer_s
        self._quiet_at = now + wire_s + self._silence_s
        self.phase = _WAITING
        self.wake_at = self._deadline

    # The heart.

    def advance(self, now: float) -> bytes | None:
        """Whatever is due at `now`; the bytes to write, if any. `wake_at` then says when to call again."""
        self._now = now
        if self._turn is not None:
            if now < self._deadline:
                self.wake_at = self._deadline
                return None
            self._expired(now)
        if self.phase is _DRAINING:
            if now < self._drain_until:
                self.wake_at = self._drain_until
                return None
            self.phase = _IDLE
        if self.phase is _CLOSED:
            self.wake_at = NEVER
            return None
        if now < self._quiet_at:
            planned = now if self._queued else min(self.plan.next_due, self.roster.next_due)
            self.wake_at = max(self._quiet_at, planned)
            return None
        return self._next_frame(now)

    def _next_frame(self, now: float) -> bytes | None:
        while True:  # ends: each round takes one turn out of a bounded queue, or sends
            turn = self._pick(now)
            if turn is None:
                self.wake_at = min(self.plan.next_due, self.roster.next_due)
                return None
            if isinstance(turn, Job) and not self._may_speak(turn):
                continue
            assert turn.transaction is not None
            if self._exchange.echo is Echo.UNKNOWN and self._exchange.doubts(turn.transaction):
                turn = self._learn_echo(turn, turn.transaction.board)
            return self._send(turn, now)

    def _pick(self, now: float) -> Turn | None:
        if now >= self.roster.next_due:
            for board in self.roster.due(now):
                self._prepare(board)
        if self._queued:
            for queue in self._queues:
                if queue:
                    self._queued -= 1
                    return queue.popleft()
        return self.plan.take(now)

    def _may_speak(self, job: Job) -> bool:
        """Begin the job if it has not; False where it ended, was refused, or waits for its board."""
        if job.transaction is None and not job.begin():
            return False
        assert job.transaction is not None
        name = job.transaction.board
        if job.exempt or name not in self.roster.entries:
            return True
        objection = self.roster.objection(name)
        if objection is not None:
            job.refuse(unsent(objection))
            return False
        if not self.roster.must_wait(name):
            return True
        if not self.roster.park(name, job):
            job.refuse(
                BusBusy(f"board {name}", "too many procedures wait for its preparation", bytes_left=False)
            )
        return False

    def _learn_echo(self, turn: Turn, name: str) -> Turn:
        """A reading of the same board first, once, if there is one: its reply cannot be mistaken for an echo."""
        board = self._boards.get(name)
        question = board.poll() if board is not None and name not in self._probed else None
        if question is None or self._exchange.doubts(question):
            return turn
        self._probed.add(name)
        self._next_of(turn)
        return EchoProbe(question)

    def _send(self, turn: Turn, now: float) -> bytes:
        transaction = turn.transaction
        assert transaction is not None
        self._turn = turn
        self.phase = _WRITING
        self._deadline = self.wake_at = now + WRITE_MAX_S
        self.outgoing = transaction.request
        counters = self.recorder.boards.get(transaction.board) or self.recorder.board(transaction.board)
        counters.sent += 1
        self._counters = counters
        self._exchange.begin(transaction, counters)
        self._noisy_since = None
        if self._unasked.kept:
            self.recorder.noise_bytes += len(self._unasked.kept)
            self._unasked.kept = b""
        return transaction.request

    def _answered(self, reply: bytes, now: float) -> None:
        turn, self._turn, self.phase = self._turn, None, _IDLE
        assert turn is not None
        counters = self._counters
        counters.answered += 1
        bucket = int((now - self._sent_at) * 1e6).bit_length()
        counters.round_trips[bucket if bucket < HISTOGRAM_BUCKETS else HISTOGRAM_BUCKETS - 1] += 1
        turn.answered(reply, now)
        if turn.transaction is not None:
            self._next_of(turn)

    def _failed(self, error: BusError, now: float) -> None:
        """No reply, a bad one or a refusal: drain where an answer may still be on its way, then re-send or give up."""
        turn, self._turn, self.outgoing = self._turn, None, b""
        assert turn is not None
        assert turn.transaction is not None
        transaction = turn.transaction
        refused = isinstance(error, BoardRefused)
        self.recorder.failed(self._counters, error)
        self.phase = _IDLE if refused else _DRAINING
        self._drain_until = max(now, self._deadline) + transaction.drain_s
        if isinstance(turn, Job) and turn.resent < transaction.resends and not refused:
            turn.resent += 1
            self._counters.resends += 1
        else:
            turn.failed(error, now)
        if turn.transaction is not None:
            self._next_of(turn)

    def _expired(self, now: float) -> None:
        turn = self._turn
        assert turn is not None
        assert turn.transaction is not None
        transaction = turn.transaction
        if self.phase is _WRITING:
            where = f"board {transaction.board} on bus {self.line.name}"
            taken = len(transaction.request) - len(self.outgoing)
            fact = f"the port took {taken} of {len(transaction.request)} bytes in {WRITE_MAX_S} s"
            self._failed(BoardSilent(where, fact, bytes_left=taken > 0), now)
        elif transaction.replies:
            verdict = self._exchange.expire()
            if isinstance(verdict, bytes):
                self._answered(verdict, now)
            else:
                self._failed(verdict, now)
        else:
            self._turn = None
            self.phase = _DRAINING
            self._drain_until = now + transaction.drain_s
            turn.answered(b"", now)
            if turn.transaction is not None:
                self._next_of(turn)

    def _next_of(self, turn: Turn) -> None:
        """A procedure's next question goes before those who came later, and an unlock in it is urgent whoever asked."""
        assert turn.transaction is not None
        priority = turn.priority if isinstance(turn, Job) else Priority.POLL
        self._queues[min(priority, turn.transaction.priority)].appendleft(turn)
        self._queued += 1

    # Bytes that nobody asked for.

    def _set_aside(self, data: bytes, now: float) -> None:
        """Late replies and noise are counted and dropped; pushed frames are found by the families that push."""
        if self._noisy_since is None:
            self._noisy_since = now
        self._quiet_at = min(self._quiet_at, self._noisy_since + BABBLE_MAX_S)
        if self.phase is _DRAINING:
            self.recorder.late_bytes += len(data)
        self._unasked.add(data, (board.poll() for board in self._boards.values()))

    # Boards that have to show who they are.

    def _prepare(self, board: LockBoard) -> None:
        done = partial(self._prepared, board)
        self._queues[Priority.VERIFY].append(Job(board.prepare(), Priority.VERIFY, done, exempt=True))
        self._queued += 1

    def _prepared(self, board: LockBoard, info: Any, error: BaseException | None) -> None:
        if error is not None and not isinstance(error, BusError):
            error = BusError(f"board {board.name} on bus {self.line.name}", f"driver error {error!r}")
        waiting = self.roster.prepared(board.name, info if error is None else error, self._now)
        if error is None:
            self.plan.unblock(board.name, self._now)
        else:
            self.plan.block(board.name, error)
        for job in reversed(waiting):  # each goes to the front of its queue
            self._next_of(job)

    def _returned(self, board: LockBoard, now: float) -> bool:
        if board.name not in self.roster.entries:
            return False
        self.roster.renew(board.name, now)
        return True

    def _fail_closed(self, turn: Turn, error: BusError) -> None:
        if isinstance(turn, Job):
            turn.refuse(error)
        else:
            turn.transaction = None  # the plan has told this board's listener already

    def _lost(self, fact: str, bytes_left: bool) -> PortLost:
        return PortLost(f"bus {self.line.name}", fact, bytes_left=bytes_left)
