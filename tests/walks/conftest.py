"""Fixtures of the walks: a whole locker, a page in front of it, and everything gone when the test is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kiosk.chromium import CHROMIUM, call_in_browser_thread, need_chromium
from tests.kiosk.gallery import PANELS
from tests.walks.album import Album
from tests.walks.site import Site
from tests.walks.visitor import Visitor

PANEL = "1280x800"


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if pyfuncitem.get_closest_marker("browser") is None:
        return None
    return call_in_browser_thread(pyfuncitem)


@pytest.fixture(scope="session")
def album(request: pytest.FixtureRequest) -> Iterator[Album]:
    need_chromium()
    wanted = request.config.getoption("markexpr") or ""
    yield Album(audit_all="soak" in wanted and "not soak" not in wanted)
    if not CHROMIUM.run(lambda: CHROMIUM.browser().contexts):
        CHROMIUM.stop()


class Stage:
    """Opens lockers and pages, and closes them all."""

    def __init__(self, folder: Callable[[str], Path], album: Album) -> None:
        self._folder, self._album = folder, album
        self._sites: list[Site] = []
        self._visitors: list[Visitor] = []

    def site(self, panel: str = PANEL, **sections: Any) -> Site:
        kiosk = {"px_per_mm": PANELS[panel][2], **sections.pop("kiosk", {})}
        site = Site(self._folder("site"), seed=len(self._sites) + 1, kiosk=kiosk, **sections)
        site.__enter__()
        self._sites.append(site)
        return site

    def visitor(self, site: Site, panel: str = PANEL) -> Visitor:
        """A page that has not been loaded yet. In the browser's thread only."""
        width, height, _ = PANELS[panel]
        page = CHROMIUM.browser().new_page(viewport={"width": width, "height": height}, has_touch=True)
        visitor = Visitor(site, page, panel, self._album)
        self._visitors.append(visitor)
        return visitor

    def arrive(self, panel: str = PANEL, **sections: Any) -> Visitor:
        """Somebody in front of a new locker."""
        return self.visitor(self.site(panel, **sections), panel).arrive()

    def close(self) -> None:
        for visitor in self._visitors:
            CHROMIUM.run(visitor.page.close)
        for site in self._sites:
            site.__exit__()


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory, album: Album) -> Iterator[Stage]:
    stage = Stage(tmp_path_factory.mktemp, album)
    yield stage
    stage.close()
