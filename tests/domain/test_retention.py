"""Retention: free time that stands still while nobody could collect."""

from __future__ import annotations

import pytest

from edge_agent.domain import clock_rules, hardware, service
from edge_agent.domain.carrier import Carrier
from edge_agent.domain.events import ParcelOverdue, ParcelReminded
from edge_agent.domain.refusals import Refusal
from edge_agent.domain.retention import HOUR_MS
from tests.domain.locker import Locker

HOUR_S = 3600


def remaining_h(locker: Locker, stay: str) -> float:
    retention = locker.state.stay[stay].retention
    return retention.remaining_ms(locker.state.clocks.at(locker.clock.now()).service_ms) / HOUR_MS


def hours(locker: Locker, count: int) -> None:
    for _ in range(count):
        locker.pass_s(HOUR_S)
        locker.do(clock_rules.retention_due)


def test_reminders_go_out_before_the_end_and_then_it_is_overdue():
    """48 hours: reminded at 12, 6 and 1 hour before the end, each once."""
    locker = Locker()
    locker.deposit()

    hours(locker, 50)

    assert [event.hours_left for event in locker.events(ParcelReminded)] == [12, 6, 1]
    assert len(locker.events(ParcelOverdue)) == 1


def test_reminders_that_were_missed_together_are_sent_as_one():
    """The agent slept past two of them: one message, the nearest."""
    locker = Locker()
    locker.deposit()
    locker.pass_s(43 * HOUR_S)

    locker.do(clock_rules.retention_due)
    locker.do(clock_rules.retention_due)

    assert [event.hours_left for event in locker.events(ParcelReminded)] == [6]


def test_a_carrier_may_have_its_own_period():
    locker = Locker(carrier=Carrier("sf", retention_h=24))
    opening, _ = locker.deposit()

    assert remaining_h(locker, opening.stay) == 24


def test_time_without_power_never_counts():
    """Three days dark, with a wall clock that knows it."""
    locker = Locker()
    opening, _ = locker.deposit()
    locker.pass_s(10 * HOUR_S)

    locker.power_cut(off_s=72 * HOUR_S)

    assert remaining_h(locker, opening.stay) == 38


def test_a_dead_screen_does_not_use_up_the_recipients_time():
    """Powered, but nobody could collect: the service clock stands still until people can again."""
    locker = Locker()
    opening, _ = locker.deposit()
    locker.do(lambda s, at: clock_rules.checkpoint(s, False, at))
    locker.clock.advance(20 * HOUR_S)
    locker.do(lambda s, at: clock_rules.checkpoint(s, True, at))
    locker.clock.advance(HOUR_S)

    assert remaining_h(locker, opening.stay) == 47


def out_of_service(locker: Locker, number: str) -> None:
    locker.do(lambda s, at: service.out_of_service(s, number, "T1", "hinge", at))


def in_service(locker: Locker, number: str) -> None:
    locker.do(lambda s, at: service.in_service(s, number, "T1", at))


def silent(locker: Locker, number: str) -> None:
    locker.do(lambda s, at: hardware.board_silent(s, "A", (number,), "no reply", at))


def back(locker: Locker, number: str) -> None:
    locker.do(lambda s, at: hardware.board_back(s, "A", (number,), at))


@pytest.mark.parametrize(("stop", "go"), [(out_of_service, in_service), (silent, back)])
def test_a_compartment_that_cannot_be_used_pauses_its_stay_only(stop, go):
    """Ten hours out of service or behind a silent board: that stay gains ten hours, the neighbour none."""
    locker = Locker()
    paused, _ = locker.deposit()
    neighbour, _ = locker.deposit()
    before = remaining_h(locker, paused.stay)
    stop(locker, paused.compartment)

    hours(locker, 10)
    standing = remaining_h(locker, paused.stay)
    go(locker, paused.compartment)

    assert standing == remaining_h(locker, paused.stay) == before
    assert remaining_h(locker, neighbour.stay) < before - 9


def test_two_reasons_pause_once_and_end_with_the_later():
    """Out of service behind a silent board: the board's return alone starts nothing."""
    locker = Locker()
    opening, _ = locker.deposit()
    before = remaining_h(locker, opening.stay)
    out_of_service(locker, opening.compartment)
    hours(locker, 1)
    silent(locker, opening.compartment)
    hours(locker, 1)
    back(locker, opening.compartment)
    hours(locker, 1)
    in_service(locker, opening.compartment)

    assert remaining_h(locker, opening.stay) == before
    hours(locker, 1)
    assert remaining_h(locker, opening.stay) == before - 1


def test_no_reminder_goes_out_while_it_stands_still():
    """Nobody is told to hurry to a door that cannot be opened."""
    locker = Locker()
    opening, _ = locker.deposit()
    hours(locker, 30)
    out_of_service(locker, opening.compartment)

    hours(locker, 30)

    assert locker.events(ParcelReminded, ParcelOverdue) == []


TO_1970_S = -56 * 365 * 86_400  # what a clock without a battery says; the test's own day is in 2026


@pytest.mark.parametrize("jump_s", [TO_1970_S, -3 * 365 * 86_400, 86_400, 10 * 365 * 86_400])
def test_no_jump_of_the_wall_clock_makes_a_parcel_overdue(jump_s):
    locker = Locker()
    opening, _ = locker.deposit()
    locker.clock.jump_wall(jump_s)

    hours(locker, 1)

    assert locker.events(ParcelOverdue, ParcelReminded) == []
    assert remaining_h(locker, opening.stay) == 47


def extend(locker: Locker, stay: str | None, count: int) -> int:
    return locker.do(lambda s, at: clock_rules.extend(s, stay, count, "operator", at, "storm"))


def test_one_stay_or_all_get_more_time_and_are_reminded_anew():
    """A storm: everybody gets a day. An overdue stay gets it from now."""
    locker = Locker()
    first, _ = locker.deposit()
    hours(locker, 40)
    second, _ = locker.deposit()
    hours(locker, 9)

    count = extend(locker, None, 24)

    assert count == 2
    assert remaining_h(locker, first.stay) == 24
    assert remaining_h(locker, second.stay) == 48 - 9 + 24
    assert extend(locker, second.stay, 1) == 1
    hours(locker, 13)
    assert [event.hours_left for event in locker.events(ParcelReminded)][-1] == 12
    assert not locker.state.stay[first.stay].retention.overdue


def test_a_paused_stay_is_extended_where_it_stands():
    locker = Locker()
    opening, _ = locker.deposit()
    hours(locker, 8)
    out_of_service(locker, opening.compartment)
    hours(locker, 5)

    extend(locker, opening.stay, 10)

    assert remaining_h(locker, opening.stay) == 50
    hours(locker, 5)
    in_service(locker, opening.compartment)
    assert remaining_h(locker, opening.stay) == 50


@pytest.mark.parametrize("count", [0, -5])
def test_time_is_never_taken_away(count):
    locker = Locker()
    opening, _ = locker.deposit()

    with pytest.raises(Refusal):
        extend(locker, opening.stay, count)
