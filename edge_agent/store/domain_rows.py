"""Look-up hashes in the folded tables: exchanged for their blinded form where the rows may outlive the vault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import apsw
import msgspec

from edge_agent.domain.changes import Change
from edge_agent.domain.state import FOLDED, TABLES, LockerState
from edge_agent.store import tables, vault

# The folded tables whose rows hold look-up hashes.
HASHED = ("stay", "parcel", "code")


def blind_tables(connection: apsw.Connection, names: Mapping[str, str]) -> None:
    """Exchange the hashes of the folded tables on disk, inside the caller's transaction. `names`: old → new."""
    plain = tables.folded(connection)
    for table in HASHED:
        rows = {key: vault.exchange(row, names) for key, row in plain[table].items()}
        tables.write(connection, (_change(table, key, row) for key, row in rows.items()))


def exchanged(folded: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The same for plain values, as a snapshot holds them."""
    return {
        table: {key: vault.exchange(row, names) if table in HASHED else row for key, row in rows.items()}
        for table, rows in folded.items()
    }


def state_of(folded: Mapping[str, Mapping[str, Any]]) -> LockerState:
    """A state with these folded tables and nothing given. Raises msgspec.ValidationError."""
    state = LockerState()
    for table in FOLDED:
        state.apply(_change(table, key, row) for key, row in folded.get(table, {}).items())
    return state


def _change(table: str, key: str, row: Mapping[str, Any]) -> Change:
    return Change(table, key, msgspec.convert(row, TABLES[table]))
