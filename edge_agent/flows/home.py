"""Home (首页): the idle screen is the keypad, and whatever is typed or scanned there says what it is.

Nobody has to "touch to start" or say who they are: eight digits are a pickup, a token is a pickup, a badge is a
courier, a technician's card is service mode. A wrong code costs one try and is answered on the keypad itself. A lockout
keeps the scanner working: a token of 128 bits needs no throttle, and a lockout must never shut everybody out.
"""

from __future__ import annotations

from enum import Enum, auto

from edge_agent.flows.effects import Effect, End, Go, Show, Start, StopAll
from edge_agent.flows.events import (
    Card,
    Done,
    Entered,
    Failed,
    Refused,
    Scanned,
    ScannedBadge,
    ScannedStaff,
    ScannedToken,
    ScannedUnknown,
    ScannedWaybill,
    TimedOut,
    Touch,
)
from edge_agent.flows.table import Flow, Key, Rule, Situation, Table
from edge_agent.flows.table_parts import REFUSED, TICK, ask, patience, waiting


class State(Enum):
    LOOKING = auto()
    IDLE = auto()
    TYPING = auto()
    CHECKING = auto()
    PHONE = auto()
    LOCKED_OUT = auto()
    NOTICE = auto()
    HELP = auto()
    OUT_OF_SERVICE = auto()
    NOT_ACCEPTED = auto()


HOME = Show("home")
PHONE = Show("pickup-phone")
END: Rule = (State.IDLE, [End("time-out")])
# Trouble may come and go without a touch (a full disk, a silent board): the idle screen looks again by itself.
IDLE: list[Effect] = [StopAll(), HOME, Start("look", "look_s")]
LOOK: Rule = (State.LOOKING, ask("look_at_locker"))
LOOK_AND_SAY: Rule = (State.LOOKING, ask("look_at_locker", "try-again"))


def closed(screen: str) -> list[Effect]:
    """Nobody can be served: why, and what to do, until it looks otherwise."""
    return [StopAll(), Show(screen), Start("look", "look_s")]


def noticed(about: str) -> Rule:
    """Back on the keypad with one line that says why; the line goes by itself or with the next touch."""
    return (State.NOTICE, [StopAll(), Show("home", about), Start("result", "notice_s"), REFUSED])


# Whatever is scanned says what it is, on every screen where nobody's door is open.
SCANS: dict[Key, Rule] = {
    ScannedToken: (State.CHECKING, [TICK, *ask("check_token")]),
    ScannedBadge: (State.CHECKING, [TICK, *ask("login_badge")]),
    ScannedStaff: (State.CHECKING, [TICK, *ask("staff_card")]),
    ScannedWaybill: noticed("courier-first"),
    ScannedUnknown: noticed("scan-unknown"),
    Card(command="help"): (State.HELP, [StopAll(), Show("help"), Start("help", "help_s")]),
    Card: noticed("courier-first"),
}
CLOSED: dict[Key, Rule] = {
    # Pickup is the last service to go: what can be scanned is still tried, and the decision says no if it must.
    **{k: v for k, v in SCANS.items() if k in (ScannedToken, ScannedBadge, ScannedStaff)},
}
HELP: dict[Key, Rule] = {Touch("help"): (State.HELP, [StopAll(), Show("help"), Start("help", "help_s")])}
KEYPAD: dict[Key, Rule] = {
    Touch("touch"): (State.TYPING, waiting(HOME, "typing_s")),
    Touch("code"): (State.CHECKING, ask("check_code")),
    Touch("courier"): (State.IDLE, [StopAll(), Go("courier", "number")]),
    **HELP,
}

TABLE: Table = {
    State.LOOKING: {
        Entered: LOOK,
        Entered("try-again"): LOOK_AND_SAY,
        **{Entered(why): noticed(why) for why in ("courier-unknown", "refusal")},
        Done("look_at_locker", "in-service"): (State.IDLE, IDLE),
        Done("look_at_locker", "try-again"): noticed("try-again"),
        Done("look_at_locker", "commissioning"): (State.NOT_ACCEPTED, closed("commissioning")),
        Done("look_at_locker", "out-of-service"): (State.OUT_OF_SERVICE, closed("out-of-service")),
        Refused: (State.OUT_OF_SERVICE, closed("out-of-service")),
        Failed: (State.OUT_OF_SERVICE, closed("out-of-service")),
    },
    State.IDLE: {**SCANS, **KEYPAD, Entered("again"): LOOK, TimedOut("look"): LOOK},
    State.TYPING: {
        **patience(State.TYPING, HOME, "typing_s", END),
        **SCANS,
        **KEYPAD,
    },
    State.CHECKING: {
        Done("check_code", "phone-needed"): (State.PHONE, waiting(PHONE, "typing_s")),
        Done("check_code", "open"): (State.CHECKING, [Go("pickup")]),
        Done("check_token", "open"): (State.CHECKING, [Go("pickup")]),
        Done("check_code", "wrong"): noticed("code-no-match"),
        Done("check_token", "wrong"): noticed("token-invalid"),
        Done("check_token", "expired"): noticed("token-expired"),
        Done("check_code", "locked"): (
            State.LOCKED_OUT,
            [StopAll(), Show("locked-out"), Start("lockout", "wait_s"), REFUSED],
        ),
        Done("login_badge", "in"): (State.CHECKING, [Go("deposit")]),
        Done("login_badge", "wrong"): noticed("courier-unknown"),
        Done("staff_card", "pin"): (State.CHECKING, [Go("service", "pin")]),
        Done("staff_card", "wrong"): noticed("not-allowed"),
        Refused: noticed("refusal"),
        Failed: LOOK_AND_SAY,
    },
    State.PHONE: {
        **patience(State.PHONE, PHONE, "typing_s", END),
        **SCANS,
        **HELP,
        Touch("phone"): (State.CHECKING, ask("check_code", "with-phone")),
        Touch("back"): END,
    },
    State.LOCKED_OUT: {
        **SCANS,
        **HELP,
        Touch("courier"): KEYPAD[Touch("courier")],
        Touch("back"): END,
        TimedOut("lockout"): END,
    },
    State.NOTICE: {
        **SCANS,
        **KEYPAD,
        Touch("more-time"): (State.TYPING, waiting(HOME, "typing_s")),
        TimedOut("result"): END,
    },
    State.HELP: {**SCANS, Touch("back"): END, Touch("finish"): END, TimedOut("help"): END},
    State.OUT_OF_SERVICE: {**CLOSED, **HELP, Entered("again"): LOOK, TimedOut("look"): LOOK},
    State.NOT_ACCEPTED: {
        # Nobody can have a parcel in it yet: only the technician's card leads anywhere.
        ScannedStaff: SCANS[ScannedStaff],
        Scanned: (State.NOT_ACCEPTED, [Show("commissioning", "not-yet"), REFUSED]),
        **HELP,
        Entered("again"): LOOK,
        TimedOut("look"): LOOK,
    },
}

FLOW = Flow(
    name="home",
    initial=State.LOOKING,
    table=TABLE,
    situations=dict.fromkeys(State, Situation.NOTHING),
    on_restart={Situation.NOTHING: "nothing to settle: the home screen is shown"},
    busy=frozenset({State.LOOKING, State.CHECKING}),
    story="What is typed or scanned at the idle screen says what it is.",
)
