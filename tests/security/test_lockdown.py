"""Nobody leaves the page: fingers, keys and links against the shipped browser under the shipped policies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.kiosk.gallery import view_of
from tests.kiosk.running import RunningKiosk
from tests.package.machine import needs
from tests.security.kiosk_browser import (
    POLICIES,
    SCREEN,
    KioskBrowser,
    Screen,
    kiosk_browser,
    shipped_browser,
    shipped_flags,
)

WIDTH, HEIGHT = SCREEN
CLOSED = {
    "DeveloperToolsAvailability": 2,
    "RemoteDebuggingAllowed": False,
    "DownloadRestrictions": 3,
    "AllowFileSelectionDialogs": False,
    "PrintingEnabled": False,
    "ExtensionInstallBlocklist": ["*"],
    "SyncDisabled": True,
    "PasswordManagerEnabled": False,
    "DefaultNotificationsSetting": 2,
    "DefaultGeolocationSetting": 2,
    "TranslateEnabled": False,
    "IncognitoModeAvailability": 1,
    "DefaultPopupsSetting": 2,
}
KEYS = [
    *(
        "ctrl+t",
        "ctrl+n",
        "ctrl+shift+n",
        "ctrl+shift+t",
        "ctrl+w",
        "ctrl+shift+w",
        "ctrl+o",
        "ctrl+s",
        "ctrl+p",
    ),
    *(
        "ctrl+u",
        "ctrl+l",
        "ctrl+h",
        "ctrl+j",
        "ctrl+d",
        "ctrl+f",
        "ctrl+shift+i",
        "ctrl+shift+j",
        "ctrl+shift+b",
    ),
    *(
        "F1",
        "F3",
        "F6",
        "F10",
        "F11",
        "F12",
        "alt+Left",
        "alt+Home",
        "alt+d",
        "alt+f",
        "alt+F4",
        "shift+Escape",
    ),
    *(
        "ctrl+a",
        "ctrl+shift+n",
        "ctrl+alt+Delete",
        "alt+Tab",
        "ctrl+plus",
        "ctrl+minus",
        "ctrl+shift+Delete",
        "ctrl+shift+o",
        "ctrl+1",
        "ctrl+Tab",
        "Menu",
        "super",
    ),
]
MOUSE = [("mousemove", "640", "120"), ("click", "3"), ("click", "2"), ("mousemove", "1", "1"), ("click", "1")]
LOOKS_MAX, SHADES = 60, 4  # looks at a screen that is still being drawn; fewer shades are an empty window
UNNOTICED = 0.002  # of the screen: a pointer's picture
LINKS = [
    *(
        "file:///etc/passwd",
        "chrome://settings",
        "chrome://version",
        "view-source:{origin}/",
        "javascript:alert(1)",
    ),
    *(
        "data:text/html,hello",
        "about:flags",
        "devtools://devtools/bundled/inspector.html",
        "http://127.0.0.2:9/",
    ),
    *(
        "https://example.com/",
        "tel:+85212345678",
        "mailto:a@example.com",
        "chrome-extension://x/y",
        "intent://x",
    ),
]
TOUCHES: dict[str, Callable[[KioskBrowser], None]] = {
    "a long press": lambda at: at.touch([(WIDTH // 2, HEIGHT // 2)], hold_ms=1_500),
    "a swipe from the left edge": lambda at: at.touch([(x, 400) for x in range(1, 900, 60)]),
    "a swipe from the right edge": lambda at: at.touch([(x, 400) for x in range(WIDTH - 2, 300, -60)]),
    "a swipe from the top": lambda at: at.touch([(600, y) for y in range(1, 700, 60)]),
    "a swipe from the bottom": lambda at: at.touch([(600, y) for y in range(HEIGHT - 2, 100, -60)]),
    "a pinch": lambda at: at.touch(
        [(x, 400) for x in range(600, 200, -50)], [(x, 400) for x in range(640, 1_040, 50)]
    ),
    "a drag over the words": lambda at: at.touch([(x, 120) for x in range(100, 1_000, 50)], hold_ms=800),
    "five fingers": lambda at: at.touch(
        *[[(200 + 150 * n, y) for y in range(600, 100, -80)] for n in range(5)]
    ),
}

pytestmark = [pytest.mark.package, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def hands() -> Iterator[ThreadPoolExecutor]:
    """Playwright's own thread: its loop must not stay in the test's."""
    with ThreadPoolExecutor(1, "lockdown") as thread:
        yield thread


def seen(at: KioskBrowser) -> dict[str, Any]:
    """What a person has before them: address, windows, screen, size, zoom, selected words."""
    if at.page.is_closed():
        return {"page": "closed"}
    facts: dict[str, Any] = at.page.evaluate(
        "() => ({screen: document.body.dataset.screen, zoom: visualViewport.scale, selected: String(getSelection()),"
        " width: innerWidth, height: innerHeight})"
    )
    return {**facts, "address": at.page.url, "windows": sorted(at.targets())}


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [f"{name}: {after.get(name)}" for name in before if after.get(name) != before[name]]


def try_to_leave(folder: Path) -> dict[str, list[str]]:
    """Every way out, and what it changed."""
    left: dict[str, list[str]] = {}
    with RunningKiosk(4.0, folder) as kiosk, kiosk_browser(folder, kiosk.origin, kiosk.address) as at:
        kiosk.show(view_of("home", "en", kiosk.next_rev()))
        at.page.wait_for_timeout(500)
        before = seen(at)
        assert before["screen"] == "home"
        assert before["zoom"] == 1
        for name, touch in TOUCHES.items():
            touch(at)
            left[name] = changes(before, seen(at))
        for link in LINKS:
            target = link.format(origin=kiosk.origin)
            at.page.evaluate(
                "to => { const a = document.createElement('a'); a.href = to; a.target = '_blank';"
                " document.body.append(a); a.click(); a.target = ''; a.click(); a.remove(); }",
                target,
            )
            at.page.wait_for_timeout(200)
            left[target] = changes(before, seen(at))
        at.page.evaluate("() => { window.open('about:blank'); window.print(); }")
        left["window.open and print"] = changes(before, seen(at))
    return {way: wrong for way, wrong in left.items() if wrong}


def shown(kiosk: RunningKiosk, screen: Screen) -> Image.Image:
    """The home screen as it looks when it has come to rest."""
    kiosk.show(view_of("home", "en", kiosk.next_rev()))
    before = screen.picture()
    for _ in range(LOOKS_MAX):
        screen.hands("sleep", "0.2")
        if screen.differs_from(before) == 0 and len(set(before.tobytes())) > SHADES:
            return before
        before = screen.picture()
    raise AssertionError("the page did not come to rest")


def test_no_key_leads_out_of_the_page(tmp_path: Path) -> None:
    """SEC-29, SEC-30: every shortcut of a keyboard or mouse that somebody brought, under exactly what ships."""
    needs("Xvfb", "xdotool", "chromium", "unshare", "mount", root=True)
    changed: dict[str, float] = {}
    with (
        RunningKiosk(4.0, tmp_path) as kiosk,
        shipped_browser(tmp_path, kiosk.origin, kiosk.address) as screen,
    ):
        before = shown(kiosk, screen)
        windows = screen.windows()
        for way in [*(("key", "--clearmodifiers", keys) for keys in KEYS), *MOUSE]:
            screen.hands(*way)
            share = screen.differs_from(before)
            if share > UNNOTICED or screen.windows() != windows:
                changed[" ".join(way)] = share
                screen.picture().save(tmp_path / f"{len(changed)}.png")

    assert changed == {}


def test_no_finger_or_link_leads_out_of_the_page(tmp_path: Path, hands: ThreadPoolExecutor) -> None:
    """SEC-29: strange touches, and links that somebody smuggled into the page."""
    needs("Xvfb", "chromium", "unshare", "mount", root=True)

    assert hands.submit(try_to_leave, tmp_path).result() == {}


def test_the_policies_close_every_way_that_is_listed() -> None:
    """SEC-28: as text, because a browser without a policy looks the same until somebody tries."""
    policies = json.loads(POLICIES.read_text())

    assert {key: policies.get(key) for key in CLOSED} == CLOSED
    assert "*" in policies["URLBlocklist"]
    assert all(
        address.startswith(("http://127.0.0.1", "http://localhost")) for address in policies["URLAllowlist"]
    )


def test_the_browser_starts_full_screen_with_a_fresh_profile_and_no_debug_port() -> None:
    """SEC-30, K-01: nothing to restore, nothing to attach to."""
    flags = shipped_flags()

    assert "--kiosk" in flags
    assert not any("remote-debugging" in flag or "crash-reporter" in flag for flag in flags)
