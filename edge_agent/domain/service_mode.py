"""Service mode from a technician's terminal: somebody works at the cabinet, so no parcel comes in; pickups go on."""

from __future__ import annotations

from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision, Draft
from edge_agent.domain.instant import Instant
from edge_agent.domain.policy import Switches
from edge_agent.domain.refusals import WRONG_SITUATION, Refusal
from edge_agent.domain.state import LockerState

AT_WORK = "service mode"  # why deposits are off, and how the end knows its own doing


def switch(state: LockerState, on: bool, actor: str, reason: str, at: Instant) -> Decision:
    """Deposits that somebody else has stopped stay stopped at the end of it."""
    switched, draft = state.switched, Draft(state, at)
    ours = switched.reason.startswith(AT_WORK)
    if on == ours:
        raise Refusal(WRONG_SITUATION, f"service mode is {'on' if on else 'off'} already")
    if on and not switched.deposits:
        raise Refusal(WRONG_SITUATION, f"deposits are off already: {switched.reason}")
    draft.add(e.ServiceEntered(actor) if on else e.ServiceLeft(actor))
    why = f"{AT_WORK}: {reason}" if on else ""
    draft.give("switches", Switches(not on, why, switched.accepted))
    return draft.done()
