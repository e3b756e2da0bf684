"""Sessions and wrong tries."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.domain.changes import Change
from edge_agent.domain.events import people as e
from edge_agent.domain.folding.rows import drop, forget_stay, put, replace
from edge_agent.domain.instant import Instant
from edge_agent.domain.lockout import Lockout
from edge_agent.domain.state import LockerState
from edge_agent.domain.words import StayStatus


def started(state: LockerState, event: e.SessionStarted, at: Instant) -> Iterator[Change]:
    yield from forgiven(state, event.scopes)


def ended(state: LockerState, event: e.SessionEnded, at: Instant) -> Iterator[Change]:
    """What the session ended leaves the tables; what it left open has no session any more."""
    for stay in state.stay.values():
        if stay.session != event.session:
            continue
        if stay.status is StayStatus.ENDED:
            yield from forget_stay(state, stay)
            compartment = state.compartment.get(stay.compartment)
            if compartment is not None and compartment.stay == stay.id:
                yield put("compartment", replace(compartment, stay=""))
        else:
            yield put("stay", replace(stay, session=""))
    for intent in state.intent.values():
        if intent.session == event.session:
            yield put("intent", replace(intent, abandoned=True))


def tried(state: LockerState, event: e.CodeFailed | e.LoginFailed, at: Instant) -> Iterator[Change]:
    """Rows in which nothing counts any more go, so that trying many phones does not fill the table."""
    for lockout in state.lockout.values():
        if lockout.stale(event.powered_ms):
            yield drop("lockout", lockout.scope)
    for scope in event.scopes:
        yield put("lockout", (state.lockout.get(scope) or Lockout(scope)).failed(event.powered_ms))


def locked_out(state: LockerState, event: e.CodeLockedOut, at: Instant) -> Iterator[Change]:
    lockout = state.lockout.get(event.scope) or Lockout(event.scope)
    yield put("lockout", lockout.locked(event.until_powered_ms))


def forgiven(state: LockerState, scopes: tuple[str, ...]) -> Iterator[Change]:
    """A right code ends the row of failures; without any failure of the day the row goes."""
    for scope in scopes:
        lockout = state.lockout.get(scope)
        if lockout is not None:
            calm = lockout.succeeded()
            yield put("lockout", calm) if calm.failed_at_ms else drop("lockout", scope)
