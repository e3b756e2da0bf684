"""Events about the agent itself: start and stop, clock, storage, configuration, commands, backups."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from edge_agent.domain.events.base import Event
from edge_agent.domain.words import Height


class DoorSpec(msgspec.Struct, frozen=True):
    """One configured door. `rank` orders the sizes: a higher rank holds whatever a lower one holds."""

    number: str
    size: str
    rank: int
    height: Height
    board: str


class AgentStarted(Event, frozen=True):
    TYPE: ClassVar[str] = "agent.started"
    version: str
    reason: str = ""


class AgentStopped(Event, frozen=True):
    TYPE: ClassVar[str] = "agent.stopped"
    reason: str


class ClockJumped(Event, frozen=True):
    """The wall clock moved by `jump_ms` against the boot clock."""

    TYPE: ClassVar[str] = "clock.jumped"
    jump_ms: int


class ClockSynced(Event, frozen=True):
    TYPE: ClassVar[str] = "clock.synced"
    offset_ms: int = 0


class JournalCheckpoint(Event, frozen=True):
    """Older rows were purged: `last_hash` is the newest of them's, `state_digest` the folded tables'."""

    TYPE: ClassVar[str] = "journal.checkpoint"
    last_sequence: int
    last_hash: str
    state_digest: str


class PrivacyErased(Event, frozen=True):
    """The vault's row and key of this stay are gone."""

    TYPE: ClassVar[str] = "privacy.erased"
    stay: str


class PrivacyErasedUnsent(Event, frozen=True):
    """As above, although the cloud had not acknowledged it: the law's time was up."""

    TYPE: ClassVar[str] = "privacy.erased_unsent"
    stay: str


class StorageLow(Event, frozen=True):
    TYPE: ClassVar[str] = "storage.low"
    free_mib: int
    threshold_mib: int


class StorageDegraded(Event, frozen=True):
    TYPE: ClassVar[str] = "storage.degraded"
    fact: str


class ConfigApplied(Event, frozen=True):
    """The configured doors: new ones start with contents unknown, those no longer named go."""

    TYPE: ClassVar[str] = "config.applied"
    digest: str
    doors: tuple[DoorSpec, ...]
    documents: tuple[tuple[str, int], ...] = ()  # (name, version)


class ConfigRejected(Event, frozen=True):
    TYPE: ClassVar[str] = "config.rejected"
    what: str
    reason: str


class CommandDone(Event, frozen=True):
    TYPE: ClassVar[str] = "command.done"
    command: str
    cmd: str
    issuer: str
    status: str
    code: str = ""


class CommandRejected(Event, frozen=True):
    TYPE: ClassVar[str] = "command.rejected"
    command: str
    cmd: str
    issuer: str
    code: str
    reason: str = ""


class BackupMade(Event, frozen=True):
    TYPE: ClassVar[str] = "backup.made"
    target: str
    digest: str
    size_bytes: int


class LedgerRestored(Event, frozen=True):
    """A backup became the ledger: a new epoch begins, and the cloud has to reconcile."""

    TYPE: ClassVar[str] = "ledger.restored"
    backup: str
    old_epoch: str
    last_sequence: int


EVENTS: tuple[type[Event], ...] = (
    AgentStarted,
    AgentStopped,
    ClockJumped,
    ClockSynced,
    JournalCheckpoint,
    PrivacyErased,
    PrivacyErasedUnsent,
    StorageLow,
    StorageDegraded,
    ConfigApplied,
    ConfigRejected,
    CommandDone,
    CommandRejected,
    BackupMade,
    LedgerRestored,
)
