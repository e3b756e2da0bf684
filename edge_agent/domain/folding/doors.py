"""Doors, intents and coils: what was meant, and what the sensors said."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.domain.changes import Change
from edge_agent.domain.duty import Duty
from edge_agent.domain.events import door as e
from edge_agent.domain.folding.rows import (
    compartment_of,
    contents_unknown,
    drop,
    in_doubt,
    intent_of,
    put,
    replace,
    stay_of,
)
from edge_agent.domain.instant import Instant
from edge_agent.domain.intent import Intent
from edge_agent.domain.stamp import stamp_of
from edge_agent.domain.state import LockerState
from edge_agent.domain.words import Cause, Condition, DoorPosition, Outcome

OF_A_VISIT = (Cause.DEPOSIT, Cause.PICKUP, Cause.RECALL)  # service work leaves the stay's session alone


def requested(state: LockerState, event: e.DoorOpenRequested, at: Instant) -> Iterator[Change]:
    # An older opening of this door that still had no conclusion is continued by this one.
    yield from (drop("intent", i.id) for i in state.intent.values() if i.compartment == event.compartment)
    yield put(
        "intent",
        Intent(
            event.intent,
            event.compartment,
            event.cause,
            event.actor,
            event.attempt,
            stamp_of(at),
            session=event.session,
            stay=event.stay,
        ),
    )
    compartment = compartment_of(state, event.compartment)
    yield put("compartment", replace(compartment, visit=event.session, attempts=event.attempt))
    duty = state.duty.get(event.compartment) or Duty(event.compartment)
    yield put("duty", duty.with_pulse(event.powered_ms, event.pulse_ms))
    if event.stay and event.cause in OF_A_VISIT:
        yield put("stay", replace(stay_of(state, event.stay), session=event.session))


def opened(state: LockerState, event: e.DoorOpened, at: Instant) -> Iterator[Change]:
    intent = intent_of(state, event.intent)
    compartment = compartment_of(state, event.compartment)
    now = stamp_of(at)
    yield put("intent", replace(intent, outcome=Outcome.OPENED, opened=now, closed=False))
    yield put(
        "compartment",
        replace(
            compartment,
            door=DoorPosition.OPEN,
            door_since=now,
            openings=compartment.openings + 1,
            failures=0,
            attempts=0,
        ),
    )
    if intent.cause in (Cause.DEPOSIT, Cause.PICKUP):
        stay = state.stay.get(intent.stay)
        if stay is not None:  # its session may have ended meanwhile, and the stay with it
            yield put("stay", replace(stay, first_opened=stay.first_opened or now))


def not_opened(state: LockerState, event: e.DoorNotOpened, at: Instant) -> Iterator[Change]:
    compartment = compartment_of(state, event.compartment)
    yield drop("intent", event.intent)
    yield put("compartment", replace(compartment, failures=compartment.failures + 1))


def outcome_unknown(state: LockerState, event: e.DoorOutcomeUnknown, at: Instant) -> Iterator[Change]:
    if event.final:
        yield drop("intent", event.intent)
    else:
        yield put("intent", replace(intent_of(state, event.intent), outcome=Outcome.UNKNOWN))


def closed(state: LockerState, event: e.DoorClosed, at: Instant) -> Iterator[Change]:
    compartment = compartment_of(state, event.compartment)
    yield put("compartment", replace(compartment, door=DoorPosition.CLOSED, door_since=stamp_of(at)))
    if event.intent:
        intent = intent_of(state, event.intent)
        yield put("intent", replace(intent, closed=True, open_ms=event.open_ms))


def forced(state: LockerState, event: e.DoorForced, at: Instant) -> Iterator[Change]:
    compartment = contents_unknown(compartment_of(state, event.compartment))
    yield put("compartment", replace(compartment, door=DoorPosition.OPEN, door_since=stamp_of(at)))
    yield from _opened_by_others(state, compartment.stay)


def wrong_door(state: LockerState, event: e.DoorWrongDoor, at: Instant) -> Iterator[Change]:
    """Both are set aside; the opening of the commanded one is over."""
    for number in (event.commanded, event.moved):
        compartment = contents_unknown(compartment_of(state, number))
        if compartment.condition is Condition.OK:
            compartment = replace(compartment, condition=Condition.SUSPECT)
        if number == event.moved:
            compartment = replace(compartment, door=DoorPosition.OPEN, door_since=stamp_of(at))
        yield put("compartment", compartment)
        yield from _opened_by_others(state, compartment.stay)
    yield drop("intent", event.intent)


def _opened_by_others(state: LockerState, stay: str) -> Iterator[Change]:
    """The person of this stay no longer vouches for what is inside: no grace, and no answer about the contents."""
    found = state.stay.get(stay)
    if found is not None:
        yield put("stay", replace(in_doubt(found), first_opened=None))
