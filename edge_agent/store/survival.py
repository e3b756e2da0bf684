"""The way back from the degraded mode: the device works again, and the second journal is taken over.

Each of its lines becomes one transaction under the next sequence numbers. `meta.second_journal` names the last line
taken, written in the same transaction, so that a cut in the middle imports nothing twice.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from uuid import UUID

from edge_agent.domain import events as e
from edge_agent.domain.changes import Change
from edge_agent.domain.fold import FoldError, changes_of
from edge_agent.domain.instant import ClockQuality
from edge_agent.domain.stamp import Stamp as DomainStamp
from edge_agent.domain.stamp import instant_of
from edge_agent.domain.state import LockerState
from edge_agent.store.engine import Engine, NewEvent, Unit
from edge_agent.store.errors import SecondJournalBad
from edge_agent.store.journal import Stamp
from edge_agent.store.second_journal import Line, SecondJournal
from edge_agent.store.sql import one

if TYPE_CHECKING:
    from edge_agent.store.ledger import Ledger

log = logging.getLogger(__name__)

META = "second_journal"


async def restore_service(ledger: Ledger) -> int:
    """Try to end the degraded mode. Returns the transactions taken over from the second journal.

    Raises StoreError kinds while the device does not work: the ledger then stays degraded.
    """

    async def job() -> int:
        state = await ledger.on_store(ledger.engine.recover)
        imported = await _import(ledger, state)
        ledger.served_again(state)
        return imported

    count: int = await ledger.exclusively(job)
    return count


async def take_over(ledger: Ledger) -> int:
    """At start: import what an earlier run left in the second journal."""

    async def job() -> int:
        return await _import(ledger, ledger.state)

    count: int = await ledger.exclusively(job)
    return count


async def _import(ledger: Ledger, state: LockerState) -> int:
    if ledger.second is None:
        return 0
    count: int = await ledger.on_store(import_lines, ledger.engine, ledger.second, state)
    return count


def import_lines(engine: Engine, second: SecondJournal, state: LockerState) -> int:
    """Runs on the store's executor; `state` is brought up to date. Raises SecondJournalBad, CommitFailed kinds."""
    lines = second.read()
    if not lines:
        return 0
    taken = engine.read(lambda connection: one(connection, "SELECT value FROM meta WHERE name = ?", (META,)))
    names = [line.txn for line in lines]
    start = names.index(taken[0]) + 1 if taken and taken[0] in names else 0
    for line in lines[start:]:
        changes = _changes(second, state, line)
        engine.commit(_unit(line, changes))
        state.apply(changes)
    second.set_aside(lines[-1].txn)
    log.warning("second journal taken over", extra={"transactions": len(lines) - start})
    return len(lines) - start


def _changes(second: SecondJournal, state: LockerState, line: Line) -> list[Change]:
    at = instant_of(DomainStamp(line.wall_ms, line.monotonic_ms, ClockQuality(line.quality), line.boot_id))
    ahead = state.ahead()
    changes: list[Change] = []
    for _, kind, version, data in line.events:
        try:
            found = changes_of(ahead, e.decode(kind, version, data), at)
        except (FoldError, e.UnknownEventError) as error:
            raise SecondJournalBad(
                second.path, f"transaction {line.txn} does not fit the ledger: {error}"
            ) from error
        ahead.apply(found)
        changes.extend(found)
    return changes


def _unit(line: Line, changes: list[Change]) -> Unit:
    txn = UUID(hex=line.txn).bytes
    return Unit(
        stamp=Stamp(line.wall_ms, line.quality, line.boot_id, line.monotonic_ms, txn),
        events=[
            NewEvent(bytes.fromhex(id_), kind, version, data) for id_, kind, version, data in line.events
        ],
        changes=changes,
        meta={META: line.txn},
    )
