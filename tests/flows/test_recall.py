"""The courier takes parcels back: one touch for all, each door by itself."""

from __future__ import annotations

import pytest

from edge_agent.domain import clock_rules
from edge_agent.domain.stay import Stay
from edge_agent.domain.words import Contents, Report, StayStatus
from tests.flows.at_hand import BADGE, Kiosk


@pytest.fixture
def overdue(kiosk: Kiosk) -> list[Stay]:
    """Three parcels wait two days too long; their courier stands at the screen again."""
    kiosk.logs_in()
    stays = [kiosk.deposits(f"SF000000000000{n}") for n in range(3)]
    kiosk.scan(BADGE)
    kiosk.run(50 * 3600)
    kiosk.transact(clock_rules.retention_due)
    kiosk.logs_in()
    return stays


def test_one_touch_takes_all_of_them_back(kiosk: Kiosk, overdue: list[Stay]) -> None:
    """Overdue (3): the first door opens, each closing opens the next, and the count is right."""
    assert kiosk.vm.overdue == 3
    kiosk.touch("recall")
    for _ in overdue:
        kiosk.opens()
        kiosk.close()

    assert (kiosk.screen, {line.reason for line in kiosk.vm.lines}) == ("recall-list", {"taken"})
    assert len(kiosk.happened("parcel.recalled")) == 3
    assert all(kiosk.compartment(stay.compartment).contents is Contents.EMPTY for stay in overdue)


def test_a_card_starts_it_without_a_touch(kiosk: Kiosk, overdue: list[Stay]) -> None:
    """Gloves on: the printed card "overdue"."""
    kiosk.scan("LKC:OVERDUE")

    assert kiosk.opens() == overdue[0].compartment


def test_a_skipped_parcel_stays_what_it_was(kiosk: Kiosk, overdue: list[Stay]) -> None:
    """Too heavy today: put back, closed, the next door opens; the recipient's code lives on."""
    kiosk.touch("recall")
    first = kiosk.opens()

    kiosk.touch("skip")
    kiosk.close(number=first)
    second = kiosk.opens()

    assert second != first
    assert kiosk.compartment(first).contents is Contents.STAY
    assert not kiosk.happened("parcel.recalled")
    assert overdue[0].id in kiosk.state.code


def test_a_parcel_that_is_not_inside_is_somebodys_task(kiosk: Kiosk, overdue: list[Stay]) -> None:
    """One person's word ends no stay: unknown, reported, and the round goes on."""
    kiosk.touch("recall")
    number = kiosk.opens()

    kiosk.touch("not-inside")
    kiosk.close(number=number)

    assert kiosk.compartment(number).contents is Contents.UNKNOWN
    assert Report.PARCEL_ABSENT in kiosk.compartment(number).reports
    assert kiosk.state.stay[overdue[0].id].status is StayStatus.UNCERTAIN
    assert kiosk.opens() == overdue[1].compartment


def test_a_refused_parcel_is_on_the_list_and_may_be_picked(kiosk: Kiosk) -> None:
    """Refused at noon, taken back in the evening, by choosing its line."""
    kiosk.logs_in()
    stay = kiosk.deposits("SF0000000000001")
    kiosk.scan(BADGE)
    kiosk.run(10)
    kiosk.scan(kiosk.token_of(stay))
    kiosk.opens()
    kiosk.touch("refuse")
    kiosk.close()
    kiosk.run(10)
    kiosk.logs_in()
    assert kiosk.vm.overdue == 1

    kiosk.touch("recall")
    number = kiosk.opens()
    kiosk.close()

    assert number == stay.compartment
    assert kiosk.happened("parcel.recalled")[0].reason == "refused"


def test_reopened_after_a_skip_by_picking_its_line(kiosk: Kiosk, overdue: list[Stay]) -> None:
    """Skipped by mistake: it is still on the list, and its line opens it again."""
    kiosk.touch("recall")
    first = kiosk.opens()
    kiosk.touch("skip")
    kiosk.close(number=first)
    for _ in range(2):
        kiosk.opens()
        kiosk.close()
    assert [line.door for line in kiosk.vm.lines if line.reason != "taken"] == [first]

    kiosk.touch("pick", id=kiosk.vm.lines[0].id)

    assert kiosk.opens() == first


def test_a_jammed_door_does_not_end_the_round(kiosk: Kiosk, overdue: list[Stay]) -> None:
    """It is said, it may be tried again or skipped, and the others are taken back."""
    kiosk.doors.jammed = {overdue[0].compartment}
    kiosk.touch("recall")
    kiosk.opens()
    assert kiosk.screen == "door-failed"

    kiosk.touch("skip")
    for _ in range(2):
        kiosk.opens()
        kiosk.close()

    assert len(kiosk.happened("parcel.recalled")) == 2
    assert kiosk.screen == "recall-list"


def test_a_waybill_scanned_at_the_list_goes_on_with_depositing(kiosk: Kiosk, overdue: list[Stay]) -> None:
    """Nothing needs to be left first: the scanned thing says what it is."""
    kiosk.touch("recall")
    for _ in overdue:
        kiosk.opens()
        kiosk.close()
    assert kiosk.screen == "recall-list"

    kiosk.scan("SF0000000000009")

    assert kiosk.screen == "choose-size"


def test_a_walk_away_from_an_open_door_recalls_nothing(kiosk: Kiosk, overdue: list[Stay]) -> None:
    """The courier is gone with the door open: a person has to look, the parcel is not declared recalled."""
    kiosk.touch("recall")
    number = kiosk.opens()

    kiosk.leave_open()
    kiosk.close(number=number)

    assert not kiosk.happened("parcel.recalled")
    assert kiosk.compartment(number).contents is Contents.UNKNOWN
    assert kiosk.screen == "home"


def test_a_parcel_left_inside_by_mistake_is_not_recalled_after_all(kiosk: Kiosk, overdue: list[Stay]) -> None:
    """The door fell shut before the courier had taken it: one touch on the next door's screen puts the ledger right."""
    kiosk.touch("recall")
    first = kiosk.opens()
    kiosk.close()
    second = kiosk.opens()
    assert kiosk.vm.before.door == first
    assert len(kiosk.happened("parcel.recalled")) == 1

    kiosk.touch("still-inside", id=kiosk.vm.before.id)

    assert (kiosk.screen, kiosk.door, kiosk.notice) == ("door-open-take", second, "left-behind")
    assert kiosk.state.stay[overdue[0].id].status is StayStatus.UNCERTAIN
    assert kiosk.compartment(first).contents is Contents.UNKNOWN
    assert not kiosk.compartment(first).offered
    assert kiosk.happened("parcel.corrected")[0].actor == "courier:1001"


def test_what_was_left_inside_is_taken_back_from_the_list(kiosk: Kiosk, overdue: list[Stay]) -> None:
    """Said at the end of the round: its line may be picked, and then it is really recalled."""
    kiosk.touch("recall")
    for _ in overdue:
        kiosk.opens()
        kiosk.close()
    last = overdue[2]
    kiosk.touch("still-inside", id=last.id)
    assert kiosk.vm.lines[0].door == last.compartment

    kiosk.touch("pick", id=last.id)
    kiosk.opens()
    kiosk.close()

    assert kiosk.compartment(last.compartment).contents is Contents.EMPTY
    assert [event.stay for event in kiosk.happened("parcel.recalled")].count(last.id) == 2
    kiosk.touch("finish")
    kiosk.scan(BADGE)
    assert kiosk.vm.recalled == 3


def test_a_recall_of_another_visit_is_not_taken_back(kiosk: Kiosk, overdue: list[Stay]) -> None:
    """Whoever comes later has not seen what was behind that door: verification is the way then."""
    kiosk.touch("recall")
    for _ in overdue:
        kiosk.opens()
        kiosk.close()
    kiosk.touch("finish")
    kiosk.scan(BADGE)
    kiosk.run(10)

    kiosk.logs_in()

    assert kiosk.vm.overdue == 0
    assert overdue[0].id not in kiosk.state.stay


def test_the_list_says_for_how_many_days_a_parcel_has_waited(kiosk: Kiosk, overdue: list[Stay]) -> None:
    """Three days past its free time, to the day."""
    kiosk.scan(BADGE)
    kiosk.run(72 * 3600)
    kiosk.logs_in()
    kiosk.doors.jammed = set(kiosk.state.compartment)
    kiosk.touch("recall")
    kiosk.opens()
    for _ in overdue:
        kiosk.touch("skip")
        if kiosk.screen != "recall-list":
            kiosk.opens()

    assert {line.days for line in kiosk.vm.lines} == {3}
