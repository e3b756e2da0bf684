"""Recall (取回): the courier takes overdue and refused parcels back, door after door, with one touch for all.

Entered from the scan screen; the first door opens by itself, each closing concludes one parcel and opens the next.
Exceptions are touches on the open-door screen: skip (it stays in), "not inside" (somebody has to look), and after the
closing "reopen" from the list. Whoever closed a door with the parcel still in it says so on the next screen: then it is
not recalled. Nothing is recalled that the ledger has not committed.
"""

from __future__ import annotations

from enum import Enum, auto

from edge_agent.flows.effects import Decide, Effect, End, Go, Hold, Keep, Note, OpenDoor, Show, Start, StopAll
from edge_agent.flows.events import (
    Card,
    Done,
    DoorClosed,
    DoorOpened,
    Entered,
    Failed,
    Refused,
    Scanned,
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
    UNLOCKING = auto()
    DOOR_OPEN = auto()
    LEAVING_IT = auto()
    CORRECTING = auto()
    FAILED = auto()
    LIST = auto()


TAKE = Show("door-open-take", "recall")
LIST = Show("recall-list")
FAILED = Show("door-failed", "recall")
OPENING: list[Effect] = [
    StopAll(),
    Show("door-open-take", "opening"),
    Start("outcome", "outcome_s"),
    OpenDoor(),
]
BACK: Rule = (State.DECIDING, [StopAll(), Go("deposit")])
LEFT_OPEN: Rule = (State.DECIDING, [End("left-open")])
LISTED: list[Effect] = waiting(LIST, "courier_s")


def deciding(decision: str, mode: str = "", *first: Effect) -> Rule:
    return (State.DECIDING, [*first, *ask(decision, mode)])


def later(state: Enum) -> dict[Key, Rule]:
    return {Scanned: (state, [Hold()])}


TABLE: Table = {
    State.DECIDING: {
        Entered: deciding("recall_next"),
        Done("recall_next", "open"): (State.UNLOCKING, OPENING),
        Done("recall_next", "none"): (State.LIST, LISTED),
        Done("recalled"): deciding("recall_next", "", ACCEPTED),
        Done("recall_exception"): deciding("recall_next"),
        Done("left_behind"): (State.LIST, waiting(Show("recall-list", "left-behind"), "courier_s")),
        Refused: (State.LIST, waiting(Show("recall-list", "refusal"), "courier_s", REFUSED)),
        Failed: (State.LIST, waiting(Show("recall-list", "try-again"), "courier_s", REFUSED)),
    },
    State.UNLOCKING: {
        DoorOpened: (State.DOOR_OPEN, door_is_open(TAKE)),
        **outcome_missing(
            not_opened=(State.FAILED, waiting(FAILED, "courier_s", REFUSED)),
            unknown=(State.FAILED, waiting(FAILED, "courier_s", REFUSED)),
        ),
        **later(State.UNLOCKING),
    },
    State.DOOR_OPEN: {
        DoorClosed: deciding("recalled"),
        Touch("skip"): (State.LEAVING_IT, [Note("reported", "skip"), Show("message", "put-back")]),
        Card(command="skip"): (
            State.LEAVING_IT,
            [Note("reported", "skip"), Show("message", "put-back"), TICK],
        ),
        Touch("not-inside"): (
            State.LEAVING_IT,
            [Note("reported", "not-inside"), Show("door-open-take", "close-it")],
        ),
        # About the door before this one, which stays open meanwhile: its timers go on.
        Touch("still-inside"): (State.CORRECTING, [Keep("picked"), Decide("left_behind")]),
        Touch("back"): (State.DOOR_OPEN, [TAKE]),
        Touch("more-time"): (State.DOOR_OPEN, [TAKE]),
        Touch("help"): (State.DOOR_OPEN, [Show("help", "door-open")]),
        **reminders(State.DOOR_OPEN, LEFT_OPEN),
        **later(State.DOOR_OPEN),
    },
    State.LEAVING_IT: {
        DoorClosed: deciding("recall_exception"),
        Touch("back"): (State.DOOR_OPEN, [Note("reported", ""), TAKE]),
        Touch("cancel"): (State.DOOR_OPEN, [Note("reported", ""), TAKE]),
        **reminders(State.LEAVING_IT, LEFT_OPEN),
        **later(State.LEAVING_IT),
    },
    State.CORRECTING: {
        Done("left_behind"): (State.DOOR_OPEN, [Show("door-open-take", "left-behind")]),
        Refused: (State.DOOR_OPEN, [Show("door-open-take", "recall-refusal"), REFUSED]),
        Failed: (State.DOOR_OPEN, [Show("door-open-take", "recall-try-again"), REFUSED]),
    },
    State.FAILED: {
        **patience(State.FAILED, FAILED, "courier_s", BACK, "courier_warning_s"),
        Touch("retry"): deciding("recall_next", "again"),
        Touch("skip"): deciding("recall_next", "skip"),
        Touch("next"): deciding("recall_next", "skip"),
        Touch("finish"): BACK,
        Touch("back"): BACK,
        DoorOpened: (State.DOOR_OPEN, door_is_open(TAKE)),
        Scanned: (State.FAILED, [Hold(), Go("deposit")]),
    },
    State.LIST: {
        **patience(State.LIST, LIST, "courier_s", BACK, "courier_warning_s"),
        Touch("start"): deciding("recall_next"),
        Touch("pick"): deciding("recall_next", "picked", Keep("picked")),
        Touch("still-inside"): deciding("left_behind", "", Keep("picked")),
        Touch("finish"): BACK,
        Touch("back"): BACK,
        Scanned: (State.LIST, [Hold(), Go("deposit")]),
    },
}

FLOW = Flow(
    name="recall",
    initial=State.DECIDING,
    table=TABLE,
    situations={
        State.DECIDING: Situation.CLOSED,
        State.UNLOCKING: Situation.INTENT,
        State.DOOR_OPEN: Situation.OPEN,
        State.LEAVING_IT: Situation.OPEN,
        State.CORRECTING: Situation.OPEN,
        State.FAILED: Situation.INTENT,
        State.LIST: Situation.NOTHING,
    },
    on_restart={
        Situation.NOTHING: "what was recalled is recalled; only the session is ended",
        Situation.INTENT: "the stay is what it was if the door was never seen open; whether it moved is read",
        Situation.OPEN: "the stay becomes uncertain: a person has to look, the parcel is not declared recalled",
        Situation.CLOSED: "the stay becomes uncertain: the closing was not concluded",
    },
    busy=frozenset({State.DECIDING, State.CORRECTING}),
    story="The courier takes overdue and refused parcels back, one touch for all.",
)
