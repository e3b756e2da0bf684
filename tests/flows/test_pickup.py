"""What a recipient lives through: code or QR, door, parcel, closing; and everything that may go otherwise."""

from __future__ import annotations

import pytest

from edge_agent.domain.stay import Stay
from edge_agent.domain.words import CodeLife, Contents, Report, StayStatus
from tests.flows.at_hand import BADGE, PHONE, Kiosk
from tests.flows.furnishing import change_carrier, change_policy, silence_board


@pytest.fixture
def stay(kiosk: Kiosk) -> Stay:
    """One parcel waits; the courier has gone."""
    kiosk.logs_in()
    waiting = kiosk.deposits()
    kiosk.scan(BADGE)
    kiosk.run(10)
    assert kiosk.screen == "home"
    return waiting


def test_a_qr_code_costs_no_touch(kiosk: Kiosk, stay: Stay) -> None:
    """Scan on the idle screen, take, close, thanks for three seconds, keypad."""
    kiosk.scan(kiosk.token_of(stay))
    assert (kiosk.opens(), kiosk.screen) == (stay.compartment, "door-open-take")
    kiosk.close()

    assert kiosk.screen == "thanks"
    assert kiosk.view.deadline is not None
    assert kiosk.view.deadline.total_ms == 3000
    assert kiosk.happened("parcel.collected")[0].method == "token"
    kiosk.run(3.1)
    assert kiosk.screen == "home"
    assert kiosk.compartment(stay.compartment).offered


def test_eight_digits_open_the_door_by_themselves(kiosk: Kiosk, stay: Stay) -> None:
    """The eighth digit is the last touch."""
    kiosk.touch("code", digits=kiosk.code_of(stay))
    kiosk.opens()
    kiosk.close()

    assert kiosk.screen == "thanks"
    assert kiosk.happened("parcel.collected")[0].method == "code"


def test_six_digits_are_asked_for_the_phones_last_four(kiosk: Kiosk) -> None:
    """One code shape per locker: here six digits count only with the phone."""
    change_policy(kiosk, code_shape="6+4")
    kiosk.logs_in()
    kiosk.scan("LKC:S")
    kiosk.scan("SF0000000000001")
    kiosk.touch("phone", digits=PHONE)
    number = kiosk.opens()
    kiosk.close()
    stay = kiosk.state.stay[kiosk.compartment(number).stay]
    kiosk.scan(BADGE)
    kiosk.run(10)

    kiosk.touch("code", digits=kiosk.code_of(stay))
    assert kiosk.screen == "pickup-phone"
    kiosk.touch("phone", digits=PHONE[-4:])

    assert kiosk.opens() == number


def test_the_right_six_digits_with_a_strangers_phone_open_nothing(kiosk: Kiosk) -> None:
    """A code read over somebody's shoulder is worth little without the number."""
    change_policy(kiosk, code_shape="6+4")
    kiosk.logs_in()
    kiosk.scan("LKC:S")
    kiosk.scan("SF0000000000001")
    kiosk.touch("phone", digits=PHONE)
    number = kiosk.opens()
    kiosk.close()
    code = kiosk.code_of(kiosk.state.stay[kiosk.compartment(number).stay])
    kiosk.scan(BADGE)
    kiosk.run(10)

    kiosk.touch("code", digits=code)
    kiosk.touch("phone", digits="0000")

    assert (kiosk.screen, kiosk.notice) == ("home", "code-no-match")
    assert kiosk.doors.pulses == [number]


def test_a_wrong_code_says_how_many_tries_are_left(kiosk: Kiosk, stay: Stay) -> None:
    """On the keypad itself; three of them lock it, with a countdown, and the QR code still works."""
    kiosk.touch("code", digits="10000001")
    assert (kiosk.screen, kiosk.notice, kiosk.vm.notice.args["tries_left"]) == ("home", "code-no-match", "2")
    kiosk.touch("code", digits="10000002")
    kiosk.touch("code", digits="10000003")
    assert kiosk.screen == "locked-out"
    assert kiosk.view.deadline is not None
    assert kiosk.view.deadline.total_ms == 60_000

    kiosk.scan(kiosk.token_of(stay))

    assert kiosk.opens() == stay.compartment


def test_a_lockout_ends_when_its_time_is_over(kiosk: Kiosk, stay: Stay) -> None:
    """A minute later the right code is looked at again; before that not even it is."""
    for n in range(3):
        kiosk.touch("code", digits=f"1000000{n}")
    kiosk.run(61)
    assert kiosk.screen == "home"

    kiosk.touch("code", digits=kiosk.code_of(stay))

    assert kiosk.opens() == stay.compartment


def test_several_parcels_open_one_after_the_other(kiosk: Kiosk) -> None:
    """One code, two compartments of the same recipient: closing the first opens the second, "2 of 2"."""
    change_carrier(kiosk, phone_required=True)
    kiosk.logs_in()
    kiosk.scan("LKC:S")
    stays = []
    for n in range(2):
        kiosk.scan(f"SF000000000000{n}")
        kiosk.touch("phone", digits=PHONE)
        number = kiosk.opens()
        kiosk.close()
        stays.append(kiosk.state.stay[kiosk.compartment(number).stay])
    kiosk.scan(BADGE)
    kiosk.run(10)

    kiosk.scan(kiosk.token_of(stays[0]))
    first = kiosk.opens()
    kiosk.close()
    assert (kiosk.screen, kiosk.vm.done, kiosk.vm.total) == ("more-parcels", 1, 2)
    kiosk.run(0.5)
    second, index = kiosk.door, kiosk.vm.index
    kiosk.close()

    assert (first, second, index) == (stays[0].compartment, stays[1].compartment, 2)
    assert kiosk.screen == "thanks"
    assert len(kiosk.happened("parcel.collected")) == 2


def test_reopened_within_the_grace(kiosk: Kiosk, stay: Stay) -> None:
    """Something was left behind: one touch on the thank-you screen opens the same door again."""
    kiosk.scan(kiosk.token_of(stay))
    kiosk.opens()
    kiosk.close()

    kiosk.touch("reopen")

    assert kiosk.opens() == stay.compartment
    kiosk.close()
    assert kiosk.screen == "thanks"
    assert len(kiosk.doors.pulses) == 3


def test_refused_and_put_back_waits_for_the_courier(kiosk: Kiosk, stay: Stay) -> None:
    """Not "collected", not "empty": the parcel is in there, refused, and nobody else gets the compartment."""
    kiosk.scan(kiosk.token_of(stay))
    kiosk.opens()

    kiosk.touch("refuse")
    assert (kiosk.vm.kind.value, kiosk.door) == ("put-back", stay.compartment)
    kiosk.close()

    assert (kiosk.screen, kiosk.vm.kind) == ("thanks", "put-back")
    assert kiosk.state.stay[stay.id].status is StayStatus.REFUSED
    assert not kiosk.compartment(stay.compartment).offered
    assert not kiosk.happened("parcel.collected")


def test_not_my_parcel_leaves_the_contents_to_be_looked_at(kiosk: Kiosk, stay: Stay) -> None:
    """Put back by somebody who says it is not theirs: unknown until a person has looked."""
    kiosk.scan(kiosk.token_of(stay))
    kiosk.opens()

    kiosk.touch("not-mine")
    kiosk.close()

    assert kiosk.compartment(stay.compartment).contents is Contents.UNKNOWN
    assert kiosk.screen == "thanks"


def test_an_empty_compartment_is_never_counted_as_collected(kiosk: Kiosk, stay: Stay) -> None:
    """ "There is nothing inside": recorded, thanked for, and a task for a person."""
    kiosk.scan(kiosk.token_of(stay))
    kiosk.opens()

    kiosk.touch("empty")
    kiosk.close()

    assert (kiosk.screen, kiosk.vm.kind) == ("thanks", "reported")
    assert not kiosk.happened("parcel.collected")
    assert kiosk.compartment(stay.compartment).contents is Contents.UNKNOWN


def test_a_damaged_parcel_may_be_kept_or_refused(kiosk: Kiosk, stay: Stay) -> None:
    """Reported damaged and taken all the same: collected, with the report in the journal."""
    kiosk.scan(kiosk.token_of(stay))
    kiosk.opens()

    kiosk.touch("damaged")
    assert kiosk.screen == "report-problem"
    kiosk.close(number=stay.compartment)

    assert (kiosk.screen, kiosk.vm.kind) == ("thanks", "reported")
    assert [event.what for event in kiosk.happened("compartment.reported")] == [Report.PARCEL_DAMAGED]
    assert kiosk.happened("parcel.collected")


def test_a_door_that_does_not_open_may_be_tried_again(kiosk: Kiosk, stay: Stay) -> None:
    """Jammed once: the code lives, one touch tries again as a new recorded decision."""
    kiosk.doors.jammed = {stay.compartment}
    kiosk.scan(kiosk.token_of(stay))
    kiosk.opens()
    assert kiosk.screen == "door-failed"
    assert kiosk.state.code[stay.id].life is CodeLife.LIVE

    kiosk.doors.jammed = set()
    kiosk.run(3)
    kiosk.touch("retry")

    assert (kiosk.opens(), kiosk.screen) == (stay.compartment, "door-open-take")
    intents = [
        event.intent for event in kiosk.happened("door.open_requested") if event.session != stay.session
    ]
    assert len(set(intents)) == 2


def test_tries_at_a_jammed_door_are_bounded(kiosk: Kiosk, stay: Stay) -> None:
    """Three tries in one visit, with rest for the coil between them; then only help is offered a way."""
    kiosk.doors.jammed = {stay.compartment}
    kiosk.scan(kiosk.token_of(stay))
    kiosk.opens()
    for _ in range(4):
        kiosk.run(3)
        kiosk.touch("retry")
        kiosk.run(1)

    assert kiosk.screen == "door-failed"
    assert kiosk.doors.pulses.count(stay.compartment) == 1 + 3  # one deposit, three tries
    assert kiosk.state.code[stay.id].life is CodeLife.LIVE
    kiosk.touch("help")
    assert kiosk.screen == "help"
    assert len(kiosk.vm.support_code) == 6


def test_a_door_that_opens_late_still_counts(kiosk: Kiosk, stay: Stay) -> None:
    """Unseen at first, then the sensor speaks: the screen follows the sensor, no second pulse."""
    kiosk.doors.mute = {stay.compartment}
    kiosk.scan(kiosk.token_of(stay))
    kiosk.opens()
    assert (kiosk.screen, kiosk.vm.reason) == ("door-failed", "unknown")

    kiosk.sensor_sees_open(stay.compartment)
    assert kiosk.screen == "door-open-take"
    kiosk.close()

    assert kiosk.screen == "thanks"
    assert kiosk.doors.pulses.count(stay.compartment) == 2


def test_opened_for_a_blink_is_not_collected(kiosk: Kiosk, stay: Stay) -> None:
    """Nobody takes a parcel out in half a second: the screen asks, and no opens the door again."""
    kiosk.scan(kiosk.token_of(stay))
    kiosk.opens()
    kiosk.close(after_s=0.3)
    assert (kiosk.screen, kiosk.door) == ("message", stay.compartment)
    assert not kiosk.happened("parcel.collected")

    kiosk.run(2)
    kiosk.touch("no")
    kiosk.opens()
    kiosk.close()

    assert kiosk.screen == "thanks"


def test_a_spent_code_opens_nothing(kiosk: Kiosk, stay: Stay) -> None:
    """The same message shown again an hour later, by whomever."""
    token = kiosk.token_of(stay)
    kiosk.scan(token)
    kiosk.opens()
    kiosk.close()
    kiosk.run(3600)

    kiosk.scan(token)

    assert (kiosk.screen, kiosk.notice) == ("home", "token-invalid")


def test_a_silent_board_is_said_and_costs_nobody_the_code(kiosk: Kiosk, stay: Stay) -> None:
    """The board does not answer: no opening is promised, the code lives for the next visit."""
    silence_board(kiosk, "A")

    kiosk.scan(kiosk.token_of(stay))

    assert (kiosk.screen, kiosk.notice) == ("home", "try-again")
    assert kiosk.state.code[stay.id].life is CodeLife.LIVE


def test_a_rating_is_one_touch(kiosk: Kiosk, stay: Stay) -> None:
    """Five stars on the thank-you screen, journalled with the visit."""
    kiosk.scan(kiosk.token_of(stay))
    kiosk.opens()
    kiosk.close()

    kiosk.touch("rate", stars=5)

    assert kiosk.happened("feedback.given")[0].rating == 5
    kiosk.run(3.1)
    assert kiosk.screen == "home"


def test_help_at_an_open_door_does_not_stop_the_pickup(kiosk: Kiosk, stay: Stay) -> None:
    """Help is looked at, the door is closed: that is still the confirmation."""
    kiosk.scan(kiosk.token_of(stay))
    kiosk.opens()
    kiosk.touch("help")
    assert kiosk.screen == "help"

    kiosk.close(number=stay.compartment)

    assert kiosk.screen == "thanks"


def test_a_door_left_open_by_a_recipient_frees_the_screen(kiosk: Kiosk, stay: Stay) -> None:
    """After 180 s the keypad is back, contents unknown, and the code that opened it is spent."""
    kiosk.scan(kiosk.token_of(stay))
    kiosk.opens()

    kiosk.leave_open()
    assert (kiosk.screen, kiosk.notice) == ("home", "door-left-open")
    kiosk.close(number=stay.compartment)

    assert kiosk.compartment(stay.compartment).contents is Contents.UNKNOWN
    assert not kiosk.happened("parcel.collected")


def test_a_language_is_one_touch_and_goes_with_its_person(kiosk: Kiosk, stay: Stay) -> None:
    """English for this visit, the site's own for the next."""
    kiosk.touch("language", id="en")
    assert kiosk.view.lang == "en"
    kiosk.scan(kiosk.token_of(stay))
    kiosk.opens()
    assert kiosk.view.lang == "en"
    kiosk.close()
    kiosk.run(3.1)

    assert (kiosk.screen, kiosk.view.lang) == ("home", "zh-Hant")


def test_a_second_look_after_a_dispute_is_not_thanked_for_as_a_pickup(kiosk: Kiosk, stay: Stay) -> None:
    """Not mine, put back, opened once more: the dispute stands, nothing counts as collected, and nobody is told so."""
    kiosk.scan(kiosk.token_of(stay))
    kiosk.opens()
    kiosk.touch("not-mine")
    kiosk.close()
    kiosk.touch("reopen")
    kiosk.opens()

    kiosk.close()

    assert (kiosk.screen, kiosk.vm.kind) == ("thanks", "reported")
    assert not kiosk.happened("parcel.collected")
