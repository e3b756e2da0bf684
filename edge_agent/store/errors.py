"""What can go wrong in the store, as values with stable codes (STORE-4xx).

`where` names the thing and its place, the message says what was expected and what was found. The texts a
person reads for each code (cause, next step, 中文) stand in `edge_agent.error_table`.
"""

from __future__ import annotations

import apsw

from edge_agent.errors import StoreError


class LedgerError(StoreError):
    """Base of the store's kinds; each names its code. `where` is a path or a part of the ledger."""

    CODE = ""

    def __init__(self, where: object, detail: str) -> None:
        super().__init__(self.CODE, str(where), detail)


class CommitFailed(LedgerError):
    """A write or sync failed; nobody may be told that it was done."""

    CODE = "STORE-402"


class DiskFull(CommitFailed):
    """No space left on the ledger's device."""

    CODE = "STORE-403"


class DiskReadOnly(CommitFailed):
    """The device became read-only, or the files belong to someone else."""

    CODE = "STORE-404"


class LedgerDamaged(LedgerError):
    """SQLite, the chain or a table says that the file is not what was written."""

    CODE = "STORE-405"


class SchemaTooNew(LedgerError):
    """A newer program wrote this ledger; this one must not touch it."""

    CODE = "STORE-406"


class LedgerMissing(LedgerError):
    """Keys or backups say that there was a ledger, but there is none: it is not made anew silently."""

    CODE = "STORE-407"


class MigrationFailed(LedgerError):
    """The schema process ended with an error; the old schema is untouched."""

    CODE = "STORE-408"


class LedgerHeld(LedgerError):
    """Another process holds the ledger, or its write lock for longer than the bound."""

    CODE = "STORE-409"


class ChainBroken(LedgerDamaged):
    """A journal row does not follow from the one before it."""

    CODE = "STORE-410"


class SqliteTooOld(LedgerError):
    """This SQLite carries the WAL-reset race (3.7.0 to 3.51.2) and may lose committed pages."""

    CODE = "STORE-411"


class NoBackup(LedgerError):
    """There is no verified backup to restore from."""

    CODE = "STORE-412"


class BackupUnreadable(LedgerError):
    """A backup does not open with this key, or what it holds is not sound."""

    CODE = "STORE-413"


class KeyFileBad(LedgerError):
    """A key file is missing, empty, or readable by others."""

    CODE = "STORE-414"


class LedgerDegraded(CommitFailed):
    """The ledger takes no writes until its device works again; the second journal, if any, takes pickups
    only.
    """

    CODE = "STORE-415"


class SecondJournalBad(LedgerError):
    """The second journal cannot be written, or its chain is broken."""

    CODE = "STORE-416"


class RebuildDiffers(LedgerDamaged):
    """Folding the journal does not give the folded tables."""

    CODE = "STORE-417"


class StateDirBad(LedgerError):
    """The state directory is missing, or this user may not read and write it."""

    CODE = "STORE-418"


class VaultClosed(LedgerError):
    """The sealed data of this stay is erased, or its key does not open it."""

    CODE = "STORE-419"


class StoreBusy(LedgerError):
    """More jobs wait for the store thread than its bound."""

    CODE = "STORE-420"


class DocumentBad(LedgerError):
    """A list handed in (couriers, carriers ...) is not what was expected; nothing of it was taken."""

    CODE = "STORE-421"


# SQLite's own classes, most telling first: the first match names the error that people see.
_KINDS: tuple[tuple[type[apsw.Error], type[LedgerError]], ...] = (
    (apsw.FullError, DiskFull),
    (apsw.ReadOnlyError, DiskReadOnly),
    (apsw.BusyError, LedgerHeld),
    (apsw.LockedError, LedgerHeld),
    (apsw.NotADBError, LedgerDamaged),
    (apsw.CorruptError, LedgerDamaged),
    (apsw.PermissionsError, StateDirBad),
    (apsw.CantOpenError, StateDirBad),
)


def from_sqlite(where: object, error: apsw.Error) -> LedgerError:
    """The store's error for an SQLite one; the original stays as the cause (`raise ... from error`)."""
    for theirs, ours in _KINDS:
        if isinstance(error, theirs):
            return ours(where, str(error))
    return CommitFailed(where, f"{type(error).__name__}: {error}")
