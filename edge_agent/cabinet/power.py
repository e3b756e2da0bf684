"""The power budget: one coil at a time per supply, and a pause between two doors (wall 7).

Boards time their own pulses, so a turn has to outlast the pulse that it started: the next turn of the same supply
begins only when the pulse has ended, the gap has passed, and the coil was seen off where the board can tell. Two coils
on one supply make a board reset in the middle of both.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager

GAP_BETWEEN_DOORS_S = 0.3  # supplies recover within this; the figure that open-all uses on every board family


class PowerBudget:
    """Hands out turns to energise a coil. `supply_of` maps a board's name to its supply's name. Runs on the loop."""

    def __init__(self, supply_of: Mapping[str, str], gap_s: float = GAP_BETWEEN_DOORS_S) -> None:
        self._supply_of = dict(supply_of)
        self._gap_s = gap_s
        self._turns = {supply: asyncio.Lock() for supply in self._supply_of.values()}
        self._free_at = dict.fromkeys(self._turns, float("-inf"))
        self._proofs: dict[str, asyncio.Task[None]] = {}

    @asynccontextmanager
    async def turn(self, board: str, pulse_s: float) -> AsyncIterator[None]:
        """Wait for the supply, then hold it: the body sends one unlock frame whose coil is on for `pulse_s` at most."""
        supply = self._supply_of[board]
        loop = asyncio.get_running_loop()
        async with self._turns[supply]:
            await self._proved(supply)
            rest_s = self._free_at[supply] - loop.time()
            if rest_s > 0:  # else not even one turn of the loop: a person has touched the screen
                await asyncio.sleep(rest_s)
            try:
                yield
            finally:
                self._free_at[supply] = loop.time() + pulse_s + self._gap_s

    def prove(self, board: str, look: Coroutine[object, object, None]) -> None:
        """Called within a turn: run `look`, and let the supply's next turn begin only when it is over."""
        supply = self._supply_of[board]
        self._proofs[supply] = asyncio.get_running_loop().create_task(look, name=f"coil-{board}")

    async def all_proved(self) -> None:
        """Wait until every look that was begun is over."""
        for supply in list(self._proofs):
            await self._proved(supply)

    async def _proved(self, supply: str) -> None:
        look = self._proofs.get(supply)
        if look is not None and not look.done():
            await asyncio.wait([look])
