"""Service mode at the screen: own credential, visible, over by itself."""

from __future__ import annotations

import pytest

from edge_agent.domain.words import Condition, Contents
from tests.flows.at_hand import BADGE, CARD, STAFF_PIN, Kiosk
from tests.flows.furnishing import set_aside


@pytest.fixture
def technician(kiosk: Kiosk) -> Kiosk:
    """Card and PIN: the menu is up."""
    kiosk.scan(CARD)
    kiosk.touch("pin", digits=STAFF_PIN)
    assert kiosk.screen == "service-menu"
    return kiosk


def test_a_card_names_and_a_pin_proves(kiosk: Kiosk) -> None:
    """The card alone opens nothing; a wrong PIN is counted against this card."""
    kiosk.scan(CARD)
    assert kiosk.screen == "courier-pin"

    kiosk.touch("pin", digits="000000")
    assert (kiosk.screen, kiosk.notice) == ("courier-pin", "pin-wrong")
    kiosk.touch("pin", digits=STAFF_PIN)

    assert kiosk.screen == "service-menu"
    assert kiosk.happened("service.entered")[0].actor == "technician:tech-1"


def test_an_unknown_card_is_told_nothing(kiosk: Kiosk) -> None:
    """No menu, no name, no hint."""
    kiosk.scan("LKS:card-9999")

    assert (kiosk.screen, kiosk.notice) == ("home", "not-allowed")


def test_three_wrong_pins_lock_this_card_only(kiosk: Kiosk) -> None:
    """The pad is locked for the technician; couriers go on."""
    kiosk.scan(CARD)
    for _ in range(3):
        kiosk.touch("pin", digits="000000")
    assert (kiosk.screen, kiosk.vm.who) == ("locked-out", "technician")

    kiosk.scan(BADGE)

    assert kiosk.screen == "courier-scan"


def test_service_mode_ends_by_itself_whatever_is_touched(technician: Kiosk) -> None:
    """Five minutes from the PIN on: no touch makes them longer."""
    for _ in range(29):
        technician.run(10)
        technician.touch("section", id="doors")
    assert technician.screen == "service-menu"

    technician.run(15)

    assert technician.screen == "home"
    assert technician.happened("service.left")


def test_a_door_opened_for_service_is_answered_for(technician: Kiosk) -> None:
    """Opened, closed, "is 3 empty?": the answer has a name, and no answer would mean unknown."""
    technician.touch("open", id="3")
    assert technician.opens() == "3"
    technician.close()
    assert technician.vm.kind.value == "check-door"

    technician.touch("yes")

    assert technician.screen == "service-menu"
    assert technician.compartment("3").contents is Contents.EMPTY
    assert technician.happened("compartment.verified_empty")[-1].actor == "technician:tech-1"


def test_a_door_opened_for_service_and_left_is_unknown(technician: Kiosk) -> None:
    """Nobody answers: the mode ends, the contents are nobody's knowledge."""
    technician.touch("open", id="3")
    technician.opens()
    technician.close()

    technician.run(301)

    assert technician.screen == "home"
    assert technician.compartment("3").contents is Contents.UNKNOWN


def test_guided_verification_one_at_a_time(technician: Kiosk) -> None:
    """Every compartment with unknown contents, one door, one answer, then the next; and back to the menu."""
    set_aside(technician, "2", "3")
    technician.touch("section", id="verify")
    assert [line.door for line in technician.vm.lines] == ["2", "3"]

    for number in ("2", "3"):
        technician.touch("start")
        assert technician.opens() == number
        technician.close()
        technician.touch("yes")
    technician.touch("finish")

    assert technician.screen == "service-menu"
    assert technician.compartment("2").offered
    assert technician.compartment("3").offered


def test_something_found_inside_is_not_offered(technician: Kiosk) -> None:
    """It belongs to no stay: it stays unknown until a person has cleared it."""
    set_aside(technician, "2")
    technician.touch("section", id="verify")
    technician.touch("start")
    technician.opens()
    technician.close()

    technician.touch("no")

    assert technician.compartment("2").contents is Contents.UNKNOWN
    assert technician.happened("compartment.reported")


def test_out_of_service_and_back(technician: Kiosk) -> None:
    """Set by a named person, undone by a named person."""
    technician.touch("set-out", id="5")
    assert technician.compartment("5").condition is Condition.OUT_OF_SERVICE

    technician.touch("set-in", id="5")

    assert technician.compartment("5").condition is Condition.OK


def test_the_scanner_test_shows_how_much_was_read_and_not_what(technician: Kiosk) -> None:
    """A scan in the test is answered with its length; a badge does not log anybody in."""
    technician.touch("section", id="scanner")

    technician.scan("SF1234567890123")

    assert technician.screen == "service-menu"
    assert technician.vm.rows[0].label == "15"
    technician.scan(BADGE)
    assert technician.screen == "service-menu"


def test_the_card_again_leaves(technician: Kiosk) -> None:
    """No touch needed to go."""
    technician.run(3)

    technician.scan(CARD)

    assert technician.screen == "home"
    assert technician.happened("session.ended")[-1].reason == "done"
