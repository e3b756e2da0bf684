"""One Chromium for all browser tests, in a thread of its own.

Playwright's synchronous interface keeps an event loop running in its thread; in the main thread that would break every
asynchronous test after it. `CHROMIUM.run(f)` runs `f` over there and hands back its result or exception.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

T = TypeVar("T")
PROGRAM = Path("/usr/bin/chromium")
FLAGS = [
    *("--no-sandbox", "--headless", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--autoplay-policy=no-user-gesture-required",
]


class Chromium:
    """Started at first use, stopped by the session's fixture."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "chromium")
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None

    def run(self, work: Callable[[], T]) -> T:
        return self._thread.submit(work).result()

    def browser(self) -> Browser:
        """Call it inside `run`."""
        if self._browser is None:
            self._playwright = sync_playwright().start()
            self._browser = self._playwright.chromium.launch(executable_path=str(PROGRAM), args=FLAGS)
        return self._browser

    def stop(self) -> None:
        self.run(self._stop)

    def _stop(self) -> None:
        if self._browser is not None:
            self._browser.close()
        if self._playwright is not None:
            self._playwright.stop()
        self._browser = self._playwright = None


CHROMIUM = Chromium()


def need_chromium() -> None:
    """Without Chromium browser tests are skipped by name; in CI they fail."""
    if PROGRAM.exists():
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{PROGRAM} is missing; the browser tests must run in CI")
    pytest.skip(f"needs {PROGRAM} (apt install chromium)")


def call_in_browser_thread(item: Any) -> bool:
    """Run a browser test's body where the browser lives; for `pytest_pyfunc_call`."""
    arguments = {name: item.funcargs[name] for name in item._fixtureinfo.argnames}
    CHROMIUM.run(lambda: item.obj(**arguments))
    return True
