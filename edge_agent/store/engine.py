"""The store's working part: one connection, one unit of work at a time, on one executor.

`Engine` knows SQLite and nothing of asyncio; `ledger.py` puts it behind a lock and an executor. A unit of work is
all or nothing. After a write or sync that failed nobody knows what reached the disk, so the engine then refuses
everything until `recover` has opened the file anew, made its content durable and checked it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import msgspec

from edge_agent.domain.changes import Change
from edge_agent.domain.decision import VaultWrite
from edge_agent.domain.state import LockerState
from edge_agent.store import cloudevents, erasure, inbox, journal, tables, vault
from edge_agent.store import mark as marks
from edge_agent.store.canonical import canonical_json
from edge_agent.store.cloudevents import Row
from edge_agent.store.connection import (
    WAL_IDLE_BYTES,
    WAL_MAX_BYTES,
    checkpoint,
    open_writer,
    wal_bytes,
)
from edge_agent.store.errors import CommitFailed, LedgerDegraded, LedgerError, from_sqlite
from edge_agent.store.journal import Entry, Stamp
from edge_agent.store.vault import Vault

log = logging.getLogger(__name__)

# Links checked at start and after a failed write: a day's events of a busy locker, some tens of milliseconds.
TAIL_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class NewEvent:
    """One event of a unit: `data` as plain values, before blinding."""

    id: bytes
    type: str
    version: int
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unit:
    """Everything that one transaction writes. `meta` sets rows of the table of that name."""

    stamp: Stamp
    events: Sequence[NewEvent] = ()
    changes: Sequence[Change] = ()
    vault: Sequence[VaultWrite] = ()
    answer: inbox.Answer | None = None
    powered_ms: int = 0
    meta: dict[str, str] = field(default_factory=dict)
    new_epoch: str = ""  # begin this epoch first: the ledger's birth, and after a restore
    also: Callable[[apsw.Connection, journal.Head], None] | None = (
        None  # last in the transaction, with the new head
    )
    durable: Callable[[], None] | None = None  # on this thread as soon as it is; must not raise


class Engine:
    """Opened, used and closed by one thread. `newborn` is the id of the first epoch, for a ledger that has none.

    `vfs` and `synchronous` are the crash tests' seams.
    """

    def __init__(
        self,
        path: Path,
        source: str,
        vault_: Vault,
        *,
        vfs: str | None = None,
        synchronous: str = "FULL",
        newborn: str = "",
        mark: Path | None = None,
    ) -> None:
        self.path = path
        self.source = source
        self.vault = vault_
        self._vfs = vfs
        self._synchronous = synchronous
        self._newborn = newborn
        self._mark = mark
        self._tidy_from = WAL_MAX_BYTES
        self._open()

    def _open(self) -> None:
        self.connection = open_writer(self.path, vfs=self._vfs, synchronous=self._synchronous)
        if self._newborn and not journal.epochs(self.connection):
            journal.begin_epoch(self.connection, self._newborn)
        self.epoch = journal.current_epoch(self.connection)
        self.head = journal.head(self.connection)
        self.failed: LedgerError | None = None

    @property
    def last_sequence(self) -> int:
        return self.head.position - self.epoch.base

    def load(self) -> LockerState:
        """The state that the tables hold. Raises StoreError kinds."""
        state: LockerState = self.read(tables.load)
        return state

    # ---- writing -----------------------------------------------------------------------------------------------

    def commit(self, unit: Unit) -> list[Row]:
        """Durable when it returns. Raises StoreError kinds: then nothing of it may be believed."""
        self._refuse_if_failed()
        try:
            head, rows = self._write(unit)
        except apsw.Error as error:
            raise self._fail(error) from error
        except BaseException:  # whatever it was: no transaction may stay open
            self._roll_back()
            raise
        self.head = head
        if unit.durable is not None:
            unit.durable()
        if unit.new_epoch:
            self.epoch = journal.current_epoch(self.connection)
        self._bound_log()
        return rows

    def _bound_log(self) -> None:
        """Truncate a log that has grown too long; where a reader stands in the way, ask again only much later."""
        size = wal_bytes(self.path)
        if size > self._tidy_from:
            self._tidy_from = WAL_MAX_BYTES if self.tidy() else size + WAL_MAX_BYTES

    def _write(self, unit: Unit) -> tuple[journal.Head, list[Row]]:
        connection = self.connection
        connection.execute("BEGIN IMMEDIATE")
        epoch = journal.begin_epoch(connection, unit.new_epoch) if unit.new_epoch else self.epoch
        data = [event.data for event in unit.events]
        prepared = self.vault.prepare(connection, data, unit.vault)
        entries = [
            Entry(event.id, event.type, event.version, canonical_json(plain))
            for event, plain in zip(unit.events, data, strict=True)
        ]
        head, rows = journal.append(connection, self.source, epoch, self.head, unit.stamp, entries)
        vault.insert(connection, prepared, self.head.position + 1)
        tables.write(connection, unit.changes)
        erasure.note_ended(connection, unit.changes, unit.stamp, unit.powered_ms, head.position)
        if unit.answer is not None:
            inbox.put(connection, unit.answer)
        for name, value in unit.meta.items():
            connection.execute("INSERT OR REPLACE INTO meta(name, value) VALUES (?,?)", (name, value))
        if unit.also is not None:
            unit.also(connection, head)
        connection.execute("COMMIT")
        return head, rows

    def run(self, job: Callable[[apsw.Connection], Any]) -> Any:
        """A transaction of the store's own (watermark, purge, erasure ...). Raises StoreError kinds."""
        self._refuse_if_failed()
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            result = job(self.connection)
            self.connection.execute("COMMIT")
        except apsw.Error as error:
            raise self._fail(error) from error
        except BaseException:  # whatever it was: no transaction may stay open
            self._roll_back()
            raise
        return result

    def _refuse_if_failed(self) -> None:
        if self.failed is not None:
            raise LedgerDegraded(self.path, f"no writes since: {self.failed.detail}")

    def _roll_back(self) -> None:
        self.vault.forget()
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def _fail(self, error: apsw.Error) -> LedgerError:
        """Undo, and stop writing where the device is in doubt; a lock that somebody held is no such doubt."""
        found = from_sqlite(self.path, error)
        try:
            self._roll_back()
        except apsw.Error:
            log.warning("rollback failed, the file is opened anew")
        if not isinstance(error, apsw.BusyError | apsw.LockedError | apsw.ConstraintError):
            self.failed = found
        return found

    # ---- reading -----------------------------------------------------------------------------------------------

    def read(self, job: Callable[[apsw.Connection], Any]) -> Any:
        """A read on the writing connection. Raises StoreError kinds."""
        try:
            return job(self.connection)
        except apsw.Error as error:
            raise from_sqlite(self.path, error) from error

    def outgoing(self, sequence: int, limit: int, max_bytes: int) -> list[bytes]:
        """CloudEvents JSON of the rows behind `sequence`, in order, whole events only."""
        found: list[bytes] = self.read(
            lambda connection: self._outgoing(connection, sequence, limit, max_bytes)
        )
        return found

    def _outgoing(
        self, connection: apsw.Connection, sequence: int, limit: int, max_bytes: int
    ) -> list[bytes]:
        events: list[bytes] = []
        room = max_bytes
        for stored in journal.read_after(connection, self.epoch, sequence, limit):
            sealed, erased = vault.sealed_state(connection, stored)
            event = cloudevents.to_send(stored.row, self.source, stored.chainhash, sealed, erased)
            encoded = msgspec.json.encode(event)
            room -= len(encoded) + 1
            if room < 0 and events:
                break
            events.append(encoded)
        return events

    # ---- upkeep ------------------------------------------------------------------------------------------------

    def tidy(self) -> bool:
        """Truncate the log. False where a reader stands in the way: then it is tried again later."""
        if self.failed is not None:
            return False
        try:
            done = checkpoint(self.connection)
        except apsw.Error as error:
            self.failed = CommitFailed(self.path, f"checkpoint: {error}")
            return False
        if done:
            self.leave_mark(clean=False)
        return done

    def leave_mark(self, *, clean: bool) -> None:
        """Say beside the file how far it is. A mark that cannot be written leaves an older one: no harm."""
        if self._mark is None:
            return
        try:
            marks.write(self._mark, self.head, clean=clean)
        except OSError:
            log.warning("mark not written", extra={"path": str(self._mark)})

    def tidy_if_idle(self) -> bool:
        """For the loop's idle moments: True where the log is short or was truncated now."""
        return wal_bytes(self.path) < WAL_IDLE_BYTES or self.tidy()

    def recover(self) -> LockerState:
        """After a failed write: open anew, move the log into the file, sync, check, and load what is really there.

        A commit that was reported as failed may turn up: it is in the state returned, and the caller's restart
        rules deal with it as after a power cut. Raises StoreError kinds; the engine then stays failed.
        """
        failed = self.failed or CommitFailed(self.path, "opened anew")
        self.vault.forget()
        self.connection.close(True)
        try:
            self._open()
            self.failed = failed
            if not checkpoint(self.connection):
                raise CommitFailed(self.path, "a reader keeps the log from being moved into the file")
            journal.verify_tail(self.connection, self.source, TAIL_ROWS)
            state = tables.load(self.connection)
        except apsw.Error as error:
            self.failed = failed
            raise from_sqlite(self.path, error) from error
        except LedgerError:
            self.failed = failed
            raise
        self.failed = None
        return state

    def close(self) -> None:
        """Truncates the log where that is possible, and closes."""
        clean = self.tidy()
        self.connection.close()
        if clean:
            self.leave_mark(clean=True)
