"""The technician's decisions in service mode. Every one names its actor; openings are intents like any other."""

from __future__ import annotations

from edge_agent.domain import hardware, service, staff
from edge_agent.domain.decision import Decision
from edge_agent.domain.instant import Instant
from edge_agent.domain.refusals import LOCKED_OUT, Refusal
from edge_agent.domain.staff_member import TECHNICIAN
from edge_agent.domain.state import LockerState
from edge_agent.domain.tries import NotAccepted
from edge_agent.domain.words import Cause
from edge_agent.flows.context import Context
from edge_agent.flows.deciding.parts import Inputs, answered, opening_facts
from edge_agent.flows.deciding.rounds import looked
from edge_agent.flows.events import Done


def staff_card(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Done:
    """A known card asks for its PIN; an unknown one is told nothing more."""
    if inputs.staff is None or inputs.staff.revoked:
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
    return answered(done, "service_enter", "in", role=TECHNICIAN, actor=done.result)


def service_leave(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    return answered(staff.leave(context.actor, context.session), "service_leave")


def service_open(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    done = service.open_door(
        state,
        context.picked,
        Cause.TECHNICIAN,
        context.actor,
        at,
        inputs.chance,
        session=context.session,
        reason="service mode",
    )
    return answered(done, "service_open", **opening_facts(done.result))


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
