"""Fold the journal again and compare: the folded tables must be exactly what it says.

Folding starts at the snapshot of the last `journal.checkpoint`, or from an empty locker. Blinded look-up hashes are
exchanged for the real ones that the vault still knows; those of erased stays no longer stand in any table.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from typing import Any

import apsw
import msgspec

from edge_agent.domain import events as e
from edge_agent.domain.fold import FoldError, changes_of
from edge_agent.domain.instant import ClockQuality
from edge_agent.domain.stamp import Stamp, instant_of
from edge_agent.domain.state import LockerState
from edge_agent.store import journal, tables, vault
from edge_agent.store.canonical import canonical_json
from edge_agent.store.domain_rows import state_of, unblind
from edge_agent.store.errors import LedgerDamaged, RebuildDiffers
from edge_agent.store.journal import PAUSE_ROWS, Stored, no_pause
from edge_agent.store.sql import one

DIFFERENCES_MAX = 20  # named in a report; the first ones tell


class Rebuilt(msgspec.Struct, frozen=True):
    """`differences` name table and key; empty when fold and tables are the same."""

    rows: int
    from_position: int
    digest: str
    differences: tuple[str, ...]


def digest(folded: dict[str, dict[str, Any]]) -> str:
    """SHA-256 in hex over the canonical JSON of folded tables (look-up hashes blinded)."""
    return hashlib.sha256(canonical_json(folded)).hexdigest()


def fold_journal(
    connection: apsw.Connection, pause: Callable[[], None] = no_pause
) -> tuple[LockerState, int, int]:
    """The state that the journal gives, the rows folded, and the position folding started behind.

    Raises FoldError, UnknownEventError, LedgerDamaged kinds.
    """
    names = vault.real_hashes(connection)
    state, start = _snapshot(connection, names)
    count = 0
    for stored in journal.walk(connection, start):
        state.apply(changes_of(state, _event(stored, names), instant_of(_stamp(stored))))
        count += 1
        if count % PAUSE_ROWS == 0:
            pause()
    return state, count, start


def _snapshot(connection: apsw.Connection, names: dict[str, str]) -> tuple[LockerState, int]:
    found = one(connection, "SELECT position, digest, folded FROM snapshot")
    if found is None:
        return LockerState(), 0
    position, said, packed = found
    folded = msgspec.json.decode(zlib.decompress(packed))
    if digest(folded) != said:
        raise RebuildDiffers("snapshot", f"its digest is {digest(folded)[:16]}…, {said[:16]}… expected")
    return state_of(unblind(folded, names)), position


def _event(stored: Stored, names: dict[str, str]) -> e.Event:
    data = vault.unblind(msgspec.json.decode(stored.row.data), names)
    return e.decode(stored.row.type, stored.row.version, data)


def _stamp(stored: Stored) -> Stamp:
    row = stored.row
    return Stamp(row.wall_ms, row.monotonic_ms, ClockQuality(row.quality), row.boot_id)


def compare(connection: apsw.Connection, pause: Callable[[], None] = no_pause) -> Rebuilt:
    """Fold and compare, in one snapshot of the file. Changes nothing. Raises LedgerDamaged kinds."""
    connection.execute("BEGIN")
    try:
        state, rows, start = fold_journal(connection, pause)
        there = tables.folded(connection)
    except (FoldError, e.UnknownEventError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise LedgerDamaged("journal", f"cannot be folded: {type(error).__name__}: {error}") from error
    finally:
        connection.execute("ROLLBACK")
    wanted = msgspec.json.decode(msgspec.json.encode(state.folded()))
    return Rebuilt(rows, start, digest(wanted), tuple(_differences(wanted, there)))


def _differences(wanted: dict[str, dict[str, Any]], there: dict[str, dict[str, Any]]) -> list[str]:
    found: list[str] = []
    for name, rows in wanted.items():
        keys = sorted(rows.keys() | there[name].keys())
        found += [f"{name} {key}" for key in keys if rows.get(key) != there[name].get(key)]
    return found[:DIFFERENCES_MAX]
