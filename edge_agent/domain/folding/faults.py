"""Faults: opened once, taken on by a person, resolved."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.domain.changes import Change
from edge_agent.domain.events import service as e
from edge_agent.domain.fault import Fault
from edge_agent.domain.folding.rows import FoldError, drop, put, replace
from edge_agent.domain.instant import Instant
from edge_agent.domain.stamp import stamp_of
from edge_agent.domain.state import LockerState


def opened(state: LockerState, event: e.FaultOpened, at: Instant) -> Iterator[Change]:
    if event.fault not in state.fault:
        yield put(
            "fault",
            Fault(event.fault, event.code, event.place, event.severity, stamp_of(at), detail=event.detail),
        )


def acknowledged(state: LockerState, event: e.FaultAcknowledged, at: Instant) -> Iterator[Change]:
    fault = state.fault.get(event.fault)
    if fault is None:
        raise FoldError(f"fault {event.fault} is not open")
    yield put("fault", replace(fault, acknowledged=stamp_of(at), owner=event.actor))


def resolved(state: LockerState, event: e.FaultResolved, at: Instant) -> Iterator[Change]:
    yield drop("fault", event.fault)
