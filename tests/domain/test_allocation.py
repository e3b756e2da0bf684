"""Allocation: which compartment a stay gets."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain import hardware, service
from edge_agent.domain.allocation import choose, free, free_by_size
from edge_agent.domain.carrier import Carrier
from edge_agent.domain.compartment import Compartment
from edge_agent.domain.policy import Policy
from edge_agent.domain.refusals import FULL, NOT_FOUND, QUOTA_USED_UP, Refusal
from edge_agent.domain.state import ONLY, LockerState
from edge_agent.domain.words import Basis, Condition, Contents, DoorPosition, Height, Report
from tests.domain.locker import Locker

SIZES = {"S": 1, "M": 2, "L": 3}
ANYBODY = Carrier("sf")


def compartment(number: str, size: str = "S", **fields) -> Compartment:
    plain = Compartment(
        number, size, SIZES[size], Height.MIDDLE, "A", contents=Contents.EMPTY, basis=Basis.SENSOR
    )
    return msgspec.structs.replace(plain, **fields)


def locker_of(*rows: Compartment, **policy) -> LockerState:
    state = LockerState(compartment={row.number: row for row in rows})
    state.policy[ONLY] = Policy(**policy)
    return state


def test_the_smallest_that_fits_is_chosen():
    """A small parcel does not take a large compartment while a small one is free."""
    state = locker_of(compartment("1", "L"), compartment("2", "M"), compartment("3", "S"))

    assert choose(state, ANYBODY, "S").number == "3"
    assert choose(state, ANYBODY, "M").number == "2"


def test_a_larger_one_serves_when_no_smaller_is_free():
    """Better waste than a refused deposit."""
    state = locker_of(compartment("1", "L"), compartment("2", "S", contents=Contents.STAY))

    assert choose(state, ANYBODY, "S").number == "1"


@pytest.mark.parametrize(
    "fields",
    [
        {"contents": Contents.UNKNOWN},
        {"contents": Contents.STAY},
        {"condition": Condition.SUSPECT},
        {"condition": Condition.FAULTY},
        {"condition": Condition.OUT_OF_SERVICE},
        {"stay": "somebody's"},
        {"reachable": False},
        {"door": DoorPosition.OPEN},
        {"reports": (Report.DIRTY,)},
    ],
)
def test_doubtful_compartments_are_never_offered(fields):
    """Unknown, suspect, faulty, reserved, unreachable, open or dirty: the locker is rather full."""
    state = locker_of(compartment("1", **fields))

    with pytest.raises(Refusal) as refused:
        choose(state, ANYBODY, "S")

    assert refused.value.code == FULL


def test_low_doors_are_kept_for_those_who_need_them():
    """Two low doors are kept: only a third may go to anybody."""
    low = {"height": Height.LOW}
    state = locker_of(compartment("1", **low), compartment("2", **low), low_doors_kept=2)

    with pytest.raises(Refusal):
        choose(state, ANYBODY, "S")
    assert choose(state, ANYBODY, "S", low_needed=True).number == "1"

    state.compartment["3"] = compartment("3", **low)
    assert choose(state, ANYBODY, "S").height is Height.LOW


def test_who_needs_a_low_door_never_gets_a_high_one():
    """Middle doors are within reach, high ones are not."""
    state = locker_of(compartment("1", height=Height.HIGH), compartment("2", height=Height.MIDDLE))

    assert choose(state, ANYBODY, "S", low_needed=True).number == "2"
    del state.compartment["2"]
    with pytest.raises(Refusal):
        choose(state, ANYBODY, "S", low_needed=True)


def test_worn_locks_rest_and_the_courier_walks_little():
    """Wear counts in steps; within a step the door next to the last one is taken."""
    state = locker_of(
        compartment("1", openings=400), compartment("2"), compartment("8", openings=10), compartment("9")
    )

    assert choose(state, ANYBODY, "S", near="9").number == "9"
    assert choose(state, ANYBODY, "S", near="1").number == "2"


def test_the_wanted_door_is_given_if_it_fits():
    """A pre-advice may name a door; a door that is too small is not given."""
    state = locker_of(compartment("1"), compartment("2"), compartment("3", "M"))

    assert choose(state, ANYBODY, "S", prefer="2").number == "2"
    assert choose(state, ANYBODY, "M", prefer="2").number == "3"


def test_a_door_that_stands_open_at_this_moment_is_left_out():
    """The watch sees it before the journal does."""
    state = locker_of(compartment("1"), compartment("2"))

    assert choose(state, ANYBODY, "S", not_now=("1",)).number == "2"


def test_a_size_that_nobody_has_is_not_found():
    with pytest.raises(Refusal) as refused:
        choose(locker_of(compartment("1")), ANYBODY, "XXL")

    assert refused.value.code == NOT_FOUND


def test_a_carrier_keeps_to_its_quota_by_size():
    """One small compartment at a time; a larger one is outside that limit."""
    locker = Locker(carrier=Carrier("sf", quotas={"S": 1, "M": 0, "L": 0}))
    locker.deposit(size="S")

    with pytest.raises(Refusal) as refused:
        locker.reserve(size="S")

    assert refused.value.code == QUOTA_USED_UP


def test_a_carrier_keeps_to_its_total_quota():
    locker = Locker(carrier=Carrier("sf", total_quota=1))
    locker.deposit(size="S")

    with pytest.raises(Refusal) as refused:
        locker.reserve(size="L")

    assert refused.value.code == QUOTA_USED_UP


def test_the_free_count_follows_what_happens():
    """One deposited, one out of service, one behind a silent board: none of them counts."""
    locker = Locker()
    before = free_by_size(locker.state)
    locker.deposit(size="S")
    locker.do(lambda s, at: service.out_of_service(s, "4", "T1", "hinge", at))
    locker.do(lambda s, at: hardware.board_silent(s, "B", ("5", "6"), "no reply", at))

    assert before == {"S": 3, "M": 2, "L": 1}
    assert free_by_size(locker.state) == {"S": 2, "M": 0, "L": 0}


ROWS = st.builds(
    compartment,
    number=st.integers(1, 99).map(str),
    size=st.sampled_from("SML"),
    height=st.sampled_from(Height),
    contents=st.sampled_from(Contents),
    condition=st.sampled_from(Condition),
    openings=st.integers(0, 500),
    reachable=st.booleans(),
    door=st.sampled_from(DoorPosition),
)


@given(st.lists(ROWS, max_size=30), st.sampled_from("SML"), st.booleans(), st.integers(0, 3))
def test_whatever_is_chosen_is_free_and_fits_and_wastes_least(rows, size, low_needed, kept):
    """For any locker: offered, large enough, and no smaller one of the same reach would have done."""
    state = locker_of(*rows, low_doors_kept=kept)
    try:
        chosen = choose(state, ANYBODY, size, low_needed=low_needed)
    except Refusal as refusal:
        if refusal.code == NOT_FOUND:
            assert size not in {kept.size for kept in state.compartment.values()}
            return
        assert not any(c.rank >= SIZES[size] and c.height is Height.MIDDLE for c in free(state))
        return

    assert chosen.offered
    assert chosen.rank >= SIZES[size]
    assert not (low_needed and chosen.height is Height.HIGH)
    middles = [c for c in free(state) if c.height is Height.MIDDLE and c.rank >= SIZES[size]]
    assert all(c.rank >= chosen.rank for c in middles)
