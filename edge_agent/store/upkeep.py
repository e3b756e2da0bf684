"""What the ledger needs from time to time: purge, erasure, roll-ups, room, and the full check beside service.

`main` calls these at the pace named beside each; every one is short, bounded, and safe to be cut anywhere.
"""

from __future__ import annotations

import logging
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import msgspec

from edge_agent.domain import events as e
from edge_agent.domain.changes import Change
from edge_agent.domain.decision import Decision
from edge_agent.domain.instant import ClockQuality, Instant
from edge_agent.domain.policy import Switches
from edge_agent.domain.stamp import stamp_of
from edge_agent.domain.state import ONLY, LockerState
from edge_agent.errors import StoreError
from edge_agent.store import backup, counters, erasure, inbox, journal, rebuild, vault, wear
from edge_agent.store.canonical import canonical_json
from edge_agent.store.connection import open_reader
from edge_agent.store.disk import DiskGuard, Reading, Room
from edge_agent.store.domain_rows import Blinds, blind
from edge_agent.store.errors import from_sqlite
from edge_agent.store.journal import Head, Stamp
from edge_agent.store.sql import rows

if TYPE_CHECKING:
    from edge_agent.store.keys import Keys
    from edge_agent.store.ledger import Decide, Ledger
    from edge_agent.store.places import Settings

log = logging.getLogger(__name__)

DAY_MS = 86_400_000
DISK_TIGHT = "disk"  # the reason in the switches by which the guard knows its own doing
# Rows removed in one transaction: some tens of milliseconds; the next call takes the next ones.
PURGE_ROWS = 5_000
# Rows rolled up in one transaction.
TALLY_ROWS = 5_000
BESIDE_SERVICE_S = (
    0.001  # with half a millisecond of work between: the check of a full journal takes a minute or two
)
SNAPSHOT_TRIES = 5  # a deposit may come between reading the vault and the snapshot; five in a row do not
PROBLEMS_MAX = 10  # lines of SQLite's check that are kept: the first tell


async def keep(ledger: Ledger) -> bool:
    """Each minute in an idle moment: truncate the log, forget old command answers.

    False where a long reader keeps the log from being truncated: again and again, that is an alarm.
    """
    tidied: bool = await ledger.on_store(ledger.engine.tidy_if_idle)
    at = stamp_of(ledger.now())
    if at.quality is ClockQuality.SYNCED:
        await ledger.on_store(ledger.engine.run, lambda connection: inbox.purge(connection, at.wall_ms))
    return tidied


async def look_at_room(ledger: Ledger, guard: DiskGuard) -> Reading:
    """Each minute: act on the reserve; where it is tight, stop deposits, and let them begin again when there is room.

    Deposits that a person has stopped stay stopped. Raises StoreError kinds, OSError.
    """
    reading: Reading = await ledger.on_store(guard.check)
    now = ledger.state.switched
    ours = not now.deposits and now.reason == DISK_TIGHT
    if reading.room is Room.TIGHT and now.deposits:
        await ledger.transact(_switch(now, reading, deposits=False, reason=DISK_TIGHT))
    elif reading.room is Room.PLENTY and ours:
        await ledger.transact(_switch(now, None, deposits=True, reason=""))
    return reading


def _switch(now: Switches, low: Reading | None, *, deposits: bool, reason: str) -> Decide:
    switched = msgspec.structs.replace(now, deposits=deposits, reason=reason)
    events = (e.StorageLow(low.free_mib, low.threshold_mib),) if low else ()
    return lambda state, at: Decision(events, given=(Change("switches", ONLY, switched),))


async def roll_up(ledger: Ledger, settings: Settings) -> int:
    """Each hour, and before a purge: count the rows that are not counted yet. Returns how many were."""

    def job(connection: apsw.Connection) -> int:
        worn = wear.count(connection, TALLY_ROWS)
        return max(worn, counters.roll_up(connection, settings.timezone, TALLY_ROWS))

    total = 0
    while (count := await ledger.on_store(ledger.engine.run, job)) > 0:
        total += count
    return total


async def purge(ledger: Ledger, settings: Settings) -> int:
    """Each night: remove acknowledged rows past the retention time, behind a checkpoint. Returns how many went.

    Nothing goes while the wall clock cannot be believed, or before it is rolled up.
    """
    at = ledger.now()
    if at.quality is not ClockQuality.SYNCED:
        return 0
    await roll_up(ledger, settings)
    cutoff = stamp_of(at).wall_ms - settings.journal_days * DAY_MS
    acked = ledger.engine.epoch.base + ledger.watermark
    last: Head | None = await ledger.on_store(
        ledger.engine.read, lambda connection: _last_to_go(connection, cutoff, acked)
    )
    return 0 if last is None else await _purge_to(ledger, last)


def _last_to_go(connection: apsw.Connection, cutoff_ms: int, acked: int) -> Head | None:
    """The newest row of an unbroken run of old, acknowledged rows, `PURGE_ROWS` at most."""
    start = journal.purged(connection).position
    oldest = rows(
        connection,
        "SELECT position, wall_ms, chainhash FROM journal WHERE position > ? ORDER BY position LIMIT ?",
        (start, PURGE_ROWS),
    )
    last: Head | None = None
    for position, wall_ms, link in oldest:
        if wall_ms >= cutoff_ms or position > acked:
            break
        last = Head(position, link)
    return last


async def _purge_to(ledger: Ledger, last: Head) -> int:
    """One transaction: the checkpoint with the digest, the snapshot that it names, and the rows that go."""
    for _ in range(SNAPSHOT_TRIES):
        names = await ledger.on_store(ledger.engine.read, vault.blinded_hashes)
        purging = _Purging(ledger, last, names)
        try:
            await ledger.transact(purging.decide, also=purging.also)
        except KeyError:  # a deposit came between, whose hashes `names` does not know yet
            continue
        return purging.gone
    return 0


class _Purging:
    """Carries the snapshot from the decision to its transaction."""

    def __init__(self, ledger: Ledger, last: Head, names: Blinds) -> None:
        self._ledger, self._last, self._names = ledger, last, names
        self._packed, self._digest, self.gone = b"", "", 0

    def decide(self, state: LockerState, at: Instant) -> Decision:
        folded = blind(state.folded(), self._names)
        self._packed, self._digest = zlib.compress(canonical_json(folded)), rebuild.digest(folded)
        sequence = max(0, self._last.position - self._ledger.engine.epoch.base)
        return Decision((e.JournalCheckpoint(sequence, self._last.chainhash.hex(), self._digest),))

    def also(self, connection: apsw.Connection, head: Head) -> None:
        connection.execute(
            "INSERT OR REPLACE INTO snapshot(one, position, digest, folded) VALUES (1,?,?,?)",
            (head.position, self._digest, self._packed),
        )
        connection.execute("DELETE FROM journal WHERE position <= ?", (self._last.position,))
        self.gone = connection.changes()
        connection.execute(
            "INSERT OR REPLACE INTO purged(one, position, chainhash) VALUES (1,?,?)", self._last
        )


async def erase_due(ledger: Ledger, settings: Settings, keys: Keys) -> tuple[str, ...]:
    """Each hour: erase the vault of stays whose time is up, truncate the log, replace the vault copy.

    The stays erased. Raises StoreError kinds; what was erased stays erased, the next call does the rest.
    """
    found = await ledger.on_store(ledger.engine.read, lambda connection: _due(ledger, connection))
    if not found:
        return ()
    stays = [due.stay for due in found]

    def decide(state: LockerState, at: Instant) -> Decision:
        return Decision(
            tuple(e.PrivacyErased(d.stay) if d.sent else e.PrivacyErasedUnsent(d.stay) for d in found)
        )

    await ledger.transact(decide, also=lambda connection, _: erasure.erase(connection, stays))
    await ledger.on_store(ledger.engine.vault.forget, stays)
    # The overwritten pages must also leave the log, and the sealed copy.
    await ledger.on_store(ledger.engine.tidy)
    await ledger.on_store(backup.copy_vault, settings, keys)
    return tuple(stays)


def _due(ledger: Ledger, connection: apsw.Connection) -> list[erasure.Due]:
    at = ledger.now()
    stamp = stamp_of(at)
    plain = Stamp(stamp.wall_ms, stamp.quality.value, stamp.boot_id, stamp.monotonic_ms, b"")
    powered_ms = ledger.state.clocks.at(at).powered_ms
    return erasure.due(connection, ledger.engine.epoch, ledger.watermark, plain, powered_ms)


def check(path: Path, source: str, pause_s: float = 0.0) -> tuple[str, ...]:
    """The full check, beside service: SQLite's own, the chain, and the fold. Problems in words; none when sound.

    On a thread of its own with the read-only connection. `pause_s`: rest after every few rows, `BESIDE_SERVICE_S`
    in the agent, so that a touch on the screen never waits for the check.
    """

    def pause() -> None:
        if pause_s:
            time.sleep(pause_s)

    problems: list[str] = []
    try:
        connection = open_reader(path)
        try:
            problems += _sqlite_problems(connection)
            journal.verify(connection, source, pause)
            problems += rebuild.compare(connection, pause).differences
        finally:
            connection.close()
    except StoreError as error:
        problems.append(str(error))
    except apsw.Error as error:
        problems.append(str(from_sqlite(path, error)))
    return tuple(problems[:PROBLEMS_MAX])


def _sqlite_problems(connection: apsw.Connection) -> list[str]:
    found = [str(row[0]) for row in rows(connection, f"PRAGMA quick_check({PROBLEMS_MAX})")]
    return [] if found == ["ok"] else found
