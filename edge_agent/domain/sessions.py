"""Sessions: whose hands the screen is in. What a session leaves open is settled when it ends."""

from __future__ import annotations

import msgspec

from edge_agent.domain import events as e
from edge_agent.domain.courier import Courier
from edge_agent.domain.decision import Decision, Draft
from edge_agent.domain.deposits import carrier_of
from edge_agent.domain.instant import Instant
from edge_agent.domain.intent import Situation
from edge_agent.domain.lockout import LOGIN
from edge_agent.domain.openings import drop_deposit, give_up
from edge_agent.domain.refusals import Refusal
from edge_agent.domain.state import LockerState
from edge_agent.domain.tries import check_may_try, lock_if_due
from edge_agent.domain.words import Outcome

LEFT_OPEN = "left-open"  # why a session ends that nobody came back to while its door stood open


class Login(msgspec.Struct, frozen=True):
    """The answer to a login, committed before anybody is told. `reason`: unknown | wrong | revoked | carrier."""

    accepted: bool
    courier: str = ""
    reason: str = ""
    wait_s: float = 0.0
    tries_left: int = 0


def start(state: LockerState, session: str, kind: str, at: Instant, actor: str = "") -> Decision:
    return Decision((e.SessionStarted(session, kind, actor),))


def courier_by_badge(state: LockerState, badge_hash: str) -> Courier | None:
    """Whose badge this is, revoked ones included; None where nobody's."""
    return next((c for c in state.courier.values() if c.accepts(badge_hash=badge_hash)), None)


def login(
    state: LockerState,
    courier: str,
    session: str,
    at: Instant,
    *,
    pin_hash: str = "",
    badge_hash: str = "",
) -> Decision:
    """A courier's PIN or badge. Result: Login. Failures count for the login pad and for this courier.

    Refuses without looking while locked out. Starts the session when accepted.
    """
    scopes = login_scopes(courier)
    check_may_try(state, scopes, at)
    draft = Draft(state, at)
    reason = _objection(state, courier, pin_hash, badge_hash, at)
    if not reason:
        draft.add(e.SessionStarted(session, "courier", f"courier:{courier}", scopes))
        return draft.done(Login(True, courier))
    by = "pin" if pin_hash else "badge"
    powered_ms = draft.state.clocks.at(at).powered_ms
    known = courier if courier in state.courier else ""
    # Whatever an unknown person typed, perhaps a phone number, stays out of the journal.
    scopes = scopes if known else (LOGIN,)
    draft.add(e.LoginFailed(scopes, powered_ms, by, reason, known, session))
    answer = lock_if_due(draft, scopes, reason)
    return draft.done(Login(False, known, reason, answer.wait_s, answer.tries_left))


def login_scopes(courier: str) -> tuple[str, ...]:
    """The lockout scopes of a login: the pad as a whole, and this courier number."""
    return (LOGIN, f"courier:{courier}")


def _objection(state: LockerState, courier: str, pin_hash: str, badge_hash: str, at: Instant) -> str:
    known = state.courier.get(courier)
    if known is None:
        return "unknown"
    if not known.accepts(pin_hash, badge_hash):
        return "wrong"
    if known.revoked:
        return "revoked"
    try:
        carrier_of(state, known, at)
    except Refusal:
        return "carrier"
    return ""


def end(state: LockerState, session: str, reason: str, at: Instant) -> Decision:
    """The session ends, for whatever reason; every deposit and opening it left gets a legal situation.

    A door still open, or one being opened now, is settled by the sensor: `doors.closed` or `doors.not_opened` then
    finds the session gone. A door that stood open past the alarm is given up at once: what is inside is unknown.
    """
    draft = Draft(state, at)
    leave(draft, session, reason)
    draft.add(e.SessionEnded(session, reason))
    return draft.done()


def leave(draft: Draft, session: str, reason: str) -> None:
    for intent in list(draft.state.intent.values()):
        seen_nothing = intent.outcome is Outcome.UNKNOWN
        unconcluded = intent.situation is Situation.CLOSED_WITHOUT_CONCLUSION
        left_open = reason == LEFT_OPEN and intent.situation is Situation.OPEN_UNDER_INTENT
        if intent.session == session and (seen_nothing or unconcluded or left_open):
            give_up(draft, intent, reason)
    for stay in list(draft.state.stay.values()):
        if stay.session == session:
            drop_deposit(draft, stay, reason)
