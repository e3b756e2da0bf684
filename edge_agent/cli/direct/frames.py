"""The frames on a bus as they pass, each with its meaning, told by the drivers' own codecs.

Without an agent nobody talks on the bus, so the configured boards are asked for their doors once a second meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from queue import Empty, SimpleQueue
from time import monotonic

from drivers.bus_stats import Direction, TraceEntry
from drivers.errors import BusError
from drivers.lock_board import DoorReadings, DoorState, LockBoard
from drivers.polled_board import PolledBoard
from drivers.transaction import Sight, Transaction
from edge_agent.cli.direct.bench import Bench
from edge_agent.control import types as t

ASK_EVERY_S = 1.0  # slow enough to read along
BUFFER_MAX = 512  # longer than every frame of every family: beyond it the line carries noise


def watch(asked: t.BusWatchArguments, bench: Bench) -> Iterator[t.Frame]:
    """Every frame of the configured buses until the time is over. Raises the BusError of a port that fails."""
    bench.hold_state()
    if asked.bus:
        bench.bus_named(asked.bus)
    boards = [board for board in bench.config.board if asked.bus in ("", board.bus)]
    drivers = [(board.bus, bench.board(board)) for board in boards]
    heard: SimpleQueue[tuple[str, TraceEntry]] = SimpleQueue()
    readers: dict[str, FrameReader] = {}
    begun_s = monotonic()
    for name in {bus for bus, _ in drivers}:
        readers[name] = FrameReader(name, [driver for bus, driver in drivers if bus == name], begun_s)
        bench.bus(name).on_trace(partial(_note, heard, name))
    until = begun_s + asked.seconds if asked.seconds else float("inf")
    while monotonic() < until:
        for bus, driver in drivers:
            yield from _ask(bench, bus, driver, readers[bus])
            yield from _drained(heard, readers, 0.0)
        yield from _drained(heard, readers, min(ASK_EVERY_S, max(0.0, until - monotonic())))


def _note(heard: SimpleQueue[tuple[str, TraceEntry]], bus: str, entry: TraceEntry) -> None:
    """Runs on the bus's thread: hand over, nothing else."""
    heard.put((bus, entry))


def _ask(bench: Bench, bus: str, driver: LockBoard, reader: FrameReader) -> Iterator[t.Frame]:
    try:
        bench.bus(bus).perform_blocking(driver.read_doors())
    except BusError as error:
        if not bench.bus(bus).state.open:
            raise
        yield reader.silence(str(error))


def _drained(
    heard: SimpleQueue[tuple[str, TraceEntry]], readers: dict[str, FrameReader], wait_s: float
) -> Iterator[t.Frame]:
    """What was heard so far, and what comes within `wait_s`."""
    until = monotonic() + wait_s
    while True:  # ends: with the time, and each piece is handled once
        try:
            bus, entry = heard.get(timeout=max(0.0, until - monotonic())) if wait_s else heard.get_nowait()
        except Empty:
            break
        yield from readers[bus].hear(entry)
    for reader in readers.values():
        yield from reader.rest()


class FrameReader:
    """Puts the pieces of one bus together and says what they mean. Times count from `begun_s` (monotonic)."""

    def __init__(self, bus: str, boards: list[LockBoard], begun_s: float) -> None:
        self._bus = bus
        self._begun_s = begun_s
        self._asked: LockBoard | None = None
        self._buffer = b""
        self._at_s = begun_s
        self._questions: dict[bytes, tuple[LockBoard, str]] = {}
        self._polls: list[tuple[LockBoard, Transaction]] = []
        for board in boards:
            self._learn(board)

    def _learn(self, board: LockBoard) -> None:
        if isinstance(board, PolledBoard):
            for probe in board.probes():
                self._questions[probe.request] = (board, "are you there?")
        poll = board.poll()
        if poll is not None:
            self._questions[poll.request] = (board, "which doors are open?")
            self._polls.append((board, poll))

    def hear(self, entry: TraceEntry) -> Iterator[t.Frame]:
        """One piece of traffic; yields the frames that it completes."""
        if entry.direction is Direction.SENT:
            yield from self.rest()
            self._asked, question = self._questions.get(entry.data, (None, "a request"))
            place = f"to board {self._asked.name}: " if self._asked else ""
            yield self._frame(entry.at_s, "sent", entry.data, place + question)
            return
        if not self._buffer:
            self._at_s = entry.at_s
        self._buffer = (self._buffer + entry.data)[-BUFFER_MAX:]
        yield from self._whole_frames()

    def rest(self) -> Iterator[t.Frame]:
        """What lies in the buffer when the line falls quiet is no frame that these boards know."""
        if self._buffer:
            data, self._buffer = self._buffer, b""
            known = f"board {self._asked.name}'s answer" if self._asked else "no frame of these boards"
            yield self._frame(self._at_s, "received" if self._asked else "noise", data, known)

    def silence(self, fact: str) -> t.Frame:
        """A question that stayed without an answer, as a line among the frames."""
        return self._frame(monotonic(), "noise", b"", fact)

    def _whole_frames(self) -> Iterator[t.Frame]:
        for board, poll in sorted(self._polls, key=lambda pair: pair[0] is not self._asked):
            seen = poll.recognise(self._buffer)
            if seen is None:
                continue
            noise, data = self._buffer[: seen.start], self._buffer[seen.start : seen.end]
            if seen.sight is Sight.FOREIGN:
                continue
            self._buffer = self._buffer[seen.end :]
            if noise:
                yield self._frame(self._at_s, "noise", noise, "no frame of these boards")
            yield self._frame(self._at_s, "received", data, _meaning(board, seen.sight, data))
            return

    def _frame(self, at_s: float, direction: t.DirectionWord, data: bytes, meaning: str) -> t.Frame:
        return t.Frame(
            at_s=round(at_s - self._begun_s, 3),
            bus=self._bus,
            direction=direction,
            hex=data.hex(" ").upper(),
            meaning=meaning,
        )


def _meaning(board: LockBoard, sight: Sight, data: bytes) -> str:
    if sight is Sight.REPLY:
        return f"board {board.name}: {_doors(board.decode_poll(data))}"
    pushed = board.decode_push(data) if sight is Sight.PUSHED else None
    if pushed:
        return f"board {board.name}: channel {pushed.channel} is now {pushed.state.value}"
    return f"board {board.name} refuses"


def _doors(readings: DoorReadings) -> str:
    ajar = [str(n) for n, state in enumerate(readings.doors, 1) if state is DoorState.OPEN]
    unknown = sum(state is DoorState.UNKNOWN for state in readings.doors)
    told = f"open: {', '.join(ajar)}" if ajar else f"all {len(readings.doors)} closed"
    return f"{unknown} of {len(readings.doors)} unknown" if unknown else told
