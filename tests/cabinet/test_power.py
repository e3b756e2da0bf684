"""One coil at a time per supply, and a pause between two doors (F-043)."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from edge_agent.cabinet.power import GAP_BETWEEN_DOORS_S, PowerBudget
from sim.virtual_time import run_virtual

PULSE_S = 0.3


def turns_of(supply_of: dict[str, str], boards: list[str]) -> list[float]:
    """When each of the unlocks asked for at the same moment was allowed to leave, seconds from the start."""
    starts: list[float] = []

    async def everybody() -> None:
        budget = PowerBudget(supply_of)
        loop = asyncio.get_running_loop()
        begin = loop.time()

        async def unlock(board: str) -> None:
            async with budget.turn(board, PULSE_S):
                starts.append(loop.time() - begin)

        await asyncio.gather(*(unlock(board) for board in boards))

    run_virtual(everybody())
    return starts


def test_two_coils_of_one_supply_are_never_energised_together() -> None:
    """Four doors at once on one supply: each waits for the pulse before it and the gap."""
    starts = turns_of({"A": "psu-1", "B": "psu-1"}, ["A", "B", "A", "B"])

    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert all(gap >= PULSE_S + GAP_BETWEEN_DOORS_S - 1e-6 for gap in gaps)


def test_two_supplies_do_not_wait_for_each_other() -> None:
    """A cabinet with two supplies opens on both at once."""
    starts = turns_of({"A": "psu-1", "B": "psu-2"}, ["A", "B"])

    assert starts[0] == starts[1] == 0.0
