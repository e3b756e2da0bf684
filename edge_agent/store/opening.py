"""Opening the ledger on the event loop: start-up on the store's executor, then what an earlier run left to import."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.clock import Clock
from edge_agent.randomness import Randomness
from edge_agent.store import startup, survival
from edge_agent.store.executor import Executor, StoreThread
from edge_agent.store.hasher import SHIPPED, Cost, Hasher
from edge_agent.store.keys import Keys
from edge_agent.store.ledger import Ledger
from edge_agent.store.places import Settings
from edge_agent.store.second_journal import SecondJournal


@dataclass(frozen=True, slots=True)
class Opened:
    """`restored`: why a new epoch began, "" where none did; `imported`: transactions of the second journal."""

    ledger: Ledger
    keys: Keys
    restored: str
    imported: int


async def open_ledger(
    settings: Settings, clock: Clock, chance: Randomness, executor: Executor | None = None
) -> Opened:
    """Ready to open doors when it returns; the full integrity check follows beside service (`integrity.check`).

    `executor`: default a thread of its own; `Inline()` under a virtual clock. Raises StoreError kinds.
    """
    executor = executor or StoreThread()
    try:
        started = await executor.run(startup.start, settings, clock.now(), chance)
    except BaseException:  # the thread must not outlive a start that failed
        executor.close()
        raise
    second = SecondJournal(settings.second_journal) if settings.second_journal else None
    ledger = Ledger(started.engine, started.state, clock, chance, executor, second)
    imported = await survival.take_over(ledger)
    return Opened(ledger, started.keys, started.restored, imported)


def hasher_of(keys: Keys, executor: Executor | None = None, cost: Cost = SHIPPED) -> Hasher:
    """The hasher under this locker's keys; by default in a thread of its own, so that a hash never waits for a sync."""
    return Hasher(keys.pepper, keys.salt, executor or StoreThread("hash"), cost)
