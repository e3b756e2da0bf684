"""The recipient's decisions: home and pickup."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from edge_agent.domain import pickups, sessions
from edge_agent.domain.decision import Decision
from edge_agent.domain.events.parcel import CodeClaimed, ParcelCollected
from edge_agent.domain.events.people import FeedbackGiven
from edge_agent.domain.instant import Instant
from edge_agent.domain.openings import Opening
from edge_agent.domain.refusals import LOCKED_OUT, Refusal
from edge_agent.domain.state import LockerState
from edge_agent.domain.tries import NotAccepted
from edge_agent.domain.words import Condition, Report
from edge_agent.flows.context import Context
from edge_agent.flows.deciding.parts import Inputs, after, answered, opening_facts, together
from edge_agent.flows.events import Done

RECIPIENT = "recipient"
REPORTS = {
    "absent": Report.PARCEL_ABSENT,
    "not-mine": Report.PARCEL_NOT_MINE,
    "damaged": Report.PARCEL_DAMAGED,
}


def look_at_locker(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Done:
    """Is there anything to serve, and if not: why, so that the screen can say the next step.

    Pickups never stop for a switch, and where any parcel waits the keypad stays, whatever is missing for deposits.
    """
    if not state.switched.accepted and not any(stay.live for stay in state.stay.values()):
        return Done("look_at_locker", "commissioning", {"out": "commissioning"})
    out = inputs.trouble or _doors_gone(state)
    if out:
        return Done("look_at_locker", "out-of-service", {"out": out})
    return Done("look_at_locker", inputs.mode or "in-service", {"out": ""})


def _doors_gone(state: LockerState) -> str:
    """Why not one door can be opened for a person at the screen; "" where at least one can."""
    doors = state.compartment.values()
    if any(door.reachable and door.condition is not Condition.OUT_OF_SERVICE for door in doors):
        return ""
    return "maintenance" if all(door.reachable for door in doors) else "boards"


def check_code(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    try:
        claim = pickups.claim_by_code(state, inputs.code_hash, context.session, at, inputs.chance)
    except Refusal as refusal:
        if refusal.code != LOCKED_OUT:
            raise
        return Decision(result=Done("check_code", "locked", {"wait_s": refusal.wait_s}))
    return _claimed("check_code", state, context, claim, at)


def check_token(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    claim = pickups.claim_by_token(state, inputs.token_hash, context.session, at, inputs.chance)
    return _claimed("check_token", state, context, claim, at)


def _claimed(name: str, state: LockerState, context: Context, claim: Decision, at: Instant) -> Decision:
    if isinstance(claim.result, NotAccepted):
        no = claim.result
        outcome = "locked" if no.wait_s > 0 else "expired" if no.reason == "expired" else "wrong"
        return answered(claim, name, outcome, tries_left=no.tries_left, wait_s=no.wait_s)
    opening: Opening = claim.result
    started = sessions.start(state, context.session, RECIPIENT, at)
    delegate = next((one.delegate for one in claim.events if isinstance(one, CodeClaimed)), "")
    proven = (
        "" if delegate else opening.stay
    )  # a delegate was let in to one stay, and to no other of its recipient
    facts = opening_facts(opening) | {
        "role": RECIPIENT,
        "proven": proven,
        "delegate": delegate,
        "index": 1,
        "total": 1 + len(pickups.others_of(state, proven)),
    }
    return answered(replace(claim, events=started.events + claim.events), name, "open", **facts)


def collect(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    """The door was closed: what the person reported first, then taken or in doubt, then the next door."""
    steps = []
    if context.reported:
        what = REPORTS[context.reported]
        steps.append(partial(pickups.reported, stay=context.stay, what=what, session=context.session, at=at))
    if context.reported != "absent":
        steps.append(partial(pickups.collected, stay=context.stay, at=at))
    done = together(state, at, *steps)
    taken = any(isinstance(event, ParcelCollected) for event in done.events)
    last = "all" if taken and not context.reported else "reported"
    return _and_next("collect", state, context, done, inputs, at, last)


def put_back(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    """Refused: the stay waits for the courier. Not mine: nobody knows what is inside, a person has to look."""
    if context.reported == "not-mine":
        what = REPORTS[context.reported]
        done = pickups.reported(state, context.stay, what, context.session, at)
        return _and_next("put_back", state, context, done, inputs, at, "reported")  # nobody refused anything
    parcels = state.stay[context.stay].parcels
    done = pickups.refused(state, context.stay, parcels, context.reported, at, inputs.chance)
    return _and_next("put_back", state, context, done, inputs, at, "put-back")


def _and_next(
    name: str, state: LockerState, context: Context, done: Decision, inputs: Inputs, at: Instant, last: str
) -> Decision:
    """Conclude this door and claim the recipient's next one in the same transaction; a door that cannot be opened now
    is left for another visit, its code alive."""
    ahead = after(state, done, at)
    for other in pickups.others_of(ahead, context.proven):
        try:
            claim = pickups.claim_another(ahead, other.id, context.proven, context.session, at, inputs.chance)
        except Refusal:
            continue
        facts = opening_facts(claim.result) | {"index": context.index + 1}
        return answered(replace(done, events=done.events + claim.events), name, "next", **facts)
    return answered(done, name, last)


def reopen(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    done = pickups.reopen(state, context.stay, context.session, at, inputs.chance)
    return answered(done, "reopen", **opening_facts(done.result))


def reopen_doubt(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    """The same, while nothing has been concluded: a refusal must not sound like a thank-you."""
    done = pickups.reopen(state, context.stay, context.session, at, inputs.chance)
    return answered(done, "reopen_doubt", **opening_facts(done.result))


def retry(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    done = pickups.try_again(state, context.stay, context.session, at, inputs.chance, context.delegate)
    return answered(done, "retry", **opening_facts(done.result))


def rate(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    return Decision((FeedbackGiven(context.session, inputs.rating, context.stay),), result=Done("rate"))


def end(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    """The session is over: what it left open belongs to nobody now, and is settled when its doors close."""
    return sessions.end(state, context.session, inputs.mode, at)
