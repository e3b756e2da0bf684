"""Courier (快递员): who it is, by badge or by number with PIN; and the summary when the round is over.

Entered as `number` from the keypad's courier button (a badge logs in without this flow), and as `summary` at the end.
Contract and rights are checked by the login decision, not by the screen. Logging out costs no touch: the badge again,
the "done" card, or walking away.
"""

from __future__ import annotations

from enum import Enum, auto

from edge_agent.flows.effects import Effect, End, Go, Hold, Keep, Show, Start, StopAll
from edge_agent.flows.events import Done, Entered, Failed, Refused, Scanned, ScannedBadge, TimedOut, Touch
from edge_agent.flows.table import Flow, Key, Rule, Situation, Table
from edge_agent.flows.table_parts import ACCEPTED, REFUSED, TICK, ask, patience, waiting


class State(Enum):
    START = auto()
    NUMBER = auto()
    PIN = auto()
    CHECKING = auto()
    LOCKED_OUT = auto()
    CLOSING = auto()
    SUMMARY = auto()


NUMBER = Show("courier-pin", "number")
PIN = Show("courier-pin", "pin")
GONE: Rule = (State.START, [End("walked-away")])
OTHER_PERSON: dict[Key, Rule] = {Scanned: (State.START, [Hold(), End("other-person")])}
LOGIN: dict[Key, Rule] = {ScannedBadge: (State.CHECKING, [TICK, *ask("login_badge")])}
SUMMARY: list[Effect] = [StopAll(), Show("courier-summary"), ACCEPTED, Start("result", "notice_s")]


def refused(about: str) -> Rule:
    """Nobody's visit any more, but why stands on the keypad: its next digit is the next person's first."""
    return (State.START, [StopAll(), REFUSED, End("refused", about)])


TABLE: Table = {
    State.START: {
        Entered("number"): (State.NUMBER, waiting(NUMBER, "typing_s")),
        Entered("summary"): (State.CLOSING, ask("sum_up")),
    },
    State.NUMBER: {
        **patience(State.NUMBER, NUMBER, "typing_s", GONE),
        **OTHER_PERSON,
        **LOGIN,
        Touch("number"): (State.PIN, [Keep("number"), *waiting(PIN, "typing_s")]),
        Touch("back"): GONE,
    },
    State.PIN: {
        **patience(State.PIN, PIN, "typing_s", GONE),
        **OTHER_PERSON,
        **LOGIN,
        Touch("pin"): (State.CHECKING, ask("login_pin")),
        Touch("back"): GONE,
    },
    State.CHECKING: {
        Done("login_pin", "in"): (State.CHECKING, [Go("deposit")]),
        Done("login_badge", "in"): (State.CHECKING, [Go("deposit")]),
        Done("login_pin", "wrong"): (
            State.PIN,
            waiting(Show("courier-pin", "pin-wrong"), "typing_s", REFUSED),
        ),
        Done("login_badge", "wrong"): refused("courier-unknown"),
        Done("login_pin", "locked"): (
            State.LOCKED_OUT,
            [StopAll(), Show("locked-out", "courier"), Start("lockout", "lockout_look_s"), REFUSED],
        ),
        Refused: refused("refusal"),
        Failed: refused("try-again"),
    },
    State.LOCKED_OUT: {
        **OTHER_PERSON,
        TimedOut("lockout"): GONE,
        Touch("back"): GONE,
    },
    State.CLOSING: {
        Done("sum_up"): (State.SUMMARY, SUMMARY),
        Refused: (State.SUMMARY, SUMMARY),
        Failed: (State.SUMMARY, SUMMARY),
    },
    State.SUMMARY: {
        Scanned: (State.SUMMARY, [Hold(), End("done")]),
        Touch("finish"): (State.SUMMARY, [End("done")]),
        Touch("back"): (State.SUMMARY, [End("done")]),
        Touch("touch"): (State.SUMMARY, [End("done")]),
        TimedOut("result"): (State.SUMMARY, [End("done")]),
    },
}

FLOW = Flow(
    name="courier",
    initial=State.START,
    table=TABLE,
    situations=dict.fromkeys(State, Situation.NOTHING),
    on_restart={Situation.NOTHING: "only the session is ended; deposits were concluded one by one"},
    busy=frozenset({State.CHECKING, State.CLOSING}),
    story="A courier says who it is; at the end the round is summed up.",
)
