"""Deposit (投递): a courier puts a parcel into a compartment.

Reserve and the intent to open are one decision. The parcel counts as stored only when its door was seen open and then
closed. Giving up is explicit: a compartment whose door was open is empty only if the courier says so on a screen that
names the door; otherwise its contents are unknown.
"""

from __future__ import annotations

from collections.abc import Container
from enum import Enum

import msgspec

from edge_agent.domain import events as e
from edge_agent.domain.allocation import choose
from edge_agent.domain.carrier import Carrier, Consent
from edge_agent.domain.courier import Courier
from edge_agent.domain.decision import Decision, Draft, VaultWrite
from edge_agent.domain.instant import Instant
from edge_agent.domain.intent import Situation
from edge_agent.domain.openings import (
    Opening,
    interrupt,
    is_open,
    live_intent,
    opened_by,
    request_door,
    stay_named,
)
from edge_agent.domain.refusals import (
    CARRIER_NOT_ALLOWED,
    CASH_ON_DELIVERY,
    COLLIDES,
    CONSENT_MISSING,
    COURIER_NOT_ALLOWED,
    DEPOSITS_STOPPED,
    DOOR_BUSY,
    DUPLICATE_WAYBILL,
    NOT_SEEN_CLOSED,
    PHONE_MISSING,
    WRONG_SITUATION,
    Refusal,
)
from edge_agent.domain.retention import HOUR_MS
from edge_agent.domain.state import LockerState
from edge_agent.domain.stay import PARCELS_MAX, Stay
from edge_agent.domain.words import Basis, Cause, Contents, Outcome, ParcelStatus, StayStatus
from edge_agent.randomness import Randomness, uuid7


class DepositRequest(msgspec.Struct, frozen=True):
    """What the courier's scans and touches came to. `near` is the courier's last door, `not_now` doors seen open."""

    session: str
    courier: str
    waybill_hash: str
    size: str
    phone_hash: str = ""
    consent: str = ""  # "courier" | "pre-advice" | a source the back office named
    low_needed: bool = False
    cod: bool = False
    prefer: str = ""
    near: str = ""
    not_now: tuple[str, ...] = ()


class Credentials(msgspec.Struct, frozen=True):
    """Hashes of a freshly drawn code and token."""

    code_hash: str
    token_hash: str


class Left(Enum):
    """What the courier says about a compartment that was opened for nothing."""

    NOTHING = "nothing"
    UNKNOWN = "unknown"


def reserve(state: LockerState, request: DepositRequest, at: Instant, chance: Randomness) -> Decision:
    """Set a compartment aside and decide to open it. Result: Opening."""
    carrier = _allowed(state, request, at)
    draft = Draft(state, at)
    return draft.done(_reserve(draft, carrier, request, chance))


def _reserve(draft: Draft, carrier: Carrier, request: DepositRequest, chance: Randomness) -> Opening:
    chosen = choose(
        draft.state,
        carrier,
        request.size,
        low_needed=request.low_needed,
        near=request.near,
        prefer=request.prefer,
        not_now=request.not_now,
    )
    stay, parcel = uuid7(draft.at.wall, chance), uuid7(draft.at.wall, chance)
    draft.add(_reserved(request, carrier.id, stay, parcel, chosen.number, joined=False))
    return request_door(
        draft,
        chosen.number,
        Cause.DEPOSIT,
        f"courier:{request.courier}",
        chance,
        session=request.session,
        stay=stay,
        parcel=parcel,
    )


def _reserved(
    request: DepositRequest, carrier: str, stay: str, parcel: str, number: str, joined: bool
) -> e.DepositReserved:
    return e.DepositReserved(
        stay,
        parcel,
        number,
        carrier,
        request.courier,
        request.session,
        request.waybill_hash,
        phone_hash=request.phone_hash,
        consent=request.consent,
        low_needed=request.low_needed,
        joined=joined,
    )


def _allowed(state: LockerState, request: DepositRequest, at: Instant) -> Carrier:
    """Every rule that has nothing to do with a particular compartment."""
    if not state.switched.deposits:
        raise Refusal(DEPOSITS_STOPPED, f"deposits are stopped: {state.switched.reason}")
    carrier = carrier_of(state, courier_named(state, request.courier), at)
    if request.cod:
        raise Refusal(CASH_ON_DELIVERY, "a parcel with cash on delivery cannot wait in a compartment")
    if not request.phone_hash and (carrier.phone_required or state.rules.code_shape == "6+4"):
        raise Refusal(PHONE_MISSING, f"carrier {carrier.id} needs the recipient's phone")
    _check_consent(state, carrier, request.consent)
    live = (parcel for parcel in state.parcel.values() if state.stay[parcel.stay].live)
    if any(parcel.waybill_hash == request.waybill_hash for parcel in live):
        raise Refusal(DUPLICATE_WAYBILL, "this waybill is in the locker already")
    return carrier


def courier_named(state: LockerState, courier: str) -> Courier:
    found = state.courier.get(courier)
    if found is None or found.revoked:
        raise Refusal(COURIER_NOT_ALLOWED, f"courier {courier} is unknown or revoked")
    return found


def carrier_of(state: LockerState, courier: Courier, at: Instant) -> Carrier:
    carrier = state.carrier.get(courier.carrier)
    if carrier is None or not carrier.under_contract(at):
        raise Refusal(CARRIER_NOT_ALLOWED, f"carrier {courier.carrier} has no contract for this locker now")
    return carrier


def _check_consent(state: LockerState, carrier: Carrier, consent: str) -> None:
    if not state.rules.consent_required or carrier.consent is Consent.NOT_NEEDED:
        return
    if not consent or (carrier.consent is Consent.PRE_ADVISED and consent == "courier"):
        raise Refusal(CONSENT_MISSING, f"the recipient's consent is not known ({carrier.consent.value})")


def add_parcel(
    state: LockerState, stay: str, request: DepositRequest, at: Instant, chance: Randomness
) -> Decision:
    """One more parcel for the same recipient into the same compartment, in the same session. Result: Opening.

    While the door is still open under this deposit no further intent is needed: the result names the open one.
    """
    carrier = _allowed(state, request, at)
    kept = stay_named(state, stay)
    _check_joins(kept, carrier, request)
    draft = Draft(state, at)
    parcel = uuid7(at.wall, chance)
    draft.add(_reserved(request, carrier.id, stay, parcel, kept.compartment, joined=True))
    intent = live_intent(draft.state, kept.compartment)
    if intent is not None and intent.situation is Situation.OPEN_UNDER_INTENT and intent.stay == stay:
        return draft.done(Opening(kept.compartment, intent.id, stay, parcel))
    return draft.done(
        request_door(
            draft,
            kept.compartment,
            Cause.DEPOSIT,
            f"courier:{request.courier}",
            chance,
            session=request.session,
            stay=stay,
            parcel=parcel,
        )
    )


def _check_joins(kept: Stay, carrier: Carrier, request: DepositRequest) -> None:
    same = (
        kept.session == request.session
        and kept.courier == request.courier
        and kept.carrier == carrier.id
        and bool(request.phone_hash)
        and kept.phone_hash == request.phone_hash
    )
    if not same or kept.status not in (StayStatus.RESERVED, StayStatus.STORED):
        raise Refusal(
            WRONG_SITUATION, "only the same courier may add to the same recipient's stay, in one session"
        )
    if len(kept.parcels) >= PARCELS_MAX:
        raise Refusal(WRONG_SITUATION, f"a stay holds at most {PARCELS_MAX} parcels")


def try_again(state: LockerState, stay: str, at: Instant, chance: Randomness) -> Decision:
    """Another intent for the same reserved door: it did not open, or it fell shut too early. Result: Opening."""
    kept = stay_named(state, stay)
    parcel = _unstored(state, kept)[-1]
    draft = Draft(state, at)
    actor = f"courier:{kept.courier}"
    return draft.done(
        request_door(
            draft,
            kept.compartment,
            Cause.DEPOSIT,
            actor,
            chance,
            session=kept.session,
            stay=stay,
            parcel=parcel,
        )
    )


def cancel(state: LockerState, stay: str, left: Left, at: Instant, reason: str = "courier") -> Decision:
    """The courier takes the parcel away again. Refuses while the lock is at work.

    "Nothing left inside" is refused while the door is open.
    """
    draft = Draft(state, at)
    _cancel(draft, stay_named(state, stay), left, reason)
    return draft.done()


def _cancel(draft: Draft, kept: Stay, left: Left, reason: str) -> None:
    _check_settled(draft.state, kept, left)
    for parcel in reversed(_unstored(draft.state, kept)):
        contents, basis = _contents_after(draft.state, kept, left)
        draft.add(
            e.DepositCancelled(kept.id, parcel, kept.compartment, reason, contents, basis, kept.session)
        )


def _check_settled(state: LockerState, kept: Stay, left: Left) -> None:
    number = kept.compartment
    intent = live_intent(state, number)
    if intent is not None and (intent.cause is not Cause.DEPOSIT or intent.stay != kept.id):
        raise Refusal(DOOR_BUSY, f"door {number} was opened for something else ({intent.cause.value})")
    if intent is not None and intent.outcome is Outcome.PENDING:
        raise Refusal(DOOR_BUSY, f"door {number} is being opened")
    if left is Left.NOTHING and is_open(state, number):
        raise Refusal(NOT_SEEN_CLOSED, f"door {number} is open: what is inside can still change")


def _contents_after(state: LockerState, kept: Stay, left: Left) -> tuple[Contents, Basis]:
    """A door that never opened changed nothing; an opened one is known only by the courier's answer.

    Where no sensor could tell, no answer counts: the door may open yet when somebody leans on it.
    """
    compartment = state.compartment[kept.compartment]
    intent = live_intent(state, kept.compartment)
    if intent is not None and intent.outcome is Outcome.UNKNOWN:
        return Contents.UNKNOWN, Basis.NONE
    if kept.first_opened is None:
        return compartment.contents, compartment.basis
    if left is Left.UNKNOWN or kept.status is StayStatus.UNCERTAIN:
        return Contents.UNKNOWN, Basis.NONE
    return (Contents.STAY if kept.status is StayStatus.STORED else Contents.EMPTY), Basis.COURIER


def another_compartment(
    state: LockerState,
    stay: str,
    left: Left,
    request: DepositRequest,
    at: Instant,
    chance: Randomness,
) -> Decision:
    """Bigger, smaller or simply another door for the same parcel; `request.size` is the size wanted. Result: Opening.

    The first compartment is given back in the same decision, as `cancel` would.
    """
    kept = stay_named(state, stay)
    draft = Draft(state, at)
    _cancel(draft, kept, left, "another compartment")
    carrier = _allowed(draft.state, request, at)
    elsewhere = msgspec.structs.replace(request, not_now=(*request.not_now, kept.compartment))
    return draft.done(_reserve(draft, carrier, elsewhere, chance))


def deposited(
    state: LockerState,
    stay: str,
    credentials: Credentials,
    at: Instant,
    personal: tuple[VaultWrite, ...] = (),
) -> Decision:
    """Stored: seen open, then closed. `personal` goes to the vault in the same transaction; a pre-advice has served.

    A parcel that joined a stay keeps the stay's first code; `credentials` then count for nothing.
    Refuses a code that another stay uses: draw again.
    """
    kept = stay_named(state, stay)
    opened_by(state, kept.compartment, Cause.DEPOSIT)
    known = state.code.get(stay)
    code_hash = known.code_hash if known else credentials.code_hash
    token_hash = known.token_hash if known else credentials.token_hash
    waybills = {state.parcel[parcel].waybill_hash for parcel in _unstored(state, kept)}
    if known is None:
        check_unused(state, credentials, waybills)
    draft = Draft(state, at)
    for waybill in sorted(waybills & state.expected.keys()):
        draft.give("expected", None, waybill)
    ends_at_ms = state.clocks.at(at).service_ms + retention_h(state, kept.carrier) * HOUR_MS
    size = state.compartment[kept.compartment].size
    for parcel in _unstored(state, kept):
        draft.add(
            e.ParcelDeposited(
                stay,
                parcel,
                kept.compartment,
                kept.carrier,
                kept.courier,
                code_hash,
                token_hash,
                ends_at_ms,
                session=kept.session,
                size=size,
            )
        )
    return draft.done(vault=personal)


def check_unused(state: LockerState, credentials: Credentials, waybills: Container[str] = ()) -> None:
    """Refuses a code or token that a stay here has, or that is promised to another parcel on its way."""
    shown = {credentials.code_hash, credentials.token_hash}
    promised = (row for key, row in state.expected.items() if key not in waybills)
    if (
        credentials.code_hash in state.stay_by_code
        or credentials.token_hash in state.stay_by_token
        or any(row.code_hash in shown or row.token_hash in shown for row in promised)
    ):
        raise Refusal(COLLIDES, "another stay has this code; draw again")


def retention_h(state: LockerState, carrier: str) -> int:
    known = state.carrier.get(carrier)
    return (known.retention_h if known else 0) or state.rules.retention_h


def interrupted(state: LockerState, stay: str, reason: str, at: Instant) -> Decision:
    """Nobody will finish this deposit: a person has to look inside. Refuses while its door is being opened."""
    kept = stay_named(state, stay)
    _unstored(state, kept)
    _check_settled(state, kept, Left.UNKNOWN)
    draft = Draft(state, at)
    interrupt(draft, kept, reason)
    return draft.done()


def _unstored(state: LockerState, kept: Stay) -> list[str]:
    """The parcels in the courier's hand, oldest first."""
    found = [parcel for parcel in kept.parcels if state.parcel[parcel].status is ParcelStatus.RESERVED]
    if not found:
        raise Refusal(WRONG_SITUATION, f"no deposit is under way in compartment {kept.compartment}")
    return found
