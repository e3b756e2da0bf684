"""A desk where nobody is served: one sign for every page. For safe mode, and for a version that is on trial."""

from __future__ import annotations

from typing import Literal

from edge_agent.kiosk.actions import Args
from edge_agent.kiosk.desk import Page, View
from edge_agent.kiosk.screens import OutOfService


class StillDesk:
    """Shows every page the out-of-service sign. Implements `desk.Desk`."""

    def __init__(self, lang: str, reason: Literal["maintenance", "fault"], code: str = "") -> None:
        self._view = View(rev=1, lang=lang, vm=OutOfService(reason=reason, code=code))

    def connect(self, page: Page) -> None:
        page.show(self._view)

    def action(self, page: Page, rev: int, action: str, args: Args) -> None:
        """The sign offers nothing."""

    def heartbeat(self, page: Page) -> None:
        """Nobody's session depends on it."""

    def tap_storm(self, page: Page) -> None:
        """Nobody's session depends on it."""

    def closed(self, page: Page) -> None:
        """The next page is shown the same."""
