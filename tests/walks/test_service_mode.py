"""A technician at the screen: card and PIN, doors, boards, scanner; visible, and over by itself."""

from __future__ import annotations

from typing import Any

import pytest

from edge_agent.domain.words import Condition, Contents
from tests.kiosk.chromium import CHROMIUM
from tests.walks.conftest import Stage
from tests.walks.site import PIN
from tests.walks.visitor import Visitor

pytestmark = pytest.mark.browser


@pytest.fixture
def technician(stage: Stage) -> Visitor:
    """In the service menu."""
    return CHROMIUM.run(lambda: enters(stage))


def enters(stage: Stage) -> Visitor:
    visitor = stage.arrive(locker={"languages": ["en", "zh-Hant", "zh-Hans"]})
    visitor.secrets.add(PIN)
    visitor.site.scan(visitor.site.employ())
    visitor.sees("courier-pin")
    visitor.type(PIN, send=True)
    visitor.sees("service-menu")
    return visitor


def section(visitor: Visitor, name: str) -> dict[str, Any]:
    """From the menu or from another section, by way of the menu."""
    if visitor.view["vm"]["section"]:
        visitor.touch("back")
        visitor.sees("service-menu", section="")
    visitor.touch("section", name)
    return visitor.sees("service-menu", section=name)


def test_a_card_alone_opens_nothing(stage: Stage) -> None:
    """A wrong PIN is said and counted; the third one locks this card, and couriers go on."""
    visitor = stage.arrive()
    visitor.site.scan(visitor.site.employ())
    visitor.sees("courier-pin")
    for _ in range(2):
        visitor.type("0000", send=True)
        visitor.sees_notice("courier-pin", "pin-wrong")
    visitor.type("0000", send=True)
    visitor.sees("locked-out", who="technician")

    visitor.logs_in(visitor.site.hire())

    assert "service.entered" not in visitor.site.journal()


def test_every_section_shows_what_it_found(technician: Visitor) -> None:
    """Doors, boards, faults: one line each. The screen test is a field to wipe over."""
    doors = section(technician, "doors")["rows"]
    boards = section(technician, "boards")["rows"]
    section(technician, "faults")
    section(technician, "screen")

    assert len(doors) == 60
    assert len(boards) >= 5


def test_the_scanner_test_counts_characters_and_shows_none(technician: Visitor) -> None:
    """Whatever is held before the scanner, service mode opens nothing for it and repeats nothing of it."""
    technician.secrets.add("SF1234567890123")
    section(technician, "scanner")
    technician.site.scan("SF1234567890123")
    technician.site.until(lambda: technician.site.locker.agent.session.context.scan_length == 15)
    technician.sees("service-menu", section="scanner")

    assert technician.view["vm"]["rows"][0]["label"] == "15"


def test_a_door_is_opened_looked_into_and_answered_for(technician: Visitor) -> None:
    """ "Is 59 empty?" is asked on a screen that names the door; the answer has a name in the journal."""
    section(technician, "doors")
    technician.touch("open", "59")
    assert technician.door_opens() == "59"
    technician.sees("door-open-take", door="59", opening=False)
    technician.closes()
    technician.sees("message", door="59")
    technician.touch("yes")
    technician.sees("service-menu")

    assert technician.site.state.compartment["59"].contents is Contents.EMPTY
    assert technician.site.journal()[-1] == "compartment.verified_empty"


def test_a_door_is_set_out_of_service_and_back(technician: Visitor) -> None:
    """The line offers the way back as soon as it is done."""
    section(technician, "doors")
    technician.touch("set-out", "59")
    technician.page.wait_for_selector('[data-action="set-in"][data-id="59"]')
    set_out = technician.site.state.compartment["59"].condition
    technician.touch("set-in", "59")
    technician.page.wait_for_selector('[data-action="set-out"][data-id="59"]')

    assert set_out is Condition.OUT_OF_SERVICE
    assert technician.site.state.compartment["59"].offered


def test_doors_to_check_are_led_through_one_by_one(technician: Visitor) -> None:
    """Two doubtful ones: open, look, close, answer; the list is empty afterwards."""
    for door in ("59", "60"):
        technician.site.doubt(door)
    technician.touch("section", "verify")
    technician.sees("recall-list", kind="verify")
    for left in (1, 0):
        technician.touch("start")
        technician.closes()
        technician.sees("message", offers=["yes", "no"])
        technician.touch("yes")
        lines = technician.sees("recall-list", kind="verify")["lines"]
        assert len(lines) == left
    technician.touch("finish")
    technician.sees("service-menu")

    assert all(technician.site.state.compartment[door].offered for door in ("59", "60"))


def test_service_mode_is_over_after_five_minutes_whatever_is_touched(technician: Visitor) -> None:
    """No touch makes it longer."""
    for _ in range(7):
        technician.site.skip(40)
        section(technician, "boards")
        section(technician, "faults")
    technician.site.skip(25)
    technician.sees("home")

    assert "service.left" in technician.site.journal()
    technician.site.is_legal()


def test_the_card_again_leaves(technician: Visitor) -> None:
    technician.site.skip(3)
    technician.site.scan("LKS:card-t1")
    technician.sees("home")

    assert technician.site.journal()[-2:] == ["service.left", "session.ended"]
