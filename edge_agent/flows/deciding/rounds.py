"""Door after door: parcels that go back, and compartments that somebody has to look into."""

from __future__ import annotations

from edge_agent.domain import recalls, service
from edge_agent.domain.decision import Decision
from edge_agent.domain.instant import Instant
from edge_agent.domain.openings import Opening
from edge_agent.domain.refusals import NOT_PERMITTED, WRONG_SITUATION, Refusal
from edge_agent.domain.state import LockerState
from edge_agent.domain.words import Basis, Cause
from edge_agent.flows.context import LAST_MAX, ODD_MAX, Context, Listed, Odd
from edge_agent.flows.deciding.parts import Facts, Inputs, after, answered, opening_facts, recall_list
from edge_agent.flows.events import Done

COURIER = "courier"


def recall_next(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    """The next door of the list, the one that was picked, or the same again; "none" when the round is over.

    A door that cannot be opened now is passed over and named at the end: one dead board must not end the round.
    """
    skipped = (*context.skipped, context.stay) if inputs.mode == "skip" else context.skipped
    wanted, refused = _wanted(state, context, inputs), None
    for stay in wanted:
        try:
            done = recalls.open_for_recall(state, stay, context.actor, context.session, at, inputs.chance)
        except Refusal as refusal:
            refused = refusal
            skipped = (*skipped, stay)
            continue
        facts: Facts = opening_facts(done.result) | {
            "skipped": skipped,
            "listed": recall_list(state, context.actor, at),
        }
        return answered(done, "recall_next", "open", **facts)
    if inputs.mode in ("again", "picked") and refused is not None:
        raise refused
    facts = {"skipped": skipped, "listed": recall_list(state, context.actor, at)}
    return Decision(result=Done("recall_next", "none", facts))


def _wanted(state: LockerState, context: Context, inputs: Inputs) -> tuple[str, ...]:
    if inputs.mode == "again":
        return (context.stay,)
    if inputs.mode == "picked":
        return (context.picked,)
    listed = (stay.id for stay in recalls.recallable(state, context.actor))
    return tuple(stay for stay in listed if stay not in context.skipped and stay != context.stay)


def recalled(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    done = recalls.recalled(state, context.stay, context.actor, at)
    line = Listed(context.stay, context.door, recalls.why(state.stay[context.stay]))
    facts: Facts = {
        "recalled": context.recalled + 1,
        "cleared": (line, *context.cleared)[:LAST_MAX],
        "stay": "",
        "listed": recall_list(after(state, done, at), context.actor, at),
    }
    return answered(done, "recalled", **facts)


def left_behind(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    """ "It is still inside", said after the closing: not recalled, not opened again by itself, and to be looked at."""
    line = next((line for line in context.cleared if line.id == context.picked), None)
    if line is None:
        raise Refusal(WRONG_SITUATION, "no such parcel was taken back in this visit")
    done = recalls.left_behind(state, line.id, context.actor, context.session, line.reason, at)
    facts: Facts = {
        "recalled": context.recalled - 1,
        "cleared": tuple(one for one in context.cleared if one.id != line.id),
        "skipped": (*context.skipped, line.id),
        "odd": (Odd("to-check", line.door), *context.odd)[:ODD_MAX],
        "listed": recall_list(after(state, done, at), context.actor, at),
        "said_door": line.door,
    }
    return answered(done, "left_behind", **facts)


def recall_exception(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    """Skipped: it stays in, seen by the courier. Not inside: one person's word ends no stay, somebody has to look."""
    skipped = (*context.skipped, context.stay)
    if context.reported == "skip":
        done = recalls.left_inside(state, context.stay, context.actor, at)
        return answered(done, "recall_exception", skipped=skipped)
    done = recalls.not_inside(state, context.stay, context.actor, at)
    odd = (Odd("to-check", context.door), *context.odd)[:ODD_MAX]
    return answered(done, "recall_exception", skipped=skipped, odd=odd)


def verify_next(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    """Open one compartment with unknown contents; "none" when there is no other left to look into."""
    if inputs.mode == "again":
        numbers: tuple[str, ...] = (context.door,)
    elif inputs.mode == "picked":
        numbers = (context.picked,)
    else:
        numbers = service.to_verify(state)
    for number in numbers:
        done = _open_to_look(state, context, inputs, number, at)
        opening: Opening = done.result
        return answered(done, "verify_next", "open", **opening_facts(opening))
    return Decision(result=Done("verify_next", "none"))


def _open_to_look(state: LockerState, context: Context, inputs: Inputs, number: str, at: Instant) -> Decision:
    if context.role == COURIER:
        return service.open_to_verify(state, number, context.actor, context.session, at, inputs.chance)
    return service.open_door(
        state,
        number,
        Cause.TECHNICIAN,
        context.actor,
        at,
        inputs.chance,
        session=context.session,
        reason="verify",
    )


def verified(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    return answered(looked(state, context, inputs, at), "verified")


def looked(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    """What the person saw behind the door that the screen named. A stay that is there gets its code back."""
    courier = context.role == COURIER
    actor = f"courier:{context.actor}" if courier else context.actor
    basis = Basis.COURIER if courier else Basis.TECHNICIAN
    if inputs.mode.startswith("empty"):
        return service.verified_empty(state, context.door, actor, basis, at)
    try:
        return service.found_inside(state, context.door, actor, basis, at, inputs.credentials)
    except Refusal as refusal:
        if refusal.code not in (WRONG_SITUATION, NOT_PERMITTED):
            raise
        return service.something_inside(state, context.door, actor, at, context.session)
