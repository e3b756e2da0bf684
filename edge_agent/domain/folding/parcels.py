"""Stays, parcels and codes: from reserved to gone."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.domain.changes import Change
from edge_agent.domain.code import Code, Delegate
from edge_agent.domain.compartment import ABOUT_THE_STAY
from edge_agent.domain.events import parcel as e
from edge_agent.domain.folding.people import forgiven
from edge_agent.domain.folding.rows import (
    FoldError,
    compartment_of,
    conclude,
    conclude_deposit,
    contents_unknown,
    drop,
    forget_stay,
    put,
    replace,
    stay_of,
)
from edge_agent.domain.instant import Instant
from edge_agent.domain.retention import Retention
from edge_agent.domain.stamp import stamp_of
from edge_agent.domain.state import LockerState
from edge_agent.domain.stay import Parcel, Stay
from edge_agent.domain.words import Basis, CodeLife, Contents, Correction, ParcelStatus, StayStatus


def reserved(state: LockerState, event: e.DepositReserved, at: Instant) -> Iterator[Change]:
    compartment = compartment_of(state, event.compartment)
    yield put("parcel", Parcel(event.parcel, event.stay, event.waybill_hash))
    if event.joined:
        stay = stay_of(state, event.stay)
        yield put("stay", replace(stay, parcels=(*stay.parcels, event.parcel), session=event.session))
        return
    stay = Stay(
        event.stay,
        event.compartment,
        event.carrier,
        event.courier,
        event.session,
        (event.parcel,),
        phone_hash=event.phone_hash,
        consent=event.consent,
        low_needed=event.low_needed,
    )
    yield put("stay", stay)
    yield put("compartment", replace(compartment, stay=event.stay))


def cancelled(state: LockerState, event: e.DepositCancelled, at: Instant) -> Iterator[Change]:
    stay = stay_of(state, event.stay)
    compartment = compartment_of(state, event.compartment)
    rest = tuple(parcel for parcel in stay.parcels if parcel != event.parcel)
    yield drop("parcel", event.parcel)
    if rest:
        yield put("stay", replace(stay, parcels=rest, first_opened=None))
    else:
        yield from forget_stay(state, stay)
        compartment = replace(compartment, stay="")
    yield put("compartment", replace(compartment, contents=event.contents, basis=event.basis))
    yield from conclude_deposit(state, event.stay)


def interrupted(state: LockerState, event: e.DepositInterrupted, at: Instant) -> Iterator[Change]:
    yield put("stay", replace(stay_of(state, event.stay), status=StayStatus.UNCERTAIN, first_opened=None))
    yield put("compartment", contents_unknown(compartment_of(state, event.compartment)))
    yield from conclude_deposit(state, event.stay)


def deposited(state: LockerState, event: e.ParcelDeposited, at: Instant) -> Iterator[Change]:
    """The stay holds one more parcel. Where its earlier ones are in doubt, the doubt stays."""
    stay = stay_of(state, event.stay)
    compartment = compartment_of(state, event.compartment)
    yield put("parcel", replace(_parcel(state, event.parcel), status=ParcelStatus.STORED))
    if stay.status is not StayStatus.UNCERTAIN:
        stay = replace(stay, status=StayStatus.STORED)
        yield put("compartment", replace(compartment, contents=Contents.STAY, basis=Basis.COURIER))
    retention = stay.retention or Retention(event.retention_ends_at_ms)
    deposited_at = stay.deposited or stamp_of(at)
    yield put("stay", replace(stay, retention=retention, deposited=deposited_at, first_opened=None))
    if event.stay not in state.code:
        yield put("code", Code(event.stay, event.code_hash, event.token_hash))
    yield from conclude(state, event.compartment)


def reminded(state: LockerState, event: e.ParcelReminded, at: Instant) -> Iterator[Change]:
    stay, retention = _kept(state, event.stay)
    yield put(
        "stay",
        replace(stay, retention=replace(retention, reminded=(*retention.reminded, event.hours_left))),
    )


def overdue(state: LockerState, event: e.ParcelOverdue, at: Instant) -> Iterator[Change]:
    stay, retention = _kept(state, event.stay)
    yield put("stay", replace(stay, retention=replace(retention, overdue=True)))


def collected(state: LockerState, event: e.ParcelCollected, at: Instant) -> Iterator[Change]:
    yield from _gone(state, event, ParcelStatus.COLLECTED, event.basis)


def recalled(state: LockerState, event: e.ParcelRecalled, at: Instant) -> Iterator[Change]:
    yield from _gone(state, event, ParcelStatus.RECALLED, Basis.COURIER)


def _gone(
    state: LockerState, event: e.ParcelCollected | e.ParcelRecalled, status: ParcelStatus, basis: Basis
) -> Iterator[Change]:
    """The stay is over. Within a session it stays in the tables for the reopen grace, until the session ends."""
    stay = stay_of(state, event.stay)
    compartment = compartment_of(state, event.compartment)
    inside = compartment.stay == event.stay  # not where a refused part was split off and stays behind
    if inside:
        reports = tuple(r for r in compartment.reports if r not in ABOUT_THE_STAY)
        compartment = replace(compartment, contents=Contents.EMPTY, basis=basis, reports=reports)
    if event.session:
        yield from (put("parcel", replace(_parcel(state, p), status=status)) for p in event.parcels)
        yield put("stay", replace(stay, status=StayStatus.ENDED, session=event.session))
    else:
        yield from forget_stay(state, stay)
        compartment = replace(compartment, stay="") if inside else compartment
    yield put("compartment", compartment)
    yield from conclude(state, event.compartment)


def refused(state: LockerState, event: e.ParcelRefused, at: Instant) -> Iterator[Change]:
    stay = stay_of(state, event.stay)
    keeper = event.split_stay or event.stay
    compartment = compartment_of(state, event.compartment)
    for parcel in event.parcels:
        yield put("parcel", replace(_parcel(state, parcel), status=ParcelStatus.REFUSED, stay=keeper))
    if event.split_stay:
        rest = tuple(p for p in stay.parcels if p not in event.parcels)
        yield put("stay", replace(stay, parcels=rest))
    yield put("stay", replace(stay, id=keeper, parcels=event.parcels, status=StayStatus.REFUSED))
    yield put("compartment", replace(compartment, stay=keeper, contents=Contents.STAY, basis=Basis.RECIPIENT))
    yield from conclude(state, event.compartment)


def corrected(state: LockerState, event: e.ParcelCorrected, at: Instant) -> Iterator[Change]:
    stay = stay_of(state, event.stay)
    if event.what is Correction.PHONE:
        yield put("stay", replace(stay, phone_hash=event.phone_hash))
    elif event.what is Correction.WAYBILL:
        yield put("parcel", replace(_parcel(state, event.parcel), waybill_hash=event.waybill_hash))
    elif event.what is Correction.RETENTION:
        retention = _kept(state, event.stay)[1]
        yield put("stay", replace(stay, retention=_extended(retention, event.retention_ends_at_ms)))
    elif event.what is Correction.LEFT_INSIDE:
        yield from _left_inside(state, stay, event)
    else:
        yield from _found_inside(state, stay, event, at)


def _extended(retention: Retention, ends_at_ms: int) -> Retention:
    return Retention(ends_at_ms, paused_at_ms=retention.paused_at_ms)


def _found_inside(state: LockerState, stay: Stay, event: e.ParcelCorrected, at: Instant) -> Iterator[Change]:
    """A person looked and the parcels are there: the stay is what it was before the doubt."""
    parcels = [_parcel(state, parcel) for parcel in stay.parcels]
    refused_ones = any(p.status is ParcelStatus.REFUSED for p in parcels)
    status = StayStatus.REFUSED if refused_ones else StayStatus.STORED
    for parcel in parcels:
        if parcel.status is ParcelStatus.RESERVED:
            yield put("parcel", replace(parcel, status=ParcelStatus.STORED))
    retention = stay.retention or Retention(event.retention_ends_at_ms)
    yield put(
        "stay",
        replace(stay, status=status, retention=retention, deposited=stay.deposited or stamp_of(at)),
    )
    compartment = compartment_of(state, event.compartment)
    yield put("compartment", replace(compartment, contents=Contents.STAY, basis=event.basis))
    yield from conclude(state, event.compartment)


def _left_inside(state: LockerState, stay: Stay, event: e.ParcelCorrected) -> Iterator[Change]:
    """Not recalled after all: the stay is what it was; that nobody knows the contents is an event of its own."""
    refused_one = event.reason == StayStatus.REFUSED.value
    status = ParcelStatus.REFUSED if refused_one else ParcelStatus.STORED
    yield from (put("parcel", replace(_parcel(state, p), status=status)) for p in stay.parcels)
    yield put("stay", replace(stay, status=StayStatus.REFUSED if refused_one else StayStatus.STORED))


def reissued(state: LockerState, event: e.CodeReissued, at: Instant) -> Iterator[Change]:
    stay = stay_of(state, event.stay)
    yield put("code", Code(event.stay, event.code_hash, event.token_hash))
    yield put("stay", replace(stay, first_opened=None))


def delegated(state: LockerState, event: e.CodeDelegated, at: Instant) -> Iterator[Change]:
    code = _code(state, event.stay)
    new = Delegate(event.delegate, event.token_hash, event.ends_at_ms)
    yield put("code", replace(code, delegates=(*code.delegates, new)))


def delegation_revoked(state: LockerState, event: e.CodeDelegationRevoked, at: Instant) -> Iterator[Change]:
    code = _code(state, event.stay)
    rest = tuple(one for one in code.delegates if one.id != event.delegate)
    yield put("code", replace(code, delegates=rest))


def claimed(state: LockerState, event: e.CodeClaimed, at: Instant) -> Iterator[Change]:
    code = _code(state, event.stay)
    yield put(
        "code",
        replace(
            code,
            life=CodeLife.CLAIMED,
            intent=event.intent,
            session=event.session,
            by=event.by,
            delegate=event.delegate,
        ),
    )
    yield put("stay", replace(stay_of(state, event.stay), session=event.session))
    yield from forgiven(state, event.scopes)


def rearmed(state: LockerState, event: e.CodeRearmed, at: Instant) -> Iterator[Change]:
    code = _code(state, event.stay)
    yield put("code", replace(code, life=CodeLife.LIVE, intent="", session="", by=None, delegate=""))


def spent(state: LockerState, event: e.CodeSpent, at: Instant) -> Iterator[Change]:
    yield put("code", replace(_code(state, event.stay), life=CodeLife.SPENT))


def _parcel(state: LockerState, parcel: str) -> Parcel:
    found = state.parcel.get(parcel)
    if found is None:
        raise FoldError(f"parcel {parcel} is not in the tables")
    return found


def _code(state: LockerState, stay: str) -> Code:
    found = state.code.get(stay)
    if found is None:
        raise FoldError(f"stay {stay} has no code")
    return found


def _kept(state: LockerState, stay: str) -> tuple[Stay, Retention]:
    found = stay_of(state, stay)
    if found.retention is None:
        raise FoldError(f"stay {stay} has no retention")
    return found, found.retention
