"""Verification (核实): somebody looks into compartments whose contents nobody knows, one at a time.

For technicians always, for couriers where the policy allows it. The person opens a named door, looks, closes it, and
answers on a screen that names the door: empty, or something inside. No answer leaves the contents unknown.
"""

from __future__ import annotations

from enum import Enum, auto

from edge_agent.flows.effects import Effect, End, Go, Hold, Keep, Note, OpenDoor, Show, Start, StopAll
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
    TICK,
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
    LEAVING = auto()


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
BACK: Rule = (State.LEAVING, ask("who_verifies"))
LEFT_OPEN: Rule = (State.LEAVING, [End("left-open")])
SERVICE_ENDS: dict[Key, Rule] = {TimedOut("service"): (State.LEAVING, [End("service-over")])}


def deciding(decision: str, mode: str = "", *first: Effect) -> Rule:
    return (State.DECIDING, [*first, *ask(decision, mode)])


def later(state: Enum) -> dict[Key, Rule]:
    return {Scanned: (state, [Hold(), TICK]), **SERVICE_ENDS}


TABLE: Table = {
    State.DECIDING: {
        Entered: (State.LIST, waiting(LIST, "courier_s")),
        Done("verify_next", "open"): (State.UNLOCKING, OPENING),
        Done("verify_next", "none"): (State.LIST, waiting(LIST, "courier_s", ACCEPTED)),
        Done("verified"): (State.LIST, waiting(LIST, "courier_s", ACCEPTED)),
        Refused: (State.LIST, waiting(Show("recall-list", "verify-refusal"), "courier_s", REFUSED)),
        Failed: (State.LIST, waiting(Show("recall-list", "verify-try-again"), "courier_s", REFUSED)),
    },
    State.LIST: {
        **patience(State.LIST, LIST, "courier_s", BACK, "courier_warning_s"),
        Touch("start"): deciding("verify_next"),
        Touch("pick"): deciding("verify_next", "picked", Keep("picked")),
        Touch("finish"): BACK,
        Touch("back"): BACK,
        Card(command="done"): BACK,
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
        # A touch before the closing saves the question after it; the closing alone says nothing about the inside.
        Touch("is-empty"): (State.DOOR_OPEN, [Note("answer", "empty"), Show("door-open-take", "close-it")]),
        Touch("occupied"): (
            State.DOOR_OPEN,
            [Note("answer", "occupied"), Show("door-open-take", "close-it")],
        ),
        DoorClosed: (State.ASKING, waiting(QUESTION, "question_s")),
        Touch("back"): (State.DOOR_OPEN, [Note("answer", ""), LOOK]),
        **reminders(State.DOOR_OPEN, LEFT_OPEN),
        **later(State.DOOR_OPEN),
    },
    State.ASKING: {
        **patience(State.ASKING, QUESTION, "question_s", (State.LEAVING, [End("walked-away")])),
        Touch("yes"): deciding("verified", "empty"),
        Touch("no"): deciding("verified", "occupied"),
        **later(State.ASKING),
    },
    State.FAILED: {
        **patience(State.FAILED, FAILED, "courier_s", BACK, "courier_warning_s"),
        Touch("retry"): deciding("verify_next", "again"),
        Touch("skip"): (State.LIST, waiting(LIST, "courier_s")),
        Touch("finish"): BACK,
        Touch("back"): BACK,
        DoorOpened: (State.DOOR_OPEN, door_is_open(LOOK)),
        **later(State.FAILED),
    },
    State.LEAVING: {
        Done("who_verifies", "courier"): (State.LEAVING, [Go("deposit")]),
        Done("who_verifies", "technician"): (State.LEAVING, [Go("service", "menu")]),
        Refused: (State.LEAVING, [End("walked-away")]),
        Failed: (State.LEAVING, [End("walked-away")]),
    },
}

FLOW = Flow(
    name="verify",
    initial=State.DECIDING,
    table=TABLE,
    situations={
        State.DECIDING: Situation.CLOSED,
        State.LIST: Situation.NOTHING,
        State.UNLOCKING: Situation.INTENT,
        State.DOOR_OPEN: Situation.OPEN,
        State.ASKING: Situation.CLOSED,
        State.FAILED: Situation.INTENT,
        State.LEAVING: Situation.NOTHING,
    },
    on_restart={
        Situation.NOTHING: "only the session is ended",
        Situation.INTENT: "contents stay unknown",
        Situation.OPEN: "contents stay unknown: an open door proves nothing about the inside",
        Situation.CLOSED: "contents stay unknown: nobody answered",
    },
    busy=frozenset({State.DECIDING}),
    story="Somebody looks into compartments whose contents nobody knows, one at a time.",
)
