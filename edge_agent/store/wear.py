"""How each lock wears: how often it opened, how fast, and how often it did not. Counted from the journal in steps.

As the daily figures are, and for the same reason: counts outlive the rows. A lock that is replaced begins anew with
the event that says so. Practice wears a lock too, so a drill's openings count here.
"""

from __future__ import annotations

from typing import Any

import apsw
import msgspec

from edge_agent.store import journal
from edge_agent.store.journal import Stored
from edge_agent.store.sql import one, rows

TIMES_KEPT = 40  # opening times a lock: enough for a median that a single slow one does not move
SLOW_MS = 1_500  # a healthy lock is seen open within a second
PENDING_MAX = 1_000  # openings between two steps; a locker has one a door at most
LOCK = "lock "


class Wear(msgspec.Struct, frozen=True):
    """One lock since `since_ms` (wall clock); `times_ms` are its newest opening times, oldest first."""

    since_ms: int
    openings: int = 0
    failed: int = 0
    slow: int = 0
    times_ms: tuple[int, ...] = ()

    @property
    def median_ms(self) -> int | None:
        ordered = sorted(self.times_ms)
        return ordered[len(ordered) // 2] if ordered else None


class _Asked(msgspec.Struct, frozen=True, array_like=True):
    """A request whose door was not seen yet."""

    door: str
    boot_id: str
    monotonic_ms: int


class _Counting:
    """One step under way."""

    def __init__(self, kept: dict[str, Wear], pending: dict[str, _Asked]) -> None:
        self.kept, self.pending = kept, pending
        self.changed: set[str] = set()

    def take(self, stored: Stored) -> None:
        kind = stored.row.type
        if kind in ("door.open_requested", "door.opened", "door.not_opened", "device.installed"):
            getattr(self, f"_{kind.replace('.', '_')}")(stored, msgspec.json.decode(stored.row.data))

    def _door_open_requested(self, stored: Stored, data: dict[str, Any]) -> None:
        row = stored.row
        self.pending[data["intent"]] = _Asked(data["compartment"], row.boot_id, row.monotonic_ms)
        while len(self.pending) > PENDING_MAX:
            del self.pending[next(iter(self.pending))]

    def _door_opened(self, stored: Stored, data: dict[str, Any]) -> None:
        asked, old = self.pending.pop(data["intent"], None), self._of(data["compartment"], stored)
        times, slow = old.times_ms, old.slow
        if asked is not None and asked.boot_id == stored.row.boot_id:
            took_ms = stored.row.monotonic_ms - asked.monotonic_ms
            times, slow = (*times, took_ms)[-TIMES_KEPT:], slow + (took_ms > SLOW_MS)
        new = msgspec.structs.replace(old, openings=old.openings + 1, slow=slow, times_ms=times)
        self._put(data["compartment"], new)

    def _door_not_opened(self, stored: Stored, data: dict[str, Any]) -> None:
        self.pending.pop(data["intent"], None)
        old = self._of(data["compartment"], stored)
        self._put(data["compartment"], msgspec.structs.replace(old, failed=old.failed + 1))

    def _device_installed(self, stored: Stored, data: dict[str, Any]) -> None:
        if data["place"].startswith(LOCK):
            self._put(data["place"].removeprefix(LOCK), Wear(stored.row.wall_ms))

    def _of(self, door: str, stored: Stored) -> Wear:
        return self.kept.get(door) or Wear(stored.row.wall_ms)

    def _put(self, door: str, wear: Wear) -> None:
        self.kept[door] = wear
        self.changed.add(door)


def count(connection: apsw.Connection, limit: int) -> int:
    """Count up to `limit` rows that are not counted yet, inside the caller's transaction. Returns how many."""
    found = one(connection, "SELECT position, pending FROM wear_position")
    position = found[0] if found else journal.purged(connection).position
    pending = msgspec.json.decode(found[1], type=dict[str, _Asked]) if found else {}
    counting, done = _Counting(read(connection), pending), 0
    for stored in journal.walk(connection, position):
        counting.take(stored)
        position, done = stored.position, done + 1
        if done == limit:
            break
    for door in counting.changed:
        connection.execute(
            "INSERT OR REPLACE INTO wear(door, row) VALUES (?,?)",
            (door, msgspec.json.encode(counting.kept[door]).decode()),
        )
    connection.execute(
        "INSERT OR REPLACE INTO wear_position(one, position, pending) VALUES (1,?,?)",
        (position, msgspec.json.encode(counting.pending).decode()),
    )
    return done


def read(connection: apsw.Connection) -> dict[str, Wear]:
    """Every lock that has ever been asked, by its door."""
    return {
        door: msgspec.json.decode(row, type=Wear)
        for door, row in rows(connection, "SELECT door, row FROM wear ORDER BY door")
    }
