"""What becomes due as time passes: checkpoints of the two clocks, reminders, overdue stays, extensions."""

from __future__ import annotations

import msgspec

from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision, Draft
from edge_agent.domain.instant import Instant
from edge_agent.domain.openings import stay_named
from edge_agent.domain.refusals import WRONG_SITUATION, Refusal
from edge_agent.domain.retention import HOUR_MS
from edge_agent.domain.state import LockerState
from edge_agent.domain.stay import Stay
from edge_agent.domain.words import Correction, StayStatus


def checkpoint(state: LockerState, usable: bool, at: Instant) -> Decision:
    """Write both clocks down, at least each `timers.CHECKPOINT_S` and whenever `usable` changes. No event.

    `usable`: people can use the locker from now on (screen alive, ledger writable). What passed since the last
    checkpoint counts by what was true then.
    """
    draft = Draft(state, at)
    draft.give("timers", msgspec.structs.replace(state.clocks.at(at), usable=usable))
    return draft.done()


def retention_due(state: LockerState, at: Instant) -> Decision:
    """Reminders and overdue stays at this moment; call it each minute."""
    draft = Draft(state, at)
    service_ms = state.clocks.at(at).service_ms
    for stay in state.stay.values():
        if stay.status is StayStatus.STORED and stay.retention is not None and not stay.retention.overdue:
            _remind(draft, stay, service_ms)
    return draft.done()


def _remind(draft: Draft, stay: Stay, service_ms: int) -> None:
    retention = stay.retention
    assert retention is not None
    if retention.remaining_ms(service_ms) <= 0:
        draft.add(e.ParcelOverdue(stay.id, stay.compartment))
        return
    hours = retention.due_reminder(service_ms, draft.state.rules.reminders_h)
    if hours is not None:
        draft.add(e.ParcelReminded(stay.id, stay.compartment, hours))


def extend(
    state: LockerState, stay: str | None, hours: int, actor: str, at: Instant, reason: str = ""
) -> Decision:
    """`hours` more for one stay, or for all (None). An overdue stay gets them from now. Result: how many stays."""
    if hours <= 0:
        raise Refusal(WRONG_SITUATION, f"retention is extended by whole hours from 1 on, not by {hours}")
    chosen = list(state.stay.values()) if stay is None else [stay_named(state, stay)]
    draft = Draft(state, at)
    service_ms = state.clocks.at(at).service_ms
    kept = [s for s in chosen if s.live and s.retention is not None]
    for one in kept:
        assert one.retention is not None
        left_ms = max(0, one.retention.remaining_ms(service_ms))
        paused_ms = one.retention.paused_at_ms
        start_ms = service_ms if paused_ms is None else paused_ms
        draft.add(
            e.ParcelCorrected(
                one.id,
                one.compartment,
                Correction.RETENTION,
                actor,
                reason=reason,
                retention_ends_at_ms=start_ms + left_ms + hours * HOUR_MS,
            )
        )
    return draft.done(len(kept))
