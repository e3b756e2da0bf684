"""The technician's decisions in service mode. Every one names its actor; openings are intents like any other."""

from __future__ import annotations

from functools import partial

from edge_agent.domain import hardware, service, staff
from edge_agent.domain.decision import Decision
from edge_agent.domain.instant import Instant
from edge_agent.domain.refusals import LOCKED_OUT, Refusal
from edge_agent.domain.staff_member import TECHNICIAN
from edge_agent.domain.state import LockerState
from edge_agent.domain.tries import NotAccepted
from edge_agent.domain.words import Cause, Condition
from edge_agent.flows.context import Context
from edge_agent.flows.deciding.parts import Inputs, answered, opening_facts, together
from edge_agent.flows.deciding.rounds import looked
from edge_agent.flows.events import Done

OTHER_NUMBER = "another number stands on this door"


def staff_card(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Done:
    """A known card asks for its PIN; an unknown one is told nothing more."""
    if inputs.staff is None or not inputs.staff.counts(at):
        return Done("staff_card", "wrong")
    return Done("staff_card", "pin", {"badge": inputs.badge_hash})


def service_enter(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    try:
        done = staff.enter(state, inputs.staff, inputs.pin_hash, context.session, at)
    except Refusal as refusal:
        if refusal.code != LOCKED_OUT:
            raise
        return Decision(result=Done("service_enter", "locked", {"wait_s": refusal.wait_s}))
    if isinstance(done.result, NotAccepted):
        no = done.result
        outcome = "locked" if no.wait_s > 0 else "wrong"
        return answered(done, "service_enter", outcome, tries_left=no.tries_left, wait_s=no.wait_s)
    outcome = (
        "in" if state.switched.accepted else "new"
    )  # a cabinet that was not accepted has to be gone through
    return answered(done, "service_enter", outcome, role=TECHNICIAN, actor=done.result)


def service_leave(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    return answered(staff.leave(context.actor, context.session), "service_leave")


def service_open(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    done = _technician_opens(state, context.picked, "service mode", context, inputs, at)
    return answered(done, "service_open", **opening_facts(done.result))


def _technician_opens(
    state: LockerState, number: str, reason: str, context: Context, inputs: Inputs, at: Instant
) -> Decision:
    return service.open_door(
        state,
        number,
        Cause.TECHNICIAN,
        context.actor,
        at,
        inputs.chance,
        session=context.session,
        reason=reason,
    )


def commission_next(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    """The next door that nobody has looked into, the same again, or "none" when all have had their turn."""
    skipped = (*context.skipped, context.door) if inputs.mode == "skip" else context.skipped
    left = _to_commission(state, skipped)
    for number in (context.door,) if inputs.mode == "again" else left:
        try:
            done = _technician_opens(state, number, "commissioning", context, inputs, at)
        except Refusal:
            if inputs.mode == "again":
                raise
            skipped = (*skipped, number)
            continue
        total = len(state.compartment)
        facts = opening_facts(done.result) | {"skipped": skipped, "total": total}
        return answered(done, "commission_next", "open", **facts, index=total - len(left) + 1)
    return Decision(result=Done("commission_next", "none", {"skipped": skipped, "door": ""}))


def _to_commission(state: LockerState, skipped: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        number
        for number in service.to_verify(state)
        if number not in skipped and state.compartment[number].condition is not Condition.OUT_OF_SERVICE
    )


def commissioned(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    """The right door, and it is empty; or another number stands on it: nobody may be sent there."""
    if inputs.mode == "empty":
        return answered(looked(state, context, inputs, at), "commissioned")
    number, actor = context.door, context.actor
    done = together(
        state,
        at,
        partial(service.contents_unknown, number=number, reason=OTHER_NUMBER, at=at),
        partial(service.out_of_service, number=number, actor=actor, reason=OTHER_NUMBER, at=at),
    )
    return answered(done, "commissioned")


def set_out(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    return answered(
        service.out_of_service(state, context.picked, context.actor, "service mode", at), "set_out"
    )


def set_in(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    return answered(service.in_service(state, context.picked, context.actor, at), "set_in")


def declare(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    """What is behind a door: of the list by eye (`empty`, `occupied`), or of the one just opened (`…-after`)."""
    seen = context if inputs.mode.endswith("-after") else context.learn({"door": context.picked})
    return answered(looked(state, seen, inputs, at), "declare")


def acknowledge(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    return answered(hardware.acknowledge_fault(state, context.picked, context.actor, at), "acknowledge")
