"""The cabinet's browser as it ships: full screen, under the managed policies, on a pretend screen with a keyboard.

Chromium reads its policies from one fixed folder, so it starts in a mount namespace of its own in which that folder
holds ours. Keys and mouse come from the X server, to the browser under exactly the shipped policies; what is seen is
the screen's pixels and windows. Fingers and links need the debugging pipe, which the policies forbid: for those two
keys are lifted.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageGrab
from playwright.sync_api import BrowserContext, CDPSession, Page, sync_playwright

ROOT = Path(__file__).parent.parent.parent
POLICIES = ROOT / "systemd" / "config" / "chromium.json"
STARTER = ROOT / "systemd" / "config" / "locker-kiosk"
LIFTED = ("RemoteDebuggingAllowed", "DeveloperToolsAvailability")  # or nobody could drive it
SCREEN = (1280, 800)  # pixels
SETTLE_MS = 300  # a browser window that a key opens is there sooner
NOT_ON_X = {"--ozone-platform=wayland"}  # the pretend screen is an X server


@dataclass
class Screen:
    """An X server with a browser on it, seen and handled from outside."""

    display: str

    def hands(self, *words: str) -> str:
        """One xdotool command, and the time a browser takes to react; what it printed."""
        environment = {**os.environ, "DISPLAY": self.display}
        done = subprocess.run(
            ["xdotool", *words, "sleep", str(SETTLE_MS / 1000)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=10,
        )
        return done.stdout

    def windows(self) -> list[str]:
        """Titles of all windows that can be seen."""
        return sorted(self.hands("search", "--onlyvisible", "--name", ".", "getwindowname", "%@").split("\n"))

    def picture(self) -> Image.Image:
        return ImageGrab.grab(xdisplay=self.display).convert("L")

    def differs_from(self, before: Image.Image) -> float:
        """The share of the screen that looks different, 0 to 1."""
        return sum(ImageChops.difference(before, self.picture()).point(lambda v: v > 16).histogram()[1:]) / (
            SCREEN[0] * SCREEN[1]
        )


@dataclass
class KioskBrowser:
    """One page on one screen, driven from inside."""

    context: BrowserContext
    page: Page
    devtools: CDPSession

    def touch(self, *paths: list[tuple[int, int]], hold_ms: int = 0) -> None:
        """Fingers down together at the first point of each path, moved along, held, lifted."""
        for step in range(max(map(len, paths))):
            points = [
                {"x": path[min(step, len(path) - 1)][0], "y": path[min(step, len(path) - 1)][1]}
                for path in paths
            ]
            kind = "touchStart" if step == 0 else "touchMove"
            self.devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        self.page.wait_for_timeout(hold_ms)
        self.devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        self.page.wait_for_timeout(SETTLE_MS)

    def targets(self) -> list[str]:
        """Addresses of every window, tab and tool that the browser shows."""
        found: dict[str, Any] = self.devtools.send("Target.getTargets")
        return [
            one["url"]
            for one in found["targetInfos"]
            if one["type"] in ("page", "tab", "other", "browser_ui")
        ]


def shipped_flags() -> list[str]:
    """What locker-kiosk gives the browser, without what belongs to its own screen and profile."""
    started = STARTER.read_text().partition("/usr/bin/chromium")[2]
    words = re.findall(r"--[\w-]+(?:=[\w,.:-]+)?", started)
    return [
        word for word in words if word not in NOT_ON_X and not word.startswith(("--user-data-dir", "--app"))
    ]


def start_program(folder: Path, origin: str, lifted: tuple[str, ...] = ()) -> Path:
    """A program that starts Chromium under the shipped policies for a page at `origin`."""
    policies = {key: value for key, value in json.loads(POLICIES.read_text()).items() if key not in lifted}
    policies["URLAllowlist"] = [origin]
    (folder / "policies.json").write_text(json.dumps(policies))
    program = folder / "chromium"
    program.write_text(
        "#!/bin/sh\n"
        "exec unshare --mount sh -c '\n"
        "mount -t tmpfs tmpfs /etc/chromium && mkdir -p /etc/chromium/policies/managed &&\n"
        f"cp {folder}/policies.json /etc/chromium/policies/managed/locker.json &&\n"
        'exec /usr/bin/chromium "$@"\' chromium "$@"\n'
    )
    program.chmod(0o755)
    return program


@contextmanager
def pretend_screen() -> Iterator[str]:
    """An X server; the display's name."""
    reading, writing = os.pipe()
    command = [
        "Xvfb",
        "-displayfd",
        str(writing),
        "-screen",
        "0",
        f"{SCREEN[0]}x{SCREEN[1]}x24",
        "-nolisten",
        "tcp",
    ]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        yield f":{os.read(reading, 16).decode().strip()}"
    finally:
        os.close(reading)
        server.terminate()
        server.wait(10)


@contextmanager
def kiosk_browser(folder: Path, origin: str, address: str) -> Iterator[KioskBrowser]:
    """The page at `address`, full screen."""
    with pretend_screen() as display, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(folder / "profile"),
            executable_path=str(start_program(folder, origin, LIFTED)),
            headless=False,
            args=["--no-sandbox", "--disable-gpu", *shipped_flags()],
            env={**os.environ, "DISPLAY": display},
            no_viewport=True,
            ignore_default_args=["--enable-automation", "--disable-popup-blocking"],
        )
        page = context.pages[0]
        page.goto(address)
        page.wait_for_function("document.body.dataset.screen !== undefined")
        yield KioskBrowser(context, page, context.new_cdp_session(page))
        context.close()


@contextmanager
def shipped_browser(folder: Path, origin: str, address: str) -> Iterator[Screen]:
    """The browser under exactly the shipped policies, nobody inside it."""
    with pretend_screen() as display:
        command = [str(start_program(folder, origin)), "--no-sandbox", "--disable-gpu", *shipped_flags()]
        size = [
            f"--user-data-dir={folder / 'profile'}",
            f"--window-size={SCREEN[0]},{SCREEN[1]}",
            "--window-position=0,0",
        ]
        with (folder / "chromium.log").open("wb") as log:
            browser = subprocess.Popen(
                [*command, *size, f"--app={address}"],
                env={**os.environ, "DISPLAY": display},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield Screen(display)
        finally:
            os.killpg(browser.pid, signal.SIGKILL)
            browser.wait(10)
