"""The folded and given tables on disk: one JSON row a key, exactly the `Changes` that the domain computed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import apsw
import msgspec

from edge_agent.domain.changes import Change
from edge_agent.domain.state import FOLDED, TABLES, LockerState
from edge_agent.store.errors import LedgerDamaged
from edge_agent.store.schema import KEYED, table
from edge_agent.store.sql import rows as all_rows

# An upsert and no REPLACE: that would remove the row of another key where a unique index says no.
_UPSERT = "(key, row) VALUES (?,?) ON CONFLICT(key) DO UPDATE SET row = excluded.row"
_PUT = {name: f"INSERT INTO {table(name)}{_UPSERT}" for name in KEYED}
_DROP = {name: f"DELETE FROM {table(name)} WHERE key = ?" for name in KEYED}  # noqa: S608
_ALL = {name: f"SELECT key, row FROM {table(name)} ORDER BY key" for name in KEYED}  # noqa: S608
_encoder = msgspec.json.Encoder()


def write(connection: apsw.Connection, changes: Iterable[Change]) -> None:
    """Make the rows so, inside the caller's transaction."""
    for change in changes:
        if change.row is None:
            connection.execute(_DROP[change.table], (change.key,))
        else:
            connection.execute(_PUT[change.table], (change.key, _encoder.encode(change.row).decode()))


def load(connection: apsw.Connection) -> LockerState:
    """Everything the locker knows. Raises LedgerDamaged for a row that is not of its type."""
    state = LockerState()
    for name in KEYED:
        kind = TABLES[name]
        try:
            rows = all_rows(connection, _ALL[name])
            state.apply(Change(name, key, msgspec.json.decode(row, type=kind)) for key, row in rows)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise LedgerDamaged(f"table {table(name)}", f"a row is not a {kind.__name__}: {error}") from error
    return state


def folded(connection: apsw.Connection) -> dict[str, dict[str, Any]]:
    """The folded tables as plain values, as `LockerState.folded` gives them."""
    return {
        name: {key: msgspec.json.decode(row) for key, row in all_rows(connection, _ALL[name])}
        for name in FOLDED
    }


def replace_folded(connection: apsw.Connection, state: LockerState) -> None:
    """Write the folded tables anew from `state`, inside the caller's transaction: after a rebuild or a restore."""
    for name in FOLDED:
        connection.execute(f"DELETE FROM {table(name)}")  # noqa: S608 - a constant name
        write(connection, (Change(name, key, row) for key, row in state.table(name).items()))
