"""Commissioning (首次调试): a technician goes through a new cabinet: boards, every door, the scanner, and what is left.

Entered from service mode while the cabinet has not been accepted; whoever comes back later goes on where it stopped,
because what was looked into is in the ledger. The number on the open door is compared with the screen's: another
number sets the compartment out of service at once. Acceptance itself is signed off elsewhere, by a second person. Each
door starts service mode's clock anew: nothing is inside yet, and sixty doors take longer than five minutes.
"""

from __future__ import annotations

from enum import Enum, auto

from edge_agent.flows.effects import Effect, End, Go, Keep, Note, OpenDoor, Probe, Show, Start, StopAll
from edge_agent.flows.events import (
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
)


class State(Enum):
    LOOKING = auto()
    BOARDS = auto()
    DECIDING = auto()
    UNLOCKING = auto()
    DOOR_OPEN = auto()
    ASKING = auto()
    FAILED = auto()
    SCANNER = auto()
    DONE = auto()


LOOK = Show("commissioning", "look")
QUESTION = Show("commissioning", "doors")
OPENING: list[Effect] = [
    StopAll(),
    Show("commissioning", "opening"),
    Start("outcome", "outcome_s"),
    OpenDoor(),
]
MENU: Rule = (State.LOOKING, [StopAll(), Go("service", "menu")])
BOARDS: Rule = (State.LOOKING, [Note("section", "boards"), StopAll(), Probe("section")])
FAILED: Rule = (State.FAILED, [StopAll(), Show("commissioning", "failed"), REFUSED])
# Whatever is held before the scanner, and the end of service mode, are the same everywhere here.
ALWAYS: dict[Key, Rule] = {
    TimedOut("service"): (State.LOOKING, [End("service-over")]),
    Touch("leave"): MENU,
    Touch("back"): MENU,
}


def next_door(mode: str = "", *first: Effect) -> Rule:
    return (State.DECIDING, [*first, Start("service", "service_s"), *ask("commission_next", mode)])


def answered(mode: str) -> Rule:
    return (State.DECIDING, ask("commissioned", mode))


def ticking(state: State) -> dict[Key, Rule]:
    return {**ALWAYS, Scanned: (state, [TICK])}


TABLE: Table = {
    State.LOOKING: {
        Entered: BOARDS,
        Done("section", "shown"): (State.BOARDS, [StopAll(), Show("commissioning", "boards")]),
        Refused: (State.BOARDS, [StopAll(), Show("commissioning", "boards-try-again"), REFUSED]),
        Failed: (State.BOARDS, [StopAll(), Show("commissioning", "boards-try-again"), REFUSED]),
    },
    State.BOARDS: {**ticking(State.BOARDS), Touch("retry"): BOARDS, Touch("next"): next_door()},
    State.DECIDING: {
        Done("commission_next", "open"): (State.UNLOCKING, OPENING),
        Done("commission_next", "none"): (
            State.SCANNER,
            [StopAll(), Note("scan_length", -1), Show("commissioning", "scanner"), ACCEPTED],
        ),
        Done("commissioned"): next_door("", ACCEPTED),
        Refused: FAILED,
        Failed: FAILED,
    },
    State.UNLOCKING: {
        **ticking(State.UNLOCKING),
        DoorOpened: (State.DOOR_OPEN, door_is_open(LOOK)),
        **outcome_missing(not_opened=FAILED, unknown=FAILED),
    },
    State.DOOR_OPEN: {
        **ticking(State.DOOR_OPEN),
        DoorClosed: (State.ASKING, [StopAll(), QUESTION, Start("idle", "question_s")]),
        **reminders(State.DOOR_OPEN, (State.LOOKING, [End("left-open")])),
    },
    State.ASKING: {
        **ticking(State.ASKING),
        **patience(State.ASKING, QUESTION, "question_s", MENU),
        Touch("yes"): answered("empty"),
        Touch("no"): answered("other-number"),
        Touch("retry"): next_door("again"),
    },
    State.FAILED: {
        **ticking(State.FAILED),
        Touch("retry"): next_door("again"),
        Touch("skip"): next_door("skip"),
        DoorOpened: (State.DOOR_OPEN, door_is_open(LOOK)),
    },
    State.SCANNER: {
        **ALWAYS,
        Scanned: (State.SCANNER, [Keep("scan_length"), Show("commissioning", "scanner"), TICK]),
        Touch("next"): (State.DONE, [StopAll(), Show("commissioning", "done")]),
    },
    State.DONE: ticking(State.DONE),
}

FLOW = Flow(
    name="commissioning",
    initial=State.LOOKING,
    table=TABLE,
    situations={
        state: {
            State.UNLOCKING: Situation.INTENT,
            State.FAILED: Situation.INTENT,
            State.DOOR_OPEN: Situation.OPEN,
            State.ASKING: Situation.CLOSED,
            State.DECIDING: Situation.CLOSED,
        }.get(state, Situation.NOTHING)
        for state in State
    },
    on_restart={
        Situation.NOTHING: "service mode is over; what was looked into stays known",
        Situation.INTENT: "contents stay unknown: this door comes again",
        Situation.OPEN: "contents stay unknown: this door comes again",
        Situation.CLOSED: "contents stay unknown: nobody answered, this door comes again",
    },
    busy=frozenset({State.LOOKING, State.DECIDING}),
    story="A technician goes through a cabinet that has not been accepted: boards, doors, scanner.",
)
