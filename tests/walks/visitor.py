"""One person in front of the glass: looks at the real page, touches it, and is counted and overheard while doing so.

Every look (`sees`) also checks that nothing personal stands in the page, its address or its title. Use it in browser
tests only: the page lives in the browser's thread.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, WebSocket

from edge_agent.domain.words import DoorPosition
from tests.walks.album import Album
from tests.walks.site import PIN, Site

LOOK_MS = 15
PATIENCE_MS = 8000  # for the page to show what the agent says; milliseconds on a quiet machine
EAR = """
window.seen = [];
window.touched = [];
addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  if (button) window.touched.push(button.dataset.action);
}, true);
new MutationObserver(() => {
  const screen = document.body?.dataset.screen;
  if (screen && screen !== window.seen.at(-1)) window.seen.push(screen);
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-screen"] });
"""
EVERYTHING = "[location.href, document.title, document.documentElement.outerHTML].join(' ')"
OPEN_STATES = ("DOOR_OPEN", "UNDO_OPEN")
STANDS_OPEN = (
    *OPEN_STATES,
    "PUTTING_BACK",
    "PROBLEM",
    "SWAPPING",
    "SETTING_ASIDE",
    "CANCELLING",
    "LEAVING_IT",
)
LONG_ENOUGH_S = 3.0  # a door that was open for less leaves doubt whether anything was taken


class Visitor:
    """`secrets` are what the page must never hold: codes, tokens, PINs, phones, whole waybills."""

    def __init__(self, site: Site, page: Page, panel: str, album: Album) -> None:
        self.site, self.page, self.panel, self.album = site, page, panel, album
        self.view: dict[str, Any] = {}
        self.secrets: set[str] = set()
        page.add_init_script(EAR)
        page.on("websocket", self._overhear)

    def arrive(self, at: str = "home") -> Visitor:
        self.page.goto(self.site.address)
        self.sees(at)
        return self

    # Eyes

    def sees(self, screen: str, *, at_most_ms: int = PATIENCE_MS, **facts: Any) -> dict[str, Any]:
        """Wait for a screen, and for these facts on it; drawn, not only sent. Returns its view-model."""

        def drawn() -> bool:
            shown = self.view.get("screen") == screen and facts.items() <= self.view["vm"].items()
            here = "[document.body.dataset.screen, document.body.dataset.rev].join()"
            return shown and self.page.evaluate(here) == f"{screen},{self.view['rev']}"

        self._wait(drawn, lambda: f"{screen} {facts}, but there is {self._briefly()}", at_most_ms)
        self.keeps_secrets()
        self.album.take(self.page, self.panel, self.view)
        return dict(self.view["vm"])

    def sees_notice(self, screen: str, kind: str) -> None:
        """The screen with the one line that says why."""
        self._wait(
            lambda: (
                self.view.get("screen") == screen and (self.view["vm"]["notice"] or {}).get("kind") == kind
            ),
            lambda: f"{screen} saying {kind}, but there is {self._briefly()}",
        )
        self.sees(screen)

    @property
    def screen(self) -> str | None:
        return self.page.get_attribute("body", "data-screen")

    @property
    def text(self) -> str:
        return self.page.inner_text("body")

    def keeps_secrets(self) -> None:
        page = self.page.evaluate(EVERYTHING)
        found = [f"…{secret[-2:]} of {len(secret)}" for secret in self.secrets if secret in page]
        assert not found, f"{self.screen} holds what nobody may read: {found}"

    def seen(self) -> list[str]:
        """Screens in the order in which the page showed them, from the one on which it `starts_anew`."""
        return list(self.page.evaluate("window.seen"))

    def touched(self) -> list[str]:
        """Buttons that were touched, by their action."""
        return list(self.page.evaluate("window.touched"))

    def starts_anew(self) -> None:
        self.page.evaluate("() => { window.seen = [document.body.dataset.screen]; window.touched = []; }")

    # Fingers

    def touch(self, action: str, id: str = "") -> None:
        which = f'[data-id="{id}"]' if id else ""
        button = self.page.locator(f'[data-action="{action}"]{which}').first
        if not button.count() and self.page.locator('[data-action="more-options"]').count():
            self.page.tap('[data-action="more-options"]')
        button.tap(timeout=PATIENCE_MS)

    def type(self, digits: str, send: bool = False) -> None:
        """On the glass, digit by digit; `send` presses the key that lengths without an end need."""
        for digit in digits:
            self.page.tap(f'[data-action="digit-{digit}"]')
        if send:
            self.page.tap('[data-action="digit-ok"]')

    # At a door

    def door_opens(self) -> str:
        """Wait until the door of this visit is open; its number."""
        session = self.site.locker.agent.session
        self.site.until(lambda: session.state.name in OPEN_STATES)
        return self.site.do(lambda: session.context.door)

    def another_door_opens(self, than: str) -> str:
        session = self.site.locker.agent.session
        self.site.until(lambda: session.context.door not in ("", than))
        return self.door_opens()

    def puts_in(self) -> str:
        """The parcel in, the door closed; which door that was."""
        return self._closes("parcel")

    def takes_out(self) -> str:
        return self._closes("empty")

    def closes(self) -> str:
        """The door, and nothing else."""
        return self._closes("")

    def _closes(self, inside: str) -> str:
        session = self.site.locker.agent.session
        self.site.until(lambda: bool(session.context.door) and session.state.name in STANDS_OPEN)
        door = self.site.do(lambda: session.context.door)
        self.site.skip(LONG_ENOUGH_S)
        self.shuts(door, inside)
        return door

    def shuts(self, door: str, inside: str = "") -> None:
        self.site.close(door, inside)
        self.site.until(lambda: self.site.state.compartment[door].door is DoorPosition.CLOSED)

    # Roles

    def logs_in(self, badge: str) -> None:
        self.site.scan(badge)
        self.sees("courier-scan")

    def logs_in_by_number(self, number: str) -> None:
        """With `PIN`; the carrier's labels need no phone number."""
        self.site.hire_by_number(number)
        self.secrets.add(PIN)
        self.touch("courier")
        self.sees("courier-pin", ask="number")
        self.type(number, send=True)
        self.sees("courier-pin", ask="pin")
        self.type(PIN, send=True)
        self.sees("courier-scan")

    def scans(self, waybill: str) -> None:
        self.secrets.add(waybill)
        self.site.scan(waybill)

    def deposits(self, waybill: str, size: str = "S", phone: str = "91234567") -> str:
        """One parcel, by whatever way the screen asks for; the door it lies in."""
        before = self.view["vm"]["deposited"]
        self.scans(waybill)
        self._wait(lambda: self.view["screen"] != "courier-scan", lambda: "an answer to the scan")
        if self.view["screen"] == "choose-size":
            self.touch("size", size)
            self._wait(lambda: self.view["screen"] != "choose-size", lambda: "an answer to the size")
        if self.view["screen"] == "recipient-phone":
            self.secrets.add(phone)
            self.type(phone, send=True)
        self.sees("door-open-put")
        door = self.puts_in()
        self.sees("courier-scan", deposited=before + 1)
        return door

    def leaves(self) -> None:
        """The courier's round is over; the screen is the next person's."""
        self.touch("finish")
        self.sees("courier-summary")
        self.site.skip(10)
        self.sees("home")

    def message(self) -> dict[str, str]:
        """The newest deposit's message, as its recipient reads it; the page must not know it."""
        message = self.site.message()
        self.secrets |= {message["code"], message["token"]}
        return message

    # Inside

    def _overhear(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda text: self._take(json.loads(text)))

    def _take(self, message: dict[str, Any]) -> None:
        if "screen" in message:
            self.view = message

    def _wait(
        self, wanted: Callable[[], bool], says: Callable[[], str], at_most_ms: int = PATIENCE_MS
    ) -> None:
        for _ in range(at_most_ms // LOOK_MS):
            if self.view and wanted():
                return
            self.page.wait_for_timeout(LOOK_MS)
        raise AssertionError(f"waited for {says()}")

    def _briefly(self) -> str:
        vm = {k: v for k, v in self.view.get("vm", {}).items() if v}
        return f"{self.screen} (sent: {self.view.get('screen')} {vm}; touched {self.touched()[-3:]})"
