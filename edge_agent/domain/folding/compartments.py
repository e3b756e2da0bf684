"""Compartments: condition, contents, reach, and the configured set of them."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.domain.changes import Change
from edge_agent.domain.compartment import ABOUT_THE_STAY, Compartment
from edge_agent.domain.events import compartment as e
from edge_agent.domain.events import hardware as h
from edge_agent.domain.events import service as s
from edge_agent.domain.events import system as y
from edge_agent.domain.folding.rows import (
    compartment_of,
    conclude,
    contents_unknown,
    doubt,
    drop,
    forget_stay,
    put,
    replace,
    stay_of,
    with_usability,
)
from edge_agent.domain.instant import Instant
from edge_agent.domain.state import LockerState
from edge_agent.domain.words import (
    Basis,
    CodeLife,
    Condition,
    Contents,
    DoorPosition,
    Report,
    StayStatus,
)


def out_of_service(state: LockerState, event: e.CompartmentOutOfService, at: Instant) -> Iterator[Change]:
    old = compartment_of(state, event.compartment)
    new = replace(old, condition=Condition.OUT_OF_SERVICE)
    yield from with_usability(state, old, new, event.service_ms)


def in_service(state: LockerState, event: e.CompartmentInService, at: Instant) -> Iterator[Change]:
    old = compartment_of(state, event.compartment)
    new = replace(old, condition=Condition.OK, failures=0, reports=())
    yield from with_usability(state, old, new, event.service_ms)


def suspect(state: LockerState, event: e.CompartmentSuspect, at: Instant) -> Iterator[Change]:
    old = compartment_of(state, event.compartment)
    new = replace(old, condition=event.condition, failures=event.failures)
    yield from with_usability(state, old, new, event.service_ms)


def unknown(state: LockerState, event: e.CompartmentContentsUnknown, at: Instant) -> Iterator[Change]:
    yield put("compartment", contents_unknown(compartment_of(state, event.compartment)))
    if event.intent:
        yield drop("intent", event.intent)
    yield from doubt(state, event.stay)


def verified_empty(state: LockerState, event: e.CompartmentVerifiedEmpty, at: Instant) -> Iterator[Change]:
    compartment = compartment_of(state, event.compartment)
    if event.stay_end is not None:
        yield from forget_stay(state, stay_of(state, event.stay))
        compartment = replace(compartment, stay="")
    settled = ABOUT_THE_STAY | {Report.SOMETHING_INSIDE}
    reports = tuple(report for report in compartment.reports if report not in settled)
    yield put(
        "compartment", replace(compartment, contents=Contents.EMPTY, basis=event.basis, reports=reports)
    )
    yield from conclude(state, event.compartment)


def reported(state: LockerState, event: e.CompartmentReported, at: Instant) -> Iterator[Change]:
    compartment = compartment_of(state, event.compartment)
    if event.what not in compartment.reports:
        compartment = replace(compartment, reports=(*compartment.reports, event.what))
    yield put("compartment", compartment)


def board_silent(state: LockerState, event: h.BoardSilent, at: Instant) -> Iterator[Change]:
    for number in event.doors:
        old = compartment_of(state, number)
        new = replace(old, reachable=False, door=DoorPosition.UNKNOWN)
        yield from with_usability(state, old, new, event.service_ms)


def board_back(state: LockerState, event: h.BoardBack, at: Instant) -> Iterator[Change]:
    for number in event.doors:
        old = compartment_of(state, number)
        yield from with_usability(state, old, replace(old, reachable=True), event.service_ms)


def coil_stuck(state: LockerState, event: h.CoilStuck, at: Instant) -> Iterator[Change]:
    old = compartment_of(state, event.compartment)
    new = replace(old, condition=Condition.FAULTY)
    yield from with_usability(state, old, new, event.service_ms)


def accepted(state: LockerState, event: s.AcceptancePassed, at: Instant) -> Iterator[Change]:
    """Every named door was opened and looked into."""
    for number in event.doors:
        compartment = compartment_of(state, number)
        if not compartment.stay:
            yield put("compartment", replace(compartment, contents=Contents.EMPTY, basis=Basis.TECHNICIAN))


def configured(state: LockerState, event: y.ConfigApplied, at: Instant) -> Iterator[Change]:
    """New doors start with contents unknown. A door no longer named goes, unless something hangs on it."""
    named = {spec.number: spec for spec in event.doors}
    busy = {intent.compartment for intent in state.intent.values()}
    for spec in event.doors:
        old = state.compartment.get(spec.number)
        if old is None:
            yield put("compartment", Compartment(spec.number, spec.size, spec.rank, spec.height, spec.board))
            continue
        yield put(
            "compartment",
            replace(old, size=spec.size, rank=spec.rank, height=spec.height, board=spec.board),
        )
    for number, old in state.compartment.items():
        if number in named:
            continue
        if old.stay or number in busy:
            yield put("compartment", replace(old, condition=Condition.OUT_OF_SERVICE))
        else:
            yield drop("compartment", number)
            if number in state.duty:
                yield drop("duty", number)


def restored(state: LockerState, event: y.LedgerRestored, at: Instant) -> Iterator[Change]:
    """An old backup became the ledger: codes may have been used since and doors opened, so nothing is believed.

    Codes are spent until the back office has said which stays live (`restoring.reconcile`).
    """
    for compartment in state.compartment.values():
        yield put("compartment", contents_unknown(compartment))
    for stay in state.stay.values():
        if stay.status is StayStatus.ENDED:
            continue
        yield put("stay", replace(stay, status=StayStatus.UNCERTAIN))
    for code in state.code.values():
        yield put("code", replace(code, life=CodeLife.SPENT, intent="", session="", by=None))
    for intent in state.intent.values():
        yield drop("intent", intent.id)
