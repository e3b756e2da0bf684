"""Verification (核实): somebody looks into compartments whose contents nobody knows, one at a time.

For technicians always, for couriers where the policy allows it. The person opens a named door, looks, closes it, and
answers on a screen that names the door: empty, or something inside. No answer leaves the contents unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from edge_agent.flows.effects import Effect, End, Go, Hold, Keep, OpenDoor, Show, Start, StopAll
from edge_agent.flows.events import (
    Card,
    Done,
    DoorClosed,
    DoorOpened,
    Entered,
    Failed,
    Refused,
    Scanned,
    TimedOut,
    Touch,
)
from edge_agent.flows.table import Flow, Key, Rule, Situation, Table
from edge_agent.flows.table_parts import (
    ACCEPTED,
    REFUSED,
    ask,
    door_is_open,
    outcome_missing,
    patience,
    reminders,
    waiting,
)


class State(Enum):
    DECIDING = auto()
    LIST = auto()
    UNLOCKING = auto()
    DOOR_OPEN = auto()
    ASKING = auto()
    FAILED = auto()


LIST = Show("recall-list", "verify")
LOOK = Show("door-open-take", "verify")
QUESTION = Show("message", "check-door")
FAILED = Show("door-failed", "verify")
OPENING: list[Effect] = [
    StopAll(),
    Show("door-open-take", "opening"),
    Start("outcome", "outcome_s"),
    OpenDoor(),
]


def deciding(decision: str, mode: str = "", *first: Effect) -> Rule:
    return (State.DECIDING, [*first, *ask(decision, mode)])


def verify_table(back_to: Go, more: Mapping[Key, Rule]) -> Table:
    """The same story for couriers and technicians; `more` are entries of every state that waits."""
    back: Rule = (State.LIST, [StopAll(), back_to])
    left_open: Rule = (State.LIST, [End("left-open")])
    gone: Rule = (State.LIST, [End("walked-away")])

    def later(state: State) -> dict[Key, Rule]:
        return {Scanned: (state, [Hold()]), **more}

    return {
        State.DECIDING: {
            Entered: (State.LIST, waiting(LIST, "courier_s")),
            Done("verify_next", "open"): (State.UNLOCKING, OPENING),
            Done("verify_next", "none"): (State.LIST, waiting(LIST, "courier_s", ACCEPTED)),
            Done("verified"): (State.LIST, waiting(LIST, "courier_s", ACCEPTED)),
            Refused: (State.LIST, waiting(Show("recall-list", "verify-refusal"), "courier_s", REFUSED)),
            Failed: (State.LIST, waiting(Show("recall-list", "verify-try-again"), "courier_s", REFUSED)),
        },
        State.LIST: {
            **patience(State.LIST, LIST, "courier_s", back, "courier_warning_s"),
            Touch("start"): deciding("verify_next"),
            Touch("pick"): deciding("verify_next", "picked", Keep("picked")),
            Touch("finish"): back,
            Touch("back"): back,
            Card(command="done"): back,
            **later(State.LIST),
        },
        State.UNLOCKING: {
            DoorOpened: (State.DOOR_OPEN, door_is_open(LOOK)),
            **outcome_missing(
                not_opened=(State.FAILED, waiting(FAILED, "courier_s", REFUSED)),
                unknown=(State.FAILED, waiting(FAILED, "courier_s", REFUSED)),
            ),
            **later(State.UNLOCKING),
        },
        State.DOOR_OPEN: {
            # The closing alone says nothing about the inside: the question after it names the door.
            DoorClosed: (State.ASKING, waiting(QUESTION, "question_s")),
            **reminders(State.DOOR_OPEN, left_open),
            **later(State.DOOR_OPEN),
        },
        State.ASKING: {
            **patience(State.ASKING, QUESTION, "question_s", gone),
            Touch("yes"): deciding("verified", "empty"),
            Touch("no"): deciding("verified", "occupied"),
            **later(State.ASKING),
        },
        State.FAILED: {
            **patience(State.FAILED, FAILED, "courier_s", back, "courier_warning_s"),
            Touch("retry"): deciding("verify_next", "again"),
            Touch("skip"): (State.LIST, waiting(LIST, "courier_s")),
            Touch("finish"): back,
            Touch("back"): back,
            DoorOpened: (State.DOOR_OPEN, door_is_open(LOOK)),
            **later(State.FAILED),
        },
    }


def _flow(name: str, table: Table, story: str) -> Flow:
    return Flow(
        name=name,
        initial=State.DECIDING,
        table=table,
        situations={
            State.DECIDING: Situation.CLOSED,
            State.LIST: Situation.NOTHING,
            State.UNLOCKING: Situation.INTENT,
            State.DOOR_OPEN: Situation.OPEN,
            State.ASKING: Situation.CLOSED,
            State.FAILED: Situation.INTENT,
        },
        on_restart={
            Situation.NOTHING: "only the session is ended",
            Situation.INTENT: "contents stay unknown",
            Situation.OPEN: "contents stay unknown: an open door proves nothing about the inside",
            Situation.CLOSED: "contents stay unknown: nobody answered",
        },
        busy=frozenset({State.DECIDING}),
        story=story,
    )


FLOW = _flow(
    "verify",
    verify_table(Go("deposit"), {}),
    "A courier looks into compartments whose contents nobody knows, one at a time.",
)
IN_SERVICE_MODE = _flow(
    "service-verify",
    verify_table(Go("service", "menu"), {TimedOut("service"): (State.LIST, [End("service-over")])}),
    "A technician does the same within service mode, whose clock goes on running.",
)
