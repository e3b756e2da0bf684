"""The screen rests when nobody is there, and wakes with the first touch, scan or door, which also counts.

Nothing here decides about people: a dark screen is still armed. A display that does not take an order keeps its light
on; that is logged once and costs nobody a pickup.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from edge_agent.logs import fields

log = logging.getLogger(__name__)


class Display(Protocol):
    """`drivers.screen.Backlight` (which has `set_percent` too) and `CommandScreen`; calls may block: on a thread."""

    def on(self) -> None: ...

    def off(self) -> None: ...


class Blanking:
    """Dims or darkens after `after_s` without a sign of life while `busy()` is false. Lives on the agent's loop."""

    def __init__(
        self, rest: Callable[[], None], wake: Callable[[], None], after_s: float, busy: Callable[[], bool]
    ) -> None:
        self._rest, self._wake_display = rest, wake
        self._after_s = after_s
        self._busy = busy
        self._stirred = asyncio.Event()
        self._failed = False
        self.resting = False

    def stir(self) -> None:
        """Somebody or something moved. Returns at once; the display is woken by `run`."""
        self._stirred.set()

    async def rest_now(self) -> None:
        """A person says so; the next sign of life wakes the display as ever."""
        self.resting = True
        await self._order(self._rest)

    async def run(self) -> None:
        """For as long as the agent runs."""
        await self._order(self._wake_display)
        while True:
            try:
                await asyncio.wait_for(self._stirred.wait(), None if self.resting else self._after_s)
            except TimeoutError:
                if not self._busy():
                    self.resting = True
                    await self._order(self._rest)
                continue
            self._stirred.clear()
            if self.resting:
                self.resting = False
                await self._order(self._wake_display)

    async def _order(self, order: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(order)
        except Exception as error:  # a display is never worth a worker that ends the agent
            if not self._failed:
                log.warning("display does not obey", extra=fields(error=error))
            self._failed = True


def orders(display: Display, dim_percent: int) -> tuple[Callable[[], None], Callable[[], None]]:
    """What resting and waking mean for this display: dimmed where it can be, else off."""
    set_percent = getattr(display, "set_percent", None)
    if set_percent is not None and dim_percent > 0:
        return (lambda: set_percent(dim_percent)), display.on
    return display.off, display.on
