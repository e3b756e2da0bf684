"""Events about stays, their parcels and their codes."""

from __future__ import annotations

from typing import ClassVar

from edge_agent.domain.events.base import Event
from edge_agent.domain.words import Basis, Contents, Correction, CredentialKind


class DepositReserved(Event, frozen=True):
    """A compartment is set aside for one stay; `parcel` is the parcel in the courier's hand.

    `joined`: the parcel was added to a stay that this courier had just deposited in the same compartment.
    """

    TYPE: ClassVar[str] = "deposit.reserved"
    stay: str
    parcel: str
    compartment: str
    carrier: str
    courier: str
    session: str
    waybill_hash: str
    phone_hash: str = ""
    consent: str = ""  # where the recipient's consent came from; "" where the carrier needs none
    low_needed: bool = False
    joined: bool = False


class DepositCancelled(Event, frozen=True):
    """The deposit ended without a parcel. `contents`: what is known of the compartment now, on what basis."""

    TYPE: ClassVar[str] = "deposit.cancelled"
    stay: str
    parcel: str
    compartment: str
    reason: str
    contents: Contents
    basis: Basis
    session: str = ""


class DepositInterrupted(Event, frozen=True):
    """Nobody finished the deposit (power cut, walked away): contents unknown, a person has to look."""

    TYPE: ClassVar[str] = "deposit.interrupted"
    stay: str
    parcel: str
    compartment: str
    reason: str
    session: str = ""


class DepositRefused(Event, frozen=True):
    """A parcel was turned away because no compartment was free: none that fits (`size`), or none at all ("")."""

    TYPE: ClassVar[str] = "deposit.refused"
    session: str
    courier: str
    carrier: str
    size: str = ""


class ParcelDeposited(Event, frozen=True):
    """Stored: the door was seen open and then closed. Carries hashes of the credentials only."""

    TYPE: ClassVar[str] = "parcel.deposited"
    stay: str
    parcel: str
    compartment: str
    carrier: str
    courier: str
    code_hash: str
    token_hash: str
    retention_ends_at_ms: int  # on the service clock
    session: str = ""
    size: str = ""


class ParcelReminded(Event, frozen=True):
    TYPE: ClassVar[str] = "parcel.reminded"
    stay: str
    compartment: str
    hours_left: int


class ParcelOverdue(Event, frozen=True):
    TYPE: ClassVar[str] = "parcel.overdue"
    stay: str
    compartment: str


class ParcelCollected(Event, frozen=True):
    """The recipient has it. Basis recipient: door seen open at least 2 s, then closed, nothing reported."""

    TYPE: ClassVar[str] = "parcel.collected"
    stay: str
    parcels: tuple[str, ...]
    compartment: str
    basis: Basis
    session: str = ""
    method: str = ""  # code | token | delegate | same-recipient | verified
    open_ms: int = 0
    delegate: str = ""  # the grant, where somebody collected for the recipient


class ParcelRefused(Event, frozen=True):
    """The recipient put these parcels back. If others of the stay were taken, they become their own stay."""

    TYPE: ClassVar[str] = "parcel.refused"
    stay: str
    parcels: tuple[str, ...]
    compartment: str
    reason: str
    session: str = ""
    split_stay: str = ""  # id of the new stay; "" where the whole stay was refused


class ParcelRecalled(Event, frozen=True):
    """The courier has taken the stay back."""

    TYPE: ClassVar[str] = "parcel.recalled"
    stay: str
    parcels: tuple[str, ...]
    compartment: str
    courier: str
    reason: str
    session: str = ""


class ParcelCorrected(Event, frozen=True):
    """A named person changed a fact of a stay. Only the fields of `what` are meaningful."""

    TYPE: ClassVar[str] = "parcel.corrected"
    stay: str
    compartment: str
    what: Correction
    actor: str
    reason: str = ""
    phone_hash: str = ""
    waybill_hash: str = ""
    parcel: str = ""
    retention_ends_at_ms: int = 0
    basis: Basis = Basis.NONE


class CodeReissued(Event, frozen=True):
    """New credentials; the old ones died with this event."""

    TYPE: ClassVar[str] = "code.reissued"
    stay: str
    code_hash: str
    token_hash: str
    actor: str
    reason: str = ""


class CodeDelegated(Event, frozen=True):
    """Somebody else may collect this stay, with a token of their own, until `ends_at_ms` on the service clock."""

    TYPE: ClassVar[str] = "code.delegated"
    stay: str
    delegate: str
    token_hash: str
    ends_at_ms: int
    actor: str
    reason: str = ""


class CodeDelegationRevoked(Event, frozen=True):
    """That grant is taken back; the recipient's own credentials are what they were."""

    TYPE: ClassVar[str] = "code.delegation_revoked"
    stay: str
    delegate: str
    actor: str
    reason: str = ""


class CodeClaimed(Event, frozen=True):
    """The credential serves one visit from here on."""

    TYPE: ClassVar[str] = "code.claimed"
    stay: str
    intent: str
    session: str
    by: CredentialKind
    scopes: tuple[str, ...] = ()  # lockout scopes whose row of failures ends here
    delegate: str = ""  # the grant whose token was shown


class CodeRearmed(Event, frozen=True):
    """No opening was seen: the code lives again."""

    TYPE: ClassVar[str] = "code.rearmed"
    stay: str
    intent: str
    reason: str


class CodeSpent(Event, frozen=True):
    """The door was seen open under the claim, or the stay left without it."""

    TYPE: ClassVar[str] = "code.spent"
    stay: str
    intent: str
    reason: str = "opened"


EVENTS: tuple[type[Event], ...] = (
    DepositReserved,
    DepositCancelled,
    DepositInterrupted,
    DepositRefused,
    ParcelDeposited,
    ParcelReminded,
    ParcelOverdue,
    ParcelCollected,
    ParcelRefused,
    ParcelRecalled,
    ParcelCorrected,
    CodeReissued,
    CodeDelegated,
    CodeDelegationRevoked,
    CodeClaimed,
    CodeRearmed,
    CodeSpent,
)
