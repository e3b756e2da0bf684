"""The label is torn or the scanner is dead: the courier types the waybill, and it is held to what a scan is held to."""

from __future__ import annotations

import pytest

from edge_agent.domain.waybill import has_letters
from tests.flows.at_hand import PHONE, Kiosk
from tests.flows.furnishing import change_carrier, pre_advise

S10_GOOD, S10_BAD = "EA123456785CN", "EA123456784CN"
TORN = "SF0000000000007"


@pytest.fixture
def courier(kiosk: Kiosk) -> Kiosk:
    """At the scan screen, with a size chosen and a label that no scanner reads."""
    kiosk.logs_in()
    kiosk.scan("LKC:S")
    kiosk.touch("type-waybill")
    assert kiosk.vm.typing == "letters"
    return kiosk


def test_a_typed_number_opens_a_door_as_a_scan_does(courier: Kiosk) -> None:
    """Typed, door opens, closed, stored; the strip shows its last four characters like any other."""
    courier.touch("waybill", text=TORN)
    courier.opens()
    courier.close()

    assert (courier.screen, courier.vm.typing, courier.notice) == ("courier-scan", "", "stored")
    assert courier.vm.last[0].tail == TORN[-4:]
    assert len(courier.happened("parcel.deposited")) == 1


def test_a_wrong_check_digit_is_said_where_it_can_be_put_right(courier: Kiosk) -> None:
    """One slip of the finger: the screen stays, no door moves, and the right number goes through."""
    courier.touch("waybill", text=S10_BAD)
    assert (courier.vm.typing, courier.notice) == ("letters", "waybill-bad")
    assert not courier.doors.pulses

    courier.touch("waybill", text=S10_GOOD)

    assert courier.opens()


@pytest.mark.parametrize("text", ["SF12", "ABCDEFGHIJ", "1-2-3-4-"])
def test_what_cannot_be_a_waybill_is_refused_as_at_the_scanner(courier: Kiosk, text: str) -> None:
    """Too short, no digits, dashes only."""
    courier.touch("waybill", text=text)

    assert (courier.vm.typing, courier.notice) == ("letters", "waybill-bad")


def test_a_typed_number_that_is_here_already_has_the_scanners_reason(courier: Kiosk) -> None:
    courier.touch("waybill", text=TORN)
    courier.opens()
    courier.close()

    courier.touch("type-waybill")
    courier.touch("waybill", text=TORN)

    assert (courier.screen, courier.notice) == ("courier-scan", "waybill-duplicate")


def test_a_typed_number_finds_its_pre_advice(courier: Kiosk) -> None:
    """The back office knows size and recipient: nothing is asked again."""
    pre_advise(courier, TORN, size="L")

    courier.touch("waybill", text=TORN)

    assert courier.compartment(courier.opens()).size == "L"


def test_the_last_parcels_phone_is_not_the_typed_ones(courier: Kiosk) -> None:
    """The number of one recipient never goes to another: it is asked for anew."""
    change_carrier(courier, phone_required=True)
    courier.touch("waybill", text=TORN)
    courier.touch("phone", digits=PHONE)
    courier.opens()
    courier.close()

    courier.touch("type-waybill")
    courier.touch("waybill", text="SF0000000000008")

    assert courier.screen == "recipient-phone"


def test_a_scanner_that_reads_it_after_all_wins(courier: Kiosk) -> None:
    """Half typed, then the label lay flat for a moment."""
    courier.scan(TORN)

    assert courier.opens()


def test_back_leads_to_the_scan_screen(courier: Kiosk) -> None:
    courier.touch("back")

    assert (courier.screen, courier.vm.typing) == ("courier-scan", "")


def test_letters_are_offered_where_the_carriers_numbers_have_some() -> None:
    """Digits alone get the large keys."""
    assert [has_letters(name) for name in ("sf", "SF", "upu", "zto", "inpost", "nobody")] == [
        True,
        True,
        True,
        False,
        False,
        True,
    ]
