"""Every event of the journal, one frozen type each, and the table that finds a type by its name.

`encode` and `decode` meet the journal: plain dictionaries out, typed values in. The groups are the
contract's.
"""

from __future__ import annotations

from typing import Any

import msgspec

from edge_agent.domain.events import compartment, door, hardware, parcel, people, service, system, upkeep
from edge_agent.domain.events.base import PREFIX, Event
from edge_agent.domain.events.compartment import (
    CompartmentContentsUnknown,
    CompartmentInService,
    CompartmentOutOfService,
    CompartmentReported,
    CompartmentSuspect,
    CompartmentVerifiedEmpty,
)
from edge_agent.domain.events.door import (
    DoorClosed,
    DoorForced,
    DoorLeftOpen,
    DoorNotOpened,
    DoorOpened,
    DoorOpenRequested,
    DoorOutcomeUnknown,
    DoorWrongDoor,
)
from edge_agent.domain.events.hardware import (
    BoardBack,
    BoardSilent,
    BusBack,
    BusLost,
    CoilStuck,
    ScannerBack,
    ScannerLost,
    SupplyLow,
)
from edge_agent.domain.events.parcel import (
    CodeClaimed,
    CodeDelegated,
    CodeDelegationRevoked,
    CodeRearmed,
    CodeReissued,
    CodeSpent,
    DepositCancelled,
    DepositInterrupted,
    DepositRefused,
    DepositReserved,
    ParcelCollected,
    ParcelCorrected,
    ParcelDeposited,
    ParcelOverdue,
    ParcelRecalled,
    ParcelRefused,
    ParcelReminded,
)
from edge_agent.domain.events.people import (
    CodeFailed,
    CodeLockedOut,
    FeedbackGiven,
    LoginFailed,
    SessionEnded,
    SessionStarted,
)
from edge_agent.domain.events.service import (
    AcceptanceFailed,
    AcceptancePassed,
    FaultAcknowledged,
    FaultOpened,
    FaultResolved,
    MaintenanceDone,
    ServiceEntered,
    ServiceLeft,
)
from edge_agent.domain.events.system import (
    AgentStarted,
    AgentStopped,
    BackupMade,
    ClockJumped,
    ClockSynced,
    CommandDone,
    CommandRejected,
    ConfigApplied,
    ConfigRejected,
    DoorSpec,
    JournalCheckpoint,
    LedgerRestored,
    PrivacyErased,
    PrivacyErasedUnsent,
    StorageDegraded,
    StorageLow,
)
from edge_agent.domain.events.upkeep import (
    CabinetDecommissioned,
    DeviceInstalled,
    DrillEnded,
    DrillStarted,
    FaultAttended,
    FaultEscalated,
    InspectedItem,
    InspectionDone,
)

GROUPS: dict[str, tuple[type[Event], ...]] = {
    "parcel": parcel.EVENTS,
    "door": door.EVENTS,
    "compartment": compartment.EVENTS,
    "people": people.EVENTS,
    "hardware": hardware.EVENTS,
    "service": service.EVENTS,
    "system": system.EVENTS,
    "upkeep": upkeep.EVENTS,
}
EVENT_TYPES: dict[str, type[Event]] = {kind.TYPE: kind for group in GROUPS.values() for kind in group}


class UnknownEventError(ValueError):
    """A journal row has a type or version that this program does not know: a newer one wrote it."""


def encode(event: Event) -> dict[str, Any]:
    """The event's data as JSON-ready values; type and version stand beside it in the row."""
    data: dict[str, Any] = msgspec.to_builtins(event)
    return data


def decode(type_name: str, version: int, data: dict[str, Any]) -> Event:
    """The event of a journal row. Raises UnknownEventError, or msgspec.ValidationError for wrong data."""
    kind = EVENT_TYPES.get(type_name.removeprefix(PREFIX))
    if kind is None or version > kind.VERSION:
        raise UnknownEventError(f"event {type_name} version {version} is not known to this program")
    return msgspec.convert(data, kind)


__all__ = [
    "EVENT_TYPES",
    "GROUPS",
    "PREFIX",
    "AcceptanceFailed",
    "AcceptancePassed",
    "AgentStarted",
    "AgentStopped",
    "BackupMade",
    "BoardBack",
    "BoardSilent",
    "BusBack",
    "BusLost",
    "CabinetDecommissioned",
    "ClockJumped",
    "ClockSynced",
    "CodeClaimed",
    "CodeDelegated",
    "CodeDelegationRevoked",
    "CodeFailed",
    "CodeLockedOut",
    "CodeRearmed",
    "CodeReissued",
    "CodeSpent",
    "CoilStuck",
    "CommandDone",
    "CommandRejected",
    "CompartmentContentsUnknown",
    "CompartmentInService",
    "CompartmentOutOfService",
    "CompartmentReported",
    "CompartmentSuspect",
    "CompartmentVerifiedEmpty",
    "ConfigApplied",
    "ConfigRejected",
    "DepositCancelled",
    "DepositInterrupted",
    "DepositRefused",
    "DepositReserved",
    "DeviceInstalled",
    "DoorClosed",
    "DoorForced",
    "DoorLeftOpen",
    "DoorNotOpened",
    "DoorOpenRequested",
    "DoorOpened",
    "DoorOutcomeUnknown",
    "DoorSpec",
    "DoorWrongDoor",
    "DrillEnded",
    "DrillStarted",
    "Event",
    "FaultAcknowledged",
    "FaultAttended",
    "FaultEscalated",
    "FaultOpened",
    "FaultResolved",
    "FeedbackGiven",
    "InspectedItem",
    "InspectionDone",
    "JournalCheckpoint",
    "LedgerRestored",
    "LoginFailed",
    "MaintenanceDone",
    "ParcelCollected",
    "ParcelCorrected",
    "ParcelDeposited",
    "ParcelOverdue",
    "ParcelRecalled",
    "ParcelRefused",
    "ParcelReminded",
    "PrivacyErased",
    "PrivacyErasedUnsent",
    "ScannerBack",
    "ScannerLost",
    "ServiceEntered",
    "ServiceLeft",
    "SessionEnded",
    "SessionStarted",
    "StorageDegraded",
    "StorageLow",
    "SupplyLow",
    "UnknownEventError",
    "decode",
    "encode",
]
