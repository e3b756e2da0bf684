"""Deposit (投递): a courier puts one parcel after the other into compartments. Closing the door is the confirmation.

Speed mode: scan → the door of the known size opens at once → put in → close → scan. Nothing is touched in between; the
screen is touched only to change something. The parcel counts as stored only when its door was seen open and then
closed, and the courier hears so only after the commit. A cancel after the door has opened asks "did you leave it in
27?"; without an answer nobody knows, and the compartment is not offered again until somebody has looked.
"""

from __future__ import annotations

from enum import Enum, auto

from edge_agent.flows.effects import (
    Effect,
    End,
    Go,
    Hold,
    Keep,
    Note,
    OpenDoor,
    Release,
    Show,
    Sound,
    Start,
    StopAll,
)
from edge_agent.flows.events import (
    Card,
    Done,
    DoorClosed,
    DoorNotOpened,
    DoorOpened,
    Entered,
    Failed,
    Refused,
    Scanned,
    ScannedBadge,
    ScannedUnknown,
    ScannedWaybill,
    TimedOut,
    Touch,
    WrongDoor,
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
    READY = auto()
    FULL = auto()
    TYPING = auto()
    PHONE = auto()
    SIZE = auto()
    UNLOCKING = auto()
    WRONG_DOOR = auto()
    UNSEEN = auto()
    DOOR_OPEN = auto()
    SWAPPING = auto()
    SETTING_ASIDE = auto()
    CANCELLING = auto()
    ASKING = auto()
    STORING = auto()
    UNDO_UNLOCKING = auto()
    UNDO_OPEN = auto()
    REPORTING = auto()
    HELP = auto()
    TROUBLE = auto()


SCAN = Show("courier-scan")
TYPE = Show("courier-scan", "type")
SIZE = Show("choose-size")
PHONE = Show("recipient-phone")
FULL = Show("full")
PUT = Show("door-open-put")
WRONG_DOOR = Show("message", "wrong-door")
UNSEEN = Show("door-failed", "unseen")
UNDO = Show("message", "undo-door")
TAKE_OUT = Show("message", "undo-door")
LEFT_INSIDE = Show("message", "left-inside")
OPENING: list[Effect] = [
    StopAll(),
    Show("door-open-put", "opening"),
    Start("outcome", "outcome_s"),
    OpenDoor(),
]
UNDO_OPENING: list[Effect] = [
    StopAll(),
    Show("door-open-take", "opening"),
    Start("outcome", "outcome_s"),
    OpenDoor(),
]
SUMMARY: Rule = (State.READY, [StopAll(), Go("courier", "summary")])
LEFT_OPEN: Rule = (State.READY, [End("left-open")])
WALKED_AWAY: Rule = (State.READY, [End("walked-away")])


def ready(about: str = "", sound: Sound | None = None) -> Rule:
    """Armed for the next scan; the parcel in hand is forgotten, the size stays."""
    shown = Show("courier-scan", about)
    return (
        State.READY,
        [
            Note("waybill", ""),
            *waiting(shown, "courier_s"),
            *([sound] if sound else []),
            Release(),
        ],
    )


def keep_for_later(state: Enum, *more: Effect) -> dict[Key, Rule]:
    """Scan-ahead, and anybody else's scan: one waits until the door is closed."""
    return {Scanned: (state, [Hold(), *more])}


def deciding(decision: str, mode: str = "", *first: Effect) -> Rule:
    return (State.DECIDING, [*first, *ask(decision, mode)])


OTHERS_AT_REST: dict[Key, Rule] = {
    ScannedBadge(own=True): SUMMARY,
    Card(command="done"): SUMMARY,
    Scanned: (State.READY, [Hold(), End("other-person")]),
    ScannedUnknown: (State.READY, waiting(Show("courier-scan", "scan-unknown"), "courier_s", REFUSED)),
}
ROUND: dict[Key, Rule] = {
    ScannedWaybill: deciding("reserve", "", TICK, Keep("waybill")),
    Touch("recall"): (State.READY, [StopAll(), Go("recall")]),
    Card(command="overdue"): (State.READY, [StopAll(), TICK, Go("recall")]),
    Touch("verify"): (State.READY, [StopAll(), Go("verify")]),
    Touch("finish"): SUMMARY,
    Touch("help"): (State.HELP, [StopAll(), Show("help"), Start("help", "help_s")]),
    Card(command="help"): (State.HELP, [StopAll(), Show("help"), Start("help", "help_s")]),
}
# A size by tile or by card. On the scan screen it is only remembered: the next waybill gets it.
STICKY: dict[Key, Rule] = {
    Touch("size"): (State.READY, [Keep("size"), *waiting(SCAN, "courier_s")]),
    Card(command="size"): (State.READY, [Keep("size"), *waiting(SCAN, "courier_s", TICK)]),
    Touch("speed"): (State.READY, [Keep("speed"), *waiting(SCAN, "courier_s")]),
    Touch("low"): (State.READY, [Keep("low"), *waiting(SCAN, "courier_s")]),
}
# What is wrong with this compartment: it is set aside with the reason, and another opens once this one is closed.
SET_ASIDE = {"occupied": "something-inside", "dirty": "dirty", "damaged": "damaged"}

TABLE: Table = {
    State.DECIDING: {
        Entered: deciding("look_round"),
        Done("look_round", "room"): ready(),
        Done("look_round", "full"): (State.FULL, waiting(FULL, "courier_s", REFUSED)),
        Done("read_typed", "good"): deciding("reserve", "typed"),
        Done("read_typed", "bad"): (
            State.TYPING,
            waiting(Show("courier-scan", "type-bad"), "courier_s", REFUSED),
        ),
        Done("reserve", "open"): (State.UNLOCKING, OPENING),
        Done("reserve", "ask-size"): (State.SIZE, waiting(SIZE, "courier_s")),
        Done("reserve", "ask-phone"): (State.PHONE, waiting(PHONE, "courier_s")),
        Done("reserve", "size-full"): (
            State.SIZE,
            waiting(Show("choose-size", "size-full"), "courier_s", REFUSED),
        ),
        Done("reserve", "full"): (State.FULL, waiting(FULL, "courier_s", REFUSED)),
        Done("swap", "open"): (State.UNLOCKING, OPENING),
        Done("swap", "full"): (State.SIZE, waiting(Show("choose-size", "size-full"), "courier_s", REFUSED)),
        # The parcel is still in somebody's hand or in the old compartment: ask, never guess.
        Refused("swap"): (State.ASKING, waiting(LEFT_INSIDE, "question_s", REFUSED)),
        Failed("swap"): (State.ASKING, waiting(LEFT_INSIDE, "question_s", REFUSED)),
        Failed("cancel"): (State.ASKING, waiting(LEFT_INSIDE, "question_s", REFUSED)),
        Failed("left_inside"): (State.ASKING, waiting(LEFT_INSIDE, "question_s", REFUSED)),
        Done("cancel"): ready("cancelled"),
        Done("left_inside"): ready("to-check"),
        Done("leave_unseen"): ready("to-check"),
        Done("undo", "open"): (State.UNDO_UNLOCKING, UNDO_OPENING),
        Done("undone"): ready("undone", ACCEPTED),
        Done("report"): ready("reported"),
        Refused("reserve", "FLOW-323"): (
            State.PHONE,
            waiting(Show("recipient-phone", "phone-bad"), "courier_s", REFUSED),
        ),
        Refused: ready("refusal", REFUSED),
        Failed: ready("try-again", REFUSED),
    },
    State.READY: {
        **patience(State.READY, SCAN, "courier_s", SUMMARY, "courier_warning_s"),
        **OTHERS_AT_REST,
        **ROUND,
        **STICKY,
        Touch("type-waybill"): (State.TYPING, waiting(TYPE, "courier_s")),
        Touch("undo"): deciding("undo"),
        Card(command="undo"): deciding("undo", "", TICK),
        Touch("report"): (State.REPORTING, waiting(Show("report-problem", "courier"), "courier_s")),
        Card(command="report"): (
            State.REPORTING,
            waiting(Show("report-problem", "courier"), "courier_s", TICK),
        ),
        Touch("back"): SUMMARY,
    },
    State.TYPING: {
        # The scanner stays armed: whatever it reads after all is worth more than what was typed.
        **patience(State.TYPING, TYPE, "courier_s", SUMMARY, "courier_warning_s"),
        **OTHERS_AT_REST,
        ScannedWaybill: ROUND[ScannedWaybill],
        Touch("waybill"): deciding("read_typed", "", Keep("waybill")),
        Touch("back"): ready(),
    },
    State.FULL: {
        **patience(State.FULL, FULL, "courier_s", SUMMARY, "courier_warning_s"),
        **OTHERS_AT_REST,
        **ROUND,
        Touch("size"): deciding("reserve", "", Keep("size")),
        Card(command="size"): deciding("reserve", "", Keep("size"), TICK),
        Touch("back"): ready(),
    },
    State.PHONE: {
        **patience(State.PHONE, PHONE, "courier_s", SUMMARY, "courier_warning_s"),
        **OTHERS_AT_REST,
        ScannedWaybill: ROUND[ScannedWaybill],  # the courier has moved on to another parcel
        Touch("phone"): deciding("reserve", "phone"),
        Touch("masked"): deciding("reserve", "masked"),
        Touch("cancel"): ready(),
        Touch("back"): ready(),
    },
    State.SIZE: {
        **patience(State.SIZE, SIZE, "courier_s", SUMMARY, "courier_warning_s"),
        **OTHERS_AT_REST,
        ScannedWaybill: ROUND[ScannedWaybill],
        Touch("size"): deciding("reserve", "", Keep("size")),
        Card(command="size"): deciding("reserve", "", Keep("size"), TICK),
        Touch("low"): (State.SIZE, [Keep("low"), *waiting(SIZE, "courier_s")]),
        Touch("cancel"): ready(),
        Touch("back"): ready(),
    },
    State.UNLOCKING: {
        DoorOpened: (State.DOOR_OPEN, door_is_open(PUT, "door-open-put")),
        # A07's latch is jammed: another compartment, at once, and A07 is set aside by the cabinet.
        **outcome_missing(
            not_opened=deciding("swap", "not-opened", REFUSED),
            unknown=(State.UNSEEN, waiting(UNSEEN, "question_s", REFUSED)),
        ),
        # Something is wired to the wrong place: no further door opens for this parcel before a person has looked.
        WrongDoor: (State.WRONG_DOOR, waiting(WRONG_DOOR, "question_s", REFUSED)),
        **keep_for_later(State.UNLOCKING),
    },
    State.WRONG_DOOR: {
        **patience(State.WRONG_DOOR, WRONG_DOOR, "question_s", WALKED_AWAY),
        Touch("finish"): deciding("cancel"),
        Touch("back"): deciding("cancel"),
        **keep_for_later(State.WRONG_DOOR),
    },
    State.UNSEEN: {
        # No sensor says whether it opened. It is read, never pulsed again; the parcel goes nowhere on a guess.
        **patience(State.UNSEEN, UNSEEN, "question_s", WALKED_AWAY),
        DoorOpened: (State.DOOR_OPEN, door_is_open(PUT, "door-open-put")),
        DoorNotOpened: deciding("swap", "not-opened", REFUSED),
        Touch("finish"): deciding("leave_unseen"),
        Touch("cancel"): deciding("leave_unseen"),
        **keep_for_later(State.UNSEEN),
    },
    State.DOOR_OPEN: {
        DoorClosed: (State.STORING, ask("deposit")),
        Touch("bigger"): (State.SWAPPING, [Note("swap", "bigger"), TAKE_OUT]),
        Card(command="bigger"): (
            State.SWAPPING,
            [Note("swap", "bigger"), TAKE_OUT, TICK],
        ),
        Touch("smaller"): (State.SWAPPING, [Note("swap", "smaller"), TAKE_OUT]),
        Touch("another"): (State.SWAPPING, [Note("swap", "another"), TAKE_OUT]),
        Card(command="size"): (State.SWAPPING, [Keep("swap"), TAKE_OUT, TICK]),
        Touch("cancel"): (State.CANCELLING, [TAKE_OUT]),
        Touch("not-open"): deciding("swap", "", Note("swap", "stuck")),  # whatever the sensor says
        **{
            Touch(action): (State.SETTING_ASIDE, [Note("swap", report), TAKE_OUT])
            for action, report in SET_ASIDE.items()
        },
        Touch("help"): (State.DOOR_OPEN, [Show("help", "door-open")]),
        Touch("back"): (State.DOOR_OPEN, [PUT]),
        Touch("more-time"): (State.DOOR_OPEN, [PUT]),
        **reminders(State.DOOR_OPEN, LEFT_OPEN),
        **keep_for_later(State.DOOR_OPEN, PUT),
    },
    State.SWAPPING: {
        # The courier answered on a screen that names the door; the old one stays held until the new one is closed.
        DoorClosed: deciding("swap"),
        Touch("back"): (State.DOOR_OPEN, [Note("swap", ""), PUT]),
        Touch("cancel"): (State.CANCELLING, [TAKE_OUT]),
        **reminders(State.SWAPPING, LEFT_OPEN),
        **keep_for_later(State.SWAPPING),
    },
    State.SETTING_ASIDE: {
        DoorClosed: deciding("swap"),
        Touch("back"): (State.DOOR_OPEN, [Note("swap", ""), PUT]),
        **reminders(State.SETTING_ASIDE, LEFT_OPEN),
        **keep_for_later(State.SETTING_ASIDE),
    },
    State.CANCELLING: {
        DoorClosed: (State.ASKING, waiting(LEFT_INSIDE, "question_s")),
        Touch("back"): (State.DOOR_OPEN, [Note("swap", ""), PUT]),
        **reminders(State.CANCELLING, LEFT_OPEN),
        **keep_for_later(State.CANCELLING),
    },
    State.ASKING: {
        **patience(State.ASKING, LEFT_INSIDE, "question_s", WALKED_AWAY),
        Touch("yes"): deciding("left_inside"),
        Touch("no"): deciding("cancel"),
        **keep_for_later(State.ASKING),
    },
    State.STORING: {
        Done("deposit", "stored"): ready("stored", ACCEPTED),
        # The code that was drawn serves another stay already: the next one is drawn, nothing was promised yet.
        Refused("deposit", "FLOW-318"): (State.STORING, ask("deposit")),
        Refused: (
            State.TROUBLE,
            [StopAll(), Show("message", "try-later"), Start("result", "help_s"), REFUSED],
        ),
        Failed: (
            State.TROUBLE,
            [StopAll(), Show("message", "try-later"), Start("result", "help_s"), REFUSED],
        ),
    },
    State.UNDO_UNLOCKING: {
        DoorOpened: (State.UNDO_OPEN, door_is_open(UNDO)),
        **outcome_missing(not_opened=ready("try-again", REFUSED), unknown=ready("try-again", REFUSED)),
        **keep_for_later(State.UNDO_UNLOCKING),
    },
    State.UNDO_OPEN: {
        DoorClosed: deciding("undone"),
        **reminders(State.UNDO_OPEN, LEFT_OPEN),
        **keep_for_later(State.UNDO_OPEN),
    },
    State.REPORTING: {
        **patience(
            State.REPORTING, Show("report-problem", "courier"), "courier_s", SUMMARY, "courier_warning_s"
        ),
        **OTHERS_AT_REST,
        Touch("problem"): deciding("report", "", Keep("problem")),
        Touch("back"): ready(),
    },
    State.HELP: {
        TimedOut("help"): SUMMARY,
        Touch("back"): ready(),
        Touch("finish"): ready(),
        **OTHERS_AT_REST,
        ScannedWaybill: ROUND[ScannedWaybill],
    },
    State.TROUBLE: {
        # Nothing was committed: the parcel is not stored, and the courier is told exactly that.
        Touch("retry"): (State.STORING, ask("deposit")),
        Touch("finish"): WALKED_AWAY,
        Touch("back"): WALKED_AWAY,
        TimedOut("result"): WALKED_AWAY,
        **keep_for_later(State.TROUBLE),
    },
}

SITUATIONS = {
    State.UNLOCKING: Situation.INTENT,
    State.WRONG_DOOR: Situation.RESERVED,
    State.UNSEEN: Situation.INTENT,
    State.DOOR_OPEN: Situation.OPEN,
    State.SWAPPING: Situation.OPEN,
    State.SETTING_ASIDE: Situation.OPEN,
    State.CANCELLING: Situation.OPEN,
    State.ASKING: Situation.CLOSED,
    State.STORING: Situation.CLOSED,
    State.TROUBLE: Situation.CLOSED,
    State.UNDO_UNLOCKING: Situation.INTENT,
    State.UNDO_OPEN: Situation.OPEN,
    State.DECIDING: Situation.CLOSED,  # after a close, until the answer: nothing is concluded yet
}
FLOW = Flow(
    name="deposit",
    initial=State.DECIDING,
    table=TABLE,
    situations={state: SITUATIONS.get(state, Situation.NOTHING) for state in State},
    on_restart={
        Situation.NOTHING: "only the session is ended; what was stored is stored",
        Situation.RESERVED: "the reservation is dropped: no intent, no opening, the compartment stays empty",
        Situation.INTENT: "deposit interrupted, contents unknown: nobody saw whether the door opened",
        Situation.OPEN: "deposit interrupted, contents unknown, a task for a person; never stored, never free",
        Situation.CLOSED: "deposit interrupted, contents unknown: the courier was never told it is stored",
    },
    busy=frozenset({State.DECIDING, State.STORING}),
    story="A courier puts one parcel after the other into compartments; closing the door is the confirmation.",
)
