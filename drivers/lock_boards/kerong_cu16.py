"""KERONG CU16: 16-channel lock board on RS-485 (or the same bytes over TCP), 19200 8N1, with presence inputs.

Source: six public drivers and the vendor partner's manual; golden bytes in tests/golden/. Verified on: paper only.
Frame:  [02][board in the high nibble, lock - 1 in the low one][command][03][low byte of the sum]
        status answer: [02][board nibble][35 or 36][hooks 1-8][hooks 9-16][presence 1-8][presence 9-16][03][sum]
Quirks: no driver relies on an answer to an unlock, so it counts as accepted once the frame has left whole.
        Hook bit 1 is closed in four drivers and open in two: `feedback` decides. Status can be asked in two ways (30
        and 32), which tells a late answer from a fresh one. The pulse length is stored in the board and not written
        from here: sources disagree on its unit.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Literal, Self

from drivers.errors import BusError
from drivers.lock_board import BoardInfo, BoardSettings, DoorReadings, UnlockReport, UnlockSent, door_of
from drivers.lock_boards.kerong_frames import (
    BAUDRATE,
    PULSE_MS_MAX,
    QUIET_AFTER_UNLOCK_S,
    READ_TIMEOUT_S,
    recognise_any,
    recognise_frame,
    seal,
    unseal,
)
from drivers.polled_board import PolledBoard, unlock_outcome
from drivers.transaction import Priority, Procedure, Transaction

REQUEST_LEN = 5
STATUS_LEN = 9
BOARDS = range(10)  # ids 0 to 9 in a chain; nibble F means every board and has no class here
LOCKS = range(1, 17)
DRAIN_S = 0.3  # after the time-out: as long again as the slowest status of any family takes, and more


class Command(IntEnum):
    STATUS = 0x30
    UNLOCK = 0x31
    STATUS_OTHER = 0x32
    STATUS_ANSWER = 0x35
    STATUS_OTHER_ANSWER = 0x36


ANSWERS = {Command.STATUS: Command.STATUS_ANSWER, Command.STATUS_OTHER: Command.STATUS_OTHER_ANSWER}


def _check(board: int, lock: int = LOCKS.start) -> None:
    if board not in BOARDS or lock not in LOCKS:
        raise ValueError(f"board {board} lock {lock}: boards are 0 to 9, locks 1 to 16")


@dataclass(frozen=True, slots=True)
class Unlock:
    """Asks for one pulse of one lock."""

    board: int
    lock: int

    def __post_init__(self) -> None:
        _check(self.board, self.lock)

    def encode(self) -> bytes:
        return seal(bytes((self.board << 4 | self.lock - 1, Command.UNLOCK)))

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        address, command = unseal(frame, REQUEST_LEN)
        if command != Command.UNLOCK:
            raise ValueError(f"{frame.hex(' ')} unlocks nothing")
        return cls(address >> 4, (address & 0x0F) + 1)


@dataclass(frozen=True, slots=True)
class StatusQuery:
    """Asks one board for all hooks and presence inputs, in one of the two ways."""

    board: int
    command: Command = Command.STATUS

    def __post_init__(self) -> None:
        _check(self.board)
        if self.command not in ANSWERS:
            raise ValueError(f"command {self.command:02X} asks for no status")

    def encode(self) -> bytes:
        return seal(bytes((self.board << 4, self.command)))

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        address, command = unseal(frame, REQUEST_LEN)
        if address & 0x0F:
            raise ValueError(f"{frame.hex(' ')} names a lock")
        return cls(address >> 4, Command(command))


@dataclass(frozen=True, slots=True)
class Status:
    """Answer to StatusQuery. 16 bits each; bit 0 is lock 1."""

    board: int
    command: Command
    hooks: int
    presence: int

    def __post_init__(self) -> None:
        _check(self.board)
        if self.command not in ANSWERS.values():
            raise ValueError(f"command {self.command:02X} answers no status")

    def encode(self) -> bytes:
        bits = self.hooks.to_bytes(2, "little") + self.presence.to_bytes(2, "little")
        return seal(bytes((self.board << 4, self.command)) + bits)

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        body = unseal(frame, STATUS_LEN)
        hooks, presence = int.from_bytes(body[2:4], "little"), int.from_bytes(body[4:6], "little")
        if body[0] & 0x0F:
            raise ValueError(f"{frame.hex(' ')} names a lock")
        return cls(body[0] >> 4, Command(body[1]), hooks, presence)


class KerongCu16Board(PolledBoard):
    """One CU16. Its presence inputs are read where `settings.presence` says so: unwired ones read as empty."""

    family: ClassVar[str] = "kerong-cu16"
    default_baudrate: ClassVar[int] = BAUDRATE
    addresses: ClassVar[range] = BOARDS
    channels_max: ClassVar[int] = len(LOCKS)
    pulse_control: ClassVar[Literal["per-frame", "stored", "fixed"]] = "stored"
    pulse_ms_max: ClassVar[int] = PULSE_MS_MAX
    presence_inputs: ClassVar[bool] = True

    def __init__(self, settings: BoardSettings) -> None:
        super().__init__(settings)
        self._sample = self._status(Command.STATUS)
        self._probes = (self._status(Command.STATUS_OTHER),)

    def _status(self, command: Command) -> Transaction:
        board = self.settings.address
        prefix = Status(board, ANSWERS[command], 0, 0).encode()[:3]
        return Transaction(
            request=StatusQuery(board, command).encode(),
            recognise=recognise_frame(prefix, STATUS_LEN, (STATUS_LEN, REQUEST_LEN)),
            reply_timeout_s=READ_TIMEOUT_S,
            drain_s=DRAIN_S,
            board=self.settings.name,
            reply_bytes_max=STATUS_LEN,
        )

    def sample(self) -> Transaction:
        return self._sample

    def probes(self) -> tuple[Transaction, ...]:
        return self._probes

    def decode_poll(self, reply: bytes) -> DoorReadings:
        status = Status.decode(reply)
        feedback, locks = self.settings.feedback_of, range(1, self.channels + 1)
        doors = tuple(door_of(bool(status.hooks >> n - 1 & 1), feedback(n)) for n in locks)
        wired = self.settings.presence
        inside = (bool(status.presence >> n - 1 & 1) if n in wired else None for n in locks)
        return DoorReadings(doors, tuple(inside) if wired else ())

    def prepare(self) -> Procedure[BoardInfo]:
        """Nothing to switch off: this firmware ends its pulses itself."""
        return (yield from self.identify())

    def identify(self) -> Procedure[BoardInfo]:
        yield self._sample
        return BoardInfo(self.family, self.settings.address, len(LOCKS))

    def unlock(self, channel: int) -> Procedure[UnlockReport]:
        self.check_channel(channel)
        return self._unlock(channel)

    def _unlock(self, channel: int) -> Generator[Transaction, bytes, UnlockReport]:
        own = self.settings
        try:
            yield Transaction(
                request=Unlock(own.address, channel).encode(),
                recognise=recognise_any(
                    lambda frame: frame[1] >> 4 == own.address, (REQUEST_LEN, STATUS_LEN)
                ),
                reply_timeout_s=READ_TIMEOUT_S,
                drain_s=QUIET_AFTER_UNLOCK_S,
                board=own.name,
                priority=Priority.UNLOCK,
                actuates=True,
                replies=False,
                reply_bytes_max=STATUS_LEN,
            )
        except BusError as error:
            return unlock_outcome(error)
        return UnlockReport(UnlockSent.ACCEPTED, "the frame left whole; this family confirms nothing")

    def all_off(self) -> Procedure[None]:
        """Sends nothing: a coil of this family cannot stay on after its pulse."""
        return
        yield  # makes this a procedure
