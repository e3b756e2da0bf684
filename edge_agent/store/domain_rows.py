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


Blinds = Mapping[tuple[str, str], str]


def blind_tables(connection: apsw.Connection, names: Blinds) -> None:
    """Blind the hashes of the folded tables on disk, inside the caller's transaction."""
    blinded = blind(tables.folded(connection), names)
    for table in HASHED:
        tables.write(connection, (_change(table, key, row) for key, row in blinded[table].items()))


def blind(folded: Mapping[str, Mapping[str, Any]], names: Blinds) -> dict[str, dict[str, Any]]:
    """Folded tables as plain values, look-up hashes blinded. Raises KeyError for a hash that `names` does not know."""
    return {
        table: {key: _blinded(row, names) if table in HASHED else row for key, row in rows.items()}
        for table, rows in folded.items()
    }


def _blinded(row: Mapping[str, Any], names: Blinds) -> dict[str, Any]:
    stay = row.get("stay") or row["id"]
    hashes = {field: row[field] for field in vault.HASH_FIELDS if row.get(field)}
    return dict(row) | {
        field: real if real.startswith(vault.BLIND) else names[stay, real] for field, real in hashes.items()
    }


def unblind(folded: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The other way round, as far as the vault still knows the real ones."""
    return {
        table: {key: vault.unblind(row, names) if table in HASHED else row for key, row in rows.items()}
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
