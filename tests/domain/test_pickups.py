"""Pickup: taken, refused, disputed, opened again, left behind."""

from __future__ import annotations

import pytest

from edge_agent.domain import clock_rules, deposits, pickups, service
from edge_agent.domain.carrier import Carrier
from edge_agent.domain.events import CompartmentContentsUnknown, ParcelCollected, ParcelRefused
from edge_agent.domain.openings import Opening
from edge_agent.domain.policy import Policy
from edge_agent.domain.refusals import (
    GRACE_OVER,
    NOT_PERMITTED,
    NOT_SEEN_CLOSED,
    NOT_SEEN_OPEN,
    NOT_USABLE,
    OVERDUE,
    WRONG_SITUATION,
    Refusal,
)
from edge_agent.domain.words import Basis, CodeLife, Contents, Report, StayStatus
from tests.domain.locker import Locker


def at_the_open_door(locker: Locker, **deposit) -> Opening:
    opening, code = locker.deposit(**deposit)
    locker.claim(code.code_hash)
    locker.opens(opening.compartment)
    return opening


def test_taken_is_what_was_seen_open_and_then_closed():
    """Empty on the recipient's basis; not offered to anybody before the session has ended."""
    locker = Locker()
    opening = at_the_open_door(locker)
    locker.closes(opening.compartment)

    locker.do(lambda s, at: pickups.collected(s, opening.stay, at))

    compartment = locker.state.compartment[opening.compartment]
    assert (compartment.contents, compartment.basis) == (Contents.EMPTY, Basis.RECIPIENT)
    assert not compartment.offered
    locker.leave("pickup-visit")
    assert locker.state.compartment[opening.compartment].offered
    assert locker.state.stay == locker.state.parcel == locker.state.code == {}


def test_a_door_pushed_shut_at_once_is_no_pickup():
    """Under two seconds nobody can have taken anything out; the recipient may open again."""
    locker = Locker()
    opening = at_the_open_door(locker)
    locker.closes(opening.compartment, 1.5)

    with pytest.raises(Refusal) as refused:
        locker.do(lambda s, at: pickups.collected(s, opening.stay, at))

    assert refused.value.code == NOT_SEEN_OPEN
    locker.pass_s(1)  # the coil's rest
    again = locker.do(lambda s, at: pickups.reopen(s, opening.stay, "pickup-visit", at, locker.chance))
    assert again.intent


def test_a_pickup_is_not_over_while_the_door_is_open():
    locker = Locker()
    opening = at_the_open_door(locker)

    with pytest.raises(Refusal) as refused:
        locker.do(lambda s, at: pickups.collected(s, opening.stay, at))

    assert refused.value.code == NOT_SEEN_CLOSED


def test_a_jammed_door_is_no_pickup():
    """A sensor that never said open: the parcel stays the recipient's, whatever anybody pressed."""
    locker = Locker()
    opening, code = locker.deposit()
    claim = locker.claim(code.code_hash)
    locker.jams(claim.intent)

    with pytest.raises(Refusal) as refused:
        locker.do(lambda s, at: pickups.collected(s, opening.stay, at))

    assert refused.value.code == WRONG_SITUATION
    assert locker.events(ParcelCollected) == []
    locker.pass_s(3)
    again = locker.do(lambda s, at: pickups.try_again(s, opening.stay, "pickup-visit", at, locker.chance))
    assert again.attempt == 2


def test_only_the_session_that_typed_the_code_may_try_again():
    locker = Locker()
    opening, code = locker.deposit()
    claim = locker.claim(code.code_hash)
    locker.jams(claim.intent)
    locker.pass_s(3)

    with pytest.raises(Refusal) as refused:
        locker.do(lambda s, at: pickups.try_again(s, opening.stay, "somebody-else", at, locker.chance))

    assert refused.value.code == NOT_PERMITTED


def test_the_same_door_may_be_opened_again_within_the_grace():
    """Something was left inside: the same session, within 180 s of the first opening."""
    locker = Locker()
    opening = at_the_open_door(locker)
    locker.closes(opening.compartment)
    locker.do(lambda s, at: pickups.collected(s, opening.stay, at))

    locker.pass_s(100)
    locker.do(lambda s, at: pickups.reopen(s, opening.stay, "pickup-visit", at, locker.chance))
    locker.collect(opening)

    assert len(locker.events(ParcelCollected)) == 2
    locker.pass_s(100)
    with pytest.raises(Refusal) as refused:
        locker.do(lambda s, at: pickups.reopen(s, opening.stay, "pickup-visit", at, locker.chance))
    assert refused.value.code == GRACE_OVER


@pytest.mark.parametrize("session", ["", "somebody-else"])
def test_nobody_else_gets_the_grace(session):
    locker = Locker()
    opening = at_the_open_door(locker)
    locker.closes(opening.compartment)
    locker.do(lambda s, at: pickups.collected(s, opening.stay, at))

    with pytest.raises(Refusal) as refused:
        locker.do(lambda s, at: pickups.reopen(s, opening.stay, session, at, locker.chance))

    assert refused.value.code == NOT_PERMITTED


def test_a_refused_parcel_waits_for_its_courier():
    """Put back and closed: the code is dead, the compartment holds the stay on the recipient's word."""
    locker = Locker()
    opening = at_the_open_door(locker)
    locker.closes(opening.compartment)
    parcels = locker.state.stay[opening.stay].parcels

    locker.do(lambda s, at: pickups.refused(s, opening.stay, parcels, "damaged", at, locker.chance))

    assert locker.state.stay[opening.stay].status is StayStatus.REFUSED
    assert locker.state.code[opening.stay].life is CodeLife.SPENT
    compartment = locker.state.compartment[opening.compartment]
    assert (compartment.contents, compartment.basis) == (Contents.STAY, Basis.RECIPIENT)


def test_refusing_a_part_splits_the_stay():
    """One of two is put back: a stay of its own stays behind, the other parcel is collected."""
    locker = Locker()
    first = locker.reserve()
    locker.opens(first.compartment)
    more = locker.request()
    locker.do(lambda s, at: deposits.add_parcel(s, first.stay, more, at, locker.chance))
    locker.closes(first.compartment)
    code = locker.stored(first)
    locker.leave("courier-visit")
    locker.claim(code.code_hash)
    locker.opens(first.compartment)
    locker.closes(first.compartment)
    taken, back = locker.state.stay[first.stay].parcels

    split = locker.do(lambda s, at: pickups.refused(s, first.stay, (back,), "not ordered", at, locker.chance))
    locker.leave("pickup-visit")

    assert split != first.stay
    assert locker.state.stay[split].parcels == (back,)
    assert locker.state.stay[split].status is StayStatus.REFUSED
    assert locker.state.compartment[first.compartment].stay == split
    assert taken not in locker.state.parcel
    assert [event.parcels for event in locker.events(ParcelCollected)] == [(taken,)]
    assert len(locker.events(ParcelRefused)) == 1


@pytest.mark.parametrize("what", [Report.PARCEL_NOT_MINE, Report.PARCEL_ABSENT])
@pytest.mark.parametrize("while_open", [True, False])
def test_a_dispute_puts_the_contents_in_doubt(what, while_open):
    """Not mine, or nothing there: neither empty nor full, whenever it was said."""
    locker = Locker()
    opening = at_the_open_door(locker)
    steps = [
        lambda: locker.do(lambda s, at: pickups.reported(s, opening.stay, what, "pickup-visit", at)),
        lambda: locker.closes(opening.compartment),
    ]
    for step in steps if while_open else reversed(steps):
        step()
    if while_open:
        locker.do(lambda s, at: pickups.collected(s, opening.stay, at))

    assert locker.events(ParcelCollected) == []
    assert locker.state.compartment[opening.compartment].contents is Contents.UNKNOWN
    assert locker.state.stay[opening.stay].status is StayStatus.UNCERTAIN


def test_a_damaged_parcel_that_is_taken_is_a_pickup():
    """The report goes up; the contents are as with any pickup, and the next stay starts clean."""
    locker = Locker()
    opening = at_the_open_door(locker)
    locker.do(lambda s, at: pickups.reported(s, opening.stay, Report.PARCEL_DAMAGED, "pickup-visit", at))
    locker.closes(opening.compartment)

    locker.do(lambda s, at: pickups.collected(s, opening.stay, at))

    compartment = locker.state.compartment[opening.compartment]
    assert compartment.contents is Contents.EMPTY
    assert compartment.reports == ()


def test_a_recipient_who_walks_away_from_the_open_door_leaves_it_unknown():
    """Whoever closes it later does not say whether the parcel was taken."""
    locker = Locker()
    opening = at_the_open_door(locker)
    locker.leave("pickup-visit", "time-out")
    assert locker.events(CompartmentContentsUnknown) == []

    locker.closes(opening.compartment)

    assert locker.state.compartment[opening.compartment].contents is Contents.UNKNOWN
    assert locker.state.stay[opening.stay].status is StayStatus.UNCERTAIN


def test_all_stays_of_one_recipient_open_in_one_visit():
    """One code typed; the other stay of the same phone follows, a third person's does not."""
    locker = Locker()
    first, code = locker.deposit(phone_hash="phone-1")
    second, _ = locker.deposit(phone_hash="phone-1")
    other, _ = locker.deposit(phone_hash="phone-2")
    locker.claim(code.code_hash)
    locker.collect(first)

    assert [stay.id for stay in pickups.others_of(locker.state, first.stay)] == [second.stay]
    next_one = locker.do(
        lambda s, at: pickups.claim_another(s, second.stay, first.stay, "pickup-visit", at, locker.chance)
    )
    assert next_one.compartment == second.compartment
    for stay, session in ((other.stay, "pickup-visit"), (second.stay, "somebody-else")):
        with pytest.raises(Refusal) as refused:
            locker.do(
                lambda s, at, a=stay, b=session: pickups.claim_another(s, a, first.stay, b, at, locker.chance)
            )
        assert refused.value.code == NOT_PERMITTED


@pytest.mark.parametrize(
    ("policy", "carrier"),
    [
        (Policy(overdue_may_be_picked_up=False), Carrier("sf")),
        (Policy(), Carrier("sf", overdue_may_be_picked_up=False)),
    ],
)
def test_an_overdue_stay_is_the_couriers_where_the_policy_says_so(policy, carrier):
    locker = Locker(policy=policy, carrier=carrier)
    _, code = locker.deposit()
    locker.pass_s(49 * 3600)
    locker.do(clock_rules.retention_due)

    with pytest.raises(Refusal) as refused:
        locker.claim(code.code_hash)

    assert refused.value.code == OVERDUE


def test_overdue_stays_may_be_picked_up_by_default():
    locker = Locker()
    _, code = locker.deposit()
    locker.pass_s(49 * 3600)
    locker.do(clock_rules.retention_due)

    assert isinstance(locker.claim(code.code_hash), Opening)


def test_a_compartment_out_of_service_keeps_the_code():
    """The code is not claimed, not counted, and works once the compartment is back."""
    locker = Locker()
    opening, code = locker.deposit()
    locker.do(lambda s, at: service.out_of_service(s, opening.compartment, "T1", "hinge", at))

    with pytest.raises(Refusal) as refused:
        locker.claim(code.code_hash)

    assert refused.value.code == NOT_USABLE
    assert locker.state.code[opening.stay].life is CodeLife.LIVE
    locker.do(lambda s, at: service.in_service(s, opening.compartment, "T1", at))
    assert isinstance(locker.claim(code.code_hash), Opening)


def test_after_an_unseen_opening_the_code_still_opens_its_door():
    """Contents unknown, code live: never offered to anybody else, never lost to the recipient."""
    locker = Locker()
    opening, code = locker.deposit()
    locker.claim(code.code_hash)
    locker.power_cut()
    locker.pass_s(60)

    assert locker.state.compartment[opening.compartment].contents is Contents.UNKNOWN
    locker.claim(code.code_hash)
    locker.collect(opening)

    assert locker.state.compartment[opening.compartment].contents is Contents.EMPTY


def test_a_door_left_open_past_the_alarm_is_unknown_at_once():
    """The recipient went away and left it open: unknown before anybody shuts it, and afterwards."""
    locker = Locker()
    opening, credentials = locker.deposit(size="S")
    claimed = locker.claim(credentials.code_hash)
    locker.opens(claimed.compartment)

    locker.leave("pickup-visit", "left-open")
    while_open = locker.state.compartment[opening.compartment].contents
    locker.closes(claimed.compartment)

    assert while_open is Contents.UNKNOWN
    assert locker.state.compartment[opening.compartment].contents is Contents.UNKNOWN
    assert locker.state.intent == {}
