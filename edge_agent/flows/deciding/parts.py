"""What the named decisions of the tables are made of: their inputs, their answers, and how two become one commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from edge_agent.domain import recalls
from edge_agent.domain.decision import Decision, consequences
from edge_agent.domain.deposits import Credentials
from edge_agent.domain.instant import Instant
from edge_agent.domain.openings import Opening
from edge_agent.domain.staff_member import Staff
from edge_agent.domain.state import LockerState
from edge_agent.flows.context import Context, Listed
from edge_agent.flows.events import Done
from edge_agent.randomness import Randomness


@dataclass(frozen=True, slots=True)
class Inputs:
    """What was prepared off the loop for one decision: hashes instead of what was typed. `mode` is the table's."""

    chance: Randomness
    mode: str = ""
    code_hash: str = ""
    token_hash: str = ""
    badge_hash: str = ""
    pin_hash: str = ""
    waybill_hash: str = ""
    phone_hash: str = ""
    phone_typed: bool = False  # here and now, digit by digit
    not_now: tuple[str, ...] = ()  # doors that the cabinet would not offer at this moment
    explicit_size: bool = False  # the person has just said which size, for this parcel
    staff: Staff | None = None
    chosen: str = ""  # id, size or kind of the touch
    rating: int = 0
    trouble: str = (
        ""  # why the locker can serve nobody just now, where the ledger's own state does not say so
    )
    credentials: Credentials | None = None
    personal: tuple[tuple[str, str], ...] = ()  # (vault field, value)


Decider = Callable[[LockerState, Context, Inputs, Instant], Decision]
Looker = Callable[[LockerState, Context, Inputs, Instant], Done]
Facts = dict[str, Any]  # field names of Context
Step = Callable[[LockerState], Decision]


def answered(decision: Decision, name: str, outcome: str = "", **facts: Any) -> Decision:
    """The same decision, with the event that the flow will get once it is committed."""
    return replace(decision, result=Done(name, outcome, facts))


def together(state: LockerState, at: Instant, *steps: Step) -> Decision:
    """Several decisions as one transaction, each seeing what those before it did. The last one's result stands."""
    ahead = state.ahead()
    done = Decision()
    for step in steps:
        one = step(ahead)
        for changes in consequences(ahead, one, at):
            ahead.apply(changes)
        ahead.apply(one.given)
        done = Decision(done.events + one.events, done.vault + one.vault, done.given + one.given, one.result)
    return done


def after(state: LockerState, decision: Decision, at: Instant) -> LockerState:
    """The state as it will be when this decision is committed."""
    ahead = state.ahead()
    for changes in consequences(ahead, decision, at):
        ahead.apply(changes)
    ahead.apply(decision.given)
    return ahead


def recall_list(state: LockerState, courier: str, at: Instant) -> tuple[Listed, ...]:
    """What this courier may take back, as the screen lists it."""
    stays = recalls.recallable(state, courier)
    return tuple(
        Listed(stay.id, stay.compartment, recalls.why(stay), recalls.days_over(state, stay, at))
        for stay in stays
    )


def opening_facts(opening: Opening) -> Facts:
    return {
        "door": opening.compartment,
        "intent": opening.intent,
        "stay": opening.stay,
        "parcel": opening.parcel,
        "reported": "",
        "reminder": 0,
    }
