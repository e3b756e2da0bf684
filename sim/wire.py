"""One half-duplex line: a master at one end, boards in a row, one talker at a time.

Sans-I/O. `write(bytes, now)` puts the master's bytes on the line, `read(now)` takes what has reached the master by
then, `next_due_s()` says when something will happen next. A thread on a pty drives it in real time (`sim.ports`), a
virtual clock in a simulated year; the wire time is the same: start bit, eight data bits, parity, stop bits.
Two talkers at once garble each other. Faults of the wire bend what passes; every frame goes into the trace.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from sim.firmware.base import Firmware, Heard, Reply, frame_in
from sim.trace import TO_BOARD, TO_HOST, Trace
from sim.world import World

if TYPE_CHECKING:
    from sim.wire_faults import WireFaults

SENDING_MAX = 4_096  # bytes of the master's that may wait for the wire: a kernel's transmit buffer
BYTES_WAITING_MAX = 65_536  # for a master that never reads; a kernel's buffer is smaller still


def char_s(baudrate: int, parity: str = "none", stopbits: int = 1) -> float:
    """Wire time of one character: 10 bits for 8N1, 11 with parity or a second stop bit."""
    return (9 + (0 if parity == "none" else 1) + stopbits) / baudrate


@dataclass(slots=True)
class Burst:
    """Bytes on the wire from `start_s` to `end_s`. `board` empty: the master's own."""

    start_s: float
    end_s: float
    data: bytes
    board: str = ""
    meaning: str = ""
    overlap_from: int | None = None  # index of the first byte that another talker garbled


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One answer on its way to the wire; faults may delay, change, split, multiply or swallow it."""

    at_s: float
    data: bytes
    board: Firmware
    heard: Heard


@dataclass(order=True, slots=True)
class _Event:
    at_s: float
    order: int
    act: Callable[[float], None] = field(compare=False)


class Line:
    """One bus. `boards` may change at any time under the world's lock."""

    def __init__(self, name: str, world: World, trace: Trace, character_s: float = 10 / 9600) -> None:
        self.name = name
        self.world = world
        self.trace = trace
        self.char_s = character_s
        self.boards: list[Firmware] = []
        self.faults: WireFaults | None = None
        self.on_wake: Callable[[], None] = lambda: None  # something was scheduled from elsewhere
        self.random = Random(f"{world.seed}:{name}")
        self._events: list[_Event] = []
        self._order = itertools.count()
        self._bursts: list[Burst] = []
        self._master_free_s = float("-inf")
        self._inbox = bytearray()
        world.on_change.append(self._door_moved)
        world.on_reset.append(self._board_reset)

    def write(self, data: bytes, now_s: float) -> None:
        """The master's bytes, queued behind whatever it is still sending."""
        with self.world.lock:
            start_s = max(now_s, self._master_free_s)
            burst = self._occupy(Burst(start_s, start_s + len(data) * self.char_s, data))
            self._master_free_s = burst.end_s
            self.at(burst.end_s, lambda at_s: self._heard_by_boards(burst, at_s))

    def read(self, now_s: float) -> bytes:
        """Everything that reached the master up to `now_s`, once."""
        with self.world.lock:
            while self._events and self._events[0].at_s <= now_s:
                event = heapq.heappop(self._events)
                self.world.advance(event.at_s)
                event.act(event.at_s)
            self.world.advance(now_s)
            arrived = bytes(self._inbox)
            self._inbox.clear()
            return arrived

    def next_due_s(self) -> float | None:
        """When `read` next has something to do, on the wire or in the cabinet; None: all is quiet."""
        with self.world.lock:
            mine = self._events[0].at_s if self._events else None
            cabinet = self.world.next_due_s()
            return min((due for due in (mine, cabinet) if due is not None), default=None)

    def takes_more_s(self) -> float:
        """From when on the master may write again: its transmit buffer holds `SENDING_MAX` bytes."""
        return self._master_free_s - SENDING_MAX * self.char_s

    def at(self, at_s: float, act: Callable[[float], None]) -> None:
        """Have `act(moment)` called when the line reaches `at_s`."""
        heapq.heappush(self._events, _Event(at_s, next(self._order), act))

    def clear(self) -> None:
        """The cable was pulled: what is under way is lost."""
        with self.world.lock:
            self._events.clear()
            self._bursts.clear()
            self._inbox.clear()
            self._master_free_s = float("-inf")

    def deliver(self, data: bytes) -> None:
        """Bytes reach the master now, past every board: noise, echo, a foreign writer."""
        room = BYTES_WAITING_MAX - len(self._inbox)
        self._inbox += data[:room]

    def talk(self, at_s: float, data: bytes, board: str, meaning: str) -> None:
        """Bytes from somebody on the line, with wire time and collisions."""
        self.at(at_s, lambda moment: self._start(moment, data, board, meaning))

    # From the master to the boards

    def _heard_by_boards(self, burst: Burst, at_s: float) -> None:
        data = self._as_received(burst)
        if self.faults is not None:
            self.faults.echo(self, data, at_s)
        heard = self._ask_each(data, at_s)
        if heard:
            for entry in heard.values():
                self.trace.add(at_s, self.name, TO_BOARD, entry.frame, entry.meaning)
        else:
            self.trace.add(at_s, self.name, TO_BOARD, data, self._unheard(data))

    def _unheard(self, data: bytes) -> str:
        """What to call bytes that no board took for a request."""
        for board in self.boards:
            frame = frame_in(board, data)
            if frame is not None:
                return f"{board.kind_of(frame)} request that reached no board"
        return "incomplete or noise"

    def _ask_each(self, data: bytes, at_s: float) -> dict[bytes, Heard]:
        """Every board hears the bytes. Returns each sound frame once, the addressee's reading before others'."""
        readings: dict[bytes, Heard] = {}
        for board in list(self.boards):
            if not self.world.awake(board.name, at_s):
                continue
            reaching = data if self.faults is None else self.faults.request(self, board, data, at_s)
            for heard in board.receive(reaching, at_s):
                if heard.mine or heard.frame not in readings:
                    readings[heard.frame] = heard
                for reply in heard.replies:
                    self.at(reply.at_s, self._reply_action(board, heard, reply))
        return readings

    def _reply_action(self, board: Firmware, heard: Heard, reply: Reply) -> Callable[[float], None]:
        return lambda at_s: self._reply(board, heard, reply, at_s)

    # From the boards to the master

    def _reply(self, board: Firmware, heard: Heard, reply: Reply, at_s: float) -> None:
        if not self.world.awake(board.name, at_s):
            return
        going = [Outgoing(at_s, reply.data(), board, heard)]
        if self.faults is not None:
            going = self.faults.reply(self, going[0])
        for one in going:
            meaning = f"answer to: {one.heard.meaning}"
            if one.at_s <= at_s:
                self._start(at_s, one.data, one.board.name, meaning)
            else:
                self.talk(one.at_s, one.data, one.board.name, meaning)

    def _start(self, at_s: float, data: bytes, board: str, meaning: str) -> None:
        free_s = max((other.end_s for other in self._bursts if board and other.board == board), default=at_s)
        if free_s > at_s:  # one transmitter sends one thing after another
            self.talk(free_s, data, board, meaning)
            return
        burst = self._occupy(Burst(at_s, at_s + len(data) * self.char_s, data, board, meaning))
        self.at(burst.end_s, lambda moment: self._arrived(burst, moment))

    def _arrived(self, burst: Burst, at_s: float) -> None:
        data = self._as_received(burst)
        note = burst.meaning if burst.overlap_from is None else f"collision: {burst.meaning}"
        self.trace.add(at_s, self.name, TO_HOST, data, note, burst.board)
        self.deliver(data)

    def _door_moved(self, number: str, at_s: float) -> None:
        for board in self.boards:
            pushed = board.door_moved(number, at_s)
            if not self.world.awake(board.name, at_s) or (
                self.faults and self.faults.mute(self, board, at_s)
            ):
                continue
            for data in pushed:
                self.talk(at_s, data, board.name, f"door {number} moved")
                self.on_wake()

    def _board_reset(self, name: str) -> None:
        for board in self.boards:
            if board.name == name:
                board.reset()
                if board.greeting:
                    self.talk(self.world.asleep_until_s[name], board.greeting, name, "power is back")

    # Who talks when

    def _occupy(self, burst: Burst) -> Burst:
        """Note the burst; whatever overlaps in time is garbled from there on, on both sides."""
        self._bursts = [other for other in self._bursts if other.end_s > burst.start_s]
        for other in self._bursts:
            if other.start_s < burst.end_s and not (other.board == "" and burst.board == ""):
                first_s = max(other.start_s, burst.start_s)
                for one in (other, burst):
                    index = max(0, int((first_s - one.start_s) / self.char_s))
                    one.overlap_from = index if one.overlap_from is None else min(index, one.overlap_from)
        self._bursts.append(burst)
        return burst

    def _as_received(self, burst: Burst) -> bytes:
        if burst.overlap_from is None:
            return burst.data
        sound, garbled = burst.data[: burst.overlap_from], burst.data[burst.overlap_from :]
        return sound + bytes(byte & self.random.randrange(256) for byte in garbled)
