"""The journal: what happened, append-only, hash-chained; at the same time the outbox.

A row's `position` counts over the whole life of the file; the sequence number that the outside sees is
`position - base of its epoch`, so that it is gap-free from 1 in every epoch by construction. Purging removes the
oldest rows only; `purged` remembers the last hash that went, where the chain is picked up.

Everything here runs on the store's executor, on the connection handed in, and inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import apsw
import msgspec

from edge_agent.store.canonical import GENESIS, chain
from edge_agent.store.cloudevents import Row, row_bytes
from edge_agent.store.errors import ChainBroken, LedgerDamaged
from edge_agent.store.sql import one
from edge_agent.store.sql import rows as all_rows

# Rows fetched at once while the whole journal is walked: a few hundred KiB of memory.
WALK_ROWS = 2_000
# Rows between two pauses of a check beside service: about half a millisecond of the interpreter.
PAUSE_ROWS = 50

_INSERT = (
    "INSERT INTO journal(position, id, type, version, wall_ms, quality, boot_id, monotonic_ms, txn, data, chainhash)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?)"
)
_COLUMNS = "position, id, type, version, wall_ms, quality, boot_id, monotonic_ms, txn, data, chainhash"
_RANGE = f"SELECT {_COLUMNS} FROM journal WHERE position > ? ORDER BY position LIMIT ?"  # noqa: S608 - constants only


def no_pause() -> None:
    return None


class Stamp(NamedTuple):
    """What the events of one transaction have in common."""

    wall_ms: int
    quality: str
    boot_id: str
    monotonic_ms: int
    txn: bytes


class Entry(NamedTuple):
    """One event on its way into the journal. `data` is canonical JSON."""

    id: bytes
    type: str
    version: int
    data: bytes


class Epoch(NamedTuple):
    """Sequence numbers of this epoch are `position - base`."""

    number: int
    id: str
    base: int


class Head(NamedTuple):
    """The newest row: what the next one is chained to."""

    position: int
    chainhash: bytes


class Stored(NamedTuple):
    """A row as it lies in the file."""

    position: int
    row: Row
    chainhash: bytes


class Verified(msgspec.Struct, frozen=True):
    """What a walk over the whole chain found. Sequence numbers are of the newest epoch; 0 where it has no row."""

    rows: int
    epochs: int
    epoch: str
    first_sequence: int
    last_sequence: int
    chainhash: str


def epochs(connection: apsw.Connection) -> tuple[Epoch, ...]:
    """Oldest first; at least one in a sound ledger."""
    return tuple(
        Epoch(*row) for row in all_rows(connection, "SELECT number, id, base FROM epoch ORDER BY number")
    )


def current_epoch(connection: apsw.Connection) -> Epoch:
    """Raises LedgerDamaged where there is none."""
    found = one(connection, "SELECT number, id, base FROM epoch ORDER BY number DESC LIMIT 1")
    if found is None:
        raise LedgerDamaged("ledger", "no epoch found, at least one expected")
    return Epoch(*found)


def begin_epoch(connection: apsw.Connection, epoch_id: str) -> Epoch:
    """A new epoch after whatever is there: at the ledger's birth and after a restore."""
    base = head(connection).position
    connection.execute("INSERT INTO epoch(id, base) VALUES (?, ?)", (epoch_id, base))
    return current_epoch(connection)


def purged(connection: apsw.Connection) -> Head:
    """The newest row that was purged; position 0 and the genesis hash where none was."""
    found = one(connection, "SELECT position, chainhash FROM purged")
    return Head(*found) if found else Head(0, GENESIS)


def head(connection: apsw.Connection) -> Head:
    found = one(connection, "SELECT position, chainhash FROM journal ORDER BY position DESC LIMIT 1")
    return Head(*found) if found else purged(connection)


def append(
    connection: apsw.Connection,
    source: str,
    epoch: Epoch,
    after: Head,
    stamp: Stamp,
    entries: Sequence[Entry],
) -> tuple[Head, list[Row]]:
    """Insert the entries behind `after`, inside the caller's transaction. Returns the new head, for after the commit.

    Raises apsw.Error.
    """
    position, link = after
    rows: list[Row] = []
    for entry in entries:
        position += 1
        row = Row(position - epoch.base, epoch.id, entry.id, entry.type, entry.version, stamp.wall_ms, stamp.quality,
                  stamp.boot_id, stamp.monotonic_ms, stamp.txn, entry.data)  # fmt: skip
        link = chain(link, row_bytes(row, source))
        values = (position, row.id, row.type, row.version, row.wall_ms, row.quality, row.boot_id,
                  row.monotonic_ms, row.txn, row.data, link)  # fmt: skip
        connection.execute(_INSERT, values)
        rows.append(row)
    return Head(position, link), rows


def _stored(values: Sequence[Any], epoch: Epoch) -> Stored:
    position, link = values[0], values[10]
    return Stored(position, Row(position - epoch.base, epoch.id, *values[1:10]), link)


def read_after(connection: apsw.Connection, epoch: Epoch, sequence: int, limit: int) -> list[Stored]:
    """Up to `limit` rows of this epoch with a higher sequence number, in order."""
    found = all_rows(connection, _RANGE, (epoch.base + sequence, limit))
    return [_stored(values, epoch) for values in found]


def walk(connection: apsw.Connection, after: int = 0) -> Iterator[Stored]:
    """Every row behind position `after`, over all epochs, oldest first.

    Short reads: the log can be truncated between them.
    """
    known = epochs(connection)
    while True:
        found = all_rows(connection, _RANGE, (after, WALK_ROWS))
        for values in found:
            yield _stored(values, _epoch_of(values[0], known))
        if len(found) < WALK_ROWS:
            return
        after = found[-1][0]


def _epoch_of(position: int, known: Sequence[Epoch]) -> Epoch:
    for epoch in reversed(known):
        if position > epoch.base:
            return epoch
    raise LedgerDamaged("journal", f"position {position} belongs to no epoch")


def verify(connection: apsw.Connection, source: str, pause: Callable[[], None] = no_pause) -> Verified:
    """Walk the whole chain. Raises ChainBroken naming the first row that does not follow from the one before.

    `pause` is called every `PAUSE_ROWS`: beside service it lets other threads have the interpreter.
    """
    start = purged(connection)
    position, link, rows = start.position, start.chainhash, 0
    for stored in walk(connection, start.position):
        where = f"journal {stored.row.epoch}/{stored.row.sequence}"
        if stored.position != position + 1:
            raise ChainBroken(where, f"{stored.position - position - 1} rows are missing before it")
        link = chain(link, row_bytes(stored.row, source))
        if link != stored.chainhash:
            raise ChainBroken(
                where, "its content does not give its hash; the row or the one before was changed"
            )
        position, rows = stored.position, rows + 1
        if rows % PAUSE_ROWS == 0:
            pause()
    epoch = current_epoch(connection)
    first = max(start.position, epoch.base) + 1 - epoch.base if position > epoch.base else 0
    return Verified(rows, len(epochs(connection)), epoch.id, first, position - epoch.base, link.hex())


def verify_tail(connection: apsw.Connection, source: str, rows: int) -> None:
    """The newest `rows` links only: at start and after a failed write. Raises ChainBroken."""
    newest = head(connection).position
    before = max(newest - rows, purged(connection).position)
    found = one(connection, "SELECT chainhash FROM journal WHERE position = ?", (before,))
    link = found[0] if found else purged(connection).chainhash
    for stored in walk(connection, before):
        link = chain(link, row_bytes(stored.row, source))
        if link != stored.chainhash:
            raise ChainBroken(f"journal {stored.row.epoch}/{stored.row.sequence}", "its hash does not follow")
