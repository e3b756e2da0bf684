"""Whether the screen's page is alive: a desk in front of the session that notes each heartbeat and passes all on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_agent.kiosk.actions import Args
    from edge_agent.kiosk.desk import Desk, Page


class PageWatch:
    """Implements `kiosk.desk.Desk` over another one."""

    def __init__(self, desk: Desk, monotonic_s: Callable[[], float]) -> None:
        self._desk, self._monotonic_s = desk, monotonic_s
        self._heard_s: float | None = None

    @property
    def ago_s(self) -> float | None:
        """Seconds since a page was heard last; None: never."""
        return None if self._heard_s is None else self._monotonic_s() - self._heard_s

    def connect(self, page: Page) -> None:
        self._note()
        self._desk.connect(page)

    def action(self, page: Page, rev: int, action: str, args: Args) -> None:
        self._note()
        self._desk.action(page, rev, action, args)

    def heartbeat(self, page: Page) -> None:
        self._note()
        self._desk.heartbeat(page)

    def tap_storm(self, page: Page) -> None:
        self._desk.tap_storm(page)

    def closed(self, page: Page) -> None:
        self._desk.closed(page)

    def _note(self) -> None:
        self._heard_s = self._monotonic_s()
