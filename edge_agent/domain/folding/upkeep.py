"""Devices, maintenance, inspections and drills: histories that grow at their end."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.domain import upkeep as u
from edge_agent.domain.changes import Change
from edge_agent.domain.events import service as s
from edge_agent.domain.events import upkeep as e
from edge_agent.domain.folding.rows import drop, put, replace
from edge_agent.domain.instant import Instant
from edge_agent.domain.stamp import stamp_of
from edge_agent.domain.state import LockerState

DRILL = "drill"  # the one row's key


def installed(state: LockerState, event: e.DeviceInstalled, at: Instant) -> Iterator[Change]:
    before = state.device.get(event.place)
    fitted = u.Fitted(stamp_of(at), event.actor, event.model, event.serial, event.firmware, event.reason)
    history = (*(before.fitted if before else ()), fitted)
    yield put("device", u.Device(event.place, history[-u.SWAPS_KEPT :]))


def maintained(state: LockerState, event: s.MaintenanceDone, at: Instant) -> Iterator[Change]:
    key = u.maintained_id(event.item, event.place)
    before = state.maintenance.get(key)
    done = (*(before.done if before else ()), u.Done(stamp_of(at), event.actor, event.result, event.cycles))
    yield put("maintenance", u.Maintained(key, done[-u.DONE_KEPT :]))


def inspected(state: LockerState, event: e.InspectionDone, at: Instant) -> Iterator[Change]:
    yield put(
        "inspection",
        u.Inspection(event.inspection, event.checklist, stamp_of(at), event.actor, event.items),
    )
    kept = sorted(state.inspection.values(), key=lambda one: one.at.wall_ms)
    yield from (drop("inspection", old.id) for old in kept[: max(0, len(kept) + 1 - u.INSPECTIONS_KEPT)])


def drill_started(state: LockerState, event: e.DrillStarted, at: Instant) -> Iterator[Change]:
    yield put("drill", u.Drill(DRILL, stamp_of(at), event.actor, event.reason, event.powered_ms))


def drill_ended(state: LockerState, event: e.DrillEnded, at: Instant) -> Iterator[Change]:
    yield drop("drill", DRILL)


def attended(state: LockerState, event: e.FaultAttended, at: Instant) -> Iterator[Change]:
    fault = state.fault.get(event.fault)
    if fault is not None:
        yield put("fault", replace(fault, on_site=stamp_of(at)))


def escalated(state: LockerState, event: e.FaultEscalated, at: Instant) -> Iterator[Change]:
    fault = state.fault.get(event.fault)
    if fault is not None:
        yield put("fault", replace(fault, escalated=(*fault.escalated, event.clock)))
