"""Corrections by a named person: a fresh code, another phone, another waybill."""

from __future__ import annotations

from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision, VaultWrite
from edge_agent.domain.deposits import Credentials, check_unused
from edge_agent.domain.instant import Instant
from edge_agent.domain.openings import live_intent, stay_named
from edge_agent.domain.refusals import DUPLICATE_WAYBILL, IN_USE, WRONG_SITUATION, Refusal
from edge_agent.domain.state import LockerState
from edge_agent.domain.words import CodeLife, Correction, StayStatus


def reissue(
    state: LockerState,
    stay: str,
    credentials: Credentials,
    actor: str,
    at: Instant,
    reason: str = "",
    personal: tuple[VaultWrite, ...] = (),
) -> Decision:
    """New code and token; the old ones die in the same transaction. Refuses while a visit uses the old code."""
    kept, code = stay_named(state, stay), state.code.get(stay)
    if kept.status not in (StayStatus.STORED, StayStatus.UNCERTAIN):
        raise Refusal(WRONG_SITUATION, f"the stay in compartment {kept.compartment} is {kept.status.value}")
    if live_intent(state, kept.compartment) is not None or (
        code is not None and code.life is CodeLife.CLAIMED
    ):
        raise Refusal(IN_USE, f"somebody is at compartment {kept.compartment} now")
    check_unused(state, credentials)
    event = e.CodeReissued(stay, credentials.code_hash, credentials.token_hash, actor, reason)
    return Decision((event,), personal)


def correct_phone(
    state: LockerState,
    stay: str,
    phone_hash: str,
    actor: str,
    at: Instant,
    personal: tuple[VaultWrite, ...] = (),
) -> Decision:
    """Another recipient's phone. A code bound to the old phone has to be reissued by the caller."""
    kept = stay_named(state, stay)
    event = e.ParcelCorrected(stay, kept.compartment, Correction.PHONE, actor, phone_hash=phone_hash)
    return Decision((event,), personal)


def correct_waybill(
    state: LockerState,
    parcel: str,
    waybill_hash: str,
    actor: str,
    at: Instant,
    personal: tuple[VaultWrite, ...] = (),
) -> Decision:
    """The number was read or typed wrongly."""
    known = state.parcel.get(parcel)
    if known is None:
        raise Refusal(WRONG_SITUATION, "no such parcel is here")
    if any(p.waybill_hash == waybill_hash and state.stay[p.stay].live for p in state.parcel.values()):
        raise Refusal(DUPLICATE_WAYBILL, "this waybill is in the locker already")
    number = stay_named(state, known.stay).compartment
    event = e.ParcelCorrected(
        known.stay, number, Correction.WAYBILL, actor, waybill_hash=waybill_hash, parcel=parcel
    )
    return Decision((event,), personal)
