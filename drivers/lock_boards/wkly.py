"""WKLY boards (every frame begins 57 4B 4C 59): RS-485, 9600 8N1, door changes pushed by the board itself.

Source: public drivers and their tests (LockDemo, ESP-IDF and Python lockers); golden bytes in tests/golden/.
Verified on: paper only.
Frame:  [57 4B 4C 59][length of the whole frame][board 0..31][command][data ..][xor of all before]
        answers carry a result first: 00 done, FF failed
Quirks: a pushed frame (85) may stand between a request and its answer. State 00 is open for two drivers, 01 for a
        third: `feedback` decides, closed-when-locked reads 01 as closed. The board times the pulse (about 350 ms).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Literal, Self

from drivers.checksums import xor8
from drivers.errors import BusError, WrongBoard
from drivers.hunting import Partly, hunt
from drivers.lock_board import (
    BoardInfo,
    BoardSettings,
    DoorPushed,
    DoorReadings,
    DoorState,
    UnlockReport,
    UnlockSent,
    door_of,
)
from drivers.polled_board import PolledBoard, unlock_outcome
from drivers.transaction import Priority, Procedure, Recognise, Seen, Sight, Transaction

MARK = bytes.fromhex("57 4B 4C 59")
LENGTH_AT, BOARD_AT, COMMAND_AT, DATA_AT = 4, 5, 6, 7
FRAME_LEN_MIN = 8
BOARDS = range(32)
CHANNELS = range(1, 33)
CLOSED, OPEN = 0x01, 0x00  # in the usual wiring
DONE, FAILED = 0x00, 0xFF
READ_ONE_TIMEOUT_S = 0.2  # twice the 100 ms that drivers count on; same for the next two
READ_ALL_TIMEOUT_S = 0.4
UNLOCK_TIMEOUT_S = 0.7
DRAIN_S = 0.2  # half of the longest reading once more
PULSE_MS = 350  # what drivers wait per lock; the firmware keeps it, no frame sets it


class Command(IntEnum):
    UNLOCK = 0x82
    READ_ONE = 0x83
    READ_ALL = 0x84
    DOOR_CHANGED = 0x85


def seal(board: int, command: int, data: bytes) -> bytes:
    """One whole frame."""
    body = MARK + bytes((DATA_AT + len(data) + 1, board, command)) + data
    return body + bytes((xor8(body),))


def sound_end(buffer: bytes, start: int) -> int:
    """Where the sound frame at `start` ends; 0 without one."""
    if not buffer.startswith(MARK, start) or len(buffer) - start < FRAME_LEN_MIN:
        return 0
    length = buffer[start + LENGTH_AT]
    frame = buffer[start : start + length]
    return start + length if length >= FRAME_LEN_MIN and len(frame) == length and not xor8(frame) else 0


def unseal(frame: bytes, command: int) -> tuple[int, bytes]:
    """Board and data of a sound frame with this command; ValueError otherwise."""
    if not frame or sound_end(frame, 0) != len(frame) or frame[COMMAND_AT] != command:
        raise ValueError(f"{frame.hex(' ')} is no sound WKLY frame with command {command:02X}")
    return frame[BOARD_AT], frame[DATA_AT:-1]


def _check(board: int, channel: int = CHANNELS.start) -> None:
    if board not in BOARDS or channel not in CHANNELS:
        raise ValueError(f"board {board} channel {channel}: boards are 0 to 31, channels 1 to 32")


@dataclass(frozen=True, slots=True)
class Unlock:
    """Asks for one pulse of one channel."""

    board: int
    channel: int

    def __post_init__(self) -> None:
        _check(self.board, self.channel)

    def encode(self) -> bytes:
        return seal(self.board, Command.UNLOCK, bytes((self.channel,)))

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        board, (channel,) = unseal(frame, Command.UNLOCK)
        return cls(board, channel)


@dataclass(frozen=True, slots=True)
class DoorQuery:
    """Asks for one door."""

    board: int
    channel: int

    def __post_init__(self) -> None:
        _check(self.board, self.channel)

    def encode(self) -> bytes:
        return seal(self.board, Command.READ_ONE, bytes((self.channel,)))

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        board, (channel,) = unseal(frame, Command.READ_ONE)
        return cls(board, channel)


@dataclass(frozen=True, slots=True)
class DoorReport:
    """Answer to Unlock and DoorQuery."""

    command: Command
    board: int
    result: int
    channel: int
    state: int

    def __post_init__(self) -> None:
        _check(self.board, self.channel)
        if self.command not in (Command.UNLOCK, Command.READ_ONE):
            raise ValueError(f"command {self.command} reports no door")

    def encode(self) -> bytes:
        return seal(self.board, self.command, bytes((self.result, self.channel, self.state)))

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        command = Command(frame[COMMAND_AT]) if len(frame) > COMMAND_AT else Command.UNLOCK
        board, (result, channel, state) = unseal(frame, command)
        return cls(command, board, result, channel, state)


@dataclass(frozen=True, slots=True)
class BoardQuery:
    """Asks for every door of one board."""

    board: int

    def __post_init__(self) -> None:
        _check(self.board)

    def encode(self) -> bytes:
        return seal(self.board, Command.READ_ALL, b"")

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        board, data = unseal(frame, Command.READ_ALL)
        if data:
            raise ValueError(f"{frame.hex(' ')} is an answer")
        return cls(board)


@dataclass(frozen=True, slots=True)
class BoardReport:
    """Answer to BoardQuery. `states`: one byte per channel, index 0 is channel 1."""

    board: int
    result: int
    states: bytes

    def __post_init__(self) -> None:
        _check(self.board)
        if len(self.states) > len(CHANNELS):
            raise ValueError(f"{len(self.states)} states")

    def encode(self) -> bytes:
        return seal(self.board, Command.READ_ALL, bytes((self.result, len(self.states))) + self.states)

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        board, data = unseal(frame, Command.READ_ALL)
        if len(data) < 2 or len(data) != 2 + data[1]:
            raise ValueError(f"{frame.hex(' ')} counts its states wrongly")
        return cls(board, data[0], data[2:])


@dataclass(frozen=True, slots=True)
class DoorChanged:
    """Pushed by the board when a door moved."""

    board: int
    channel: int
    state: int

    def __post_init__(self) -> None:
        _check(self.board, self.channel)

    def encode(self) -> bytes:
        return seal(self.board, Command.DOOR_CHANGED, bytes((self.channel, self.state)))

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        board, (channel, state) = unseal(frame, Command.DOOR_CHANGED)
        return cls(board, channel, state)


def recognise_answer(board: int, command: Command, channel: int, data_len: range) -> Recognise:
    """Knows the answer of this board to this command; `channel` 0 where the answer names none.

    Result FF is a refusal, whatever follows it. Any other result than 00 is nobody's answer.
    """

    def judge(buffer: bytes, start: int) -> Seen | Partly | None:
        end = sound_end(buffer, start)
        if not end:
            return Partly.WAIT if _may_become(buffer, start) else None
        return Seen(sight_of(buffer[start:end]), start, end)

    def sight_of(frame: bytes) -> Sight:
        data = frame[DATA_AT:-1]
        if frame[COMMAND_AT] == Command.DOOR_CHANGED:
            return Sight.PUSHED
        if frame[BOARD_AT] != board or frame[COMMAND_AT] != command or not data:
            return Sight.FOREIGN
        if data[0] == DONE and not _fits(data, channel, data_len):
            return Sight.FOREIGN
        if channel and len(data) > 1 and data[1] != channel:
            return Sight.FOREIGN
        return {DONE: Sight.REPLY, FAILED: Sight.REFUSAL}.get(data[0], Sight.FOREIGN)

    return hunt(judge)


def _fits(data: bytes, channel: int, lengths: range) -> bool:
    """Whether a done answer holds what it says: the channel asked for, or as many states as it counts."""
    return len(data) in lengths and data[1] == (channel or len(data) - 2)


def _may_become(buffer: bytes, start: int) -> bool:
    """True while the frame at `start` is not complete."""
    seen = buffer[start : start + FRAME_LEN_MIN]
    if len(seen) <= LENGTH_AT:
        return MARK.startswith(seen[: len(MARK)])
    length = seen[LENGTH_AT]
    return seen.startswith(MARK) and length >= FRAME_LEN_MIN and len(buffer) - start < length


class WklyBoard(PolledBoard):
    """One WKLY board. Pushed changes reach the bus's listeners; polling stays, because a push may be lost."""

    family: ClassVar[str] = "wkly"
    addresses: ClassVar[range] = BOARDS
    channels_max: ClassVar[int] = len(CHANNELS)
    pulse_control: ClassVar[Literal["per-frame", "stored", "fixed"]] = "fixed"
    pulse_ms_max: ClassVar[int] = PULSE_MS

    def __init__(self, settings: BoardSettings) -> None:
        super().__init__(settings)
        board, channels = settings.address, settings.channels
        all_answer = range(2 + channels, 2 + CHANNELS.stop)
        self._sample = self._read(
            BoardQuery(board).encode(),
            recognise_answer(board, Command.READ_ALL, 0, all_answer),
            READ_ALL_TIMEOUT_S,
            10 + CHANNELS.stop,
        )
        self._probes = tuple(
            self._read(
                DoorQuery(board, n).encode(),
                recognise_answer(board, Command.READ_ONE, n, range(3, 4)),
                READ_ONE_TIMEOUT_S,
                11,
            )
            for n in range(1, channels + 1)
        )

    def _read(
        self, request: bytes, recognise: Recognise, timeout_s: float, reply_bytes_max: int
    ) -> Transaction:
        return Transaction(
            request=request,
            recognise=recognise,
            reply_timeout_s=timeout_s,
            drain_s=DRAIN_S,
            board=self.settings.name,
            reply_bytes_max=reply_bytes_max,
        )

    def sample(self) -> Transaction:
        return self._sample

    def probes(self) -> tuple[Transaction, ...]:
        return self._probes

    def decode_poll(self, reply: bytes) -> DoorReadings:
        states = BoardReport.decode(reply).states
        return DoorReadings(tuple(self._door(n, states[n - 1]) for n in range(1, self.channels + 1)))

    def _door(self, channel: int, state: int) -> DoorState:
        if state not in (OPEN, CLOSED):
            return DoorState.UNKNOWN
        return door_of(state == CLOSED, self.settings.feedback_of(channel))

    def decode_push(self, frame: bytes) -> DoorPushed | None:
        try:
            changed = DoorChanged.decode(frame)
        except ValueError:
            return None
        if changed.board != self.settings.address or changed.channel > self.channels:
            return None
        return DoorPushed(changed.channel, self._door(changed.channel, changed.state))

    def prepare(self) -> Procedure[BoardInfo]:
        """Nothing to switch off: this firmware ends its pulses itself."""
        return (yield from self.identify())

    def identify(self) -> Procedure[BoardInfo]:
        answer = recognise_answer(self.settings.address, Command.READ_ALL, 0, range(2, 2 + CHANNELS.stop))
        request = self._read(
            BoardQuery(self.settings.address).encode(), answer, READ_ALL_TIMEOUT_S, 10 + CHANNELS.stop
        )
        reported = len(BoardReport.decode((yield request)).states)
        if reported < self.channels:
            raise WrongBoard(self.where, f"reports {reported} doors where {self.channels} are configured")
        return BoardInfo(self.family, self.settings.address, reported, identity=f"{reported} doors")

    def unlock(self, channel: int) -> Procedure[UnlockReport]:
        self.check_channel(channel)
        return self._unlock(channel)

    def _unlock(self, channel: int) -> Generator[Transaction, bytes, UnlockReport]:
        own = self.settings
        try:
            yield Transaction(
                request=Unlock(own.address, channel).encode(),
                recognise=recognise_answer(own.address, Command.UNLOCK, channel, range(3, 4)),
                reply_timeout_s=UNLOCK_TIMEOUT_S,
                drain_s=DRAIN_S,
                board=own.name,
                priority=Priority.UNLOCK,
                actuates=True,
                reply_bytes_max=11,
            )
        except BusError as error:
            return unlock_outcome(error)
        return UnlockReport(UnlockSent.ACCEPTED, "the board answered: done")

    def all_off(self) -> Procedure[None]:
        """Sends nothing: a coil of this family cannot stay on after its pulse."""
        return
        yield  # makes this a procedure
