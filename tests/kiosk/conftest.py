"""Fixtures of the browser tests: one running kiosk and one page for each panel, kept for the whole run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page

from edge_agent.kiosk.desk import View
from tests.kiosk.chromium import CHROMIUM, call_in_browser_thread, need_chromium
from tests.kiosk.gallery import PANELS, view_of
from tests.kiosk.running import RunningKiosk

SCREENSHOTS = Path(__file__).parents[2] / "out" / "screens"


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if pyfuncitem.get_closest_marker("browser") is None:
        return None
    return call_in_browser_thread(pyfuncitem)


@dataclass
class Panel:
    """A kiosk and a page of one size. Use the page inside browser tests only."""

    name: str
    px_per_mm: float
    kiosk: RunningKiosk
    page: Page

    def show(self, view: View) -> None:
        """Show a view and wait until the page has drawn it."""
        self.kiosk.show(view)
        self.page.wait_for_function(
            "rev => document.body.dataset.rev === String(rev)", arg=view.rev, timeout=5000
        )

    def sample(self, name: str, lang: str = "en") -> View:
        view = view_of(name, lang, self.kiosk.next_rev())
        self.show(view)
        return view

    def actions(self) -> list[str]:
        return self.kiosk.desk.names()

    def tap(self, action: str, id: str = "") -> None:
        which = f'[data-id="{id}"]' if id else ""
        self.page.tap(f'[data-action="{action}"]{which}', timeout=3000)

    def type_code(self, digits: str) -> None:
        for digit in digits:
            self.tap(f"digit-{digit}")

    def wait_for_actions(self, count: int) -> list[str]:
        """Wait until the desk has heard `count` actions, and a heartbeat's time longer that no more come."""
        for _ in range(100):
            if len(self.actions()) >= count:
                break
            self.page.wait_for_timeout(20)
        return self.actions()


def open_panel(name: str, folder: Path) -> Panel:
    width, height, px_per_mm = PANELS[name]
    kiosk = RunningKiosk(px_per_mm, folder)
    kiosk.__enter__()
    page = CHROMIUM.run(
        lambda: CHROMIUM.browser().new_page(viewport={"width": width, "height": height}, has_touch=True)
    )
    panel = Panel(name, px_per_mm, kiosk, page)
    CHROMIUM.run(lambda: open_address(panel))
    return panel


def open_address(panel: Panel) -> None:
    panel.page.goto(panel.kiosk.address)
    panel.page.wait_for_selector('body[data-screen="home"]', timeout=10_000)


@pytest.fixture(scope="session")
def panels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Panel]]:
    """Panels by size, opened at first use by `panel_of`."""
    opened: dict[str, Panel] = {}
    yield opened
    for panel in opened.values():
        CHROMIUM.run(panel.page.close)
        panel.kiosk.__exit__()
    CHROMIUM.stop()


@pytest.fixture
def panel_of(panels: dict[str, Panel], tmp_path_factory: pytest.TempPathFactory):
    need_chromium()

    def of(name: str) -> Panel:
        if name not in panels:
            panels[name] = open_panel(name, tmp_path_factory.mktemp("kiosk"))
        return panels[name]

    return of


@pytest.fixture(params=sorted(PANELS))
def every_panel(request: pytest.FixtureRequest, panel_of) -> Panel:
    return panel_of(request.param)


@pytest.fixture
def panel(panel_of) -> Panel:
    """The 10 inch panel at the idle screen, the last person gone, with nothing heard yet."""
    panel = panel_of("1280x800")
    CHROMIUM.run(lambda: (panel.sample("thanks"), panel.sample("home")))
    panel.kiosk.desk.actions.clear()
    panel.kiosk.desk.happened.clear()
    return panel
