"""Who hears what a bus says by itself: its state, pushed frames, raw traffic."""

from __future__ import annotations

from collections.abc import Callable

from drivers.bus import BusState, OnPush, OnState, OnTrace
from drivers.bus_stats import Direction, Recorder, TraceEntry

Deliver = Callable[..., None]
"""`deliver(callback, value)`: run a listener where listeners run (the loop, or right here)."""


class Listeners:
    """The lists may be changed from other threads at any time; telling works on a copy."""

    __slots__ = ("_deliver", "_recorder", "push", "state", "trace")

    def __init__(self, deliver: Deliver, recorder: Recorder) -> None:
        self._deliver = deliver
        self._recorder = recorder
        self.state: list[OnState] = []
        self.push: list[OnPush] = []
        self.trace: list[OnTrace] = []

    def pushed(self, frame: bytes) -> None:
        self._recorder.pushed += 1
        for listener in tuple(self.push):
            self._deliver(listener, frame)

    def changed(self, state: BusState) -> None:
        for listener in tuple(self.state):
            self._deliver(listener, state)

    def traffic(self, now: float, direction: Direction, data: bytes) -> None:
        """Kept in the ring, and told at once on the bus's own thread."""
        self._recorder.pieces.append((now, direction, data))
        if self.trace:
            for listener in tuple(self.trace):
                listener(TraceEntry(now, direction, data))
