"""Undo: the courier who has just deposited takes the parcel out again, before anybody can have come for it.

For a minute, in the same session, and only while the recipient's code is untouched. What is taken out again is
journalled as recalled with the reason "undone"; an undo that nobody finishes leaves the contents unknown.
"""

from __future__ import annotations

from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision, Draft
from edge_agent.domain.deposits import courier_named
from edge_agent.domain.instant import Instant
from edge_agent.domain.openings import opened_by, request_door, stay_named
from edge_agent.domain.refusals import GRACE_OVER, IN_USE, NOT_PERMITTED, Refusal
from edge_agent.domain.stamp import elapsed_ms
from edge_agent.domain.state import LockerState
from edge_agent.domain.words import Cause, CodeLife, StayStatus
from edge_agent.randomness import Randomness

UNDO_S = 60  # the notice to the recipient goes out about then; nobody walks to a locker faster
UNDONE = "undone"


def open_to_undo(
    state: LockerState, stay: str, courier: str, session: str, at: Instant, chance: Randomness
) -> Decision:
    """Open the door of a deposit of this session once more. Result: Opening."""
    kept = stay_named(state, stay)
    courier_named(state, courier)
    if kept.session != session or kept.courier != courier or kept.status is not StayStatus.STORED:
        raise Refusal(NOT_PERMITTED, f"the deposit in compartment {kept.compartment} is not of this session")
    passed_ms = elapsed_ms(kept.deposited, at)
    if passed_ms is None or passed_ms > UNDO_S * 1000:
        raise Refusal(GRACE_OVER, f"the deposit in compartment {kept.compartment} is older than {UNDO_S} s")
    code = state.code.get(stay)
    if code is not None and code.life is not CodeLife.LIVE:
        raise Refusal(IN_USE, f"the recipient is at compartment {kept.compartment} now")
    draft = Draft(state, at)
    actor = f"courier:{courier}"
    return draft.done(
        request_door(
            draft, kept.compartment, Cause.RECALL, actor, chance, session=session, stay=stay, reason="undo"
        )
    )


def undone(state: LockerState, stay: str, courier: str, at: Instant) -> Decision:
    """Out again: door seen open and then closed. The code dies with it."""
    kept = stay_named(state, stay)
    opened_by(state, kept.compartment, Cause.RECALL)
    draft = Draft(state, at)
    code = state.code.get(stay)
    if code is not None and code.life is not CodeLife.SPENT:
        draft.add(e.CodeSpent(stay, code.intent, UNDONE))
    draft.add(e.ParcelRecalled(stay, kept.parcels, kept.compartment, courier, UNDONE, session=kept.session))
    return draft.done()
