"""A real writing process for the kill test: deposits and pickups without end, each acknowledged on stdout.

`python -m tests.store.writer STATE_DIR SEED`: opens (and recovers) the ledger as the agent does, prints the last
sequence number, then one number for every transaction after it was reported as accepted.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from edge_agent.clock import VirtualClock
from edge_agent.randomness import SystemRandomness
from edge_agent.store.opening import open_ledger
from edge_agent.store.places import Settings
from tests.store.locker import LOCKER, deposit, doors, pickup

CHECKPOINT_EVERY = 20
DOORS = 1_200  # each kill leaves one door with an unfinished visit, and nobody tidies up after it


async def write(state_dir: Path, run: int) -> None:
    ledger = (await open_ledger(Settings(state_dir, LOCKER), VirtualClock(), SystemRandomness())).ledger
    print(ledger.last_sequence, flush=True)
    if not ledger.state.compartment:
        await ledger.transact(doors(DOORS))
    for n in range(run * 100_000, (run + 1) * 100_000):
        door = next(c.number for c in ledger.state.compartment.values() if not c.stay)
        for decide in (*deposit(n, door), *pickup(n, door)):
            await ledger.transact(decide)
            print(ledger.last_sequence, flush=True)
        if n % CHECKPOINT_EVERY == 0:
            await ledger.on_store(ledger.engine.tidy)


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1]), int(sys.argv[2])))
