"""What each command does, by its name: from its arguments to a decision. One table; nothing else knows the names.

A plan prepares what needs time (hashes, fresh codes) and returns the decision that the desk commits together with the
answer. A decision's result is the reply's `result`. Refusals of the domain become `rejected` with their code.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from drivers.lock_board import DoorState
from edge_agent.cloud import orders as o
from edge_agent.cloud.claims import CommandClaims, Strict
from edge_agent.domain import clock_rules, corrections, delegates, remote_orders, service
from edge_agent.domain.code import DRAWS_MAX, draw_code, draw_token, typed_text
from edge_agent.domain.decision import Decision, VaultWrite
from edge_agent.domain.deposits import Credentials
from edge_agent.domain.openings import stay_named
from edge_agent.domain.ports import Decide
from edge_agent.domain.refusals import COLLIDES, PHONE_MISSING, WRONG_SITUATION, Refusal
from edge_agent.domain.remote_orders import actor_of
from edge_agent.domain.state import LockerState
from edge_agent.kiosk.session_inputs import LAST_DIGITS, is_unused
from edge_agent.randomness import Randomness


class Hasher(Protocol):
    """The store's hashing port."""

    async def code_hash_off_loop(self, typed: str) -> str: ...

    def lookup_hash(self, kind: str, value: str) -> str: ...


BundleMaker = Callable[[str, str], Awaitable[dict[str, Any]]]
"""Makes a support bundle for (who, why) within 20 seconds; the reply says `file`, `sha256`, `size_bytes` of it."""


@dataclass(frozen=True, slots=True)
class Means:
    """What plans work with. `readings`: door → what its sensor says; `self_test`: part → how it is."""

    state: Callable[[], LockerState]
    hasher: Hasher
    chance: Randomness
    readings: Callable[[], dict[str, DoorState]]
    self_test: Callable[[], dict[str, str]]
    epoch: Callable[[], str]
    support_bundle: Callable[[], BundleMaker | None]


class Unsupported(Exception):
    """This locker has no such operation (yet)."""


Plan = Callable[[Means, CommandClaims, Any], Awaitable[Decide]]


@dataclass(frozen=True, slots=True)
class Order:
    """One command. `sealed`: only inside a JWE; `silent`: reads nothing worth a row of the journal."""

    arguments: type[Strict]
    plan: Plan
    sealed: bool = False
    silent: bool = False


def _with(result: dict[str, Any], decision: Decision) -> Decision:
    return replace(decision, result=result)


async def _ping(means: Means, claims: CommandClaims, asked: o.Nothing) -> Decide:
    return lambda state, at: Decision(result={"clock": at.quality.value})


async def _read_doors(means: Means, claims: CommandClaims, asked: o.Nothing) -> Decide:
    seen = {number: state.value for number, state in means.readings().items()}
    return lambda state, at: Decision(result={"doors": seen})


async def _self_test(means: Means, claims: CommandClaims, asked: o.Nothing) -> Decide:
    found = means.self_test()
    return lambda state, at: Decision(result={"parts": found})


async def _in_service(means: Means, claims: CommandClaims, asked: o.Service) -> Decide:
    actor = actor_of(asked.operator, claims.iss)
    return lambda state, at: _with({}, service.in_service(state, asked.compartment, actor, at, asked.reason))


async def _out_of_service(means: Means, claims: CommandClaims, asked: o.Service) -> Decide:
    actor = actor_of(asked.operator, claims.iss)
    return lambda state, at: _with(
        {}, service.out_of_service(state, asked.compartment, actor, asked.reason, at)
    )


async def _stop_deposits(means: Means, claims: CommandClaims, asked: o.Switch) -> Decide:
    return lambda state, at: _with({}, service.switch_deposits(state, False, asked.reason, at))


async def _resume_deposits(means: Means, claims: CommandClaims, asked: o.Switch) -> Decide:
    return lambda state, at: _with({}, service.switch_deposits(state, True, asked.reason, at))


async def _extend(means: Means, claims: CommandClaims, asked: o.Extend) -> Decide:
    if asked.all == (asked.stay is not None):
        raise Refusal(WRONG_SITUATION, "either one stay or all of them")
    actor = actor_of(asked.operator, claims.iss)

    def decide(state: LockerState, at: Any) -> Decision:
        decision = clock_rules.extend(state, asked.stay, asked.hours, actor, at, asked.reason)
        return _with({"stays": decision.result}, decision)

    return decide


async def _recall(means: Means, claims: CommandClaims, asked: o.Recall) -> Decide:
    def decide(state: LockerState, at: Any) -> Decision:
        decision = remote_orders.recall_now(state, asked.stay, at)
        return _with({"why": decision.result}, decision)

    return decide


async def _reissue(means: Means, claims: CommandClaims, asked: o.Reissue) -> Decide:
    code, token, credentials = await _drawn(means, asked.phone or "")
    personal = (VaultWrite(asked.stay, "code", code), VaultWrite(asked.stay, "token", token))
    actor = actor_of(asked.operator, claims.iss)

    def decide(state: LockerState, at: Any) -> Decision:
        decision = corrections.reissue(
            state, asked.stay, credentials, actor, at, reason=asked.reason, personal=personal
        )
        number = stay_named(state, asked.stay).compartment
        return _with({}, remote_orders.charged(state, number, decision, at))

    return decide


async def _delegate(means: Means, claims: CommandClaims, asked: o.DelegatePickup) -> Decide:
    hashed = means.hasher.lookup_hash("token", asked.token)
    actor = actor_of(asked.operator, claims.iss)

    def decide(state: LockerState, at: Any) -> Decision:
        number = stay_named(state, asked.stay).compartment
        decision = delegates.grant(
            state, asked.stay, asked.delegate, hashed, asked.hours, actor, at, asked.reason
        )
        return _with({}, remote_orders.charged(state, number, decision, at))

    return decide


async def _revoke_delegate(means: Means, claims: CommandClaims, asked: o.RevokeDelegate) -> Decide:
    actor = actor_of(asked.operator, claims.iss)
    return lambda state, at: _with(
        {}, delegates.revoke(state, asked.stay, asked.delegate, actor, at, asked.reason)
    )


async def _drawn(means: Means, phone: str) -> tuple[str, str, Credentials]:
    """A code and a token that nobody uses; they go up sealed with the event, never in the reply."""
    shape = means.state().rules.code_shape
    if shape == "6+4" and not phone:
        raise Refusal(PHONE_MISSING, "codes are bound to the phone here; name it")
    for _ in range(DRAWS_MAX):
        code = draw_code(means.chance, shape, lambda _: False)
        typed = typed_text(shape, code, phone[-LAST_DIGITS:])
        token = draw_token(means.chance)
        credentials = Credentials(
            await means.hasher.code_hash_off_loop(typed), means.hasher.lookup_hash("token", token)
        )
        if is_unused(means.state(), credentials):
            return code, token, credentials
    raise Refusal(COLLIDES, f"{DRAWS_MAX} codes in a row were taken")


async def _correct(means: Means, claims: CommandClaims, asked: o.Correct) -> Decide:
    if (asked.phone is None) == (asked.waybill is None) or (asked.waybill is None) != (asked.parcel is None):
        raise Refusal(WRONG_SITUATION, "either a phone, or a parcel and its waybill")
    actor = actor_of(asked.operator, claims.iss)

    def decide(state: LockerState, at: Any) -> Decision:
        number = stay_named(state, asked.stay).compartment
        if asked.phone is not None:
            hashed = means.hasher.lookup_hash("phone", asked.phone)
            personal = (VaultWrite(asked.stay, "phone", asked.phone),)
            decision = corrections.correct_phone(state, asked.stay, hashed, actor, at, personal)
        else:
            assert asked.parcel is not None
            assert asked.waybill is not None
            _check_parcel_of(state, asked.parcel, asked.stay)
            hashed = means.hasher.lookup_hash("waybill", asked.waybill)
            personal = (VaultWrite(asked.stay, f"waybill:{asked.parcel}", asked.waybill),)
            decision = corrections.correct_waybill(state, asked.parcel, hashed, actor, at, personal)
        return _with({}, remote_orders.charged(state, number, decision, at))

    return decide


def _check_parcel_of(state: LockerState, parcel: str, stay: str) -> None:
    kept = state.parcel.get(parcel)
    if kept is None or kept.stay != stay:
        raise Refusal(WRONG_SITUATION, "no such parcel belongs to this stay")


async def _resend(means: Means, claims: CommandClaims, asked: o.Resend) -> Decide:
    if asked.epoch != means.epoch():
        raise Refusal(WRONG_SITUATION, f"the ledger's epoch is {means.epoch()}")
    return lambda state, at: Decision(result={"next": asked.next})


async def _support_bundle(means: Means, claims: CommandClaims, asked: o.Support) -> Decide:
    """Made before the answer: the reply names the file, which lies on the locker and is fetched by other ways."""
    make = means.support_bundle()
    if make is None:
        raise Unsupported
    made = await make(actor_of(asked.operator, claims.iss), asked.reason)
    return lambda state, at: Decision(result=made)


async def _never(means: Means, claims: CommandClaims, asked: Any) -> Decide:
    raise AssertionError("the desk sees to these itself")


UNLOCK, CANCEL, RESEND = "unlock", "cancel", "resend"
ORDERS: dict[str, Order] = {
    UNLOCK: Order(o.Unlock, _never),
    CANCEL: Order(o.Cancel, _never),
    RESEND: Order(o.Resend, _resend, silent=True),
    "set_in_service": Order(o.Service, _in_service),
    "set_out_of_service": Order(o.Service, _out_of_service),
    "reissue_code": Order(o.Reissue, _reissue),
    "delegate_pickup": Order(o.DelegatePickup, _delegate, sealed=True),
    "revoke_delegate": Order(o.RevokeDelegate, _revoke_delegate),
    "correct_parcel": Order(o.Correct, _correct, sealed=True),
    "extend_retention": Order(o.Extend, _extend),
    "stop_deposits": Order(o.Switch, _stop_deposits),
    "resume_deposits": Order(o.Switch, _resume_deposits),
    "recall": Order(o.Recall, _recall),
    "support_bundle": Order(o.Support, _support_bundle),
    "read_doors": Order(o.Nothing, _read_doors, silent=True),
    "self_test": Order(o.Nothing, _self_test, silent=True),
    "ping": Order(o.Nothing, _ping, silent=True),
}
