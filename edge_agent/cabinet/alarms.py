"""Doors that stand open: one clock a door, started when it opens, stopped when it closes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


class LeftOpen:
    """Calls `alarm(number, open_s)` once for each door that stays open for `after_s`. Runs on the loop."""

    def __init__(self, after_s: float, alarm: Callable[[str, float], Awaitable[None]]) -> None:
        self._after_s = after_s
        self._alarm = alarm
        self._clocks: dict[str, asyncio.Task[None]] = {}

    def begin(self, number: str) -> None:
        """The door opened. A door that is already counted keeps its clock."""
        if number not in self._clocks:
            self._clocks[number] = asyncio.get_running_loop().create_task(self._count(number))

    def end(self, number: str) -> None:
        """The door closed."""
        clock = self._clocks.pop(number, None)
        if clock is not None:
            clock.cancel()

    def stop(self) -> None:
        """Forget all clocks."""
        for number in list(self._clocks):
            self.end(number)

    async def _count(self, number: str) -> None:
        await asyncio.sleep(self._after_s)
        await self._alarm(number, self._after_s)
