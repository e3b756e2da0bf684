"""The bodies of the documents, by name: what stands in each, and the rows of given tables that it becomes.

A document is whole: what it does not name is not so any more. Secrets in it (PINs, badges, cards) are hashed here
and nothing of them is kept; that is why such documents come sealed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from edge_agent.cloud.claims import Identity, Strict, Words, decoded
from edge_agent.cloud.policy import PolicyIn, policy_of
from edge_agent.config import Config
from edge_agent.domain.carrier import Carrier, Consent
from edge_agent.domain.changes import Change, Changes
from edge_agent.domain.courier import Courier
from edge_agent.domain.staff_member import Staff
from edge_agent.domain.state import ONLY, LockerState
from edge_agent.kiosk.session_inputs import pin_text
from edge_agent.store import jose

CARRIERS_MAX, COURIERS_MAX, STAFF_MAX, NOTICES_MAX = 200, 5_000, 200, 20
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


class Freeze(Strict, frozen=True, kw_only=True):
    """From and until when nothing may be installed: a peak season, a stocktaking."""

    from_ms: Millis
    until_ms: Millis


class Update(Strict, frozen=True, kw_only=True):
    """Which version the locker shall run, and the digest of its package."""

    version: Identity
    url: Words
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
    not_before_ms: Millis = 0
    freezes: Annotated[tuple[Freeze, ...], msgspec.Meta(max_length=32)] = ()


Hash = Callable[[str], Awaitable[str]]
Rows = Callable[[LockerState], Changes]


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
    """One kind of document. `body`: its type, `most`: entries of a list at most; `check` raises ValueError.

    `rows` hashes what has to be hashed and returns the rows as a function of the state that they are committed over.
    `kept`: its body stays, as JSON, for whoever shows or carries it out.
    """

    body: Any
    rows: Callable[[Means, Any], Awaitable[Rows]]
    most: int = 1
    check: Callable[[Any], None] = lambda found: None
    sealed: bool = False
    kept: bool = False

    def read(self, body: msgspec.Raw) -> Any:
        """The typed body. Raises ValueError with the place of what is wrong."""
        found = decoded(body, self.body)
        if isinstance(found, tuple):
            _once(found, self.most)
        self.check(found)
        return found


def secrets_in(found: Any) -> int:
    """How many slow hashes this body costs."""
    return sum(bool(getattr(one, "pin", "")) for one in found) if isinstance(found, tuple) else 0


async def _carriers(means: Means, found: tuple[CarrierIn, ...]) -> Rows:
    rows = {one.id: Carrier(**msgspec.structs.asdict(one)) for one in found}
    return lambda state: _whole("carrier", rows, state.carrier)


async def _couriers(means: Means, found: tuple[CourierIn, ...]) -> Rows:
    pins = [await _pin(means, one) for one in found]

    def rows(state: LockerState) -> Changes:
        made = {one.id: _courier(means, state, one, pin) for one, pin in zip(found, pins, strict=True)}
        return _whole("courier", made, state.courier)

    return rows


def _courier(means: Means, state: LockerState, one: CourierIn, pin: str) -> Courier:
    before = state.courier.get(one.id)
    had_it = before is not None and before.may_recall and not before.revoked
    since_ms = before.recall_since_ms if before is not None and had_it else means.powered_ms()
    badge = means.keyed("badge", one.badge) if one.badge else ""
    return Courier(
        one.id,
        one.carrier,
        pin,
        badge,
        one.revoked,
        one.may_recall,
        one.may_verify,
        recall_since_ms=since_ms,
    )


def _check_staff(found: tuple[StaffIn, ...]) -> None:
    for one in found:
        if one.approval_key:
            jose.verification_key(one.approval_key)


async def _staff(means: Means, found: tuple[StaffIn, ...]) -> Rows:
    rows = {one.id: _person(means, one, await _pin(means, one)) for one in found}
    return lambda state: _whole("staff", rows, state.staff)


def _person(means: Means, one: StaffIn, pin: str) -> Staff:
    card = means.keyed("badge", one.card) if one.card else ""
    return Staff(one.id, card, pin, one.revoked, one.roles, one.approval_key, one.valid_until_ms)


async def _pin(means: Means, one: CourierIn | StaffIn) -> str:
    return await means.hashed(pin_text(one.id, one.pin)) if one.pin else ""


async def _policy(means: Means, found: PolicyIn) -> Rows:
    return lambda state: (Change("policy", ONLY, policy_of(means.config, found)),)


async def _kept_only(means: Means, found: Any) -> Rows:
    return lambda state: ()


def _once(entries: tuple[Any, ...], most: int) -> None:
    """Raises ValueError for too many, or an id that stands there twice."""
    if len(entries) > most:
        raise ValueError(f"{len(entries)} entries, {most} at most")
    twice = sorted(name for name, count in Counter(one.id for one in entries).items() if count > 1)
    if twice:
        raise ValueError(f"{twice[0]} stands there twice")


def _whole(table: str, rows: dict[str, Any], present: Iterable[str]) -> Changes:
    gone = [Change(table, key, None) for key in present if key not in rows]
    return (*gone, *(Change(table, key, row) for key, row in rows.items()))


PAPERS: dict[str, Paper] = {
    "carriers": Paper(tuple[CarrierIn, ...], _carriers, CARRIERS_MAX),
    "couriers": Paper(tuple[CourierIn, ...], _couriers, COURIERS_MAX, sealed=True),
    "staff": Paper(tuple[StaffIn, ...], _staff, STAFF_MAX, _check_staff, sealed=True),
    "policy": Paper(PolicyIn, _policy, kept=True),
    "notices": Paper(tuple[Notice, ...], _kept_only, NOTICES_MAX, kept=True),
    "update": Paper(Update, _kept_only, kept=True),
}
