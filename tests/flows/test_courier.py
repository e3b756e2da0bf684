"""Who the courier is, what the carrier's contract allows, and what couriers do besides depositing."""

from __future__ import annotations

from edge_agent.domain.words import Contents, Report
from tests.flows.at_hand import BADGE, OTHER_BADGE, PHONE, Kiosk
from tests.flows.furnishing import PIN, change_carrier, pre_advise, set_aside

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
    assert kiosk.view.deadline is not None
    assert kiosk.view.deadline.total_ms == 60_000
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


def test_without_the_recipients_consent_nothing_is_taken(kiosk: Kiosk) -> None:
    """This carrier does not vouch for its couriers: only a pre-advice counts."""
    kiosk.logs_in(OTHER_BADGE)
    kiosk.scan("LKC:S")
    kiosk.scan(FIRST)
    assert (kiosk.screen, kiosk.notice) == ("courier-scan", "no-consent")

    pre_advise(kiosk, SECOND, size="S", consent="app", carrier="strict")
    kiosk.scan(SECOND)

    assert kiosk.opens()


def test_a_carrier_that_needs_the_phone_asks_for_it_once(kiosk: Kiosk) -> None:
    """Typed where pre-advice does not know it; a label that hides it is left to the cloud."""
    change_carrier(kiosk, phone_required=True)
    kiosk.logs_in()
    kiosk.scan("LKC:S")
    kiosk.scan(FIRST)
    assert kiosk.screen == "recipient-phone"
    kiosk.touch("phone", digits=PHONE)
    kiosk.opens()
    kiosk.close()

    kiosk.scan(SECOND)
    kiosk.touch("masked")
    kiosk.opens()
    kiosk.close()

    assert kiosk.vm.deposited == 2
    typed, masked = (event.phone_hash for event in kiosk.happened("deposit.reserved"))
    assert typed == kiosk.hasher.lookup_hash("phone", PHONE)
    assert masked.startswith("masked:")


def test_a_number_of_the_wrong_length_is_asked_again(kiosk: Kiosk) -> None:
    """Four digits are nobody's telephone; nothing was reserved for them."""
    change_carrier(kiosk, phone_required=True)
    kiosk.logs_in()
    kiosk.scan("LKC:S")
    kiosk.scan(FIRST)

    kiosk.touch("phone", digits="1234")

    assert (kiosk.screen, kiosk.notice) == ("recipient-phone", "phone-bad")
    assert not kiosk.happened("deposit.reserved")


def test_a_misread_number_is_refused_at_the_scan(kiosk: Kiosk) -> None:
    """The public check digit fails: the courier scans again, nothing was reserved."""
    kiosk.logs_in()
    kiosk.scan("LKC:S")

    kiosk.scan("RB123456784GB")

    assert (kiosk.screen, kiosk.notice) == ("courier-scan", "waybill-bad")
    assert not kiosk.happened("deposit.reserved")


def test_a_promised_code_that_is_taken_is_replaced_before_the_parcel_is_stored(kiosk: Kiosk) -> None:
    """By ill luck a stay here has the code that was promised: another is drawn, and the deposit goes on."""
    kiosk.logs_in()
    kiosk.scan("LKC:S")
    taken = kiosk.state.code[kiosk.deposits(FIRST).id]
    pre_advise(kiosk, SECOND, size="S", consent="app", code_hash=taken.code_hash, token_hash="t" * 64)

    stay = kiosk.deposits(SECOND)

    assert kiosk.state.code[stay.id].code_hash != taken.code_hash
    assert kiosk.code_of(stay)


def test_without_speed_mode_every_parcel_is_asked_for_its_size(kiosk: Kiosk) -> None:
    """Switched off on the scan screen: one tile a parcel, the last size suggested."""
    kiosk.logs_in()
    kiosk.deposits(FIRST)

    kiosk.touch("speed", on=False)
    kiosk.scan(SECOND)

    assert (kiosk.screen, kiosk.vm.suggested) == ("choose-size", "S")


def test_a_low_door_can_be_asked_for_at_the_screen(kiosk: Kiosk) -> None:
    """The recipient needs reach, the courier knows: one touch, and a door within reach opens."""
    kiosk.logs_in()
    kiosk.scan("LKC:S")

    kiosk.touch("low", on=True)
    kiosk.scan(FIRST)

    assert kiosk.opens() in ("11", "12")


def test_walking_away_from_the_scan_screen_sums_up_first(kiosk: Kiosk) -> None:
    """90 s, then 30 s of warning, then the summary for whoever looks back, then the keypad."""
    kiosk.logs_in()
    kiosk.run(91)
    assert kiosk.screen == "warn-timeout"
    kiosk.run(30)
    assert kiosk.screen == "courier-summary"
    kiosk.run(7)

    assert kiosk.screen == "home"


def test_a_wrong_door_stops_this_parcel_and_sets_both_aside(kiosk: Kiosk) -> None:
    """Door 7 opens where 1 was meant: nothing else is opened, the courier is told, both wait for a person."""
    kiosk.logs_in()
    kiosk.scan("LKC:S")
    kiosk.doors.crossed = {"1": "7"}

    kiosk.scan(FIRST)
    kiosk.run(1)
    assert (kiosk.screen, kiosk.vm.kind.value) == ("message", "wrong-door")
    kiosk.touch("finish")

    assert kiosk.screen == "courier-scan"
    assert kiosk.doors.pulses == ["1"]
    assert {kiosk.compartment(number).contents for number in ("1", "7")} == {Contents.UNKNOWN}


def test_the_first_digit_after_a_refusal_is_the_next_persons(kiosk: Kiosk) -> None:
    """An unknown badge is refused on the keypad, and nobody's visit goes on: whoever types then loses no digit."""
    kiosk.touch("courier")
    kiosk.scan("LKB:badge-9999")
    assert (kiosk.screen, kiosk.notice, kiosk.view.session) == ("home", "courier-unknown", "")

    shown = kiosk.view
    kiosk.touch("touch")

    assert kiosk.screen == "home"
    assert shown.session == ""
    assert kiosk.view.session != ""


def test_why_a_courier_was_refused_stays_on_the_keypad_for_a_while(kiosk: Kiosk) -> None:
    """A carrier without a contract: the reason outlives the visit by some seconds, then the keypad is plain."""
    change_carrier(kiosk, enabled=False)

    kiosk.touch("courier")
    kiosk.scan(BADGE)
    assert kiosk.notice == "contract-ended"
    kiosk.run(10)

    assert (kiosk.screen, kiosk.notice) == ("home", "")
