"""What everybody else may know of a bus: its settings, its state, and the calls that both pumps offer alike.

Kinds: `drivers.serial_bus.SerialBus` (a thread on a descriptor) and `drivers.virtual_bus.VirtualBus` (a virtual
clock). Both drive the same `drivers.bus_core.BusCore`, so deadlines, drains and stale-reply rules are one code.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Literal, Protocol, TypeVar

from drivers.bus_stats import BusStats, TraceEntry
from drivers.errors import BusError
from drivers.lock_board import BoardInfo, DoorReadings, LockBoard
from drivers.transaction import Priority, Procedure

T = TypeVar("T")

DATA_BITS = 8
START_BITS = 1
SILENCE_CHARS = 3.5  # Modbus RTU, serial line guide: the silence between two frames
FAST_LINE_BAUD = (
    19200  # above this rate the same guide fixes the silence, because 3.5 characters get too short
)
FAST_LINE_SILENCE_S = 0.00175
ADAPTER_LATENCY_S = 0.025  # a USB adapter's 16 ms latency timer, once, and scheduling on a busy machine


@dataclass(frozen=True, slots=True)
class LineSettings:
    """One `[[bus]]`. `port` is a device path or `socket://host:port`; `gap_s` 0 means the line's own silence.

    `latency_s` is what adapter and gateway add to an answer at worst; it only lengthens deadlines.
    """

    name: str
    port: str
    baudrate: int = 9600
    parity: Literal["none", "even", "odd"] = "none"
    stopbits: Literal[1, 2] = 1
    echo: Literal["auto", "none", "full"] = "auto"
    gap_s: float = 0.0
    rs485: Literal["auto", "kernel", "rts"] = "auto"
    latency_s: float = ADAPTER_LATENCY_S

    @property
    def char_s(self) -> float:
        """Wire time of one character."""
        parity_bits = 0 if self.parity == "none" else 1
        return (START_BITS + DATA_BITS + parity_bits + self.stopbits) / self.baudrate

    @property
    def silence_s(self) -> float:
        """How long the line stays quiet before each request."""
        floor_s = self.gap_s or (FAST_LINE_SILENCE_S if self.baudrate > FAST_LINE_BAUD else 0.0)
        return max(SILENCE_CHARS * self.char_s, floor_s)


class Echo(Enum):
    """What is known of the adapter's local echo."""

    UNKNOWN = "unknown"
    NONE = "none"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class BusState:
    """`open` is True while the port is; `error` says why it is not (None before the first attempt)."""

    open: bool
    error: BusError | None = None


Sample = DoorReadings | BusError
"""One look at a board: its doors, or why there is none (then its doors are unknown)."""

OnChange = Callable[[Sample], None]
OnState = Callable[[BusState], None]
OnPush = Callable[[bytes], None]
OnTrace = Callable[[TraceEntry], None]
Unsubscribe = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Held(Generic[T]):
    """A procedure that waits for its word. `release` may be called once, from any thread; `answer` then comes."""

    release: Callable[[], None]
    answer: asyncio.Future[T]


class Bus(Protocol):
    """One port, one owner. Callable from any thread; callbacks run on the loop given at construction, else on the
    bus's own thread. Nothing here blocks except `perform_blocking` and `stop`."""

    @property
    def name(self) -> str: ...

    @property
    def state(self) -> BusState: ...

    def start(self) -> None:
        """Begin to open the port and to keep it open. Never raises for a bad port: see `state`."""

    def stop(self) -> None:
        """Close the port; whatever was not finished fails with `PortLost`."""

    def attach(self, board: LockBoard) -> None:
        """From now on `board.prepare()` runs after each opening of the port, and before any other use of the board.

        Attach a board before its first unlock: this is also how the bus learns whether the adapter echoes.
        While it fails, every procedure of that board fails with its error (`bytes_left=False`); it is tried again with
        back-off.
        """

    def boards(self) -> Mapping[str, BoardInfo | BusError | None]:
        """Attached boards: who answered, why it is not usable, or None while it is being prepared."""

    async def perform(self, procedure: Procedure[T], priority: Priority = Priority.VERIFY) -> T:
        """Run one procedure; its result, or the BusError that it let through.

        A cancelled caller's procedure is dropped if it has not begun, and runs to its end if it has.
        """

    def hold(self, procedure: Procedure[T], priority: Priority = Priority.VERIFY) -> Held[T]:
        """Have a procedure ready, to be let go later from whatever thread finds out that it may go. Called on a loop,
        which gets the answer. One that is never let go leaves no trace."""

    def perform_blocking(self, procedure: Procedure[T], priority: Priority = Priority.VERIFY) -> T:
        """The same for a plain thread."""

    def watch(self, board: LockBoard, interval_s: float, on_change: OnChange) -> None:
        """Poll `board` every `interval_s` (0: as fast as the line allows) inside the bus.

        `on_change` hears the first sample, each sample that differs, one more sample soon after each change (equal or
        not: for whoever wants two equal reads), BoardSilent or BadReply once after several misses, and the return.
        """

    def unwatch(self, board: LockBoard) -> None: ...

    def look_again(self, board: LockBoard) -> None:
        """Look at a watched board at once, and tell this sample and the next whether or not they are news: for whoever
        heard of a change in another way. No effect while it is silent or not watched."""

    def looked_at(self, board: LockBoard) -> float:
        """When a watched board was last asked for its doors, on the monotonic clock; -inf if it never was."""

    def fast(self, board: LockBoard, for_s: float, interval_s: float) -> None:
        """Poll a watched board at `interval_s` for a while: after an opening."""

    def armed(self, hold_s: float) -> None:
        """Somebody is about to ask for a door: leave the line quiet for `hold_s` (bounded), to be ready at once."""

    def on_push(self, listener: OnPush) -> Unsubscribe:
        """Hear of every frame that a board sent by itself."""

    def on_state(self, listener: OnState) -> Unsubscribe: ...

    def stats(self) -> BusStats: ...

    def trace(self) -> tuple[TraceEntry, ...]:
        """The latest raw frames, oldest first."""

    def on_trace(self, listener: OnTrace) -> Unsubscribe:
        """Hear of every raw piece of traffic, on the bus's own thread: be quick, do not raise."""
