"""8A/80 XOR boards: the "12/16/24-way lock board" sold under many names. RS-485, 9600 8N1.

Source: vendor command list as quoted by several public drivers; golden bytes in tests/golden/. Verified on: paper only.
Frame:  [head 8A unlock | 80 read][board 1..32][lock 1..n][function or status][xor of the four]
        read-all answer: [80][board][status, highest group first, 1 to 4 bytes][33][xor of all before]
Quirks: a status bit, or 11 for 00, only says that the feedback contact is shorted: the wiring gives it its meaning.
        An unlock answer with status 11 equals its request, and so does an adapter's echo.
        A read-all answer may carry more status bytes than the board has locks, so `prepare` learns the length.
        The board times the pulse (about 300 ms) and knows no other length that could be trusted.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Literal, Self

from drivers.checksums import xor8
from drivers.errors import BusError, WrongBoard
from drivers.hunting import Partly, begins, hunt
from drivers.lock_board import BoardInfo, BoardSettings, DoorReadings, UnlockReport, UnlockSent, door_of
from drivers.polled_board import PolledBoard, unlock_outcome
from drivers.transaction import Priority, Procedure, Recognise, Seen, Sight, Transaction

FRAME_LEN = 5
BOARDS = range(1, 33)  # DIP switch: 1 to 31 or 1 to 32
LOCKS = range(1, 51)  # sold with up to 50 locks; lock 0 would mean all of them
STATUS_BYTES_MAX = 4  # 32 locks; no longer answer is known
LOCKS_READ_MAX = 8 * STATUS_BYTES_MAX
READ_TIMEOUT_S = 0.8  # status comes within 0.2 s; drivers in the field allow 0.8 to 1.5 s
UNLOCK_TIMEOUT_S = 1.5  # the answer may wait for the end of the pulse, about 1 s in one text
DRAIN_S = 0.3  # after the time-out: as long as the slowest board was seen to need for a status
PULSE_MS = 300  # the maker's default; no frame that changes it for one lock is confirmed


class Head(IntEnum):
    UNLOCK = 0x8A
    READ = 0x80


class Code(IntEnum):
    """Fourth byte: what is asked, or how the contact stands."""

    OPEN_CONTACT = 0x00
    SHORT_CONTACT = 0x11
    UNLOCK = 0x11
    READ = 0x33


KNOWN_CODES = frozenset(Code)


def seal(body: bytes) -> bytes:
    """`body` with its check byte."""
    return body + bytes((xor8(body),))


def unseal(frame: bytes) -> bytes:
    """The body of a sound frame; ValueError for a wrong check byte."""
    if len(frame) < FRAME_LEN or xor8(frame):
        raise ValueError(f"{frame.hex(' ')} is no sound 8A frame")
    return frame[:-1]


def _check(board: int, lock: int) -> None:
    if board not in BOARDS or lock not in LOCKS:
        raise ValueError(f"board {board} lock {lock}: boards are 1 to 32, locks 1 to 50")


@dataclass(frozen=True, slots=True)
class Unlock:
    """Asks for one pulse of one lock."""

    board: int
    lock: int

    def __post_init__(self) -> None:
        _check(self.board, self.lock)

    def encode(self) -> bytes:
        return seal(bytes((Head.UNLOCK, self.board, self.lock, Code.UNLOCK)))

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        head, board, lock, code = unseal(frame)
        if (head, code) != (Head.UNLOCK, Code.UNLOCK):
            raise ValueError(f"{frame.hex(' ')} unlocks nothing")
        return cls(board, lock)


@dataclass(frozen=True, slots=True)
class DoorQuery:
    """Asks for the contact of one lock."""

    board: int
    lock: int

    def __post_init__(self) -> None:
        _check(self.board, self.lock)

    def encode(self) -> bytes:
        return seal(bytes((Head.READ, self.board, self.lock, Code.READ)))

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        head, board, lock, code = unseal(frame)
        if (head, code) != (Head.READ, Code.READ):
            raise ValueError(f"{frame.hex(' ')} asks for no lock")
        return cls(board, lock)


@dataclass(frozen=True, slots=True)
class ContactReport:
    """Answer to Unlock and DoorQuery: how the contact of that lock stands."""

    head: Head
    board: int
    lock: int
    shorted: bool

    def __post_init__(self) -> None:
        _check(self.board, self.lock)

    def encode(self) -> bytes:
        code = Code.SHORT_CONTACT if self.shorted else Code.OPEN_CONTACT
        return seal(bytes((self.head, self.board, self.lock, code)))

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        head, board, lock, code = unseal(frame)
        if code not in (Code.OPEN_CONTACT, Code.SHORT_CONTACT):
            raise ValueError(f"{frame.hex(' ')} reports no contact")
        return cls(Head(head), board, lock, code == Code.SHORT_CONTACT)


@dataclass(frozen=True, slots=True)
class BoardQuery:
    """Asks for every contact of one board."""

    board: int

    def __post_init__(self) -> None:
        _check(self.board, LOCKS.start)

    def encode(self) -> bytes:
        return seal(bytes((Head.READ, self.board, 0, Code.READ)))

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        head, board, lock, code = unseal(frame)
        if (head, lock, code) != (Head.READ, 0, Code.READ):
            raise ValueError(f"{frame.hex(' ')} asks for no board")
        return cls(board)


@dataclass(frozen=True, slots=True)
class BoardReport:
    """Answer to BoardQuery. `status` as sent: the highest group of eight first, bit 0 its lowest lock."""

    board: int
    status: bytes

    def __post_init__(self) -> None:
        _check(self.board, LOCKS.start)
        if not 1 <= len(self.status) <= STATUS_BYTES_MAX:
            raise ValueError(f"{len(self.status)} status bytes: 1 to {STATUS_BYTES_MAX} are known")

    @property
    def shorted(self) -> tuple[bool, ...]:
        """One entry per lock, index 0 is lock 1."""
        return tuple(bool(group >> bit & 1) for group in reversed(self.status) for bit in range(8))

    def encode(self) -> bytes:
        return seal(bytes((Head.READ, self.board)) + self.status + bytes((Code.READ,)))

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        body = unseal(frame)
        if body[0] != Head.READ or body[-1] != Code.READ:
            raise ValueError(f"{frame.hex(' ')} reports no board")
        return cls(body[1], body[2:-1])


def _foreign(buffer: bytes, start: int) -> Seen | None:
    """Any sound frame of the family at `start`."""
    if buffer[start] not in (Head.UNLOCK, Head.READ):
        return None
    for length in range(FRAME_LEN, FRAME_LEN + STATUS_BYTES_MAX):
        frame = buffer[start : start + length]
        marks = KNOWN_CODES if length == FRAME_LEN else (Code.READ,)
        if len(frame) == length and frame[-2] in marks and not xor8(frame):
            return Seen(Sight.FOREIGN, start, start + length)
    return None


def recognise_contact(head: Head, board: int, lock: int) -> Recognise:
    """Knows the answer to Unlock (head 8A) or DoorQuery (head 80) of this very lock."""
    replies = tuple(ContactReport(head, board, lock, shorted).encode() for shorted in (False, True))

    def judge(buffer: bytes, start: int) -> Seen | Partly | None:
        if buffer.startswith(replies, start):
            return Seen(Sight.REPLY, start, start + FRAME_LEN)
        if any(begins(buffer, start, reply) for reply in replies):
            return Partly.WAIT
        return _foreign(buffer, start)

    return hunt(judge)


def recognise_board(board: int, lengths: range) -> Recognise:
    """Knows the answer to BoardQuery with so many status bytes; the longest that fits counts."""
    prefix = bytes((Head.READ, board))

    def judge(buffer: bytes, start: int) -> Seen | Partly | None:
        if not buffer.startswith(prefix, start):
            return Partly.WAIT if begins(buffer, start, prefix) else _foreign(buffer, start)
        for count in reversed(lengths):
            frame = buffer[start : start + count + 4]
            if len(frame) == count + 4 and frame[-2] == Code.READ and not xor8(frame):
                return Seen(Sight.REPLY, start, start + len(frame))
        if len(buffer) - start < lengths[-1] + 4:
            return Partly.WAIT
        return _foreign(buffer, start)

    return hunt(judge)


class Lock8ABoard(PolledBoard):
    """One 8A/80 board. `channels` counts the locks that are wired; up to 32 can be read."""

    family: ClassVar[str] = "lock-8a"
    addresses: ClassVar[range] = BOARDS
    channels_max: ClassVar[int] = LOCKS_READ_MAX
    pulse_control: ClassVar[Literal["per-frame", "stored", "fixed"]] = "fixed"
    pulse_ms_max: ClassVar[int] = PULSE_MS

    def __init__(self, settings: BoardSettings) -> None:
        super().__init__(settings)
        self._one = tuple(self._read_one(settings, lock) for lock in range(1, settings.channels + 1))
        groups = -(-settings.channels // 8)
        self._sample = self._read_all(settings, range(groups, STATUS_BYTES_MAX + 1))

    @staticmethod
    def _read_one(own: BoardSettings, lock: int) -> Transaction:
        return Transaction(
            request=DoorQuery(own.address, lock).encode(),
            recognise=recognise_contact(Head.READ, own.address, lock),
            reply_timeout_s=READ_TIMEOUT_S,
            drain_s=DRAIN_S,
            board=own.name,
            reply_bytes_max=FRAME_LEN,
        )

    @staticmethod
    def _read_all(own: BoardSettings, lengths: range) -> Transaction:
        return Transaction(
            request=BoardQuery(own.address).encode(),
            recognise=recognise_board(own.address, lengths),
            reply_timeout_s=READ_TIMEOUT_S,
            drain_s=DRAIN_S,
            board=own.name,
            reply_bytes_max=STATUS_BYTES_MAX + 4,
        )

    def sample(self) -> Transaction:
        return self._sample

    def probes(self) -> tuple[Transaction, ...]:
        return self._one

    def decode_poll(self, reply: bytes) -> DoorReadings:
        shorted = BoardReport.decode(reply).shorted
        feedback = self.settings.feedback_of
        return DoorReadings(tuple(door_of(shorted[n - 1], feedback(n)) for n in range(1, self.channels + 1)))

    def prepare(self) -> Procedure[BoardInfo]:
        """Nothing to switch off: this firmware ends its pulses itself. Learns how long a read-all answer is."""
        info = yield from self.identify()
        groups = info.channels // 8
        self._sample = self._read_all(self.settings, range(groups, groups + 1))
        return info

    def identify(self) -> Procedure[BoardInfo]:
        """A read-one first: its answer differs from its own echo, a read-all answer of one group need not."""
        yield self._one[0]
        report = BoardReport.decode((yield self._read_all(self.settings, range(1, STATUS_BYTES_MAX + 1))))
        read = len(report.shorted)
        if read < self.channels:
            raise WrongBoard(self.where, f"reports {read} locks where {self.channels} are configured")
        return BoardInfo(self.family, self.settings.address, read, identity=f"{read} contacts")

    def unlock(self, channel: int) -> Procedure[UnlockReport]:
        self.check_channel(channel)
        return self._unlock(channel)

    def _unlock(self, channel: int) -> Generator[Transaction, bytes, UnlockReport]:
        own = self.settings
        try:
            reply = yield Transaction(
                request=Unlock(own.address, channel).encode(),
                recognise=recognise_contact(Head.UNLOCK, own.address, channel),
                reply_timeout_s=UNLOCK_TIMEOUT_S,
                drain_s=DRAIN_S,
                board=own.name,
                priority=Priority.UNLOCK,
                actuates=True,
                reply_bytes_max=FRAME_LEN,
            )
        except BusError as error:
            return unlock_outcome(error)
        stood = "shorted" if ContactReport.decode(reply).shorted else "open"
        return UnlockReport(UnlockSent.ACCEPTED, f"feedback contact {stood} when the board answered")

    def all_off(self) -> Procedure[None]:
        """Sends nothing: a coil of this family cannot stay on after its pulse."""
        return
        yield  # makes this a procedure
