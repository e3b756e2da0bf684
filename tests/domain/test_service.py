"""Service work: recalls, looking into doubtful doors, corrections, acceptance, configuration."""

from __future__ import annotations

import msgspec
import pytest

from edge_agent.domain import clock_rules, corrections, pickups, recalls, service
from edge_agent.domain.carrier import Carrier
from edge_agent.domain.courier import Courier
from edge_agent.domain.deposits import Credentials
from edge_agent.domain.events import (
    CodeSpent,
    CompartmentVerifiedEmpty,
    ConfigApplied,
    ParcelRecalled,
)
from edge_agent.domain.openings import Opening
from edge_agent.domain.policy import Policy
from edge_agent.domain.refusals import DUPLICATE_WAYBILL, IN_USE, NOT_PERMITTED, WRONG_SITUATION, Refusal
from edge_agent.domain.tries import NotAccepted
from edge_agent.domain.words import (
    Basis,
    Cause,
    CodeLife,
    Condition,
    Contents,
    Report,
    StayEnd,
    StayStatus,
)
from tests.domain.locker import DOORS, Locker


def overdue(locker: Locker, **deposit):
    opening, code = locker.deposit(**deposit)
    locker.pass_s(49 * 3600)
    locker.do(clock_rules.retention_due)
    return opening, code


def open_for_recall(locker: Locker, stay: str, courier: str = "K2") -> Opening:
    return locker.do(lambda s, at: recalls.open_for_recall(s, stay, courier, "round", at, locker.chance))


def listed(locker: Locker, courier: str = "K2") -> list[str]:
    return [stay.compartment for stay in recalls.recallable(locker.state, courier)]


def test_a_courier_takes_an_overdue_stay_back():
    """Any courier of the carrier; the code dies when the parcel is out, not when the door opens."""
    locker = Locker()
    opening, code = overdue(locker)
    open_for_recall(locker, opening.stay)
    locker.opens(opening.compartment)
    assert locker.state.code[opening.stay].life is CodeLife.LIVE
    locker.closes(opening.compartment)

    locker.do(lambda s, at: recalls.recalled(s, opening.stay, "K2", at))
    locker.leave("round")

    assert [event.reason for event in locker.events(ParcelRecalled)] == ["overdue"]
    assert [event.reason for event in locker.events(CodeSpent)] == ["recalled"]
    assert locker.state.compartment[opening.compartment].basis is Basis.COURIER
    assert locker.state.compartment[opening.compartment].offered
    assert isinstance(locker.claim(code.code_hash), NotAccepted)


def test_the_list_is_the_carriers_and_what_still_waits_is_not_on_it():
    locker = Locker()
    first, _ = overdue(locker)
    locker.deposit()
    locker.give("courier", "J1", Courier("J1", "jd", "pin"))
    locker.give("carrier", "jd", Carrier("jd"))

    assert listed(locker) == [first.compartment]
    assert listed(locker, "J1") == []
    assert listed(locker, "nobody") == []


def test_a_carrier_may_leave_recalls_to_the_courier_who_deposited():
    locker = Locker(carrier=Carrier("sf", couriers_may_recall_all=False))
    opening, _ = overdue(locker, courier="K1")

    assert listed(locker, "K2") == []
    assert listed(locker, "K1") == [opening.compartment]
    with pytest.raises(Refusal) as refused:
        open_for_recall(locker, opening.stay, "K2")
    assert refused.value.code == NOT_PERMITTED


def test_what_the_courier_leaves_inside_can_still_be_picked_up():
    locker = Locker()
    opening, code = overdue(locker)
    open_for_recall(locker, opening.stay)
    locker.opens(opening.compartment)
    locker.closes(opening.compartment)

    locker.do(lambda s, at: recalls.left_inside(s, opening.stay, "K2", at))
    locker.leave("round")
    locker.pass_s(60)

    assert locker.state.compartment[opening.compartment].contents is Contents.STAY
    assert locker.claim(code.code_hash).compartment == opening.compartment


def test_a_parcel_that_is_not_inside_makes_the_contents_unknown():
    """One person's word ends no stay."""
    locker = Locker()
    opening, _ = overdue(locker)
    open_for_recall(locker, opening.stay)
    locker.opens(opening.compartment)
    locker.closes(opening.compartment)

    locker.do(lambda s, at: recalls.not_inside(s, opening.stay, "K2", at))

    assert locker.state.compartment[opening.compartment].contents is Contents.UNKNOWN
    assert locker.state.stay[opening.stay].status is StayStatus.UNCERTAIN


def test_a_courier_who_leaves_without_an_answer_leaves_it_unknown():
    locker = Locker()
    opening, code = overdue(locker)
    open_for_recall(locker, opening.stay)
    locker.opens(opening.compartment)
    locker.closes(opening.compartment)

    locker.leave("round", "time-out")

    assert locker.state.compartment[opening.compartment].contents is Contents.UNKNOWN
    assert locker.state.code[opening.stay].life is CodeLife.LIVE
    locker.pass_s(60)
    assert isinstance(locker.claim(code.code_hash), Opening)


def test_a_recall_waits_while_the_recipient_is_at_the_door():
    locker = Locker()
    opening, code = overdue(locker)
    locker.claim(code.code_hash)

    with pytest.raises(Refusal) as refused:
        open_for_recall(locker, opening.stay)

    assert refused.value.code == IN_USE


def doubtful(locker: Locker, code_used: bool = False) -> Opening:
    """A stay whose compartment is unknown: opened without an answer."""
    opening, code = locker.deposit()
    if code_used:
        locker.claim(code.code_hash)
        locker.opens(opening.compartment)
        locker.closes(opening.compartment)
        locker.leave("pickup-visit", "time-out")
    else:
        locker.opens(opening.compartment)
        locker.closes(opening.compartment)
    locker.pass_s(60)
    return opening


def look(locker: Locker, number: str, session: str = "round") -> None:
    locker.do(lambda s, at: service.open_to_verify(s, number, "K1", session, at, locker.chance))
    locker.opens(number)
    locker.closes(number)


def empty(locker: Locker, number: str, basis: Basis = Basis.COURIER) -> StayEnd | None:
    return locker.do(lambda s, at: service.verified_empty(s, number, "courier:K1", basis, at))


def test_a_courier_clears_a_door_after_having_looked():
    """Opened for that, closed, answered: named in the journal."""
    locker = Locker()
    opening = doubtful(locker, code_used=True)
    look(locker, opening.compartment)

    end = empty(locker, opening.compartment)

    assert end is StayEnd.COLLECTED
    assert locker.events(CompartmentVerifiedEmpty)[-1].actor == "courier:K1"
    assert locker.state.compartment[opening.compartment].offered
    assert locker.state.stay == {}


def test_an_empty_door_whose_code_still_lives_means_a_missing_parcel():
    """Forced open, then found empty: nobody collected it."""
    locker = Locker()
    opening = doubtful(locker)
    look(locker, opening.compartment)

    assert empty(locker, opening.compartment) is StayEnd.MISSING


def test_a_courier_cannot_clear_a_door_without_opening_it():
    locker = Locker()
    opening = doubtful(locker)

    with pytest.raises(Refusal) as refused:
        empty(locker, opening.compartment)

    assert refused.value.code == WRONG_SITUATION


def test_a_courier_clears_one_door_at_a_time():
    locker = Locker()
    first, second = doubtful(locker), doubtful(locker)
    look(locker, first.compartment)

    with pytest.raises(Refusal):
        look(locker, second.compartment)

    empty(locker, first.compartment)
    look(locker, second.compartment)
    assert empty(locker, second.compartment) is StayEnd.MISSING


@pytest.mark.parametrize(
    ("policy", "courier"),
    [(Policy(couriers_may_verify=False), None), (Policy(), Courier("K1", "sf", "pin", may_verify=False))],
)
def test_couriers_clear_doors_only_where_the_policy_allows_it(policy, courier):
    locker = Locker(policy=policy)
    if courier is not None:
        locker.give("courier", "K1", courier)
    opening, _ = locker.deposit(courier="K2")
    locker.opens(opening.compartment)
    locker.closes(opening.compartment)
    locker.pass_s(60)

    with pytest.raises(Refusal) as refused:
        look(locker, opening.compartment)

    assert refused.value.code == NOT_PERMITTED


def test_a_door_whose_contents_are_known_is_not_opened_to_look():
    locker = Locker()
    with pytest.raises(Refusal):
        look(locker, "1")


def test_a_parcel_found_inside_gets_a_fresh_code_where_the_old_one_is_spent():
    locker = Locker()
    opening = doubtful(locker, code_used=True)
    look(locker, opening.compartment)
    fresh = Credentials("fresh-code", "fresh-token")

    needs_code = locker.do(
        lambda s, at: service.found_inside(s, opening.compartment, "courier:K1", Basis.COURIER, at, fresh)
    )
    locker.pass_s(60)

    assert needs_code is False
    assert locker.state.compartment[opening.compartment].contents is Contents.STAY
    assert locker.claim("fresh-code").compartment == opening.compartment


def test_an_interrupted_deposit_that_is_found_inside_becomes_a_stay():
    """The power failed before the courier's door was answered; the parcel is there and its recipient hears of it."""
    locker = Locker()
    opening = locker.reserve()
    locker.opens(opening.compartment)
    locker.closes(opening.compartment)
    locker.power_cut()
    locker.pass_s(60)
    look(locker, opening.compartment)
    fresh = Credentials("fresh-code", "fresh-token")

    locker.do(
        lambda s, at: service.found_inside(s, opening.compartment, "courier:K1", Basis.COURIER, at, fresh)
    )

    stay = locker.state.stay[opening.stay]
    assert stay.status is StayStatus.STORED
    assert stay.retention is not None
    assert locker.state.code[opening.stay].life is CodeLife.LIVE


def test_something_that_belongs_to_nobody_keeps_the_door_out_of_the_offer():
    locker = Locker()
    locker.opens("1")
    locker.closes("1")
    look(locker, "1")

    locker.do(lambda s, at: service.something_inside(s, "1", "courier:K1", at, "round"))

    assert locker.state.compartment["1"].contents is Contents.UNKNOWN
    assert Report.SOMETHING_INSIDE in locker.state.compartment["1"].reports
    assert empty(locker, "1", Basis.TECHNICIAN) is None
    assert locker.state.compartment["1"].offered


def test_a_remote_unlock_that_nobody_concludes_leaves_the_contents_unknown():
    locker = Locker()
    opening, _ = locker.deposit()
    locker.pass_s(60)
    locker.do(
        lambda s, at: service.open_door(
            s,
            opening.compartment,
            Cause.REMOTE,
            "support:S1",
            at,
            locker.chance,
            session="case-1",
            case="C-1",
        )
    )
    locker.opens(opening.compartment)
    locker.closes(opening.compartment)

    locker.leave("case-1", "done")

    assert locker.state.compartment[opening.compartment].contents is Contents.UNKNOWN


def test_only_service_opens_doors_by_number():
    """A pickup without its code would be an opening without a cause."""
    locker = Locker()
    with pytest.raises(Refusal) as refused:
        locker.do(lambda s, at: service.open_door(s, "1", Cause.PICKUP, "recipient", at, locker.chance))

    assert refused.value.code == NOT_PERMITTED


def test_a_dirty_compartment_comes_back_when_a_person_says_so():
    locker = Locker()
    locker.do(lambda s, at: service.report(s, "1", Report.DIRTY, "courier:K1", at))
    assert not locker.state.compartment["1"].offered

    locker.do(lambda s, at: service.in_service(s, "1", "T1", at))

    assert locker.state.compartment["1"].offered


def test_a_fresh_code_kills_the_old_one_at_once():
    locker = Locker()
    opening, code = locker.deposit()
    fresh = Credentials("fresh-code", "fresh-token")

    locker.do(lambda s, at: corrections.reissue(s, opening.stay, fresh, "support:S1", at, "lost"))

    assert isinstance(locker.claim(code.code_hash), NotAccepted)
    assert isinstance(locker.scan(code.token_hash), NotAccepted)
    assert isinstance(locker.claim("fresh-code"), Opening)


def test_no_code_is_reissued_while_somebody_stands_at_the_door():
    locker = Locker()
    opening, code = locker.deposit()
    locker.claim(code.code_hash)
    locker.opens(opening.compartment)

    with pytest.raises(Refusal) as refused:
        locker.do(lambda s, at: corrections.reissue(s, opening.stay, Credentials("a", "b"), "support", at))

    assert refused.value.code == IN_USE


def test_phone_and_waybill_are_corrected_by_a_named_person():
    locker = Locker()
    opening, _ = locker.deposit(waybill_hash="w1")
    locker.deposit(waybill_hash="w2")
    (parcel,) = locker.state.stay[opening.stay].parcels

    locker.do(lambda s, at: corrections.correct_phone(s, opening.stay, "phone-9", "support", at))
    locker.do(lambda s, at: corrections.correct_waybill(s, parcel, "w9", "support", at))

    assert locker.state.stay[opening.stay].phone_hash == "phone-9"
    assert locker.state.parcel[parcel].waybill_hash == "w9"
    with pytest.raises(Refusal) as refused:
        locker.do(lambda s, at: corrections.correct_waybill(s, parcel, "w2", "support", at))
    assert refused.value.code == DUPLICATE_WAYBILL


def configured(locker: Locker, doors) -> None:
    locker.do(lambda s, at: service.configure(s, "digest-2", tuple(doors), at))


def test_a_new_door_starts_unknown_and_a_removed_one_goes():
    """Hot-added columns are looked into before they are offered."""
    locker = Locker()

    configured(locker, [*DOORS[1:], msgspec.structs.replace(DOORS[0], number="7")])

    assert "1" not in locker.state.compartment
    assert locker.state.compartment["7"].contents is Contents.UNKNOWN
    assert locker.state.compartment["2"].contents is Contents.EMPTY


def test_a_removed_door_with_a_parcel_behind_it_stays_out_of_service():
    locker = Locker()
    opening, _ = locker.deposit()

    configured(locker, [door for door in DOORS if door.number != opening.compartment])

    assert locker.state.compartment[opening.compartment].condition is Condition.OUT_OF_SERVICE
    assert locker.state.stay[opening.stay].live


def test_the_same_configuration_is_not_journalled_again():
    locker = Locker()
    configured(locker, DOORS)

    assert len(locker.events(ConfigApplied)) == 1


def test_acceptance_does_not_empty_a_compartment_that_holds_a_stay():
    locker = Locker()
    opening, _ = locker.deposit()

    locker.do(lambda s, at: service.accept(s, "technician:T1", tuple(d.number for d in DOORS), at))

    assert locker.state.compartment[opening.compartment].contents is Contents.STAY
    assert locker.state.switched.accepted


def test_a_refused_stay_is_found_refused_again_after_a_doubt():
    """Looking does not turn a refused parcel into one that waits for its recipient."""
    locker = Locker()
    opening, code = locker.deposit()
    locker.claim(code.code_hash)
    locker.opens(opening.compartment)
    locker.closes(opening.compartment)
    parcels = locker.state.stay[opening.stay].parcels
    locker.do(lambda s, at: pickups.refused(s, opening.stay, parcels, "x", at, locker.chance))
    locker.leave("pickup-visit")
    locker.opens(opening.compartment)
    locker.closes(opening.compartment)
    locker.pass_s(60)
    look(locker, opening.compartment)

    locker.do(lambda s, at: service.found_inside(s, opening.compartment, "courier:K1", Basis.COURIER, at))

    assert locker.state.stay[opening.stay].status is StayStatus.REFUSED
