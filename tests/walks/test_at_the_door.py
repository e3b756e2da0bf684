"""A recipient for whom something is different: a wrong code, a stubborn door, the wrong parcel, several."""

from __future__ import annotations

import pytest

from edge_agent.domain.words import CodeLife, Contents, StayStatus
from tests.kiosk.chromium import CHROMIUM
from tests.walks.conftest import Stage
from tests.walks.visitor import LONG_ENOUGH_S, Visitor

pytestmark = pytest.mark.browser

PHONE = "91234567"


class Recipient:
    """At the idle screen, with a message on the phone, and a parcel behind `door`."""

    def __init__(self, visitor: Visitor, parcels: int = 1) -> None:
        self.visitor, self.site = visitor, visitor.site
        self.badge = self.site.hire()
        waybills = [f"SF123456789012{n}" for n in range(parcels)]
        for waybill in waybills:
            self.site.pre_advise(waybill, "S", PHONE)
        visitor.logs_in(self.badge)
        self.doors = [visitor.deposits(waybill) for waybill in waybills]
        visitor.leaves()
        message = visitor.message()
        self.code, self.token, self.door = message["code"], f"LKT:{message['token']}", self.doors[-1]
        visitor.starts_anew()

    def opens(self) -> None:
        """By QR."""
        self.site.scan(self.token)
        self.visitor.door_opens()
        self.visitor.sees("door-open-take", opening=False)

    @property
    def stay(self) -> object:
        return next(stay for stay in self.site.state.stay.values() if stay.compartment == self.door)


def at_home(stage: Stage, parcels: int = 1) -> Recipient:
    return Recipient(stage.arrive(locker={"languages": ["en", "zh-Hant", "zh-Hans"]}), parcels)


@pytest.fixture
def recipient(stage: Stage) -> Recipient:
    return CHROMIUM.run(lambda: at_home(stage))


def wrong(code: str) -> str:
    """Eight digits that are nobody's code."""
    return f"{(int(code) + 1) % 100_000_000:08}"


def test_three_wrong_codes_lock_the_keypad_and_the_qr_still_opens(recipient: Recipient) -> None:
    """A countdown, no keypad, and the words that the QR code still works; and it does."""
    visitor = recipient.visitor
    for tries_left in ("2", "1"):
        visitor.type(wrong(recipient.code))
        visitor.sees_notice("home", "code-no-match")
        assert visitor.view["vm"]["notice"]["args"]["tries_left"] == tries_left
    visitor.type(wrong(recipient.code))
    visitor.sees("locked-out")

    counted_down_from_ms = visitor.view["deadline"]["left_ms"]
    keys = visitor.page.locator('[data-action^="digit-"]').count()
    recipient.opens()
    visitor.takes_out()
    visitor.sees("thanks")

    assert 55_000 < counted_down_from_ms <= 60_000
    assert keys == 0
    assert "QR" in visitor.album.texts["locked-out"]


def test_the_lockout_is_over_when_its_countdown_says_so(recipient: Recipient) -> None:
    """A minute later the right code opens the door."""
    visitor = recipient.visitor
    for _ in range(3):
        visitor.type(wrong(recipient.code))
        visitor.page.wait_for_timeout(600)
    visitor.sees("locked-out")

    recipient.site.skip(61)
    visitor.sees("home")
    visitor.type(recipient.code)

    assert visitor.takes_out() == recipient.door


def test_a_door_that_jams_is_tried_again_and_then_leads_to_a_person(recipient: Recipient) -> None:
    """Three tries, then the screen offers another try and help with the number to call. The code still lives."""
    visitor = recipient.visitor
    recipient.site.fault("jam", door=recipient.door)
    visitor.type(recipient.code)
    recipient.site.until(lambda: recipient.site.locker.agent.session.state.name == "FAILED", 60)
    visitor.sees("door-failed", door=recipient.door)
    visitor.touch("report")
    visitor.sees("help")
    called = "+852 0000 0000" in visitor.text
    visitor.touch("back")
    visitor.sees("home")
    recipient.site.do(lambda: recipient.site.locker.sim.faults.clear())
    recipient.site.let_pass(3600)
    recipient.opens()
    visitor.takes_out()
    visitor.sees("thanks")

    assert called
    assert recipient.site.journal()[-2:] == ["door.closed", "parcel.collected"]


def test_a_jammed_door_opens_at_another_try(recipient: Recipient) -> None:
    """The latch was frozen and let go: "try again" is one touch, without typing the code anew."""
    visitor = recipient.visitor
    recipient.site.fault("jam", door=recipient.door)
    visitor.type(recipient.code)
    recipient.site.until(lambda: recipient.site.locker.agent.session.state.name == "FAILED", 60)
    visitor.sees("door-failed")
    recipient.site.do(lambda: recipient.site.locker.sim.faults.clear())
    recipient.site.skip(30)
    visitor.touch("retry")

    assert visitor.takes_out() == recipient.door
    visitor.sees("thanks")


def test_it_did_not_open_although_the_sensor_says_so(recipient: Recipient) -> None:
    """The door sticks: nobody is told that a spent code still works; a late pull counts."""
    visitor = recipient.visitor
    recipient.opens()
    visitor.touch("not-open")
    visitor.sees("door-failed")
    words = visitor.text
    recipient.site.skip(LONG_ENOUGH_S)
    visitor.shuts(recipient.door, "empty")
    visitor.sees("thanks")

    assert "Your code still works" not in words
    assert "+852 0000 0000" in words


def test_a_code_of_six_digits_asks_for_the_phone_s_last_four(stage: Stage) -> None:
    """Ten digits in all, on two screens; the second one shows nothing of the first."""
    visitor = stage.arrive(security={"code": "6+4"})
    visitor.logs_in(visitor.site.hire())
    door = visitor.deposits("SF1234567890123", phone=PHONE)
    visitor.leaves()
    code = visitor.message()["code"]
    visitor.starts_anew()
    visitor.type(code)
    visitor.sees("pickup-phone")
    visitor.type(PHONE[-4:])

    assert visitor.takes_out() == door
    visitor.sees("thanks")
    assert len(code) == 6
    assert len(visitor.touched()) == 10


def test_a_door_left_open_is_reminded_of_three_times_and_then_the_screen_is_free(
    recipient: Recipient,
) -> None:
    """20, 45, 90 s; after 180 s the next person is served, with a banner; contents unknown, never collected."""
    visitor = recipient.visitor
    recipient.opens()
    for reminder, wait_s in ((1, 21), (2, 25), (3, 45)):
        recipient.site.skip(wait_s)
        visitor.sees("door-open-take", reminder=reminder)
    recipient.site.skip(100)
    visitor.sees_notice("home", "door-left-open")
    recipient.site.push(recipient.door)
    recipient.site.skip(3)
    visitor.sees("home", notice=None)

    assert recipient.site.state.compartment[recipient.door].contents is Contents.UNKNOWN
    assert "door.left_open" in recipient.site.journal()
    assert "parcel.collected" not in recipient.site.journal()


def test_a_refused_parcel_goes_back_and_waits_for_the_courier(recipient: Recipient) -> None:
    """ "Refuse, put back": closed with the parcel inside; the courier finds it on the list at once."""
    visitor = recipient.visitor
    recipient.opens()
    visitor.touch("refuse")
    visitor.sees("message", door=recipient.door)
    visitor.closes()
    visitor.sees("thanks", kind="put-back")
    recipient.site.skip(10)
    visitor.sees("home")
    recipient.site.scan(recipient.badge)
    visitor.sees("courier-scan", overdue=1)
    visitor.touch("recall")
    door = visitor.takes_out()
    visitor.sees("recall-list")

    assert door == recipient.door
    assert "parcel.refused" in recipient.site.journal()
    assert "parcel.recalled" in recipient.site.journal()


def test_the_keys_were_left_inside(recipient: Recipient) -> None:
    """ "Open again" on the thank-you screen: one touch, the same door, no code."""
    visitor = recipient.visitor
    recipient.opens()
    visitor.takes_out()
    visitor.sees("thanks")
    visitor.touch("reopen")

    assert visitor.door_opens() == recipient.door
    visitor.closes()
    visitor.sees("thanks")
    assert visitor.touched() == ["reopen"]


def test_stars_are_counted_and_thanked_for(recipient: Recipient) -> None:
    """One touch, if somebody likes; nobody has to."""
    visitor = recipient.visitor
    recipient.opens()
    visitor.takes_out()
    visitor.sees("thanks")
    visitor.touch("rate", "5")
    visitor.sees("thanks", offers=["reopen", "report"])

    assert "feedback.given" in recipient.site.journal()


def test_three_parcels_of_one_recipient_come_out_one_after_the_other(stage: Stage) -> None:
    """One code; each closing opens the next door, and nothing has to be touched for it."""
    recipient = at_home(stage, parcels=3)
    visitor = recipient.visitor
    visitor.type(recipient.code)
    opened = [visitor.door_opens()]
    visitor.sees("door-open-take", opening=False, index=1, total=3)
    visitor.takes_out()
    for index in (2, 3):
        opened.append(visitor.another_door_opens(opened[-1]))
        visitor.sees("door-open-take", index=index, total=3, opening=False)
        visitor.takes_out()
    visitor.sees("thanks")

    assert sorted(opened) == sorted(recipient.doors)
    assert visitor.touched() == [f"digit-{digit}" for digit in recipient.code]
    assert "more-parcels" in visitor.seen()


def test_it_is_empty_is_written_down_and_answered(recipient: Recipient) -> None:
    """Nothing inside: one touch says so, closing the door ends the visit, and somebody will look into it."""
    visitor = recipient.visitor
    recipient.site.do(lambda: recipient.site.locker.sim.inside(recipient.door, "empty"))
    recipient.opens()
    visitor.touch("empty")
    visitor.sees_notice("door-open-take", "reported")
    visitor.closes()
    visitor.sees("thanks", kind="reported")

    assert (
        not recipient.site.state.compartment[recipient.door].offered
        or "fault.opened" in recipient.site.journal()
    )


def test_damaged_can_be_kept_or_put_back(recipient: Recipient) -> None:
    """The box is crushed: put back is one more touch, and it is a refusal."""
    visitor = recipient.visitor
    recipient.opens()
    visitor.touch("damaged")
    visitor.sees("report-problem")
    visitor.touch("problem")
    visitor.sees("message", door=recipient.door)
    visitor.closes()
    visitor.sees("thanks", kind="put-back")

    assert "parcel.refused" in recipient.site.journal()


def test_a_spent_token_opens_nothing_a_second_time(recipient: Recipient) -> None:
    """The picture on the phone is not a key for life."""
    visitor = recipient.visitor
    recipient.opens()
    visitor.takes_out()
    recipient.site.skip(10)
    visitor.sees("home")
    recipient.site.scan(recipient.token)

    visitor.sees_notice("home", "token-invalid")
    assert not recipient.site.is_open(recipient.door)


def test_help_has_the_number_to_call_and_the_locker_on_it(recipient: Recipient) -> None:
    """From the idle screen and from an open door; the door is not forgotten meanwhile."""
    visitor = recipient.visitor
    recipient.opens()
    visitor.touch("help")
    visitor.sees("help")
    words = visitor.text
    visitor.page.wait_for_function("() => document.querySelector('.qr img').naturalWidth > 0")
    visitor.touch("back")
    visitor.sees("door-open-take", door=recipient.door)

    assert "+852 0000 0000" in words
    assert "DEMO-0001" in words
    assert recipient.stay.status is StayStatus.STORED
    assert recipient.site.state.code[recipient.stay.id].life is not CodeLife.LIVE
