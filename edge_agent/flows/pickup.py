"""Pickup (取件): a recipient opens a door, takes the parcel and closes the door. The closing is the confirmation.

Entered with the code claimed and the first intent durable, both in one transaction. A visit may serve several
compartments: each closing concludes one and opens the next. Buttons only make exceptions: "put back" (refused, not
mine), "empty", "damaged", "it did not open", each with a next step. A door that the sensor never saw open concludes
nothing; a claimed code lives again and costs nobody a parcel.
"""

from __future__ import annotations

from enum import Enum, auto

from edge_agent.flows.effects import Effect, End, Hold, Note, OpenDoor, Release, Show, Start, StopAll
from edge_agent.flows.events import (
    Card,
    Done,
    DoorClosed,
    DoorLeftOpen,
    DoorOpened,
    Entered,
    Failed,
    Refused,
    Scanned,
    TimedOut,
    Touch,
    WrongDoor,
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
    UNLOCKING = auto()
    DOOR_OPEN = auto()
    PROBLEM = auto()
    PUTTING_BACK = auto()
    CONCLUDING = auto()
    TAKEN = auto()
    ASKING = auto()
    THANKS = auto()
    FAILED = auto()
    HELP = auto()
    TROUBLE = auto()
    LEAVING = auto()


TAKE = Show("door-open-take")
OPENING: list[Effect] = [
    StopAll(),
    Show("door-open-take", "opening"),
    Start("outcome", "outcome_s"),
    OpenDoor(),
]
FAILED = Show("door-failed")
ASKING = Show("message", "check-door")  # "is 27 empty?": the door was open too briefly to know
LEFT_OPEN: Rule = (State.LEAVING, [End("left-open")])
GONE: Rule = (State.LEAVING, [End("walked-away")])
FINISHED: Rule = (State.LEAVING, [End("done")])
# Somebody else's scan waits until this door is closed; one scan fits, the rest is refused with a tone.
OTHERS: dict[Key, Rule] = {Scanned: (State.DOOR_OPEN, [Hold()])}


def trouble(about: str) -> list[Effect]:
    """Say what happened and what to do next; help is one touch away and the visit ends by itself."""
    return [StopAll(), Show("message", about), Start("result", "help_s"), REFUSED]


def thanked(about: str, wait: str = "notice_s") -> Rule:
    return (State.THANKS, [StopAll(), ACCEPTED, Show("thanks", about), Start("result", wait), Release()])


NEXT_DOOR: Rule = (
    State.UNLOCKING,
    [StopAll(), ACCEPTED, Show("more-parcels"), Start("outcome", "outcome_s"), OpenDoor()],
)
# Answers to a conclusion: the next door, or the end. Nothing is thanked for before one of them.
CONCLUDED: dict[Key, Rule] = {
    Done("collect", "next"): NEXT_DOOR,
    Done("put_back", "next"): NEXT_DOOR,
    Done("collect", "all"): thanked("", "result_s"),
    Done("collect", "reported"): thanked("reported"),
    Done("put_back", "put-back"): thanked("put-back"),
    Done("put_back", "reported"): thanked("reported"),
}
EXCEPTIONS: dict[Key, Rule] = {
    Touch("refuse"): (State.PUTTING_BACK, [Note("reported", "refused"), Show("message", "put-back")]),
    Touch("not-mine"): (State.PUTTING_BACK, [Note("reported", "not-mine"), Show("message", "put-back")]),
    Touch("empty"): (State.DOOR_OPEN, [Note("reported", "absent"), Show("door-open-take", "empty")]),
    Touch("damaged"): (State.PROBLEM, [Note("reported", "damaged"), Show("report-problem", "damaged")]),
    Touch("not-open"): (State.FAILED, waiting(Show("door-failed", "disputed"), "help_s")),
}

TABLE: Table = {
    State.UNLOCKING: {
        Entered: (State.UNLOCKING, OPENING),
        DoorOpened: (State.DOOR_OPEN, door_is_open(TAKE)),
        **outcome_missing(
            not_opened=(State.FAILED, waiting(FAILED, "help_s", REFUSED)),
            unknown=(State.FAILED, waiting(Show("door-failed", "unknown"), "help_s", REFUSED)),
        ),
        WrongDoor: (State.TROUBLE, trouble("wrong-door")),
        Scanned: (State.UNLOCKING, [Hold()]),
    },
    State.DOOR_OPEN: {
        DoorClosed: (State.CONCLUDING, ask("collect")),
        **EXCEPTIONS,
        **reminders(State.DOOR_OPEN, LEFT_OPEN),
        **OTHERS,
        Touch("back"): (State.DOOR_OPEN, [Note("reported", ""), TAKE]),
        Touch("help"): (State.DOOR_OPEN, [Show("help", "door-open")]),
        Touch("more-time"): (State.DOOR_OPEN, [TAKE]),
    },
    State.PROBLEM: {
        # Damaged: keep it (close the door) or put it back (one touch); both are recorded.
        Touch("problem"): (State.PUTTING_BACK, [Note("reported", "refused"), Show("message", "put-back")]),
        Touch("back"): (State.DOOR_OPEN, [Note("reported", ""), TAKE]),
        DoorClosed: (State.CONCLUDING, ask("collect")),
        **reminders(State.PROBLEM, LEFT_OPEN),
        Scanned: (State.PROBLEM, [Hold()]),
    },
    State.PUTTING_BACK: {
        DoorClosed: (State.CONCLUDING, ask("put_back")),
        Touch("back"): (State.DOOR_OPEN, [Note("reported", ""), TAKE]),
        Touch("cancel"): (State.DOOR_OPEN, [Note("reported", ""), TAKE]),
        **reminders(State.PUTTING_BACK, LEFT_OPEN),
        Scanned: (State.PUTTING_BACK, [Hold()]),
    },
    State.CONCLUDING: {
        **CONCLUDED,
        Done("reopen"): (State.UNLOCKING, OPENING),
        Done("reopen_doubt"): (State.UNLOCKING, OPENING),
        Done("retry"): (State.UNLOCKING, OPENING),
        Refused("reopen"): (
            State.THANKS,
            [StopAll(), Show("thanks", "reopen-ended"), Start("result", "notice_s"), REFUSED],
        ),
        Refused("retry"): (State.FAILED, waiting(Show("door-failed", "refusal"), "help_s", REFUSED)),
        Refused("collect", "FLOW-316"): (State.ASKING, waiting(ASKING, "question_s")),
        Refused: (State.TROUBLE, trouble("refusal")),
        Failed: (State.TROUBLE, trouble("failed")),
    },
    State.ASKING: {
        **patience(State.ASKING, ASKING, "question_s", GONE),
        Touch("yes"): FINISHED,  # too brief for the rule: the ledger says unknown, and somebody looks
        Touch("no"): (State.CONCLUDING, ask("reopen_doubt")),
        Scanned: (State.ASKING, [Hold()]),
    },
    State.THANKS: {
        TimedOut("result"): FINISHED,
        Touch("finish"): FINISHED,
        Touch("back"): FINISHED,
        Touch("touch"): FINISHED,
        Touch("rate"): (State.TAKEN, ask("rate")),
        Touch("reopen"): (State.CONCLUDING, ask("reopen")),
        Touch("report"): (State.HELP, [StopAll(), Show("help"), Start("result", "help_s")]),
        Touch("help"): (State.HELP, [StopAll(), Show("help"), Start("result", "help_s")]),
        Card(command="help"): (State.HELP, [StopAll(), Show("help"), Start("result", "help_s")]),
        Scanned: (State.LEAVING, [Hold(), End("done")]),
    },
    State.TAKEN: {
        Done("rate"): (State.THANKS, [StopAll(), Show("thanks", "rated"), Start("result", "result_s")]),
        Refused: FINISHED,
        Failed: FINISHED,
    },
    State.FAILED: {
        **patience(State.FAILED, FAILED, "help_s", GONE),
        Touch("retry"): (State.CONCLUDING, ask("retry")),
        Touch("report"): (State.HELP, [StopAll(), Show("help"), Start("result", "help_s")]),
        Touch("help"): (State.HELP, [StopAll(), Show("help"), Start("result", "help_s")]),
        Touch("finish"): FINISHED,
        Touch("back"): FINISHED,
        DoorOpened: (State.DOOR_OPEN, door_is_open(TAKE)),  # late, but the sensor is the truth
        DoorClosed: (State.CONCLUDING, ask("collect")),  # the person disputed, and then closed it after all
        DoorLeftOpen: LEFT_OPEN,
        Scanned: (State.LEAVING, [Hold(), End("done")]),
    },
    State.HELP: {
        TimedOut("result"): FINISHED,
        Touch("back"): FINISHED,
        Touch("finish"): FINISHED,
        DoorOpened: (State.DOOR_OPEN, door_is_open(TAKE)),
        DoorClosed: (State.CONCLUDING, ask("collect")),
        DoorLeftOpen: LEFT_OPEN,
        Scanned: (State.LEAVING, [Hold(), End("done")]),
    },
    State.TROUBLE: {
        TimedOut("result"): GONE,
        Touch("finish"): GONE,
        Touch("back"): GONE,
        Touch("help"): (State.HELP, [StopAll(), Show("help"), Start("result", "help_s")]),
        Scanned: (State.LEAVING, [Hold(), End("walked-away")]),
    },
    State.LEAVING: {},
}

FLOW = Flow(
    name="pickup",
    initial=State.UNLOCKING,
    table=TABLE,
    situations={
        State.UNLOCKING: Situation.INTENT,
        State.DOOR_OPEN: Situation.OPEN,
        State.PROBLEM: Situation.OPEN,
        State.PUTTING_BACK: Situation.OPEN,
        State.CONCLUDING: Situation.CLOSED,
        State.ASKING: Situation.CLOSED,
        State.FAILED: Situation.INTENT,
        State.TROUBLE: Situation.CLOSED,
        State.THANKS: Situation.NOTHING,
        State.TAKEN: Situation.NOTHING,
        State.HELP: Situation.INTENT,
        State.LEAVING: Situation.NOTHING,
    },
    on_restart={
        Situation.NOTHING: "concluded before the cut: only the session is ended",
        Situation.INTENT: "no opening seen: the code lives again; whether the door moved is unknown, so it is read",
        Situation.OPEN: "contents unknown, a task for a person; the spent code is reissued by support",
        Situation.CLOSED: "nobody concluded it: contents unknown, never collected by a time-out",
    },
    busy=frozenset({State.CONCLUDING, State.TAKEN}),
    story="A recipient opens a door, takes the parcel and closes the door.",
)
