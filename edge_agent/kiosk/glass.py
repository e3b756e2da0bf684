"""One screen, one page: who has the glass when two pages are open.

The first live page has it. A further page waits and is told so; it gets the glass when the first one
closes, or has been silent for `SILENT_S` (a hung renderer keeps its socket open). The desk hears of one
page at a time, always `closed` before the next `connect`. This is about pages; whose visit it is, the
session's lease decides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from edge_agent.kiosk.desk import Desk, Page

SILENT_S = 6.0  # three of the page's heartbeats
WAITING_MAX = 4  # a browser that opens pages without end is broken; refuse the fifth


class Waiter(Page, Protocol):
    """A page as the glass needs it."""

    last_heard_s: float

    def wait(self) -> None:
        """Show that another page has the screen."""


class Glass:
    """Hands the desk one page at a time."""

    def __init__(self, desk: Desk, monotonic: Callable[[], float]) -> None:
        self._desk = desk
        self._monotonic = monotonic
        self._holder: Waiter | None = None
        self._waiting: list[Waiter] = []

    def has(self, page: Waiter) -> bool:
        """May this page touch anything?"""
        return page is self._holder

    def enter(self, page: Waiter) -> bool:
        """A page came. False: too many are waiting already, send it away."""
        self.take_from_silent()
        if self._holder is None:
            self._give(page)
        elif len(self._waiting) >= WAITING_MAX:
            return False
        else:
            self._waiting.append(page)
            page.wait()
        return True

    def leave(self, page: Waiter) -> None:
        """A page went; harmless when it went before."""
        if page in self._waiting:
            self._waiting.remove(page)
        elif page is self._holder:
            self._holder = None
            self._desk.closed(page)
            self._next()

    def take_from_silent(self) -> None:
        """Take the glass from a page whose script does not answer; called at every heartbeat of any page."""
        holder = self._holder
        if holder is not None and self._monotonic() - holder.last_heard_s > SILENT_S:
            self.leave(holder)
            holder.close()

    def _next(self) -> None:
        if self._waiting:
            self._give(self._waiting.pop(0))

    def _give(self, page: Waiter) -> None:
        self._holder = page
        self._desk.connect(page)
