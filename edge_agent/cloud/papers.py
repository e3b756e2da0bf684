"""The bodies of the documents, by name: what stands in each, and the rows of given tables that it becomes.

A document is whole: what it does not name is not so any more. Secrets in it (PINs, badges, cards) are hashed here
and nothing of them is kept; that is why such documents come sealed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from edge_agent.cloud import jws
from edge_agent.cloud.claims import Identity, Strict, Words, decoded
from edge_agent.cloud.policy import PolicyIn, policy_of
from edge_agent.config import Config
from edge_agent.domain.carrier import Carrier, Consent
from edge_agent.domain.changes import Change, Changes
from edge_agent.domain.courier import Courier
from edge_agent.domain.staff_member import Staff
from edge_agent.domain.state import ONLY, LockerState
from edge_agent.kiosk.session_inputs import pin_text

CARRIERS_MAX, COURIERS_MAX, STAFF_MAX, NOTICES_MAX = 200, 2_000, 200, 20
HOURS_MAX = 720

Millis = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]
Count = Annotated[int, msgspec.Meta(ge=0, le=10_000)]
Secret = Annotated[str, msgspec.Meta(max_length=128)]


class CarrierIn(Strict, frozen=True, kw_only=True):
    id: Identity
    name: Words = ""
    enabled: bool = True
    contract_from_ms: Millis | None = None
    contract_until_ms: Millis | None = None
    quotas: dict[str, Count] = msgspec.field(default_factory=dict)
    total_quota: Count | None = None
    consent: Consent = Consent.COURIER_CONFIRMS
    retention_h: Annotated[int, msgspec.Meta(ge=0, le=HOURS_MAX)] = 0
    phone_required: bool = True
    overdue_may_be_picked_up: bool = True
    couriers_may_recall_all: bool = True


class CourierIn(Strict, frozen=True, kw_only=True):
    id: Identity
    carrier: Identity
    badge: Secret = ""
    pin: Secret = ""
    revoked: bool = False
    may_recall: bool = True
    may_verify: bool = True


class StaffIn(Strict, frozen=True, kw_only=True):
    """`card` and `pin` open service mode; `approval_key` with role `approver` proves second approvals."""

    id: Identity
    card: Secret = ""
    pin: Secret = ""
    roles: Annotated[tuple[Identity, ...], msgspec.Meta(max_length=8)] = ()
    approval_key: Annotated[str, msgspec.Meta(max_length=43)] = ""
    valid_until_ms: Millis | None = None
    revoked: bool = False


class Notice(Strict, frozen=True, kw_only=True):
    """A sentence for people at the screen, by language."""

    id: Identity
    text: dict[str, Words]
    until_ms: Millis | None = None


class Update(Strict, frozen=True, kw_only=True):
    """Which version the locker shall run, and the digest of its package."""

    version: Identity
    url: Words
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
    not_before_ms: Millis = 0


Hash = Callable[[str], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Means:
    """What turning a body into rows needs. `hashed`: the slow hash, off the loop; `keyed`: kind, value → look-up."""

    config: Config
    state: Callable[[], LockerState]
    powered_ms: Callable[[], int]
    hashed: Hash
    keyed: Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Paper:
    """One kind of document. `kept`: its body stays, as JSON, for whoever shows or carries it out."""

    rows: Callable[[Means, msgspec.Raw], Awaitable[Changes]]
    sealed: bool = False
    kept: bool = False


async def _carriers(means: Means, body: msgspec.Raw) -> Changes:
    found = _once(decoded(body, tuple[CarrierIn, ...]), CARRIERS_MAX)
    rows = {one.id: Carrier(**msgspec.structs.asdict(one)) for one in found}
    return _whole("carrier", rows, means.state().carrier)


async def _couriers(means: Means, body: msgspec.Raw) -> Changes:
    found = _once(decoded(body, tuple[CourierIn, ...]), COURIERS_MAX)
    rows = {one.id: await _courier(means, one) for one in found}
    return _whole("courier", rows, means.state().courier)


async def _courier(means: Means, one: CourierIn) -> Courier:
    before = means.state().courier.get(one.id)
    had_it = before is not None and before.may_recall and not before.revoked
    since_ms = before.recall_since_ms if before is not None and had_it else means.powered_ms()
    return Courier(
        one.id,
        one.carrier,
        await _pin(means, one.id, one.pin),
        means.keyed("badge", one.badge) if one.badge else "",
        one.revoked,
        one.may_recall,
        one.may_verify,
        recall_since_ms=since_ms,
    )


async def _staff(means: Means, body: msgspec.Raw) -> Changes:
    found = _once(decoded(body, tuple[StaffIn, ...]), STAFF_MAX)
    for one in found:
        if one.approval_key:
            jws.public_key(one.approval_key)
    rows = {one.id: await _person(means, one) for one in found}
    return _whole("staff", rows, means.state().staff)


async def _person(means: Means, one: StaffIn) -> Staff:
    return Staff(
        one.id,
        means.keyed("badge", one.card) if one.card else "",
        await _pin(means, one.id, one.pin),
        one.revoked,
        one.roles,
        one.approval_key,
        one.valid_until_ms,
    )


async def _pin(means: Means, person: str, pin: str) -> str:
    return await means.hashed(pin_text(person, pin)) if pin else ""


async def _policy(means: Means, body: msgspec.Raw) -> Changes:
    return (Change("policy", ONLY, policy_of(means.config, decoded(body, PolicyIn))),)


async def _notices(means: Means, body: msgspec.Raw) -> Changes:
    _once(decoded(body, tuple[Notice, ...]), NOTICES_MAX)
    return ()


async def _update(means: Means, body: msgspec.Raw) -> Changes:
    decoded(body, Update)
    return ()


def _once(entries: tuple[Any, ...], most: int) -> tuple[Any, ...]:
    """Raises ValueError for too many, or an id that stands there twice."""
    if len(entries) > most:
        raise ValueError(f"{len(entries)} entries, {most} at most")
    ids = [one.id for one in entries]
    twice = sorted({one for one in ids if ids.count(one) > 1}) if len(set(ids)) < len(ids) else []
    if twice:
        raise ValueError(f"{twice[0]} stands there twice")
    return entries


def _whole(table: str, rows: dict[str, Any], present: Iterable[str]) -> Changes:
    gone = [Change(table, key, None) for key in present if key not in rows]
    return (*gone, *(Change(table, key, row) for key, row in rows.items()))


PAPERS: dict[str, Paper] = {
    "carriers": Paper(_carriers),
    "couriers": Paper(_couriers, sealed=True),
    "staff": Paper(_staff, sealed=True),
    "policy": Paper(_policy, kept=True),
    "notices": Paper(_notices, kept=True),
    "update": Paper(_update, kept=True),
}
