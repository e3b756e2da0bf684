"""Looking at boards again and again, inside the bus: who is next, and which looks are worth telling.

Most looks find what the last one found. So the question is built once, the raw reply is compared with the last one,
and only a change is decoded and leaves the bus. Also told: one more sample soon after each change (for whoever wants
two equal reads), that a board fell silent (once, after several misses), and that it is back (once it is steady).

Idle looks come a little sooner or later than asked for: a contact that flutters in step with them, as the mains' hum
does with a half-second, would be met in the same phase for ever. On the average they are as many as asked for.

A board that flaps must not flood anybody: each fall within FLAP_WINDOW_S of the last return doubles the time that it
has to answer steadily before it counts as back. A silent board is asked with back-off, and never while armed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drivers.bus import OnChange, Sample
from drivers.bus_turns import Job, Turn
from drivers.errors import BoardRefused, BusError
from drivers.irregular import BELOW, Irregular
from drivers.lock_board import DoorReadings, LockBoard
from drivers.transaction import Priority, Transaction

MISSES_MAX = 3  # one lost reply is noise, two are bad luck
UNEVEN = 0.1  # of the interval, up and down: 50 ms at the idle pace, more than two periods of the mains
SILENT_POLL_MAX_S = 5.0  # how late the return of a board may be noticed
SILENT_POLL_MIN_S = 0.1  # and the least back-off, where a board is watched without a pause
STEADY_FIRST_S = 0.5  # a board that boots answers at once or not; half a second shows which
STEADY_MAX_S = 30.0
FLAP_WINDOW_S = 60.0
CONFIRM_AFTER_S = 0.05  # contacts bounce for some 50 ms: two equal looks this far apart are one truth
CONFIRMS_RUNNING_MAX = 4  # a chattering contact may not turn its board's polling into the fast one for ever
ARMED_HOLD_MAX_S = 1.2  # one hint; whoever still means it says so again: a page does once a second
ARMED_STRETCH_S = (
    2.0  # hint after hint: present boards are looked at again after this, or a forced door goes unseen
)
NEVER = float("inf")


class Watch:
    """One watched board: a turn on the wire whenever it is due. Made and driven by `ScanPlan`."""

    __slots__ = (
        "asked",
        "back_at",
        "backoff_s",
        "blocked",
        "board",
        "confirms",
        "due",
        "fast_interval_s",
        "fast_until",
        "interval_s",
        "looked_at",
        "misses",
        "on_change",
        "plan",
        "raw",
        "resent",
        "silent",
        "steady_from",
        "steady_s",
        "taken_at",
        "told",
        "transaction",
        "uneven",
    )

    def __init__(
        self, plan: ScanPlan, board: LockBoard, interval_s: float, on_change: OnChange, due: float
    ) -> None:
        self.plan = plan
        self.board = board
        self.interval_s = interval_s
        self.on_change = on_change
        self.due = due
        self.uneven = Irregular()
        self.asked: Transaction | None = None  # the question that `raw` is a reply to
        self.looked_at = -NEVER
        self.taken_at = due  # when the present look was due: the next one keeps its distance from that
        self.transaction: Transaction | None = None
        self.resent = 0
        self.raw: bytes | None = (
            None  # the last reply to the pre-built question: the same bytes need no second judgement
        )
        self.told: DoorReadings | None = None  # the last sample told
        self.confirms = 0  # samples to be told although nothing changed, of CONFIRMS_RUNNING_MAX
        self.misses = 0
        self.silent = False
        self.blocked = False
        self.backoff_s = 0.0
        self.steady_from: float | None = None
        self.steady_s = STEADY_FIRST_S
        self.back_at = -NEVER
        self.fast_until = -NEVER
        self.fast_interval_s = interval_s

    # A turn on the wire, with the pre-built question.

    def answered(self, reply: bytes, now: float) -> None:
        self.transaction = None
        if reply == self.raw and not (self.confirms or self.misses or self.silent):
            self.plan.again(
                self, now
            )  # the usual case, some forty times a second: nothing is built or decoded
        else:
            self.plan.heard(self, reply, now)

    def failed(self, error: BusError, now: float) -> None:
        self.transaction = None
        if not isinstance(error, BoardRefused):
            self.board.poll_lost()
        self.plan.missed(self, error, now)

    def pace_s(self, now: float) -> float:
        """Until the next look."""
        if now < self.fast_until:
            return self.fast_interval_s
        return self.interval_s * (1.0 - UNEVEN + 2 * UNEVEN * self.uneven.next() / BELOW)


class ScanPlan:
    """All watched boards of one bus. `tell` hands a sample to its listener; `returned` says that a silent board is
    steady again and answers whether it has to be prepared first (then `unblock` follows)."""

    def __init__(
        self,
        tell: Callable[[OnChange, Sample], None],
        returned: Callable[[LockBoard, float], bool],
        clock: Callable[[], float],
    ) -> None:
        self._tell = tell
        self._returned = returned
        self._clock = clock
        self._watches: dict[str, Watch] = {}
        self._armed_since = -NEVER
        self._armed_until = -NEVER
        self.next_due = NEVER

    def watch(
        self, board: LockBoard, interval_s: float, on_change: OnChange, now: float, blocked: bool
    ) -> None:
        watch = self._watches[board.name] = Watch(self, board, interval_s, on_change, now)
        watch.blocked = blocked
        self._reckon()

    def unwatch(self, board: LockBoard) -> None:
        self._watches.pop(board.name, None)
        self._reckon()

    def fast(self, board: LockBoard, for_s: float, interval_s: float, now: float) -> None:
        """Look more often for a while; whoever was armed has got the door. No effect on an unwatched board."""
        self._armed_until = now
        watch = self._watches.get(board.name)
        if watch is None:
            return
        watch.fast_until, watch.fast_interval_s = now + for_s, interval_s
        if not watch.silent and watch.due is not NEVER:
            watch.due = min(watch.due, now + interval_s)
        self._reckon()

    def armed(self, hold_s: float, now: float) -> None:
        if now >= self._armed_until:
            self._armed_since = now
        self._armed_until = max(self._armed_until, now + min(hold_s, ARMED_HOLD_MAX_S))

    def block(self, name: str, error: BusError) -> None:
        """This board cannot be asked now: its doors are unknown, told once."""
        watch = self._watches.get(name)
        if watch is None:
            return
        watch.blocked = True
        self._fall(watch, error)
        self._reckon()

    def block_all(self, error: BusError) -> None:
        for name in list(self._watches):
            self.block(name, error)

    def hold(self, name: str) -> None:
        """This board is being prepared: not asked, nothing told."""
        watch = self._watches.get(name)
        if watch is not None:
            watch.blocked = True
            self._reckon()

    def unblock(self, name: str, now: float) -> None:
        """This board may be asked, and its next sample is told whatever it is."""
        watch = self._watches.get(name)
        if watch is None:
            return
        watch.blocked = watch.silent = False
        watch.raw = watch.told = watch.steady_from = None
        watch.misses, watch.due, watch.back_at = 0, now, now
        self._reckon()

    def names(self) -> list[str]:
        return list(self._watches)

    def look_again(self, name: str, now: float) -> None:
        """Ask now; this sample is told whatever it is, and the one after it."""
        watch = self._watches.get(name)
        if watch is None or watch.silent or watch.blocked:
            return
        watch.raw = watch.told = None
        if watch.due is not NEVER:
            watch.due = min(watch.due, now)
            self._reckon()

    def looked_at(self, name: str) -> float:
        """When this board was last asked for its doors; -inf if never. One read of a number: from any thread."""
        watch = self._watches.get(name)
        return -NEVER if watch is None else watch.looked_at

    def settled(self) -> bool:
        """Every watched board has told its doors and goes on answering, and nothing waits to be confirmed."""
        watches = self._watches.values()
        return not any(one.told is None or one.blocked or one.misses or one.confirms for one in watches)

    def take(self, now: float) -> Turn | None:
        """The board that has waited longest for a look, ready to be asked; None where none is due."""
        if now < self.next_due:
            return None
        armed = now < self._armed_until
        chosen: Watch | None = None
        if not armed or now - self._armed_since >= ARMED_STRETCH_S:
            longest = now
            for watch in self._watches.values():
                if watch.due <= longest and not watch.blocked and not (armed and self._may_wait(watch)):
                    chosen, longest = watch, watch.due
            if chosen is not None:
                return self._question(chosen, now)
            self._armed_since = now  # every board has had its look: the next stretch begins
        self.next_due = min(self._armed_until, self._armed_since + ARMED_STRETCH_S)
        return None

    def _may_wait(self, watch: Watch) -> bool:
        """While somebody is armed: an absent board, and one that was looked at since this stretch began."""
        return watch.silent or watch.looked_at >= self._armed_since

    def _question(self, watch: Watch, now: float) -> Turn:
        watch.looked_at = now
        watch.taken_at = watch.due if now - watch.due < watch.interval_s else now
        watch.due = NEVER  # until this look is over
        transaction = watch.board.poll()
        if transaction is None:  # the family has to ask in another way first
            return Job(
                watch.board.read_doors(),
                Priority.POLL,
                lambda result, error: self._read(watch, result, error),
            )
        if transaction is not watch.asked:
            watch.asked, watch.raw = transaction, None
        watch.transaction = transaction
        return watch

    def _read(self, watch: Watch, result: Any, error: BaseException | None) -> None:
        if error is None:
            self.heard(watch, result, self._clock())
        elif isinstance(error, BusError):
            self.missed(watch, error, self._clock())
        else:
            self.missed(
                watch, BusError(f"board {watch.board.name}", f"driver error {error!r}"), self._clock()
            )

    # What a look found.

    def again(self, watch: Watch, now: float) -> None:
        """Nothing new: look again after the interval."""
        due = watch.taken_at + watch.pace_s(now)
        watch.due = due if due > now else now  # late ones are not made up for
        self._reckon()

    def heard(self, watch: Watch, sample: bytes | DoorReadings, now: float) -> None:
        """The board answered, and something is different from the quiet case."""
        watch.misses = 0
        if watch.silent and not self._steady(watch, now):
            watch.due = now + watch.pace_s(now)
            self._reckon()
            return
        raw = sample if isinstance(sample, bytes) else None
        readings = watch.board.decode_poll(raw) if raw is not None else sample
        assert isinstance(readings, DoorReadings)
        changed = readings != watch.told
        if changed or watch.confirms:
            self._say(watch, readings)
        watch.raw, watch.told = raw, readings
        watch.confirms = watch.confirms % CONFIRMS_RUNNING_MAX + 1 if changed else 0
        self.again(watch, now)
        if changed and watch.confirms < CONFIRMS_RUNNING_MAX:
            watch.due = min(watch.due, now + CONFIRM_AFTER_S)
            self._reckon()

    def missed(self, watch: Watch, error: BusError, now: float) -> None:
        """The board gave no doors. Told once MISSES_MAX looks in a row failed."""
        watch.misses += 1
        watch.steady_from = None
        if watch.silent:
            watch.backoff_s = min(watch.backoff_s * 2, SILENT_POLL_MAX_S)
            watch.due = now + watch.backoff_s
        elif watch.misses >= MISSES_MAX:
            self._count_flap(watch, now)
            self._fall(watch, error)
            watch.backoff_s = max(watch.interval_s, SILENT_POLL_MIN_S)
            watch.due = now + watch.backoff_s
        else:
            watch.due = now + watch.pace_s(now)
        self._reckon()

    def _count_flap(self, watch: Watch, now: float) -> None:
        flapping = now - watch.back_at < FLAP_WINDOW_S
        watch.steady_s = min(watch.steady_s * 2, STEADY_MAX_S) if flapping else STEADY_FIRST_S

    def _fall(self, watch: Watch, error: BusError) -> None:
        watch.raw = watch.told = None
        watch.confirms = 0
        if not watch.silent:
            watch.silent = True
            self._say(watch, error)

    def _say(self, watch: Watch, sample: Sample) -> None:
        if self._watches.get(watch.board.name) is watch:  # else it was unwatched while on the wire
            self._tell(watch.on_change, sample)

    def _steady(self, watch: Watch, now: float) -> bool:
        """Whether a silent board counts as back with this answer."""
        if watch.steady_from is None:
            watch.steady_from = now
        if now - watch.steady_from < watch.steady_s:
            return False
        watch.back_at = now
        watch.steady_from = None
        if self._returned(watch.board, now):
            watch.blocked = True
            return False
        watch.silent = False
        return True

    def _reckon(self) -> None:
        next_due = NEVER
        for watch in self._watches.values():
            if watch.due < next_due and not watch.blocked:
                next_due = watch.due
        self.next_due = next_due
