"""What the back office may order, as decisions: each grant of access is charged to the quota in the same commit."""

from __future__ import annotations

from dataclasses import replace

from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision, Draft
from edge_agent.domain.instant import Instant
from edge_agent.domain.openings import Opening, compartment_named, request_door, stay_named
from edge_agent.domain.quota import charge
from edge_agent.domain.recalls import why
from edge_agent.domain.refusals import WRONG_SITUATION, Refusal
from edge_agent.domain.remote import Command
from edge_agent.domain.state import LockerState
from edge_agent.domain.words import Cause, StayStatus
from edge_agent.randomness import Randomness


def actor_of(operator: str, issuer: str) -> str:
    """Who stands in the journal for a command: the person, and the key that vouches for them."""
    return f"operator:{operator}@{issuer}"


def accept_unlock(
    state: LockerState, command: Command, at: Instant, chance: Randomness, *, approved: bool
) -> Decision:
    """Charge the quota and keep the command; one door's intent is made at once. Result: Opening, or None for a bulk."""
    for number in command.doors:
        compartment_named(state, number)
    draft = Draft(state, at)
    charge(draft, command.doors, approved=approved)
    draft.give("command", command, command.id)
    opening = _request(draft, command, command.doors[0], chance) if len(command.doors) == 1 else None
    return draft.done(opening)


def next_of_bulk(
    state: LockerState, command: Command, number: str, at: Instant, chance: Randomness
) -> Decision:
    """The intent for one door of an accepted bulk. Result: Opening."""
    draft = Draft(state, at)
    return draft.done(_request(draft, command, number, chance))


def _request(draft: Draft, command: Command, number: str, chance: Randomness) -> Opening:
    return request_door(
        draft,
        number,
        Cause.REMOTE,
        actor_of(command.operator, command.issuer),
        chance,
        stay=compartment_named(draft.state, number).stay,
        reason=command.reason,
        case=command.case,
    )


def charged(state: LockerState, number: str, decision: Decision, at: Instant) -> Decision:
    """The same decision with one grant of access counted, or a refusal."""
    draft = Draft(state, at)
    charge(draft, (number,))
    return replace(decision, given=(*decision.given, *draft.done().given))


def recall_now(state: LockerState, stay: str, at: Instant) -> Decision:
    """The carrier's couriers may take it back from now on, as if its free time were over. Result: why they may."""
    kept = stay_named(state, stay)
    if why(kept):
        return Decision(result=why(kept))
    if kept.status is not StayStatus.STORED or kept.retention is None:
        raise Refusal(WRONG_SITUATION, f"the stay in compartment {kept.compartment} is {kept.status.value}")
    decision = Decision((e.ParcelOverdue(kept.id, kept.compartment),), result="overdue")
    return charged(state, kept.compartment, decision, at)
