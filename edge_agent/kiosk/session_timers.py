"""Timers of one session, on the running loop's clock: named, restartable, and dead with their session.

A timer that ran down waits in the session's queue behind other events; one of those may stop it or start it again. It
then is not due any more, and `take_due` says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

SERVICE = "service"  # the one timer that limits a whole stay in service mode: no touch and no screen change stops it


class Timers:
    """`fire(name)` is called when a timer has run down. Uses `call_later`, so that a virtual loop drives it."""

    def __init__(self, fire: Callable[[str], None]) -> None:
        self._fire = fire
        self._running: dict[str, tuple[asyncio.TimerHandle, float, asyncio.AbstractEventLoop]] = {}
        self._due: set[str] = set()

    def start(self, name: str, seconds: float) -> None:
        """Start, or start again from the whole."""
        self.stop(name)
        loop = asyncio.get_running_loop()
        self._running[name] = (loop.call_later(seconds, self._run_down, name), seconds, loop)

    def stop(self, name: str) -> None:
        self._due.discard(name)
        running = self._running.pop(name, None)
        if running is not None:
            running[0].cancel()

    def stop_all(self, keep: tuple[str, ...] = (SERVICE,)) -> None:
        for name in [name for name in (*self._running, *self._due) if name not in keep]:
            self.stop(name)

    def left_s(self, name: str) -> tuple[float, float] | None:
        """(seconds left, whole length), or None when it does not run."""
        running = self._running.get(name)
        if running is None:
            return None
        handle, whole_s, loop = running
        return max(0.0, handle.when() - loop.time()), whole_s

    def _run_down(self, name: str) -> None:
        self._running.pop(name, None)
        self._due.add(name)
        self._fire(name)

    def take_due(self, name: str) -> bool:
        """Is this time-out still meant? Asked once, when its event is handled."""
        due = name in self._due
        self._due.discard(name)
        return due
