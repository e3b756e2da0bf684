"""Service mode (维护): a technician at the screen, with a credential of its own, visible, and over by itself.

The mode has one clock (`service`, 5 minutes) that no touch extends: whoever walks away leaves a locker, not an open
cupboard. A card names the technician, the PIN proves it. Doors are opened one at a time, each with its own durable
intent; what is inside afterwards is unknown unless somebody answers. Looking into unknown ones is the flow `verify`.
"""

from __future__ import annotations

from enum import Enum, auto

from edge_agent.flows.effects import Effect, End, Go, Hold, Keep, Note, OpenDoor, Probe, Show, Start, StopAll
from edge_agent.flows.events import (
    Done,
    DoorClosed,
    DoorOpened,
    Entered,
    Failed,
    Refused,
    Scanned,
    ScannedStaff,
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
    START = auto()
    PIN = auto()
    CHECKING = auto()
    LOCKED_OUT = auto()
    MENU = auto()
    SECTION = auto()
    WORKING = auto()
    UNLOCKING = auto()
    DOOR_OPEN = auto()
    ASKING = auto()
    SCANNER_TEST = auto()
    LEAVING = auto()


MENU = Show("service-menu")
PIN = Show("courier-pin", "technician")
LOOK = Show("door-open-take", "technician")
QUESTION = Show("message", "check-door")
OPENING: list[Effect] = [
    StopAll(),
    Show("door-open-take", "opening"),
    Start("outcome", "outcome_s"),
    OpenDoor(),
]
LEAVE: Rule = (State.LEAVING, ask("service_leave"))
OVER: dict[Key, Rule] = {TimedOut("service"): LEAVE}
GONE: Rule = (State.LEAVING, [End("walked-away")])


def menu(about: str = "", *more: Effect) -> Rule:
    return (State.MENU, [StopAll(), Show("service-menu", about), *more])


def section(about: str = "section", *more: Effect) -> Rule:
    return (State.SECTION, [StopAll(), Show("service-menu", about), *more])


# What has just been changed is looked at anew: a row must not offer what is done.
CHANGED: Rule = (State.WORKING, [ACCEPTED, StopAll(), Probe("section")])


def working(decision: str, mode: str = "", *first: Effect) -> Rule:
    return (State.WORKING, [*first, *ask(decision, mode)])


AT_MENU: dict[Key, Rule] = {
    **OVER,
    Touch("section"): (State.WORKING, [Keep("section"), StopAll(), Probe("section")]),
    Touch("open"): working("service_open", "", Keep("picked")),
    Touch("set-out"): working("set_out", "", Keep("picked")),
    Touch("set-in"): working("set_in", "", Keep("picked")),
    Touch("is-empty"): working("declare", "empty", Keep("picked")),
    Touch("is-occupied"): working("declare", "occupied", Keep("picked")),
    Touch("pick"): working("acknowledge", "", Keep("picked")),
    Touch("leave"): LEAVE,
    ScannedStaff(own=True): LEAVE,
}

TABLE: Table = {
    State.START: {
        Entered("pin"): (State.PIN, waiting(PIN, "typing_s")),
        Entered("menu"): menu(),
    },
    State.PIN: {
        **patience(State.PIN, PIN, "typing_s", GONE),
        Touch("pin"): (State.CHECKING, ask("service_enter")),
        Touch("back"): GONE,
        Scanned: (State.LEAVING, [Hold(), End("other-person")]),
    },
    State.CHECKING: {
        # One clock for the whole stay in service mode: `StopAll` leaves it running.
        Done("service_enter", "in"): (State.MENU, [StopAll(), Start("service", "service_s"), MENU, ACCEPTED]),
        Done("service_enter", "new"): (
            State.MENU,
            [StopAll(), Start("service", "service_s"), ACCEPTED, Go("commissioning")],
        ),
        Done("service_enter", "wrong"): (
            State.PIN,
            waiting(Show("courier-pin", "technician-wrong"), "typing_s", REFUSED),
        ),
        Done("service_enter", "locked"): (
            State.LOCKED_OUT,
            [StopAll(), Show("locked-out", "technician"), Start("result", "lockout_look_s"), REFUSED],
        ),
        Refused: (State.LEAVING, [StopAll(), REFUSED, End("refused", "refusal")]),
        Failed: (State.LEAVING, [StopAll(), REFUSED, End("refused", "try-again")]),
    },
    State.LOCKED_OUT: {
        TimedOut("result"): GONE,
        Touch("back"): GONE,
        Touch("touch"): GONE,
        Scanned: (State.LEAVING, [Hold(), End("other-person")]),
    },
    State.MENU: {
        **AT_MENU,
        Touch("verify"): (State.MENU, [StopAll(), Go("service-verify")]),
        Touch("back"): LEAVE,
        Scanned: (State.MENU, [TICK]),
    },
    State.SECTION: {
        **AT_MENU,
        Touch("back"): menu(),
        Scanned: (State.SECTION, [TICK]),
    },
    State.WORKING: {
        Done("section", "shown"): section(),
        Done("section", "menu"): menu(),
        Done("section", "verify"): (State.WORKING, [Go("service-verify")]),
        Done("section", "scanner"): (
            State.SCANNER_TEST,
            [Note("scan_length", 0), Show("service-menu", "scanner")],
        ),
        Done("service_open"): (State.UNLOCKING, OPENING),
        Done("set_out"): CHANGED,
        Done("set_in"): CHANGED,
        Done("declare"): CHANGED,
        Done("acknowledge"): CHANGED,
        Refused: section("refusal", REFUSED),
        Failed: section("try-again", REFUSED),
    },
    State.SCANNER_TEST: {
        **OVER,
        Scanned: (State.SCANNER_TEST, [Keep("scan_length"), Show("service-menu", "scanner"), TICK]),
        Touch("section"): (State.WORKING, [Keep("section"), StopAll(), Probe("section")]),
        Touch("back"): menu(),
        Touch("leave"): LEAVE,
    },
    State.UNLOCKING: {
        **OVER,
        DoorOpened: (State.DOOR_OPEN, door_is_open(LOOK)),
        **outcome_missing(not_opened=section("not-opened", REFUSED), unknown=section("unknown", REFUSED)),
        Scanned: (State.UNLOCKING, [TICK]),
    },
    State.DOOR_OPEN: {
        **OVER,
        DoorClosed: (State.ASKING, waiting(QUESTION, "question_s")),
        Touch("back"): (State.DOOR_OPEN, [LOOK]),
        **reminders(State.DOOR_OPEN, (State.LEAVING, [End("left-open")])),
        Scanned: (State.DOOR_OPEN, [TICK]),
    },
    State.ASKING: {
        **OVER,
        **patience(State.ASKING, QUESTION, "question_s", GONE),
        Touch("yes"): working("declare", "empty-after"),
        Touch("no"): working("declare", "occupied-after"),
        Touch("back"): menu(),
        Scanned: (State.ASKING, [TICK]),
    },
    State.LEAVING: {
        Done("service_leave"): (State.LEAVING, [End("done")]),
        Refused: (State.LEAVING, [End("done")]),
        Failed: (State.LEAVING, [End("failed")]),
    },
}

FLOW = Flow(
    name="service",
    initial=State.START,
    table=TABLE,
    situations={
        state: {
            State.UNLOCKING: Situation.INTENT,
            State.DOOR_OPEN: Situation.OPEN,
            State.ASKING: Situation.CLOSED,
        }.get(state, Situation.NOTHING)
        for state in State
    },
    on_restart={
        Situation.NOTHING: "service mode is over: it never survives a restart",
        Situation.INTENT: "contents unknown: nobody saw whether the door opened",
        Situation.OPEN: "contents unknown",
        Situation.CLOSED: "contents unknown: nobody answered",
    },
    busy=frozenset({State.CHECKING, State.WORKING, State.LEAVING}),
    story="A technician at the screen: doors, boards, scanner and screen tests.",
)
