"""The fold: the only definition of what an event does to the folded tables.

`changes_of` looks the event's type up in one table and asks one small pure function for the rows. The live agent and a
rebuild from the journal run the same code, so tables and journal cannot disagree by design. Nothing here reads a clock:
`at` is the moment of the event, live or from its row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from edge_agent.domain import events as e
from edge_agent.domain.changes import Change, Changes
from edge_agent.domain.folding import compartments, doors, faults, parcels, people, upkeep
from edge_agent.domain.folding.rows import FoldError
from edge_agent.domain.instant import Instant
from edge_agent.domain.state import LockerState

Rule = Callable[[LockerState, Any, Instant], Iterator[Change]]


def _nothing(state: LockerState, event: e.Event, at: Instant) -> Iterator[Change]:
    """A fact for the record; no table depends on it."""
    return iter(())


RULES: dict[type[e.Event], Rule] = {
    e.DepositReserved: parcels.reserved,
    e.DepositCancelled: parcels.cancelled,
    e.DepositInterrupted: parcels.interrupted,
    e.DepositRefused: _nothing,
    e.ParcelDeposited: parcels.deposited,
    e.ParcelReminded: parcels.reminded,
    e.ParcelOverdue: parcels.overdue,
    e.ParcelCollected: parcels.collected,
    e.ParcelRefused: parcels.refused,
    e.ParcelRecalled: parcels.recalled,
    e.ParcelCorrected: parcels.corrected,
    e.CodeReissued: parcels.reissued,
    e.CodeDelegated: parcels.delegated,
    e.CodeDelegationRevoked: parcels.delegation_revoked,
    e.CodeClaimed: parcels.claimed,
    e.CodeRearmed: parcels.rearmed,
    e.CodeSpent: parcels.spent,
    e.DoorOpenRequested: doors.requested,
    e.DoorOpened: doors.opened,
    e.DoorNotOpened: doors.not_opened,
    e.DoorOutcomeUnknown: doors.outcome_unknown,
    e.DoorClosed: doors.closed,
    e.DoorLeftOpen: _nothing,
    e.DoorForced: doors.forced,
    e.DoorWrongDoor: doors.wrong_door,
    e.CompartmentOutOfService: compartments.out_of_service,
    e.CompartmentInService: compartments.in_service,
    e.CompartmentSuspect: compartments.suspect,
    e.CompartmentContentsUnknown: compartments.unknown,
    e.CompartmentVerifiedEmpty: compartments.verified_empty,
    e.CompartmentReported: compartments.reported,
    e.SessionStarted: people.started,
    e.SessionEnded: people.ended,
    e.LoginFailed: people.tried,
    e.CodeFailed: people.tried,
    e.CodeLockedOut: people.locked_out,
    e.FeedbackGiven: _nothing,
    e.BoardSilent: compartments.board_silent,
    e.BoardBack: compartments.board_back,
    e.BusLost: _nothing,
    e.BusBack: _nothing,
    e.ScannerLost: _nothing,
    e.ScannerBack: _nothing,
    e.CoilStuck: compartments.coil_stuck,
    e.SupplyLow: _nothing,
    e.ServiceEntered: _nothing,
    e.ServiceLeft: _nothing,
    e.FaultOpened: faults.opened,
    e.FaultAcknowledged: faults.acknowledged,
    e.FaultResolved: faults.resolved,
    e.MaintenanceDone: upkeep.maintained,
    e.AcceptancePassed: compartments.accepted,
    e.AcceptanceFailed: _nothing,
    e.AgentStarted: _nothing,
    e.AgentStopped: _nothing,
    e.ClockJumped: _nothing,
    e.ClockSynced: _nothing,
    e.JournalCheckpoint: _nothing,
    e.PrivacyErased: _nothing,
    e.PrivacyErasedUnsent: _nothing,
    e.StorageLow: _nothing,
    e.StorageDegraded: _nothing,
    e.ConfigApplied: compartments.configured,
    e.ConfigRejected: _nothing,
    e.CommandDone: _nothing,
    e.CommandRejected: _nothing,
    e.BackupMade: _nothing,
    e.LedgerRestored: compartments.restored,
    e.FaultAttended: upkeep.attended,
    e.FaultEscalated: upkeep.escalated,
    e.DeviceInstalled: upkeep.installed,
    e.InspectionDone: upkeep.inspected,
    e.DrillStarted: upkeep.drill_started,
    e.DrillEnded: upkeep.drill_ended,
    e.CabinetDecommissioned: _nothing,
}


def changes_of(state: LockerState, event: e.Event, at: Instant) -> Changes:
    """The rows that `event` changes. Raises FoldError where the event does not fit the tables."""
    return tuple(RULES[type(event)](state, event, at))


def fold(events: Iterable[tuple[e.Event, Instant]], state: LockerState | None = None) -> LockerState:
    """Fold a journal from an empty locker, or onto `state` (the folded state of a checkpoint)."""
    folded = state or LockerState()
    for event, at in events:
        folded.apply(changes_of(folded, event, at))
    return folded


__all__ = ["RULES", "FoldError", "changes_of", "fold"]
