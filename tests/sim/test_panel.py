"""The panel in a real browser: it draws the cabinet, and a click is a hand."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from sim.cabinet import SimCabinet
from sim.demo_cabinet import document
from sim.pytest_plugin import LockerSim
from tests.sim.host import Host
from tests.sim.stage import OPEN_1

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")]


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


def test_a_door_opens_on_the_panel_and_a_click_shuts_it(locker_sim: LockerSim, page: Page) -> None:
    """Bytes open door 1, the page shows it by itself; put a parcel in, shut the door, begin and clear a fault."""
    cabinet = locker_sim("lock-8a", scanners=["line"], control=True)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(cabinet.control_url)
    door = page.locator("[data-number='1']")
    expect(door).to_have_attribute("data-door", "closed")

    with Host(cabinet.ports["main"]) as bus:
        bus.ask(OPEN_1, 5)
    expect(door).to_have_attribute("data-door", "open")
    page.get_by_role("button", name="put a parcel, compartment 1", exact=True).click()
    expect(door).to_have_attribute("data-inside", "parcel")
    page.get_by_role("button", name="door 1, open").click()
    expect(door).to_have_attribute("data-door", "closed")
    page.get_by_role("button", name="door 2, closed").click()

    expect(page.get_by_role("status")).to_have_text("door 2 does not move")
    expect(page.get_by_label("Frames")).to_contain_text("unlock channel 1 of board 1")
    assert cabinet.world.doors["1"].parcel
    assert complaints == []


def test_the_demo_cabinet_is_drawn_by_columns(tmp_path_factory: pytest.TempPathFactory, page: Page) -> None:
    """Sixty doors in six columns, the screen in the third."""
    with SimCabinet.of_document(document(tmp_path_factory.mktemp("demo"))) as cabinet:
        page.goto(cabinet.serve())

        expect(page.locator(".compartment")).to_have_count(60)
        expect(page.locator(".column")).to_have_count(6)
        expect(page.locator(".column").nth(2).locator(".screen")).to_have_count(1)
