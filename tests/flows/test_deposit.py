"""What a courier lives through at the screen, from badge to summary."""

from __future__ import annotations

from edge_agent.domain import allocation, service
from edge_agent.domain.words import Basis, Condition, Contents, Report, StayStatus
from tests.flows.at_hand import BADGE, Kiosk
from tests.flows.furnishing import pre_advise

FIRST, SECOND = "SF0000000000001", "SF0000000000002"


def test_a_parcel_of_known_size_costs_no_touch_at_all(kiosk: Kiosk) -> None:
    """Badge, one size tile for the first parcel; from then on scan, put in, close, scan."""
    kiosk.logs_in()
    kiosk.deposits(FIRST)

    kiosk.scan(SECOND)
    number = kiosk.opens()
    assert (kiosk.screen, kiosk.compartment(number).size) == ("door-open-put", "S")
    kiosk.close()

    assert (kiosk.screen, kiosk.notice, kiosk.vm.deposited) == ("courier-scan", "stored", 2)
    assert len(kiosk.happened("parcel.deposited")) == 2


def test_a_pre_advised_parcel_gets_the_size_that_the_back_office_knows(kiosk: Kiosk) -> None:
    """The first parcel of the round, no size chosen yet, and still no touch."""
    pre_advise(kiosk, FIRST, size="L", consent="app")
    kiosk.logs_in()

    kiosk.scan(FIRST)

    assert kiosk.compartment(kiosk.opens()).size == "L"


def test_a_size_card_does_what_a_tile_does(kiosk: Kiosk) -> None:
    """Gloves on: the printed card M, then the waybill, then the card for bigger. The glass is never touched."""
    kiosk.logs_in()
    kiosk.scan("LKC:M")

    kiosk.scan(FIRST)
    small = kiosk.opens()
    kiosk.scan("LKC:BIGGER")
    kiosk.close(number=small)
    large = kiosk.opens()
    kiosk.close()

    assert (kiosk.compartment(small).size, kiosk.compartment(large).size) == ("M", "L")
    assert kiosk.state.stay[kiosk.compartment(large).stay].status is StayStatus.STORED


def test_the_first_compartment_of_a_swap_is_empty_by_the_couriers_word(kiosk: Kiosk) -> None:
    """The courier touched "bigger" on a screen that named the door and then closed it: basis courier."""
    kiosk.logs_in()
    kiosk.scan(FIRST)
    kiosk.touch("size", id="S")
    small = kiosk.opens()

    kiosk.touch("bigger")
    assert (kiosk.screen, kiosk.door) == ("message", small)
    kiosk.close()

    assert kiosk.compartment(small).contents is Contents.EMPTY
    assert kiosk.compartment(small).basis is Basis.COURIER
    assert kiosk.opens() != small


def test_a_door_that_never_opens_costs_that_compartment_not_the_deposit(kiosk: Kiosk) -> None:
    """The first latch is jammed: another compartment opens by itself, the first is set aside."""
    kiosk.logs_in()
    kiosk.scan(FIRST)
    kiosk.doors.jammed = {"1", "2", "3", "4"}
    kiosk.touch("size", id="S")
    jammed = kiosk.door
    kiosk.doors.jammed = {jammed}
    kiosk.opens()
    number = kiosk.opens()

    kiosk.close()

    assert number != jammed
    assert kiosk.compartment(jammed).condition is Condition.SUSPECT
    assert kiosk.compartment(jammed).contents is Contents.EMPTY
    assert kiosk.state.stay[kiosk.compartment(number).stay].status is StayStatus.STORED


def test_a_door_that_nobody_can_see_is_not_pulsed_twice(kiosk: Kiosk) -> None:
    """No sensor answers: the parcel goes nowhere on a guess, the compartment waits for somebody who looks."""
    kiosk.logs_in()
    kiosk.scan(FIRST)
    kiosk.doors.mute = {str(n) for n in range(1, 13)}
    kiosk.touch("size", id="S")
    number = kiosk.opens()
    assert (kiosk.screen, kiosk.vm.reason) == ("door-failed", "unknown")

    kiosk.touch("cancel")

    assert kiosk.doors.pulses == [number]
    assert number not in {c.number for c in allocation.free(kiosk.state)}
    assert kiosk.screen == "courier-scan"
    kiosk.scan("LKC:DONE")
    kiosk.run(10)
    assert kiosk.compartment(number).contents is Contents.UNKNOWN


def test_a_cancel_after_the_door_was_open_asks_what_is_inside(kiosk: Kiosk) -> None:
    """ "Did you leave it in 1?" Yes: to be checked, neither stored nor free."""
    kiosk.logs_in()
    kiosk.scan(FIRST)
    kiosk.touch("size", id="S")
    number = kiosk.opens()

    kiosk.touch("cancel")
    kiosk.close()
    assert (kiosk.vm.kind.value, kiosk.door) == ("left-inside", number)
    kiosk.touch("yes")

    assert kiosk.compartment(number).contents is Contents.UNKNOWN
    assert not kiosk.compartment(number).offered
    assert kiosk.screen == "courier-scan"


def test_a_cancelled_deposit_is_empty_when_the_courier_says_so(kiosk: Kiosk) -> None:
    """ "Did you leave it in 1?" No: the compartment is free again, and the same waybill may be tried again."""
    kiosk.logs_in()
    kiosk.scan(FIRST)
    kiosk.touch("size", id="S")
    number = kiosk.opens()
    kiosk.touch("cancel")
    kiosk.close()

    kiosk.touch("no")

    assert kiosk.compartment(number).offered
    kiosk.scan(FIRST)
    assert kiosk.opens()


def test_nobody_answers_and_so_nobody_knows(kiosk: Kiosk) -> None:
    """The question stays on the screen for a minute and a warning; then the session ends, contents unknown."""
    kiosk.logs_in()
    kiosk.scan(FIRST)
    kiosk.touch("size", id="S")
    number = kiosk.opens()
    kiosk.touch("cancel")
    kiosk.close()

    kiosk.run(61)
    assert kiosk.screen == "warn-timeout"
    kiosk.run(21)

    assert kiosk.screen == "home"
    assert kiosk.compartment(number).contents is Contents.UNKNOWN


def test_something_inside_sets_the_compartment_aside_and_the_deposit_goes_on(kiosk: Kiosk) -> None:
    """The box is full although the ledger says empty: quarantine, another box, one touch."""
    kiosk.logs_in()
    kiosk.scan(FIRST)
    kiosk.touch("size", id="S")
    occupied = kiosk.opens()

    kiosk.touch("occupied")
    kiosk.close()
    number = kiosk.opens()
    kiosk.close()

    assert kiosk.compartment(occupied).contents is Contents.UNKNOWN
    assert Report.SOMETHING_INSIDE in kiosk.compartment(occupied).reports
    assert kiosk.state.stay[kiosk.compartment(number).stay].status is StayStatus.STORED


def test_a_dirty_compartment_is_reported_and_not_offered_again(kiosk: Kiosk) -> None:
    """One touch on the open-door screen; the next parcel does not get it."""
    kiosk.logs_in()
    kiosk.scan(FIRST)
    kiosk.touch("size", id="S")
    dirty = kiosk.opens()

    kiosk.touch("dirty")
    kiosk.close()
    kiosk.opens()
    kiosk.close()

    assert not kiosk.compartment(dirty).offered
    assert kiosk.vm.deposited == 1


def test_the_courier_says_that_it_did_not_open_although_the_sensor_does(kiosk: Kiosk) -> None:
    """A stuck sensor must not hold the courier up: another door at once, this one to be looked at."""
    kiosk.logs_in()
    kiosk.scan(FIRST)
    kiosk.touch("size", id="S")
    disputed = kiosk.opens()

    kiosk.touch("not-open")
    number = kiosk.opens()
    kiosk.close()

    assert number != disputed
    assert kiosk.compartment(disputed).contents is Contents.UNKNOWN
    assert kiosk.vm.deposited == 1


def test_the_next_waybill_may_be_scanned_while_the_door_is_open(kiosk: Kiosk) -> None:
    """Scan-ahead: one waits, a second one is refused with a tone, and closing opens the next door."""
    kiosk.logs_in()
    kiosk.scan(FIRST)
    kiosk.touch("size", id="S")
    first = kiosk.opens()
    kiosk.scan(SECOND)
    assert kiosk.vm.queued == SECOND[-4:]
    kiosk.scan("SF0000000000003")

    kiosk.close()
    second = kiosk.opens()
    kiosk.close()

    assert first != second
    assert kiosk.vm.deposited == 2
    assert len(kiosk.happened("deposit.reserved")) == 2


def test_the_same_waybill_twice_is_refused_with_its_reason(kiosk: Kiosk) -> None:
    """It lies in the locker already; the second scan opens nothing."""
    kiosk.logs_in()
    kiosk.deposits(FIRST)
    kiosk.run(5)

    kiosk.scan(FIRST)

    assert (kiosk.screen, kiosk.notice) == ("courier-scan", "waybill-duplicate")
    assert len(kiosk.doors.pulses) == 1


def test_full_is_said_before_the_first_scan(kiosk: Kiosk) -> None:
    """Every compartment is out of service: the courier learns it at login."""
    for number in [*kiosk.state.compartment]:
        kiosk.transact(
            lambda state, at, number=number: service.out_of_service(state, number, "technician:t", "test", at)
        )

    kiosk.scan(BADGE)

    assert kiosk.screen == "full"


def test_one_full_size_is_said_with_what_is_left(kiosk: Kiosk) -> None:
    """Both L are taken: the tile says so, and a smaller one is one touch away."""
    kiosk.logs_in()
    kiosk.scan("LKC:L")
    for n in range(2):
        kiosk.deposits(f"SF000000000010{n}")

    kiosk.scan(FIRST)
    assert (kiosk.screen, kiosk.notice) == ("choose-size", "size-full")
    assert [one.size for one in kiosk.happened("deposit.refused")] == ["L"]
    kiosk.touch("size", id="M")

    assert kiosk.compartment(kiosk.opens()).size == "M"


def test_the_last_deposit_can_be_undone_for_a_minute(kiosk: Kiosk) -> None:
    """Undo, take it out, close: the compartment is free, the code is dead, the count goes back."""
    kiosk.logs_in()
    stay = kiosk.deposits(FIRST)
    token = kiosk.token_of(stay)
    line = kiosk.vm.last[0]
    assert line.undo_s > 0

    kiosk.touch("undo", id=line.id)
    number = kiosk.opens()
    assert kiosk.vm.kind.value == "undo-door"
    kiosk.close()

    assert (kiosk.screen, kiosk.notice, kiosk.vm.deposited, kiosk.vm.last) == (
        "courier-scan",
        "undone",
        0,
        (),
    )
    assert kiosk.vm.notice.args["tail"] == FIRST[-4:]
    assert kiosk.compartment(number).contents is Contents.EMPTY
    kiosk.scan(BADGE)
    kiosk.scan(token)
    assert kiosk.notice == "token-invalid"


def test_after_a_minute_an_undo_comes_too_late(kiosk: Kiosk) -> None:
    """The recipient may have been told; the courier takes it back by recall or by support."""
    kiosk.logs_in()
    kiosk.deposits(FIRST)
    kiosk.run(61)

    kiosk.scan("LKC:UNDO")

    assert kiosk.notice == "reopen-ended"
    assert len(kiosk.doors.pulses) == 1


def test_the_summary_names_what_was_odd_and_the_badge_logs_out(kiosk: Kiosk) -> None:
    """Deposited and to check, on one screen, without a touch; then the keypad is back."""
    kiosk.logs_in()
    kiosk.deposits(FIRST)
    kiosk.scan(SECOND)
    number = kiosk.opens()
    kiosk.touch("cancel")
    kiosk.close()
    kiosk.touch("yes")
    kiosk.run(3)

    kiosk.scan(BADGE)
    assert (kiosk.screen, kiosk.vm.deposited) == ("courier-summary", 1)
    assert [(line.kind, line.door) for line in kiosk.vm.odd] == [("to-check", number)]
    kiosk.run(10)

    assert kiosk.screen == "home"
    assert kiosk.happened("session.ended")[-1].reason == "done"


def test_low_doors_go_to_those_who_need_them(kiosk: Kiosk) -> None:
    """The pre-advice asks for reach: the low doors, kept back until then, are offered."""
    pre_advise(kiosk, FIRST, size="S", consent="app", low_needed=True)
    kiosk.logs_in()

    kiosk.scan(FIRST)

    assert kiosk.opens() in ("11", "12")


def test_a_door_left_open_ends_the_lease_and_others_are_served(kiosk: Kiosk) -> None:
    """Three reminders, the alarm at 180 s, the keypad with a banner; closing it later does not make it stored."""
    kiosk.logs_in()
    kiosk.scan(FIRST)
    kiosk.touch("size", id="S")
    number = kiosk.opens()
    reminders: set[int] = set()
    for _ in range(9):
        kiosk.run(10)
        reminders.add(kiosk.vm.reminder)
    assert reminders == {0, 1, 2, 3}

    kiosk.leave_open()
    assert (kiosk.screen, kiosk.notice) == ("home", "door-left-open")
    kiosk.close(number=number)

    assert kiosk.compartment(number).contents is Contents.UNKNOWN
    assert not kiosk.happened("parcel.deposited")
    kiosk.scan(BADGE)
    assert kiosk.screen == "courier-scan"


def test_no_larger_size_is_offered_at_the_largest_door(kiosk: Kiosk) -> None:
    """The buttons follow the door: at an L there is no bigger, at an S no smaller."""
    kiosk.logs_in()
    kiosk.scan("LKC:L")
    kiosk.scan(FIRST)
    kiosk.opens()

    assert "bigger" not in kiosk.vm.offers
    assert "smaller" in kiosk.vm.offers


def test_a_swap_that_cannot_be_had_asks_what_is_inside(kiosk: Kiosk) -> None:
    """The card for bigger at the largest door: nothing else opens, and nobody guesses about this one."""
    kiosk.logs_in()
    kiosk.scan("LKC:L")
    kiosk.scan(FIRST)
    number = kiosk.opens()

    kiosk.scan("LKC:BIGGER")
    kiosk.close(number=number)
    assert kiosk.vm.kind.value == "left-inside"
    kiosk.touch("no")

    assert kiosk.compartment(number).offered
    assert kiosk.screen == "courier-scan"
