"""KERONG CU48 and CU48B: 48-channel lock boards on RS-485, 19200 8N1. UNVERIFIED: bench-test with board id 1 first.

Source: two public drivers that contradict each other; golden bytes in tests/golden/. Verified on: paper only.
Frame:  [02][board][lock - 1][60 status | 61 unlock][03][low byte of the sum]    or board and lock swapped
        status answer: [02][board][00][75][hooks, 6 bytes][6 more][03][sum]   (length sure, layout inferred)
Quirks: both byte orders give the same sum, so the board cannot notice a mistake: option `order`, "board-lock"
        (default) or "lock-board". Only one way to ask for the status is known: a late answer cannot be told from a
        fresh one by its shape, only by the long drain.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum, IntEnum
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

REQUEST_LEN = 6
STATUS_LEN = 18
BOARDS = range(32)  # no source gives a limit; the configuration should stay at 0 to 9 as for the CU16
LOCKS = range(1, 49)
HOOK_BYTES = 6
DRAIN_S = 1.0  # long, because a late status cannot be told from a fresh one


class Command(IntEnum):
    STATUS = 0x60
    UNLOCK = 0x61
    ANSWER = 0x75


class Order(Enum):
    """Which of bytes 1 and 2 is the board."""

    BOARD_LOCK = "board-lock"
    LOCK_BOARD = "lock-board"

    def pack(self, board: int, lock_index: int) -> bytes:
        return bytes((board, lock_index) if self is Order.BOARD_LOCK else (lock_index, board))

    def unpack(self, pair: bytes) -> tuple[int, int]:
        return (pair[0], pair[1]) if self is Order.BOARD_LOCK else (pair[1], pair[0])


def _check(board: int, lock: int = LOCKS.start) -> None:
    if board not in BOARDS or lock not in LOCKS:
        raise ValueError(f"board {board} lock {lock}: boards are 0 to 31, locks 1 to 48")


@dataclass(frozen=True, slots=True)
class Unlock:
    """Asks for one pulse of one lock."""

    board: int
    lock: int
    order: Order = Order.BOARD_LOCK

    def __post_init__(self) -> None:
        _check(self.board, self.lock)

    def encode(self) -> bytes:
        return seal(self.order.pack(self.board, self.lock - 1) + bytes((Command.UNLOCK,)))

    @classmethod
    def decode(cls, frame: bytes, order: Order = Order.BOARD_LOCK) -> Self:
        body = unseal(frame, REQUEST_LEN)
        if body[2] != Command.UNLOCK:
            raise ValueError(f"{frame.hex(' ')} unlocks nothing")
        board, index = order.unpack(body[:2])
        return cls(board, index + 1, order)


@dataclass(frozen=True, slots=True)
class StatusQuery:
    """Asks one board for all hooks."""

    board: int
    order: Order = Order.BOARD_LOCK

    def __post_init__(self) -> None:
        _check(self.board)

    def encode(self) -> bytes:
        return seal(self.order.pack(self.board, 0) + bytes((Command.STATUS,)))

    @classmethod
    def decode(cls, frame: bytes, order: Order = Order.BOARD_LOCK) -> Self:
        body = unseal(frame, REQUEST_LEN)
        board, index = order.unpack(body[:2])
        if body[2] != Command.STATUS or index:
            raise ValueError(f"{frame.hex(' ')} asks for no status")
        return cls(board, order)


@dataclass(frozen=True, slots=True)
class Status:
    """Answer to StatusQuery. `hooks`: 48 bits, bit 0 is lock 1; `rest`: six bytes whose meaning is only guessed."""

    board: int
    hooks: int
    rest: bytes
    order: Order = Order.BOARD_LOCK

    def __post_init__(self) -> None:
        _check(self.board)

    def encode(self) -> bytes:
        bits = self.hooks.to_bytes(HOOK_BYTES, "little") + self.rest
        return seal(self.order.pack(self.board, 0) + bytes((Command.ANSWER,)) + bits)

    @classmethod
    def decode(cls, frame: bytes, order: Order = Order.BOARD_LOCK) -> Self:
        body = unseal(frame, STATUS_LEN)
        board, index = order.unpack(body[:2])
        if body[2] != Command.ANSWER or index:
            raise ValueError(f"{frame.hex(' ')} answers no status")
        return cls(board, int.from_bytes(body[3:9], "little"), body[9:], order)


class KerongCu48Board(PolledBoard):
    """One CU48. UNVERIFIED: refuse to rely on it before a bench test has shown the byte order."""

    family: ClassVar[str] = "kerong-cu48"
    default_baudrate: ClassVar[int] = BAUDRATE
    addresses: ClassVar[range] = BOARDS
    channels_max: ClassVar[int] = len(LOCKS)
    pulse_control: ClassVar[Literal["per-frame", "stored", "fixed"]] = "stored"
    pulse_ms_max: ClassVar[int] = PULSE_MS_MAX

    def __init__(self, settings: BoardSettings) -> None:
        super().__init__(settings)
        self._order = _order_of(settings)
        board = settings.address
        self._sample = Transaction(
            request=StatusQuery(board, self._order).encode(),
            recognise=recognise_frame(
                Status(board, 0, bytes(HOOK_BYTES), self._order).encode()[:4],
                STATUS_LEN,
                (STATUS_LEN, REQUEST_LEN),
            ),
            reply_timeout_s=READ_TIMEOUT_S,
            drain_s=DRAIN_S,
            board=settings.name,
            reply_bytes_max=STATUS_LEN,
        )

    def sample(self) -> Transaction:
        return self._sample

    def probes(self) -> tuple[Transaction, ...]:
        """The same question: no other is known. Several answers in a row are still demanded."""
        return (self._sample,)

    def decode_poll(self, reply: bytes) -> DoorReadings:
        hooks, feedback = Status.decode(reply, self._order).hooks, self.settings.feedback_of
        return DoorReadings(
            tuple(door_of(bool(hooks >> n - 1 & 1), feedback(n)) for n in range(1, self.channels + 1))
        )

    def prepare(self) -> Procedure[BoardInfo]:
        """Nothing to switch off: this firmware ends its pulses itself."""
        return (yield from self.identify())

    def identify(self) -> Procedure[BoardInfo]:
        yield self._sample
        return BoardInfo(
            self.family,
            self.settings.address,
            len(LOCKS),
            details={"verified": "no", "order": self._order.value},
        )

    def unlock(self, channel: int) -> Procedure[UnlockReport]:
        self.check_channel(channel)
        return self._unlock(channel)

    def _unlock(self, channel: int) -> Generator[Transaction, bytes, UnlockReport]:
        own, order = self.settings, self._order
        try:
            yield Transaction(
                request=Unlock(own.address, channel, order).encode(),
                recognise=recognise_any(
                    lambda frame: order.unpack(frame[1:3])[0] == own.address, (REQUEST_LEN, STATUS_LEN)
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
        return UnlockReport(
            UnlockSent.ACCEPTED, "the frame left whole; no answer of this family is relied on"
        )

    def all_off(self) -> Procedure[None]:
        """Sends nothing: a coil of this family cannot stay on after its pulse."""
        return
        yield  # makes this a procedure


def _order_of(settings: BoardSettings) -> Order:
    name = settings.options.get("order", Order.BOARD_LOCK.value)
    try:
        return Order(name)
    except ValueError:
        known = " or ".join(order.value for order in Order)
        raise ValueError(f"board {settings.name}: order {name!r}, expected {known}") from None
