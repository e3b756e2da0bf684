"""Pickup (取件): a recipient's code or token opens one door, once.

The transaction of the intent claims the code for this visit; the first `door.opened` under the claim spends it; an
opening that did not happen makes it live again. Taken is what was seen open for two seconds and then closed with
nothing reported. Whoever was recognised may open the same door again for a short grace, in the same session.
"""

from __future__ import annotations

from edge_agent.domain import delegates
from edge_agent.domain import events as e
from edge_agent.domain.code import Code
from edge_agent.domain.decision import Decision, Draft
from edge_agent.domain.instant import Instant
from edge_agent.domain.lockout import KIOSK
from edge_agent.domain.openings import Opening, is_open, live_intent, opened_by, request_door, stay_named
from edge_agent.domain.refusals import (
    GRACE_OVER,
    IN_USE,
    NOT_PERMITTED,
    NOT_SEEN_OPEN,
    OVERDUE,
    WRONG_SITUATION,
    Refusal,
)
from edge_agent.domain.stamp import elapsed_ms
from edge_agent.domain.state import LockerState
from edge_agent.domain.stay import Stay
from edge_agent.domain.tries import NotAccepted, check_may_try, count_code
from edge_agent.domain.words import Basis, Cause, CodeLife, CredentialKind, ParcelStatus, Report, StayStatus
from edge_agent.randomness import Randomness, uuid7

RECIPIENT = "recipient"
WAITING = (
    StayStatus.STORED,
    StayStatus.UNCERTAIN,
)  # after an unseen opening a live code still opens its door
DISPUTES = frozenset({Report.PARCEL_NOT_MINE, Report.PARCEL_ABSENT})


def claim_by_code(
    state: LockerState,
    code_hash: str,
    session: str,
    at: Instant,
    chance: Randomness,
    scopes: tuple[str, ...] = (KIOSK,),
) -> Decision:
    """One try of a typed code. Result: Opening, or NotAccepted, which has been counted against `scopes`.

    Refuses without looking while a scope is locked out. The hash is one computation whatever is live.
    """
    check_may_try(state, scopes, at)
    code = state.code.get(state.stay_by_code.get(code_hash, ""))
    draft = Draft(state, at)
    if code is None or code.life is CodeLife.SPENT:
        return draft.done(count_code(draft, scopes, session, "spent" if code else "unknown"))
    return draft.done(_claim(draft, code, session, CredentialKind.CODE, chance, scopes))


def claim_by_token(
    state: LockerState, token_hash: str, session: str, at: Instant, chance: Randomness
) -> Decision:
    """One scan of a pickup token, the recipient's or a delegate's. Never held up by a lockout, never counted.

    Result: Opening or NotAccepted.
    """
    code = state.code.get(state.stay_by_token.get(token_hash, ""))
    if code is None or code.life is CodeLife.SPENT:
        return Decision(result=NotAccepted("spent" if code else "unknown"))
    delegate = delegates.shown_by(code, token_hash)
    if delegate is not None and delegates.is_over(state, delegate, at):
        return Decision(result=NotAccepted("expired"))
    draft = Draft(state, at)
    by = CredentialKind.DELEGATE if delegate else CredentialKind.TOKEN
    return draft.done(_claim(draft, code, session, by, chance, delegate=delegate.id if delegate else ""))


def others_of(state: LockerState, stay: str) -> tuple[Stay, ...]:
    """The recipient's other stays that could be picked up in the same visit, by phone."""
    proven = state.stay.get(stay)
    if proven is None or not proven.phone_hash:
        return ()
    return tuple(
        other
        for other in state.stay.values()
        if other.id != stay
        and other.phone_hash == proven.phone_hash
        and other.status in WAITING
        and other.id in state.code
        and state.code[other.id].life is CodeLife.LIVE
    )


def claim_another(
    state: LockerState, stay: str, proven: str, session: str, at: Instant, chance: Randomness
) -> Decision:
    """The same recipient's next stay: this session's code for `proven` was accepted. Result: Opening."""
    shown = state.code.get(proven)
    if shown is None or shown.session != session or shown.life is CodeLife.LIVE or shown.delegate:
        raise Refusal(NOT_PERMITTED, "no code of this recipient was accepted in this session")
    if stay not in {other.id for other in others_of(state, proven)}:
        raise Refusal(NOT_PERMITTED, "this stay is not of the same recipient, or has no live code")
    draft = Draft(state, at)
    return draft.done(_claim(draft, state.code[stay], session, CredentialKind.SAME_RECIPIENT, chance))


def try_again(
    state: LockerState, stay: str, session: str, at: Instant, chance: Randomness, delegate: str = ""
) -> Decision:
    """The door did not open and the code lives again: claim it once more without typing. Result: Opening.

    `delegate`: the grant that was shown, "" where it was the recipient; one taken back meanwhile opens nothing.
    """
    kept, code = stay_named(state, stay), state.code.get(stay)
    if not session or kept.session != session or code is None or code.life is not CodeLife.LIVE:
        raise Refusal(NOT_PERMITTED, "this session has no failed opening to repeat")
    if delegate and all(one.id != delegate for one in code.delegates):
        raise Refusal(NOT_PERMITTED, "this grant was taken back")
    draft = Draft(state, at)
    by = CredentialKind.DELEGATE if delegate else CredentialKind.CODE
    return draft.done(_claim(draft, code, session, by, chance, delegate=delegate))


def _claim(
    draft: Draft,
    code: Code,
    session: str,
    by: CredentialKind,
    chance: Randomness,
    scopes: tuple[str, ...] = (),
    delegate: str = "",
) -> Opening:
    stay = stay_named(draft.state, code.stay)
    if code.life is CodeLife.CLAIMED:
        raise Refusal(IN_USE, f"the code of compartment {stay.compartment} serves another visit now")
    if stay.status not in WAITING:
        raise Refusal(WRONG_SITUATION, f"the stay in compartment {stay.compartment} is {stay.status.value}")
    if stay.session and any(draft.state.parcel[p].status is ParcelStatus.RESERVED for p in stay.parcels):
        raise Refusal(IN_USE, f"a courier is at compartment {stay.compartment} now")
    _check_not_overdue(draft.state, stay)
    opening = request_door(
        draft, stay.compartment, Cause.PICKUP, RECIPIENT, chance, session=session, stay=stay.id
    )
    draft.add(e.CodeClaimed(stay.id, opening.intent, session, by, scopes, delegate))
    return opening


def _check_not_overdue(state: LockerState, stay: Stay) -> None:
    if stay.retention is None or not stay.retention.overdue:
        return
    carrier = state.carrier.get(stay.carrier)
    if not state.rules.overdue_may_be_picked_up or (carrier and not carrier.overdue_may_be_picked_up):
        raise Refusal(OVERDUE, f"the stay in compartment {stay.compartment} waits for its courier")


def reopen(state: LockerState, stay: str, session: str, at: Instant, chance: Randomness) -> Decision:
    """The same door once more: something was left inside, or it fell shut. Result: Opening.

    Only in the session that was recognised, and only within the grace after the first opening.
    """
    kept, code = stay_named(state, stay), state.code.get(stay)
    if not session or kept.session != session or code is None or code.life is not CodeLife.SPENT:
        raise Refusal(NOT_PERMITTED, "this session did not open this door")
    passed = elapsed_ms(kept.first_opened, at)
    if passed is None or passed > state.rules.reopen_grace_s * 1000:
        raise Refusal(
            GRACE_OVER, f"door {kept.compartment} may be opened again for {state.rules.reopen_grace_s} s only"
        )
    draft = Draft(state, at)
    return draft.done(
        request_door(
            draft,
            kept.compartment,
            Cause.PICKUP,
            RECIPIENT,
            chance,
            session=session,
            stay=stay,
            reason="reopen",
        )
    )


def collected(state: LockerState, stay: str, at: Instant) -> Decision:
    """Taken. Refuses (FLOW-316) a door that was open too shortly; a dispute reported meanwhile leads to unknown."""
    kept = stay_named(state, stay)
    intent = opened_by(state, kept.compartment, Cause.PICKUP)
    draft = Draft(state, at)
    if DISPUTES.intersection(state.compartment[kept.compartment].reports):
        draft.add(e.CompartmentContentsUnknown(kept.compartment, "reported", intent.id, stay))
        return draft.done()
    if intent.open_ms is None or intent.open_ms < state.rules.seen_open_ms:
        raise Refusal(NOT_SEEN_OPEN, f"door {kept.compartment} was open for {intent.open_ms} ms")
    draft.add(
        e.ParcelCollected(
            stay,
            kept.parcels,
            kept.compartment,
            Basis.RECIPIENT,
            session=kept.session,
            method=_method(state, stay),
            open_ms=intent.open_ms,
            delegate=_delegate(state, stay),
        )
    )
    return draft.done()


def _method(state: LockerState, stay: str) -> str:
    code = state.code.get(stay)
    return code.by.value if code and code.by else ""


def _delegate(state: LockerState, stay: str) -> str:
    code = state.code.get(stay)
    return code.delegate if code else ""


def refused(
    state: LockerState, stay: str, parcels: tuple[str, ...], reason: str, at: Instant, chance: Randomness
) -> Decision:
    """These parcels were put back and the door closed; what else was in the stay has been taken."""
    kept = stay_named(state, stay)
    intent = opened_by(state, kept.compartment, Cause.PICKUP)
    code = state.code.get(stay)
    if code is not None and code.delegate:
        raise Refusal(NOT_PERMITTED, "a delegate collects; refusing is the recipient's")
    if not parcels or not set(parcels) <= set(kept.parcels):
        raise Refusal(WRONG_SITUATION, f"the stay in compartment {kept.compartment} has no such parcels")
    draft = Draft(state, at)
    taken = tuple(parcel for parcel in kept.parcels if parcel not in parcels)
    split = uuid7(at.wall, chance) if taken else ""
    draft.add(e.ParcelRefused(stay, parcels, kept.compartment, reason, kept.session, split))
    if taken:
        draft.add(
            e.ParcelCollected(
                stay,
                taken,
                kept.compartment,
                Basis.RECIPIENT,
                session=kept.session,
                method=_method(state, stay),
                open_ms=intent.open_ms or 0,
            )
        )
    return draft.done(result=split or stay)


def reported(state: LockerState, stay: str, what: Report, session: str, at: Instant) -> Decision:
    """Not mine, not there, damaged. The first two put the contents in doubt, at once or when the door closes."""
    kept = stay_named(state, stay)
    draft = Draft(state, at)
    draft.add(e.CompartmentReported(kept.compartment, what, RECIPIENT, stay, session))
    intent = live_intent(state, kept.compartment)
    if what in DISPUTES and not is_open(state, kept.compartment) and intent is not None and intent.closed:
        draft.add(e.CompartmentContentsUnknown(kept.compartment, what.value, intent.id, stay))
    return draft.done()
