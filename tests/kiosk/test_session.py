"""The session runner: one lease, one event at a time, and the traps of scanners, pages and slow disks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.domain.stay import Stay
from edge_agent.domain.words import StayStatus
from edge_agent.flows import events as told
from edge_agent.kiosk.actions import Args, parse
from tests.flows.at_hand import BADGE, CARD, OTHER_BADGE, Kiosk, Page


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("template") / "empty.db"


@pytest.fixture
def kiosk(tmp_path: Path, empty_ledger: Path) -> Iterator[Kiosk]:
    one = Kiosk(tmp_path / "locker", empty_ledger)
    yield one
    one.stop()


@pytest.fixture
def stay(kiosk: Kiosk) -> Stay:
    """One parcel waits; the courier has gone."""
    kiosk.logs_in()
    waiting = kiosk.deposits()
    kiosk.scan(BADGE)
    kiosk.run(10)
    return waiting


def test_a_scanner_that_repeats_the_last_code_opens_one_door(kiosk: Kiosk) -> None:
    """Trap: the trigger is held down and the same waybill comes ten times."""
    kiosk.logs_in()
    kiosk.scan("LKC:S")
    for _ in range(10):
        kiosk.session.scanned("SF0000000000001")
        kiosk.run(0.1)
    kiosk.run(1)

    assert len(kiosk.doors.pulses) == 1
    assert kiosk.screen == "door-open-put"
    assert kiosk.vm.queued == ""


def test_a_double_tap_is_one_tap(kiosk: Kiosk) -> None:
    """Trap: two fingers, one revision; the second one talks about a screen that is gone."""
    kiosk.logs_in()
    kiosk.scan("SF0000000000001")
    view = kiosk.view
    for _ in range(2):
        kiosk.session.action(kiosk.page, view.rev, "size", parse("size", {"id": "S"}))
    kiosk.run(1)

    assert len(kiosk.doors.pulses) == 1
    assert len(kiosk.happened("deposit.reserved")) == 1


def test_a_touch_of_the_last_session_does_nothing_in_this_one(kiosk: Kiosk, stay: Stay) -> None:
    """Trap: the courier's late tap must not land on the recipient's screen."""
    kiosk.logs_in()
    late = kiosk.view.rev
    kiosk.scan(BADGE)
    kiosk.run(10)
    kiosk.scan(kiosk.token_of(stay))
    kiosk.opens()

    kiosk.session.action(kiosk.page, late, "finish", Args())
    kiosk.run()

    assert kiosk.screen == "door-open-take"


def test_every_session_has_its_own_name_and_inherits_nothing(kiosk: Kiosk) -> None:
    """Size, counts and list of the last courier are not the next one's."""
    kiosk.logs_in()
    kiosk.deposits()
    first = kiosk.view.session
    kiosk.scan(BADGE)
    kiosk.run(10)

    kiosk.logs_in(OTHER_BADGE)

    assert kiosk.view.session not in ("", first)
    assert (kiosk.vm.deposited, kiosk.vm.size, kiosk.vm.last) == (0, "", ())


def test_somebody_elses_scan_waits_until_the_door_is_closed(kiosk: Kiosk, stay: Stay) -> None:
    """The recipient scans while the courier's door is open: served after it, in a session of their own."""
    kiosk.logs_in()
    kiosk.scan("LKC:M")
    kiosk.scan("SF0000000000002")
    kiosk.opens()

    kiosk.scan(kiosk.token_of(stay))
    assert kiosk.screen == "door-open-put"
    kiosk.close()
    number = kiosk.opens()

    assert (number, kiosk.screen) == (stay.compartment, "door-open-take")
    sessions = [event.session for event in kiosk.happened("session.started")]
    assert len(set(sessions)) == len(sessions) == 3


def test_a_credential_that_waited_too_long_opens_nothing(kiosk: Kiosk, stay: Stay) -> None:
    """Its owner has left: after half a minute no door opens for somebody who may not be there."""
    kiosk.logs_in()
    kiosk.scan("LKC:M")
    kiosk.scan("SF0000000000002")
    kiosk.opens()
    kiosk.scan(kiosk.token_of(stay))

    kiosk.close(after_s=60)

    assert kiosk.screen == "courier-scan"
    assert kiosk.doors.pulses.count(stay.compartment) == 1


def test_another_courier_takes_over_when_no_door_is_open(kiosk: Kiosk) -> None:
    """Badge beside badge: the first session ends, the second is the second courier's own."""
    kiosk.logs_in()

    kiosk.scan(OTHER_BADGE)

    assert kiosk.screen == "courier-scan"
    assert [event.actor for event in kiosk.happened("session.started")] == ["courier:1001", "courier:1002"]
    assert kiosk.happened("session.ended")[0].reason == "other-person"


HOSTILE = [
    "",
    " ",
    "\x00\x01\x02",
    "A" * 4096,
    "'; DROP TABLE stay;--",
    "LKC:OPENALL",
    "LKT:",
    "LKT:../../etc",
    "\u202eSF123",
    "LKB:" + "x" * 300,
    "%s%n{0}",
    "SF123\nLKC:DONE",
    "<script>alert(1)</script>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_scan_is_never_interpreted(kiosk: Kiosk, text: str) -> None:
    """Control bytes, 4 kB, quotes, right-to-left marks, made-up commands: "not known here", and nothing moved."""
    kiosk.logs_in()
    before = len(kiosk.journal)

    kiosk.scan(text)

    assert (kiosk.screen, kiosk.notice) == ("courier-scan", "scan-unknown")
    assert len(kiosk.journal) == before


def test_a_flood_of_scans_is_bounded(kiosk: Kiosk) -> None:
    """A thousand lines in one burst: the screen lives, and no door opens twice."""
    kiosk.logs_in()
    kiosk.scan("LKC:S")
    for n in range(1000):
        kiosk.session.scanned(f"SF{n:013d}")
    kiosk.run(2)

    assert len(kiosk.doors.pulses) == 1
    assert kiosk.screen == "door-open-put"


def test_nothing_is_told_stored_when_the_disk_fails(kiosk: Kiosk) -> None:
    """Trap: the commit after the closing fails. The courier is told that it is not stored, and may try again."""
    kiosk.logs_in()
    kiosk.scan("LKC:S")
    kiosk.scan("SF0000000000001")
    number = kiosk.opens()
    kiosk.run(5)
    kiosk.loop.run_until_complete(kiosk.doors.hand_closes_unseen_by_screen(number))

    kiosk.disk.fails = True
    kiosk.session.told(told.DoorClosed(number))
    kiosk.run()
    assert (kiosk.screen, kiosk.vm.kind.value) == ("message", "try-later")
    assert not kiosk.happened("parcel.deposited")
    kiosk.disk.fails = False
    kiosk.touch("retry")

    assert (kiosk.screen, kiosk.notice) == ("courier-scan", "stored")
    assert kiosk.state.stay[kiosk.compartment(number).stay].status is StayStatus.STORED


def test_no_door_opens_on_an_intent_that_is_not_durable(kiosk: Kiosk, stay: Stay) -> None:
    """Trap: the disk fails while the code is claimed. No pulse, the code lives, the person is told to try again."""
    pulses = len(kiosk.doors.pulses)
    kiosk.disk.fails = True

    kiosk.scan(kiosk.token_of(stay))
    kiosk.run(1)

    assert (kiosk.screen, kiosk.notice) == ("home", "try-again")
    assert len(kiosk.doors.pulses) == pulses
    kiosk.disk.fails = False
    kiosk.run(10)
    kiosk.scan(kiosk.token_of(stay))
    assert kiosk.opens() == stay.compartment


def test_a_slow_answer_shows_one_moment(kiosk: Kiosk, stay: Stay) -> None:
    """Above 400 ms somebody wonders whether the touch was felt; below it a screen would only flicker."""
    kiosk.disk.takes_s = 0.6
    kiosk.session.scanned(kiosk.token_of(stay))
    kiosk.run(0.3)
    assert kiosk.screen == "home"
    kiosk.run(0.2)
    assert kiosk.screen == "please-wait"
    kiosk.run(0.3)

    assert kiosk.screen == "door-open-take"


def test_a_second_page_sees_the_same_visit(kiosk: Kiosk) -> None:
    """The page died in the middle: the next one shows what is true now, nothing is lost with the glass."""
    kiosk.logs_in()
    kiosk.scan("LKC:S")
    kiosk.scan("SF0000000000001")
    kiosk.session.closed(kiosk.page)
    kiosk.run(1)

    kiosk.page = Page()
    kiosk.session.connect(kiosk.page)
    assert kiosk.screen == "door-open-put"
    kiosk.close()

    assert kiosk.vm.deposited == 1


def test_typing_keeps_the_revision_and_a_result_does_not(kiosk: Kiosk) -> None:
    """While digits are typed nothing is redrawn under the fingers; an answer makes older touches void."""
    kiosk.touch("touch")
    typing = kiosk.view.rev
    kiosk.touch("touch")
    assert kiosk.view.rev == typing

    kiosk.touch("code", digits="10000001")

    assert kiosk.view.rev > typing


def test_a_warning_is_seen_and_heard_and_leaves_twenty_seconds(kiosk: Kiosk) -> None:
    """Typing stopped: 20 s, then picture, tone and speech with 20 s to react; one touch buys more time."""
    kiosk.touch("touch")
    kiosk.run(20.1)
    warned = kiosk.view
    assert kiosk.screen == "warn-timeout"
    assert (warned.sound, warned.speak.phrase if warned.speak else "") == ("attention", "still-there")
    assert warned.deadline is not None
    assert warned.deadline.total_ms == 20_000

    kiosk.touch("more-time")
    assert kiosk.screen == "home"
    kiosk.run(39)
    assert kiosk.screen == "warn-timeout"
    kiosk.run(2)

    assert (kiosk.screen, kiosk.view.session) == ("home", "")


def test_another_doors_news_does_not_confirm_this_deposit(kiosk: Kiosk) -> None:
    """Somebody closes door 8 while door 1 is waited for: that is the cabinet's business, not a confirmation."""
    kiosk.logs_in()
    kiosk.scan("LKC:S")
    kiosk.scan("SF0000000000001")
    kiosk.opens()

    kiosk.session.told(told.DoorClosed("8"))
    kiosk.run()

    assert kiosk.screen == "door-open-put"
    assert not kiosk.happened("parcel.deposited")


def test_no_secret_is_kept_with_the_visit_or_shown(kiosk: Kiosk, stay: Stay) -> None:
    """Code, token, PIN and phone never stand in the context or on a screen; of a waybill only four characters."""
    secrets = [kiosk.code_of(stay), kiosk.token_of(stay).removeprefix("LKT:"), "85291234567"]
    kiosk.touch("code", digits=secrets[0])
    kiosk.opens()

    everything = repr(kiosk.session.context) + repr(kiosk.page.views)

    assert not [secret for secret in secrets if secret in everything]
    assert "SF1234567890123" not in repr(kiosk.page.views)


def test_a_cards_scan_while_a_door_is_open_waits_like_any_other(kiosk: Kiosk, stay: Stay) -> None:
    """The technician's card too: no menu over somebody's open door."""
    kiosk.scan(kiosk.token_of(stay))
    kiosk.opens()
    kiosk.scan(CARD)
    assert kiosk.screen == "door-open-take"

    kiosk.close()

    assert kiosk.screen == "courier-pin"


def test_a_scan_that_is_kept_ticks_and_one_too_many_is_refused(kiosk: Kiosk) -> None:
    """Working without looking: the ear says which of the two it was."""
    kiosk.logs_in()
    kiosk.scan("LKC:S")
    kiosk.scan("SF0000000000001")
    kiosk.opens()

    kiosk.scan("SF0000000000002")
    assert kiosk.view.sound == "tick"
    kiosk.scan("SF0000000000003")

    assert kiosk.view.sound == "refused"


def test_screens_speak_when_they_come_up(kiosk: Kiosk, stay: Stay) -> None:
    """Door and place are said when it opens, thanks when it is closed; the idle screen is silent."""
    kiosk.scan(kiosk.token_of(stay))
    kiosk.opens()
    kiosk.close()
    kiosk.run(3.1)

    said = [view.speak for view in kiosk.page.views if view.speak is not None]
    assert [(say.phrase, say.args.get("door", "")) for say in said[-2:]] == [
        ("door-open-take", stay.compartment),
        ("thanks", stay.compartment),
    ]


def test_a_waybill_kept_for_a_courier_who_left_is_forgotten(kiosk: Kiosk) -> None:
    """Door left open for three minutes: the next screen is the clean keypad, not an answer to an old scan."""
    kiosk.logs_in()
    kiosk.scan("LKC:S")
    kiosk.scan("SF0000000000001")
    kiosk.opens()
    kiosk.scan("SF0000000000002")

    kiosk.leave_open()

    assert (kiosk.screen, kiosk.notice) == ("home", "door-left-open")
