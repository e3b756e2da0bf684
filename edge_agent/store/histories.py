"""Stories told from the journal: the openings of one door, and what became of one parcel. Read-only, newest rows first.

Callers run these off the loop on a connection of their own. Personal data comes out masked, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import apsw
import msgspec

from edge_agent.store import journal, tables, vault
from edge_agent.store.cloudevents import COMMITMENT, timestamp
from edge_agent.store.connection import open_reader
from edge_agent.store.keys import load
from edge_agent.store.places import Settings
from edge_agent.store.sql import rows
from edge_agent.store.vault import Vault

EVENTS_AN_OPENING = 6  # requested, outcome, resolved outcome, closed, left open, forced: what one can leave
STORY_MAX = 500  # events of one stay: a parcel that was reminded and corrected every day for a year
_DATA = "json_extract(CAST(data AS TEXT), '$.{}')"
_OF_DOOR = (
    "SELECT type, wall_ms, monotonic_ms, boot_id, data FROM journal"  # noqa: S608 - constants only
    " WHERE type >= 'door.' AND type < 'door/' AND ? IN"
    f" ({_DATA.format('compartment')}, {_DATA.format('commanded')})"
    " ORDER BY position DESC LIMIT ?"
)
_OF_STAY = (
    "SELECT type, wall_ms, data FROM journal WHERE"  # noqa: S608 - constants only
    f" {_DATA.format('stay')} = ? ORDER BY position LIMIT ?"
)
OUTCOMES = {
    "door.opened": "opened",
    "door.not_opened": "not_opened",
    "door.outcome_unknown": "unknown",
    "door.wrong_door": "wrong_door",
}


@dataclass(slots=True)
class Opening:
    """One opening; `requested_ms` is on the boot clock of `boot_id`."""

    wall_ms: int
    cause: str = ""
    actor: str = ""
    reason: str = ""
    outcome: str = "pending"
    fact: str = ""
    boot_id: str = ""
    requested_ms: int = 0
    opened_after_ms: int | None = None
    open_for_ms: int | None = None


@dataclass(slots=True)
class Story:
    """One stay of a parcel, oldest event first: (time, type, data without hashes)."""

    stay: str
    compartment: str = ""
    status: str = ""
    carrier: str = ""
    waybill: str = ""
    phone: str = ""
    events: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)


def openings(settings: Settings, number: str, last: int) -> list[Opening]:
    """The last openings of one door, oldest first."""
    connection = open_reader(settings.ledger)
    try:
        found = rows(connection, _OF_DOOR, (number, last * EVENTS_AN_OPENING))
    finally:
        connection.close()
    by_intent: dict[str, Opening] = {}
    told: list[Opening] = []
    for kind, wall_ms, monotonic_ms, boot_id, data in reversed(found):
        _take(told, by_intent, kind, wall_ms, monotonic_ms, boot_id, msgspec.json.decode(data))
    return told[-last:]


def _take(
    told: list[Opening],
    by_intent: dict[str, Opening],
    kind: str,
    wall_ms: int,
    monotonic_ms: int,
    boot_id: str,
    data: dict[str, Any],
) -> None:
    """One event of this door into its opening; what began before the first row is left out."""
    if kind == "door.open_requested":
        opening = Opening(wall_ms, data["cause"], data["actor"], data.get("reason", ""))
        opening.boot_id, opening.requested_ms = boot_id, monotonic_ms
        by_intent[data["intent"]] = opening
        told.append(opening)
    elif kind == "door.forced":
        told.append(Opening(wall_ms, outcome="forced"))
    elif (known := by_intent.get(data.get("intent", ""))) is not None:
        known.outcome = OUTCOMES.get(kind, known.outcome)
        known.fact = data.get("reason", "") or known.fact
        if kind == "door.opened" and known.boot_id == boot_id:
            known.opened_after_ms = monotonic_ms - known.requested_ms
        if kind == "door.closed":
            known.open_for_ms = data.get("open_ms")


def of_parcel(settings: Settings, waybill_hash: str) -> list[Story]:
    """Every stay of the parcel with this look-up hash, oldest first; empty once its data is erased."""
    connection = open_reader(settings.ledger)
    try:
        found = rows(connection, "SELECT DISTINCT stay FROM vault_hash WHERE real = ?", (waybill_hash,))
        opened = Vault(load(settings.keys).device, _NO_CHANCE)
        return sorted(
            (_story(connection, opened, stay) for (stay,) in found),
            key=lambda story: story.events[0][0] if story.events else "",
        )
    finally:
        connection.close()


_NO_CHANCE: Any = None  # reading draws nothing


def _story(connection: apsw.Connection, opened: Vault, stay: str) -> Story:
    state = tables.load(connection)
    story = Story(stay, status="ended")
    masked = opened.read_masked(connection, stay)
    story.phone = masked.get("phone", "")
    story.waybill = next((text for name, text in masked.items() if name.startswith("waybill")), "")
    for kind, wall_ms, data in rows(connection, _OF_STAY, (stay, STORY_MAX)):
        plain = {k: v for k, v in msgspec.json.decode(data).items() if k not in _HIDDEN}
        story.compartment = plain.get("compartment") or story.compartment
        story.carrier = plain.get("carrier") or story.carrier
        story.events.append((timestamp(wall_ms), kind, plain))
    kept = state.stay.get(stay)
    if kept is not None:
        story.status, story.compartment, story.carrier = kept.status.value, kept.compartment, kept.carrier
    return story


_HIDDEN = {*vault.HASH_FIELDS, COMMITMENT, "powered_ms", "pulse_ms"}


def since_last(settings: Settings, kind: str) -> list[str]:
    """The types of everything behind the newest event of `kind`, oldest first; empty where there is none."""
    connection = open_reader(settings.ledger)
    try:
        found = rows(connection, "SELECT max(position) FROM journal WHERE type = ?", (kind,))
        begin = found[0][0] if found else None
        return [] if begin is None else [stored.row.type for stored in journal.walk(connection, begin)]
    finally:
        connection.close()


def newest(settings: Settings, last: int, kind: str, after: int | None) -> Iterator[journal.Stored]:
    """The newest rows of this epoch, of one type or group, oldest first; or all behind a sequence number."""
    connection = open_reader(settings.ledger)
    try:
        epoch = journal.current_epoch(connection)
        head = journal.head(connection).position
        begin = epoch.base + after if after is not None else _begin(connection, head, last, kind)
        for stored in journal.walk(connection, begin):
            if stored.row.type.startswith(kind):
                yield stored
    finally:
        connection.close()


def _begin(connection: apsw.Connection, head: int, last: int, kind: str) -> int:
    found = rows(
        connection,
        "SELECT position FROM journal WHERE substr(type, 1, ?) = ? ORDER BY position DESC LIMIT ?",
        (len(kind), kind, last),
    )
    return found[-1][0] - 1 if found else head
