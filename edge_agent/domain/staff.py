"""Technicians at the screen: a card that names one person and a PIN that proves it; every entry is journalled.

Wrong PINs count against that person's card alone, so that nobody can lock a technician out from the courier's pad.
"""

from __future__ import annotations

import hmac

from edge_agent.domain import events as e
from edge_agent.domain import fault_desk
from edge_agent.domain.decision import Decision, Draft
from edge_agent.domain.instant import Instant
from edge_agent.domain.refusals import NOT_PERMITTED, Refusal
from edge_agent.domain.staff_member import TECHNICIAN, Staff
from edge_agent.domain.state import LockerState
from edge_agent.domain.tries import NotAccepted, check_may_try, lock_if_due


def enter(state: LockerState, staff: Staff | None, pin_hash: str, session: str, at: Instant) -> Decision:
    """Service mode begins. Result: the actor's name, or NotAccepted, which has been counted."""
    if staff is None or not staff.counts(at):
        raise Refusal(NOT_PERMITTED, "this card opens no service mode")
    scopes = (f"staff:{staff.id}",)
    check_may_try(state, scopes, at)
    draft = Draft(state, at)
    if not staff.pin_hash or not hmac.compare_digest(staff.pin_hash.encode(), pin_hash.encode()):
        powered_ms = state.clocks.at(at).powered_ms
        draft.add(e.LoginFailed(scopes, powered_ms, "pin", "wrong", session=session))
        answer: NotAccepted = lock_if_due(draft, scopes, "wrong")
        return draft.done(answer)
    draft.add(e.SessionStarted(session, TECHNICIAN, staff.actor, scopes))
    draft.add(e.ServiceEntered(staff.actor, session))
    fault_desk.attend(draft, staff.actor)
    return draft.done(staff.actor)


def leave(actor: str, session: str) -> Decision:
    """Service mode is over; the session's end settles the doors."""
    return Decision((e.ServiceLeft(actor, session),))
