"""Who the courier is, what the carrier's contract allows, and what couriers do besides depositing."""

from __future__ import annotations

from edge_agent.domain.words import Contents, Report
from tests.flows.at_hand import BADGE, Kiosk
from tests.flows.furnishing import PIN, change_carrier, set_aside

FIRST, SECOND = "SF0000000000001", "SF0000000000002"


def test_number_and_pin_do_what_a_badge_does(kiosk: Kiosk) -> None:
    """Badge forgotten: courier number, PIN, and the scan screen is there."""
    kiosk.touch("courier")
    kiosk.touch("number", digits="1001")
    kiosk.touch("pin", digits=PIN)

    assert kiosk.screen == "courier-scan"
    assert kiosk.happened("session.started")[-1].actor == "courier:1001"


def test_three_wrong_pins_lock_the_pad_but_not_the_badge(kiosk: Kiosk) -> None:
    """Guessing is stopped with a countdown; the badge in the hand still works."""
    kiosk.touch("courier")
    kiosk.touch("number", digits="1001")
    for _ in range(3):
        kiosk.touch("pin", digits="0000")
    assert kiosk.screen == "locked-out"
    assert kiosk.happened("code.locked_out")

    kiosk.scan(BADGE)

    assert kiosk.screen == "courier-scan"


def test_an_ended_contract_is_refused_at_login(kiosk: Kiosk) -> None:
    """Contract over: the courier hears why, and nothing starts."""
    change_carrier(kiosk, enabled=False)

    kiosk.scan(BADGE)

    assert (kiosk.screen, kiosk.notice) == ("home", "contract-ended")
    assert not kiosk.happened("session.started")


def test_a_used_up_quota_is_refused_with_its_reason(kiosk: Kiosk) -> None:
    """The carrier may hold one compartment, and holds it."""
    change_carrier(kiosk, total_quota=1)
    kiosk.logs_in()
    kiosk.deposits(FIRST)

    kiosk.scan(SECOND)

    assert (kiosk.screen, kiosk.notice) == ("courier-scan", "quota-reached")


def test_couriers_clear_unknown_doors_one_at_a_time(kiosk: Kiosk) -> None:
    """Named, journalled, answered on a screen that names the door; without an answer it stays unknown."""
    set_aside(kiosk, "2", "3")
    kiosk.logs_in()
    kiosk.touch("verify")
    assert [line.door for line in kiosk.vm.lines] == ["2", "3"]

    kiosk.touch("pick", id="3")
    kiosk.opens()
    kiosk.close()
    assert (kiosk.vm.kind.value, kiosk.door) == ("check-door", "3")
    kiosk.touch("yes")

    assert kiosk.compartment("3").offered
    assert kiosk.happened("compartment.verified_empty")[-1].actor == "courier:1001"
    assert [line.door for line in kiosk.vm.lines] == ["2"]
    assert kiosk.compartment("2").contents is Contents.UNKNOWN


def test_a_report_about_the_last_compartment_takes_it_out_of_the_offer(kiosk: Kiosk) -> None:
    """Seen only after closing: report, one kind, done."""
    kiosk.logs_in()
    stay = kiosk.deposits(FIRST)

    kiosk.touch("report")
    kiosk.touch("problem", id="dirty")

    assert (kiosk.screen, kiosk.notice) == ("courier-scan", "reported")
    assert kiosk.compartment(stay.compartment).reports == (Report.DIRTY,)
