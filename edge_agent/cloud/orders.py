"""The arguments of each command, by its name. A command that is not here is answered `unsupported`."""

from __future__ import annotations

from typing import Annotated

import msgspec

from edge_agent.cloud.claims import Door, Identity, Strict, Words

BULK_MAX = 24  # doors of one command: a person has to stand there and see to each
HOURS_MAX = 720  # 30 days: what the law lets a locker keep

Phone = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{8,15}$")]
Stay = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Nothing(Strict, frozen=True):
    """A command without arguments."""


class Unlock(Strict, frozen=True, kw_only=True):
    """One compartment, or several as a bulk: then two persons have to approve it."""

    compartment: Door = ""
    compartments: Annotated[tuple[Door, ...], msgspec.Meta(max_length=BULK_MAX)] = ()
    reason: Words
    case: Words
    operator: Identity

    @property
    def doors(self) -> tuple[str, ...]:
        one = (self.compartment,) if self.compartment else ()
        return tuple(dict.fromkeys((*one, *self.compartments)))


class Cancel(Strict, frozen=True):
    """Take a command back: one that has not come yet never opens anything, a bulk stops before its next door."""

    command: Identity


class Service(Strict, frozen=True):
    compartment: Door
    reason: Words
    operator: Identity


class Reissue(Strict, frozen=True):
    """`phone` is needed where codes are bound to it; then the command has to be sealed."""

    stay: Stay
    reason: Words
    operator: Identity
    phone: Phone | None = None


class DelegatePickup(Strict, frozen=True):
    """Somebody else may collect this stay. The back office draws the token and hands it on; so: only sealed.

    `delegate` is the grant's own id, by which it is journalled and taken back; it names nobody.
    """

    stay: Stay
    delegate: Identity
    token: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32,64}$")]
    hours: Annotated[int, msgspec.Meta(ge=1, le=HOURS_MAX)]
    operator: Identity
    reason: Words = ""


class RevokeDelegate(Strict, frozen=True):
    stay: Stay
    delegate: Identity
    operator: Identity
    reason: Words = ""


class Correct(Strict, frozen=True):
    """A phone, or one parcel's waybill. Personal data: only sealed."""

    stay: Stay
    operator: Identity
    phone: Phone | None = None
    parcel: Stay | None = None
    waybill: Annotated[str, msgspec.Meta(min_length=8, max_length=40)] | None = None


class Extend(Strict, frozen=True):
    """One stay, or `all` of them."""

    hours: Annotated[int, msgspec.Meta(ge=1, le=HOURS_MAX)]
    operator: Identity
    reason: Words = ""
    stay: Stay | None = None
    all: bool = False


class Switch(Strict, frozen=True):
    reason: Words
    operator: Identity


class Support(Strict, frozen=True):
    """Logs, figures and configuration for whoever helps, without personal data."""

    reason: Words
    operator: Identity


class Recall(Strict, frozen=True):
    """From now on the carrier's couriers may take this stay back, as if it were overdue."""

    stay: Stay
    reason: Words
    operator: Identity


class Resend(Strict, frozen=True):
    """Publish the journal again from `next` on; `epoch` guards against an older ledger's numbers."""

    epoch: Identity
    next: Annotated[int, msgspec.Meta(ge=1)]
