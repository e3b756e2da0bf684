"""Where the page meets the session: the views that go out, and the port through which touches come in.

The server (`server.py`) owns the socket and its guards; a `Desk` owns what is shown. Only one page at a
time has the glass: further pages see `message` (second-page) and reach the desk when the first one is gone.
All calls run on the agent's loop, return at once, and must not raise.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, Protocol

import msgspec

from edge_agent.kiosk.actions import Args
from edge_agent.kiosk.screens import Screen


class Sound(StrEnum):
    """The four earcons, made by the page itself."""

    TICK = "tick"  # scanned
    ACCEPTED = "accepted"  # rising pair
    REFUSED = "refused"  # low pair
    ATTENTION = "attention"  # three knocks


class Say(msgspec.Struct, frozen=True):
    """A spoken phrase: key `speech.<phrase>` of the catalogue.

    `args` fill its placeholders; from a door number in `args["door"]` the server adds `{place}`, where that
    door is. Codes and PINs never go in here.
    """

    phrase: str
    args: dict[str, str] = {}


class Deadline(msgspec.Struct, frozen=True):
    """Something ends by itself: the page draws a ring or a countdown. Milliseconds from now, never a date."""

    kind: Literal["warn", "lockout", "result"]
    left_ms: int
    total_ms: int


class View(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to show.

    `rev` rises whenever the meaning of a touch changes: an action that carries another `rev` is dropped,
    and of one `rev` one action is taken. A mere refresh (free counts, the language) keeps `rev`, and the
    page keeps what is being typed. `session` is the epoch of the person's session, "" when nobody is there.
    `sound` and `speak` happen once.
    """

    rev: int
    lang: str
    vm: Screen
    session: str = ""
    sound: Sound | None = None
    speak: Say | None = None
    deadline: Deadline | None = None


class Page(Protocol):
    """The page that has the glass."""

    def show(self, view: View) -> None:
        """Send a view; never blocks. When the page is slow, only the newest view is sent."""

    def close(self) -> None:
        """Send the page away (it reconnects by itself)."""


class Desk(Protocol):
    """What the session runner offers to the server."""

    def connect(self, page: Page) -> None:
        """A page got the glass: show it what is true now. The previous page, if any, was `closed` before."""

    def action(self, page: Page, rev: int, action: str, args: Args) -> None:
        """A legal touch: `rev` is the shown one, `args` is of type `actions.ARGUMENTS[action]`."""

    def heartbeat(self, page: Page) -> None:
        """The page's script is alive (every 2 s)."""

    def tap_storm(self, page: Page) -> None:
        """Touches came faster than fingers do; the server has locked the page for some seconds.

        Worth an event.
        """

    def closed(self, page: Page) -> None:
        """The page is gone, or has been silent too long. It will not be shown anything any more."""
