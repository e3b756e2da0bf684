"""Rows in and out of the tables, and the few changes that several events share."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from edge_agent.domain.changes import Change
from edge_agent.domain.compartment import Compartment
from edge_agent.domain.intent import Intent
from edge_agent.domain.state import LockerState
from edge_agent.domain.stay import Stay
from edge_agent.domain.words import Basis, Cause, Contents, StayStatus

KEY_OF = {
    "compartment": "number",
    "stay": "id",
    "parcel": "id",
    "intent": "id",
    "code": "stay",
    "lockout": "scope",
    "duty": "compartment",
    "fault": "id",
    "device": "place",
    "maintenance": "id",
    "inspection": "id",
    "drill": "id",
}
replace = msgspec.structs.replace


class FoldError(ValueError):
    """An event does not fit the tables: it names a row that is not there. The journal or the tables are damaged."""


def put(table: str, row: msgspec.Struct) -> Change:
    return Change(table, getattr(row, KEY_OF[table]), row)


def drop(table: str, key: str) -> Change:
    return Change(table, key, None)


def compartment_of(state: LockerState, number: str) -> Compartment:
    found = state.compartment.get(number)
    if found is None:
        raise FoldError(f"compartment {number} is not configured")
    return found


def stay_of(state: LockerState, stay: str) -> Stay:
    found = state.stay.get(stay)
    if found is None:
        raise FoldError(f"stay {stay} is not in the tables")
    return found


def intent_of(state: LockerState, intent: str) -> Intent:
    found = state.intent.get(intent)
    if found is None:
        raise FoldError(f"intent {intent} is not in the tables")
    return found


def conclude(state: LockerState, compartment: str) -> Iterator[Change]:
    """Every opening of this door has its conclusion."""
    yield from (drop("intent", i.id) for i in state.intent.values() if i.compartment == compartment)


def conclude_deposit(state: LockerState, stay: str) -> Iterator[Change]:
    """The openings for this deposit have theirs; somebody else's opening of the same door has not."""
    own = (i.id for i in state.intent.values() if i.stay == stay and i.cause is Cause.DEPOSIT)
    yield from (drop("intent", intent) for intent in own)


def doubt(state: LockerState, stay: str) -> Iterator[Change]:
    """Whether the stay's parcels are inside is open; its code keeps its life."""
    found = state.stay.get(stay)
    if found is not None and in_doubt(found) is not found:
        yield put("stay", in_doubt(found))


def in_doubt(stay: Stay) -> Stay:
    kept = stay.status in (StayStatus.STORED, StayStatus.REFUSED)
    return replace(stay, status=StayStatus.UNCERTAIN) if kept else stay


def contents_unknown(compartment: Compartment) -> Compartment:
    return replace(compartment, contents=Contents.UNKNOWN, basis=Basis.NONE)


def forget_stay(state: LockerState, stay: Stay) -> Iterator[Change]:
    """The stay leaves the tables with its parcels and its code; its compartment is free of it."""
    yield drop("stay", stay.id)
    yield from (drop("parcel", parcel) for parcel in stay.parcels)
    if stay.id in state.code:
        yield drop("code", stay.id)


def with_usability(
    state: LockerState, old: Compartment, new: Compartment, service_ms: int
) -> Iterator[Change]:
    """The compartment's new row; a stay inside stands still while nobody can reach it."""
    yield put("compartment", new)
    stay = state.stay.get(new.stay)
    if stay is None or stay.retention is None or old.usable == new.usable:
        return
    retention = stay.retention.resumed(service_ms) if new.usable else stay.retention.paused(service_ms)
    yield put("stay", replace(stay, retention=retention))
