"""A bus in virtual time: the same core as on a real port, driven by an event loop's timers and a simulated wire.

Nothing here waits and no thread takes part, so a whole locker runs in one process from one seed. The wire is anything
with the three calls of `SimulatedWire`; it delivers its bytes by timers of the same loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from drivers.bus import LineSettings
from drivers.bus_face import BusFace, settle
from drivers.errors import PortLost
from drivers.port import as_bus_error
from drivers.transaction import Priority, Procedure

T = TypeVar("T")

REOPEN_S = 0.2  # the real pump's longest pause between two attempts


class Timer(Protocol):
    """What `call_at` gives back."""

    def cancel(self) -> None: ...


class Scheduler(Protocol):
    """The part of an event loop that a virtual bus needs; every asyncio loop has it."""

    def time(self) -> float: ...

    def call_at(self, when: float, callback: Callable[[], None], /) -> Timer: ...


class SimulatedWire(Protocol):
    """The port's far side. It never calls back from inside `connect`, `write` or `disconnect`."""

    def connect(self, deliver: Callable[[bytes], None], hang_up: Callable[[], None]) -> None:
        """Open. Raises OSError with an errno, as opening a device would. Later it calls `deliver` with each piece of
        bytes at the moment it arrives, and `hang_up` when it is unplugged."""

    def write(self, data: bytes, now: float) -> None:
        """The host's frame, whole, beginning at `now`; the wire models its own transmission time."""

    def disconnect(self) -> None: ...


class VirtualBus(BusFace):
    """A `Bus` for one thread: everything is called on, and calls back on, the scheduler's own thread."""

    def __init__(self, line: LineSettings, wire: SimulatedWire, scheduler: Scheduler) -> None:
        super().__init__(line)
        self._wire = wire
        self._scheduler = scheduler
        self._inbox: deque[Callable[[], None]] = deque()
        self._timer: Timer | None = None
        self._retry: Timer | None = None
        self._started = self._stopped = False

    def start(self) -> None:
        self._started = True
        self._core.opening()
        self._open()

    def stop(self) -> None:
        self._stopped = True
        for timer in (self._timer, self._retry):
            if timer is not None:
                timer.cancel()
        if self._core.state.open:
            self._wire.disconnect()
        self._core.closed(PortLost(f"bus {self.name}", "stopped"), self._now())

    def perform_blocking(self, procedure: Procedure[T], priority: Priority = Priority.VERIFY) -> T:
        """Not in virtual time: nobody would turn the clock. Raises RuntimeError."""
        procedure.close()
        raise RuntimeError("a virtual bus cannot be waited for; use perform()")

    # What the face needs.

    def _now(self) -> float:
        return self._scheduler.time()

    def _post(self, action: Callable[[], None]) -> None:
        """Not at once: a listener that calls the bus must not find the core in the middle of a step."""
        self._inbox.append(action)
        self._scheduler.call_at(self._now(), self._turn)

    def _deliver(self, listener: Callable[..., None], value: Any) -> None:
        self._scheduler.call_at(self._now(), lambda: listener(value))

    def _hand_back(
        self,
        loop: asyncio.AbstractEventLoop,
        future: asyncio.Future[Any],
        result: Any,
        error: BaseException | None,
    ) -> None:
        loop.call_soon(settle, future, result, error)

    # The pump.

    def _open(self) -> None:
        try:
            self._wire.connect(self._received, self._hung_up)
        except OSError as error:
            where = f"bus {self.name}, port {self._core.line.port}"
            self._core.closed(as_bus_error(error, where, opening=True), self._now())
            self._retry = self._scheduler.call_at(self._now() + REOPEN_S, self._open)
            return
        self._core.opened(self._now())
        self._turn()

    def _received(self, data: bytes) -> None:
        if self._core.state.open:
            self._core.received(data, self._now())
            self._turn()

    def _hung_up(self) -> None:
        if not self._core.state.open:
            return
        self._wire.disconnect()
        self._core.closed(
            PortLost(f"bus {self.name}, port {self._core.line.port}", "lost: hung up"), self._now()
        )
        self._retry = self._scheduler.call_at(self._now() + REOPEN_S, self._open)

    def _turn(self) -> None:
        """Let the core do whatever is due, and come back at its next moment."""
        while self._inbox:  # ends: actions queue work, they do not wait for it
            self._inbox.popleft()()
        now = self._now()
        frame = self._core.advance(now)
        if frame is not None:
            self._wire.write(frame, now)
            self._core.wrote(len(frame), now)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._core.wake_at != float("inf") and not self._stopped:
            self._timer = self._scheduler.call_at(max(self._core.wake_at, now), self._turn)
