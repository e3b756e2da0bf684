"""Nobody stands before a dead screen: what is wrong, and the next step, for everything that can stop the locker."""

from __future__ import annotations

from functools import partial

import pytest

from edge_agent.domain import service
from edge_agent.domain.words import Condition, Contents
from tests.flows.at_hand import BADGE, CARD, STAFF_PIN, Kiosk
from tests.flows.furnishing import as_installed, silence_board
from tests.flows.stories import stored


def looks_again(kiosk: Kiosk) -> None:
    """Nobody touches anything; the screen looks by itself every half minute."""
    kiosk.run(31)


def test_a_ledger_that_takes_no_writes_is_said_and_gone_when_it_works_again(kiosk: Kiosk) -> None:
    """The disk is full: the keypad would take a code and fail; the sign says why. Room again: the keypad is back."""
    kiosk.trouble = "storage"
    looks_again(kiosk)
    assert (kiosk.screen, kiosk.vm.reason, kiosk.vm.code) == ("out-of-service", "storage", "STORE-415")

    kiosk.trouble = ""
    looks_again(kiosk)

    assert kiosk.screen == "home"


def test_a_commit_that_fails_at_the_keypad_leads_to_the_sign_that_says_why(kiosk: Kiosk) -> None:
    """The first to notice the full disk is a recipient: not "try again" for ever, but what is wrong."""
    stay = stored(kiosk)
    kiosk.disk.fails, kiosk.trouble = True, "storage"

    kiosk.scan(kiosk.token_of(stay))

    assert (kiosk.screen, kiosk.vm.reason) == ("out-of-service", "storage")


def test_one_failed_commit_is_worth_another_try(kiosk: Kiosk) -> None:
    """It failed once and the ledger goes on: "please try again" on the keypad, and the second try opens."""
    stay = stored(kiosk)
    kiosk.disk.fails = True
    kiosk.scan(kiosk.token_of(stay))
    assert (kiosk.screen, kiosk.notice) == ("home", "try-again")

    kiosk.disk.fails = False
    kiosk.run(3)
    kiosk.scan(kiosk.token_of(stay))

    assert kiosk.opens() == stay.compartment


def test_all_boards_silent_is_said_before_a_code_is_typed(kiosk: Kiosk) -> None:
    """A pulled bus cable: no door can be opened, the code stays valid, and here is whom to call."""
    silence_board(kiosk, "A")
    looks_again(kiosk)

    assert (kiosk.screen, kiosk.vm.reason, kiosk.vm.code) == ("out-of-service", "boards", "BUS-110")


def test_all_doors_set_out_of_service_is_maintenance(kiosk: Kiosk) -> None:
    for number in kiosk.state.compartment:
        kiosk.transact(partial(service.out_of_service, number=number, actor="technician:t", reason="test"))
    looks_again(kiosk)

    assert (kiosk.screen, kiosk.vm.reason) == ("out-of-service", "maintenance")


def test_one_door_that_works_keeps_the_keypad(kiosk: Kiosk) -> None:
    """Pickup is the last service to go."""
    for number in list(kiosk.state.compartment)[1:]:
        kiosk.transact(partial(service.out_of_service, number=number, actor="technician:t", reason="test"))
    looks_again(kiosk)

    assert kiosk.screen == "home"


@pytest.mark.parametrize("cause", ["boards", "storage"])
def test_help_is_one_touch_away_on_every_sign(kiosk: Kiosk, cause: str) -> None:
    silence_board(kiosk, "A") if cause == "boards" else setattr(kiosk, "trouble", "storage")
    looks_again(kiosk)

    kiosk.touch("help")
    assert kiosk.screen == "help"
    kiosk.touch("back")

    assert (kiosk.screen, kiosk.vm.reason) == ("out-of-service", cause)


def test_a_cabinet_that_was_not_accepted_serves_nobody_and_says_so(kiosk: Kiosk) -> None:
    """S0-25: no courier logs in before the acceptance; the sign stays, and the card of a technician is the way in."""
    as_installed(kiosk)
    assert (kiosk.screen, kiosk.vm.step) == ("commissioning", "welcome")

    kiosk.scan(BADGE)
    assert kiosk.screen == "commissioning"
    assert not kiosk.happened("session.started")
    kiosk.scan(CARD)

    assert kiosk.screen == "courier-pin"


def test_a_parcel_that_waits_is_given_out_whatever_the_acceptance_says(kiosk: Kiosk) -> None:
    """A ledger restored without its switches: nobody's parcel is locked in by a formality."""
    stay = stored(kiosk)
    as_installed(kiosk)
    assert kiosk.screen == "home"

    kiosk.scan(kiosk.token_of(stay))

    assert kiosk.opens() == stay.compartment


def enters(kiosk: Kiosk) -> None:
    as_installed(kiosk)
    kiosk.scan(CARD)
    kiosk.touch("pin", digits=STAFF_PIN)
    assert (kiosk.screen, kiosk.vm.step) == ("commissioning", "boards")


def test_a_technician_goes_through_every_door_and_the_scanner(kiosk: Kiosk) -> None:
    """Open, look, close, "yes, and empty"; the next door opens by itself. At the end nothing is left over."""
    enters(kiosk)
    kiosk.touch("next")
    seen = []
    for place in range(1, 13):
        seen.append(kiosk.opens())
        assert (kiosk.vm.index, kiosk.vm.total, kiosk.vm.asks) == (place, 12, "look")
        kiosk.close()
        kiosk.touch("yes")
    assert kiosk.vm.step == "scanner"
    kiosk.scan("SF0000000000001")
    assert kiosk.vm.rows[0].label == "15"
    kiosk.touch("next")

    assert (kiosk.vm.step, kiosk.vm.rows) == ("done", ())
    assert sorted(seen, key=int) == list(kiosk.state.compartment)
    assert all(door.contents is Contents.EMPTY for door in kiosk.state.compartment.values())
    kiosk.touch("leave")
    assert kiosk.screen == "service-menu"


def test_another_number_on_the_door_sets_the_compartment_aside(kiosk: Kiosk) -> None:
    """Two wires are swapped: nobody is sent to that door until a person has put it right."""
    enters(kiosk)
    kiosk.touch("next")
    number = kiosk.opens()
    kiosk.close()

    kiosk.touch("no")

    assert kiosk.compartment(number).condition is Condition.OUT_OF_SERVICE
    assert kiosk.compartment(number).contents is Contents.UNKNOWN
    assert kiosk.opens() != number


def test_a_jammed_door_is_skipped_and_named_at_the_end(kiosk: Kiosk) -> None:
    """One stubborn latch does not stop the commissioning of the other eleven."""
    kiosk.doors.jammed = {"1"}
    enters(kiosk)
    kiosk.touch("next")
    kiosk.opens()
    assert kiosk.vm.asks == "failed"
    kiosk.touch("skip")
    while kiosk.vm.step == "doors":
        kiosk.opens()
        kiosk.close()
        kiosk.touch("yes")
    kiosk.touch("next")

    assert [row.label for row in kiosk.vm.rows] == ["1"]


def test_commissioning_goes_on_where_it_was_left(kiosk: Kiosk) -> None:
    """The technician leaves after two doors: next time the third one opens first."""
    enters(kiosk)
    kiosk.touch("next")
    for _ in range(2):
        kiosk.opens()
        kiosk.close()
        kiosk.touch("yes")
    third = kiosk.opens()
    kiosk.close()
    kiosk.touch("leave")
    kiosk.touch("leave")
    assert (kiosk.screen, kiosk.vm.step) == ("commissioning", "welcome")

    kiosk.run(3)
    kiosk.scan(CARD)
    kiosk.touch("pin", digits=STAFF_PIN)
    kiosk.touch("next")

    assert kiosk.opens() == third


def test_sixty_doors_do_not_run_out_of_service_mode_but_a_walk_away_does(kiosk: Kiosk) -> None:
    """Each door starts the clock anew; whoever leaves is out of service mode five minutes later."""
    enters(kiosk)
    kiosk.touch("next")
    for _ in range(4):
        kiosk.opens()
        kiosk.close(after_s=100)
        kiosk.touch("yes")
    assert kiosk.vm.step == "doors"

    kiosk.run(1)
    kiosk.close()
    kiosk.run(400)

    assert (kiosk.screen, kiosk.vm.step) == ("commissioning", "welcome")
