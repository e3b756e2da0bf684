"""The quota of remote access: four limits at once, on a clock that no wrong date can turn."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.domain.decision import Decision, Draft
from edge_agent.domain.instant import Instant
from edge_agent.domain.limits import Limits
from edge_agent.domain.policy import Policy
from edge_agent.domain.quota import DAY_MS, HOUR_MS, MINUTE_MS, charge, doors_a_day
from edge_agent.domain.refusals import REMOTE_QUOTA, Refusal
from edge_agent.domain.state import LockerState
from tests.domain.locker import Locker

LIMITS = Limits(per_minute=2, per_hour=4, per_day=6, doors_percent=50)


def locker_with(limits: Limits = LIMITS) -> Locker:
    return Locker(policy=Policy(remote=limits))


def grants(door: str, approved: bool = False):  # type: ignore[no-untyped-def]
    def decide(state: LockerState, at: Instant) -> Decision:
        draft = Draft(state, at)
        charge(draft, (door,), approved=approved)
        return draft.done()

    return decide


def is_granted(locker: Locker, door: str = "1") -> bool:
    try:
        locker.do(grants(door))
    except Refusal as refusal:
        return refusal.code != REMOTE_QUOTA
    return True


def test_each_window_has_its_own_limit() -> None:
    """Two a minute, four an hour, six a day."""
    locker = locker_with()

    assert [is_granted(locker) for _ in range(3)] == [True, True, False]
    locker.pass_s(61)
    assert [is_granted(locker) for _ in range(3)] == [True, True, False]
    locker.pass_s(61)
    assert not is_granted(locker)
    locker.pass_s(3600)
    assert [is_granted(locker) for _ in range(3)] == [True, True, False]
    locker.pass_s(3600)
    assert not is_granted(locker)
    locker.pass_s(86_400)
    assert is_granted(locker)


def test_a_power_cut_and_a_wrong_date_give_nothing_back() -> None:
    """Only time with power counts: neither ten days without nor a clock set forward makes room."""
    locker = locker_with()
    assert [is_granted(locker) for _ in range(2)] == [True, True]

    locker.clock.jump_wall(365 * 86_400)
    assert not is_granted(locker)
    locker.power_cut(off_s=10 * 86_400)
    assert not is_granted(locker)


def test_a_share_of_the_doors_in_a_day() -> None:
    """Half of six doors: the fourth one is refused, the first three may be opened again."""
    locker = locker_with(Limits(per_minute=100, per_hour=100, per_day=100, doors_percent=50))

    assert [is_granted(locker, door) for door in "123"] == [True, True, True]
    assert not is_granted(locker, "4")
    assert is_granted(locker, "1")


@pytest.mark.parametrize(("doors", "percent", "most"), [(4, 25, 3), (60, 25, 15), (300, 10, 30), (60, 1, 3)])
def test_small_cabinets_keep_three_doors(doors: int, percent: int, most: int) -> None:
    assert doors_a_day(Limits(doors_percent=percent), doors) == most


def test_what_two_persons_approved_is_counted_and_not_limited() -> None:
    locker = locker_with()
    for door in "123456":
        locker.do(grants(door, approved=True))

    assert not is_granted(locker)
    assert len(locker.state.granted.grants) == 6


def test_a_refusal_charges_nothing() -> None:
    locker = locker_with()
    is_granted(locker)
    is_granted(locker)
    before = locker.state.granted
    is_granted(locker)

    assert locker.state.granted == before


def test_documents_take_the_lower_figure() -> None:
    assert LIMITS.tightened(Limits(9, 1, 9, 9)) == Limits(2, 1, 6, 9)


PAUSES_S = st.lists(st.sampled_from((0, 1, 20, 59, 61, 600, 3000, 30_000)), max_size=60)


@settings(max_examples=50, deadline=None)
@given(PAUSES_S)
def test_no_choice_of_moments_gets_more_than_the_limits(pauses: list[int]) -> None:
    """Whoever holds the keys may choose when to ask; in no window are there more grants than allowed."""
    locker = locker_with()
    times: list[int] = []
    for pause_s in pauses:
        locker.pass_s(pause_s)
        if is_granted(locker):
            times.append(locker.state.clocks.at(locker.clock.now()).powered_ms)

    for length_ms, limit in ((MINUTE_MS, 2), (HOUR_MS, 4), (DAY_MS, 6)):
        assert all(sum(1 for other in times if t <= other < t + length_ms) <= limit for t in times)
