"""Deposit: a courier puts a parcel into a compartment, or does not."""

from __future__ import annotations

import msgspec
import pytest

from edge_agent.domain import deposits, doors, service, sessions
from edge_agent.domain.carrier import Carrier, Consent
from edge_agent.domain.courier import Courier
from edge_agent.domain.deposits import Credentials, Left
from edge_agent.domain.events import (
    DepositCancelled,
    DepositInterrupted,
    DepositReserved,
    DoorOpenRequested,
    ParcelDeposited,
)
from edge_agent.domain.instant import ClockQuality
from edge_agent.domain.policy import Expected, Policy
from edge_agent.domain.refusals import (
    ATTEMPTS_USED_UP,
    CARRIER_NOT_ALLOWED,
    CASH_ON_DELIVERY,
    COIL_RESTS,
    COLLIDES,
    CONSENT_MISSING,
    COURIER_NOT_ALLOWED,
    DEPOSITS_STOPPED,
    DOOR_BUSY,
    DUPLICATE_WAYBILL,
    IN_USE,
    NOT_SEEN_CLOSED,
    PHONE_MISSING,
    WRONG_SITUATION,
    Refusal,
)
from edge_agent.domain.stamp import stamp_of
from edge_agent.domain.words import Basis, Cause, CodeLife, Condition, Contents, StayStatus
from tests.domain.locker import Locker


def refusal_of(locker: Locker, **request) -> str:
    before = locker.state.folded()
    with pytest.raises(Refusal) as refused:
        locker.reserve(**request)
    assert locker.state.folded() == before
    return refused.value.code


def test_reserving_and_the_intent_to_open_are_one_decision():
    """After it a power cut finds both or neither."""
    locker = Locker()

    opening = locker.reserve()

    *_, reserved, requested = locker.events()
    assert isinstance(reserved, DepositReserved)
    assert isinstance(requested, DoorOpenRequested)
    assert requested.intent == opening.intent
    assert locker.state.compartment[opening.compartment].stay == opening.stay


def test_a_parcel_is_stored_when_its_door_was_seen_open_and_then_closed():
    """Contents: a stay, on the courier's word; the journal holds hashes only."""
    locker = Locker()

    opening, code = locker.deposit()

    compartment = locker.state.compartment[opening.compartment]
    assert (compartment.contents, compartment.basis) == (Contents.STAY, Basis.COURIER)
    assert locker.state.stay[opening.stay].status is StayStatus.STORED
    assert locker.state.stay_by_code[code.code_hash] == opening.stay
    assert locker.state.intent == {}


def test_a_deposit_does_not_count_before_the_door_is_closed():
    locker = Locker()
    opening = locker.reserve()
    with pytest.raises(Refusal) as early:
        locker.stored(opening)
    locker.opens(opening.compartment)
    with pytest.raises(Refusal) as open_still:
        locker.stored(opening)

    assert early.value.code == WRONG_SITUATION
    assert open_still.value.code == NOT_SEEN_CLOSED


def test_the_same_waybill_is_not_taken_twice_while_it_is_here():
    """After it has been collected the number may come again: carriers reuse numbers after a year."""
    locker = Locker()
    opening, code = locker.deposit(waybill_hash="w")

    assert refusal_of(locker, waybill_hash="w") == DUPLICATE_WAYBILL

    locker.claim(code.code_hash)
    locker.collect(opening)
    assert locker.reserve(waybill_hash="w").stay


def test_a_code_that_another_stay_has_must_be_drawn_again():
    locker = Locker()
    _, code = locker.deposit()
    opening = locker.reserve()
    locker.opens(opening.compartment)
    locker.closes(opening.compartment)

    with pytest.raises(Refusal) as refused:
        locker.do(lambda s, at: deposits.deposited(s, opening.stay, Credentials(code.code_hash, "other"), at))

    assert refused.value.code == COLLIDES


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"cod": True}, CASH_ON_DELIVERY),
        ({"phone_hash": ""}, PHONE_MISSING),
        ({"consent": ""}, CONSENT_MISSING),
        ({"courier": "nobody"}, COURIER_NOT_ALLOWED),
    ],
)
def test_what_the_rules_forbid_is_refused_and_changes_nothing(changes, code):
    assert refusal_of(Locker(), **changes) == code


def test_a_revoked_courier_is_refused():
    locker = Locker()
    locker.give("courier", "K1", Courier("K1", "sf", "pin-K1", revoked=True))

    assert refusal_of(locker) == COURIER_NOT_ALLOWED


def test_consent_by_pre_advice_only_is_not_the_couriers_to_give():
    """The carrier's policy; without the need for consent nobody asks."""
    strict = Locker(carrier=Carrier("sf", consent=Consent.PRE_ADVISED))
    free = Locker(carrier=Carrier("sf", consent=Consent.NOT_NEEDED))

    assert refusal_of(strict, consent="courier") == CONSENT_MISSING
    assert strict.reserve(consent="pre-advice").stay
    assert free.reserve(consent="").stay


def test_a_contract_window_holds_only_while_the_clock_can_be_believed():
    """Synchronised and past the end: refused. With a clock that nobody set: served."""
    locker = Locker()
    now_ms = stamp_of(locker.clock.now()).wall_ms
    locker.give("carrier", "sf", Carrier("sf", contract_until_ms=now_ms))

    assert refusal_of(locker) == CARRIER_NOT_ALLOWED

    locker.clock.quality = ClockQuality.UNSET
    assert locker.reserve().stay


def test_stopped_deposits_do_not_stop_pickups():
    locker = Locker()
    opening, code = locker.deposit()
    locker.do(lambda s, at: service.switch_deposits(s, False, "disk full", at))

    assert refusal_of(locker) == DEPOSITS_STOPPED
    locker.claim(code.code_hash)
    locker.collect(opening)


def cancel(locker: Locker, stay: str, left: Left) -> None:
    locker.do(lambda s, at: deposits.cancel(s, stay, left, at))


def test_cancelled_before_the_door_opened_leaves_what_was_known():
    """The lock jammed and the courier gave up: nobody opened that door."""
    locker = Locker()
    opening = locker.reserve()
    locker.jams(opening.intent)
    known = locker.state.compartment[opening.compartment].basis

    cancel(locker, opening.stay, Left.UNKNOWN)

    compartment = locker.state.compartment[opening.compartment]
    assert (compartment.contents, compartment.basis, compartment.stay) == (Contents.EMPTY, known, "")
    assert locker.state.stay == {}


@pytest.mark.parametrize(
    ("left", "contents", "basis"),
    [(Left.NOTHING, Contents.EMPTY, Basis.COURIER), (Left.UNKNOWN, Contents.UNKNOWN, Basis.NONE)],
)
def test_cancelled_after_the_door_was_open_is_empty_only_on_the_couriers_answer(left, contents, basis):
    """The stranger's parcel behind an "empty" door: the worst error a locker can make."""
    locker = Locker()
    opening = locker.reserve()
    locker.opens(opening.compartment)
    locker.closes(opening.compartment)

    cancel(locker, opening.stay, left)

    compartment = locker.state.compartment[opening.compartment]
    assert (compartment.contents, compartment.basis) == (contents, basis)


def test_a_door_that_is_open_cannot_be_declared_empty():
    locker = Locker()
    opening = locker.reserve()
    locker.opens(opening.compartment)

    with pytest.raises(Refusal) as refused:
        cancel(locker, opening.stay, Left.NOTHING)

    assert refused.value.code == NOT_SEEN_CLOSED


def test_a_bigger_compartment_gives_the_first_one_back_in_the_same_decision():
    locker = Locker()
    request = locker.request(size="S")
    first = locker.do(lambda s, at: deposits.reserve(s, request, at, locker.chance))
    locker.opens(first.compartment)
    locker.closes(first.compartment)
    bigger = msgspec.structs.replace(request, size="L")

    second = locker.do(
        lambda s, at: deposits.another_compartment(s, first.stay, Left.NOTHING, bigger, at, locker.chance)
    )

    assert locker.state.compartment[second.compartment].size == "L"
    assert locker.state.compartment[first.compartment].offered
    assert list(locker.state.stay) == [second.stay]


def test_another_compartment_is_never_the_same_one():
    """The courier does not want this door, however well it would fit."""
    locker = Locker()
    request = locker.request(size="L")
    first = locker.do(lambda s, at: deposits.reserve(s, request, at, locker.chance))
    locker.jams(first.intent)

    with pytest.raises(Refusal):
        locker.do(
            lambda s, at: deposits.another_compartment(
                s, first.stay, Left.NOTHING, request, at, locker.chance
            )
        )

    assert first.stay in locker.state.stay, "a refused change keeps the first reservation"


def test_a_second_parcel_for_the_same_recipient_joins_the_open_door():
    """Two scans, one closing: both are stored under one code."""
    locker = Locker()
    first = locker.reserve()
    locker.opens(first.compartment)
    more = locker.request()

    second = locker.do(lambda s, at: deposits.add_parcel(s, first.stay, more, at, locker.chance))
    locker.closes(first.compartment)
    locker.stored(first)

    assert second.intent == first.intent, "the door is open: no second frame"
    assert len(locker.events(ParcelDeposited)) == 2
    assert len(locker.state.stay[first.stay].parcels) == 2


def test_only_the_same_courier_may_join_the_same_recipients_stay():
    locker = Locker()
    opening = locker.reserve()
    locker.opens(opening.compartment)
    for changes in ({"phone_hash": "phone-2"}, {"session": "another"}, {"courier": "K2"}):
        other = locker.request(**changes)
        with pytest.raises(Refusal):
            locker.do(lambda s, at, r=other: deposits.add_parcel(s, opening.stay, r, at, locker.chance))


def test_each_try_is_an_intent_of_its_own_and_their_number_is_bounded():
    """Three tries for one door in one visit, each with its rest."""
    locker = Locker()
    opening = locker.reserve()
    attempts = [opening.attempt]
    intent = opening.intent
    for _ in range(2):
        locker.jams(intent)
        with pytest.raises(Refusal) as too_soon:
            locker.do(lambda s, at: deposits.try_again(s, opening.stay, at, locker.chance))
        assert too_soon.value.code == COIL_RESTS
        locker.pass_s(too_soon.value.wait_s)
        again = locker.do(lambda s, at: deposits.try_again(s, opening.stay, at, locker.chance))
        attempts.append(again.attempt)
        intent = again.intent
    locker.jams(intent)
    locker.pass_s(60)

    with pytest.raises(Refusal) as refused:
        locker.do(lambda s, at: deposits.try_again(s, opening.stay, at, locker.chance))

    assert attempts == [1, 2, 3]
    assert refused.value.code == ATTEMPTS_USED_UP
    assert locker.state.compartment[opening.compartment].condition is Condition.FAULTY


def test_a_courier_who_walks_away_before_the_door_opened_leaves_a_free_compartment():
    """Nobody opened it: what was known is still known."""
    locker = Locker()
    opening = locker.reserve()
    locker.do(lambda s, at: sessions.end(s, "courier-visit", "time-out", at))
    assert locker.events(DepositCancelled) == [], "the lock is at work: the sensor decides"

    locker.jams(opening.intent)

    assert len(locker.events(DepositCancelled)) == 1
    assert locker.state.compartment[opening.compartment].contents is Contents.EMPTY


@pytest.mark.parametrize("closed_first", [True, False])
def test_a_courier_who_walks_away_from_an_opened_door_leaves_it_unknown(closed_first):
    """Closed and unanswered, or open when the screen timed out: a person has to look."""
    locker = Locker()
    opening = locker.reserve()
    locker.opens(opening.compartment)
    steps = [lambda: locker.closes(opening.compartment), lambda: locker.leave("courier-visit", "time-out")]

    for step in steps if closed_first else reversed(steps):
        step()

    assert len(locker.events(DepositInterrupted)) == 1
    assert locker.state.compartment[opening.compartment].contents is Contents.UNKNOWN
    assert locker.state.stay[opening.stay].status is StayStatus.UNCERTAIN
    assert locker.state.intent == {}


def test_a_locker_bound_to_phones_needs_one():
    """Codes of six digits are bound to the phone's last four."""
    locker = Locker(carrier=Carrier("sf", phone_required=False), policy=Policy(code_shape="6+4"))

    assert refusal_of(locker, phone_hash="") == PHONE_MISSING


def test_a_code_that_is_promised_to_a_parcel_on_its_way_is_not_given_away():
    """The pre-advised parcel itself may have it; its pre-advice has then served."""
    locker = Locker()
    locker.give("expected", "w9", Expected("w9", "sf", code_hash="promised", token_hash="promised-token"))
    other, own = locker.reserve(), locker.reserve(waybill_hash="w9")
    promised = Credentials("promised", "promised-token")
    for opening in (other, own):
        locker.opens(opening.compartment)
        locker.closes(opening.compartment)

    with pytest.raises(Refusal) as refused:
        locker.do(lambda s, at: deposits.deposited(s, other.stay, promised, at))
    locker.do(lambda s, at: deposits.deposited(s, own.stay, promised, at))

    assert refused.value.code == COLLIDES
    assert locker.state.expected == {}
    assert locker.claim("promised").stay == own.stay


@pytest.mark.parametrize("left", list(Left))
def test_a_door_that_nobody_could_see_is_unknown_whatever_the_courier_says(left):
    """The board fell silent after the frame: the parcel goes elsewhere, somebody looks later."""
    locker = Locker()
    opening = locker.reserve()
    with pytest.raises(Refusal):
        cancel(locker, opening.stay, left)
    locker.do(lambda s, at: doors.outcome_unknown(s, opening.intent, at, "no reply"))

    cancel(locker, opening.stay, left)

    assert locker.state.compartment[opening.compartment].contents is Contents.UNKNOWN
    assert locker.state.intent == {}


def test_a_deposit_is_not_interrupted_under_a_working_lock():
    """The sensor has the word first; afterwards the courier's "it is inside" leads to a look."""
    locker = Locker()
    opening = locker.reserve()

    def left_inside():
        locker.do(lambda s, at: deposits.interrupted(s, opening.stay, "left inside", at))

    with pytest.raises(Refusal):
        left_inside()
    locker.opens(opening.compartment)
    locker.closes(opening.compartment)
    left_inside()

    assert locker.state.stay[opening.stay].status is StayStatus.UNCERTAIN


def test_a_deposit_under_way_and_somebody_elses_opening_do_not_disturb_each_other():
    """A second parcel is still in the courier's hand: the recipient waits, and support's opening stays support's."""
    locker = Locker()
    first = locker.reserve()
    locker.opens(first.compartment)
    locker.closes(first.compartment)
    code = locker.stored(first)
    more = locker.request()
    second = locker.do(lambda s, at: deposits.add_parcel(s, first.stay, more, at, locker.chance))
    locker.jams(second.intent)
    locker.pass_s(10)

    with pytest.raises(Refusal) as recipient:
        locker.claim(code.code_hash)
    remote = locker.do(
        lambda s, at: service.open_door(
            s, first.compartment, Cause.REMOTE, "support", at, locker.chance, session="c"
        )
    )
    with pytest.raises(Refusal) as courier:
        cancel(locker, first.stay, Left.NOTHING)
    locker.leave("courier-visit")

    assert (recipient.value.code, courier.value.code) == (IN_USE, DOOR_BUSY)
    assert remote.intent in locker.state.intent
    assert locker.state.code[first.stay].life is CodeLife.LIVE
    assert len(locker.state.stay[first.stay].parcels) == 1
