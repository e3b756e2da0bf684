"""How a flow's table is read: state → event → (next state, effects).

    step(table, state, event) -> (state, effects)

An event without an entry raises `UnexpectedEvent` and changes nothing. Keys are events without their particulars, or
an event class when all its kinds are treated alike; the most particular key wins. `Flow` adds what cannot be seen from
the table: which states wait for our own answer, which durable situation each state stands in, and what a restart does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from edge_agent.flows.effects import Effect
from edge_agent.flows.events import Event

Key = Event | type[Event]
Rule = tuple[Enum, Sequence[Effect]]
Row = Mapping[Key, Rule]
Table = Mapping[Enum, Row]


class UnexpectedEvent(Exception):
    """FLOW-300: the flow has no entry for this event in this state; nothing was changed."""

    code = "FLOW-300"

    def __init__(self, state: Enum, event: Event) -> None:
        super().__init__(f"{type(state).__module__}.{state.name} has no entry for {type(event).__name__}")


class Situation(Enum):
    """What a power cut leaves behind: screens are not durable, situations are."""

    NOTHING = "nothing durable"
    RESERVED = "reserved, no intent"
    INTENT = "intent without outcome"
    OPEN = "open under intent"
    CLOSED = "closed without conclusion"


@dataclass(frozen=True)
class Flow:
    """One story: its table, and what the walk-through test needs to know about each state."""

    name: str
    initial: Enum
    table: Table
    situations: Mapping[Enum, Situation]  # every state stands in one
    on_restart: Mapping[
        Situation, str
    ]  # what start-up does with each, in words; the domain's decision does it
    busy: frozenset[Enum]  # states that wait for our own answer only
    story: str = ""


def step(table: Table, state: Enum, event: Event) -> tuple[Enum, Sequence[Effect]]:
    """The one way a flow moves. Raises UnexpectedEvent where the table has no entry."""
    row = table[state]
    for key in event.keys():  # noqa: SIM118 - an event is no mapping; its keys are what a row may be asked
        if key in row:
            return row[key]
    raise UnexpectedEvent(state, event)


def knows(table: Table, state: Enum, event: Event) -> bool:
    """Would `step` move, rather than refuse?"""
    return any(key in table[state] for key in event.keys())  # noqa: SIM118 - as above


def effects_of(flow: Flow) -> Iterable[tuple[Enum, Key, Effect]]:
    """Every effect of a flow with the state and event that cause it, for walks and drawings."""
    for state, row in flow.table.items():
        for key, (_, effects) in row.items():
            for effect in effects:
                yield state, key, effect
