"""A virtual bus that dozes while no look at a board could find anything new.

Most of a simulated week is boards that are asked twice a second whether anything has changed. Here the asking stops
once two whole rounds have found nothing and the cabinet is still: no coil on, nothing under way behind a door, no
fault, no board without power. Whatever moves in the cabinet, and whatever the agent asks of the bus, ends the doze,
and the looks go on in their old rhythm. The agent cannot tell the difference; a simulated day costs a tenth.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any

from drivers.bus import LineSettings
from drivers.bus_core import Phase
from drivers.lock_board import LockBoard
from drivers.virtual_bus import VirtualBus
from sim.cabinet import SimCabinet
from sim.faults import Fault

ROUNDS_S = 1.2  # two looks at every board at the idle pace, and the confirming ones
NAP_MAX_S = 3600.0  # asked again once an hour all the same
AT_REST = frozenset({"jam", "opens-on-nth", "stuck-sensor", "delayed-sensor", "slam", "ajar", "permuted-map"})
RHYTHM_S = 0.5  # the idle pace: where the next look would have been


class Stillness:
    """Whether a cabinet could show anything new, and who wants to know when that ends."""

    def __init__(self, cabinet: SimCabinet) -> None:
        self._cabinet = cabinet
        self.since_s = cabinet.world.now()
        self.sleepers: list[Callable[[], None]] = []
        self.dozing = 0  # buses
        self._stirred = asyncio.Event()
        cabinet.world.on_change.append(lambda number, at_s: self.stir())
        cabinet.world.on_coil.append(lambda pulse: self.stir())
        cabinet.faults.listeners.append(lambda fault: self.stir())

    def stir(self) -> None:
        """Something moves: looks are worth their while again."""
        self.since_s = self._cabinet.world.now()
        for wake in self.sleepers:
            wake()

    def doze(self, *, more: bool) -> None:
        """One bus more dozes, or one less."""
        self.dozing += 1 if more else -1
        if not more:
            self._stirred.set()

    async def rest(self, seconds: float) -> None:
        """Let `seconds` pass, and while every bus dozes further such whiles: nothing can be missed in them."""
        began_s = self._cabinet.world.now()
        await asyncio.sleep(seconds)
        while self.dozing and self.dozing == len(self.sleepers):
            self._stirred.clear()
            await self._stirred.wait()
            await asyncio.sleep(seconds - (self._cabinet.world.now() - began_s) % seconds)

    def holds(self, now_s: float) -> bool:
        world = self._cabinet.world
        return (
            now_s - self.since_s >= ROUNDS_S
            and world.next_due_s() is None
            and all(_lies_still(fault) for fault in self._cabinet.faults.active())
            and all(until_s <= now_s - ROUNDS_S for until_s in world.asleep_until_s.values())
            and all(coil.current is None for coil in world.coils.values())
        )


def _lies_still(fault: Fault) -> bool:
    """Between two touches of the cabinet this trouble shows nothing new to a look."""
    return fault.name in AT_REST or fault.params.get("of") == "unlock"


class DozingBus(VirtualBus):
    """Everything as the base has it, but for looks that cannot find anything."""

    def __init__(self, stillness: Stillness, line: LineSettings, wire: Any, scheduler: Any) -> None:
        super().__init__(line, wire, scheduler)
        self._stillness = stillness
        self._busy_s = scheduler.time()
        self._dozing = False
        self._dreamt_s = float("-inf")
        stillness.sleepers.append(self._stirred)

    def looked_at(self, board: LockBoard) -> float:
        """While dozing, and until the next real look: the look that would have been the latest."""
        real_s = super().looked_at(board)
        if self._dozing:
            self._dreamt_s = self._now() - (self._now() - self._core.plan.next_due) % RHYTHM_S
        return max(real_s, self._dreamt_s)

    def stop(self) -> None:
        super().stop()
        self._doze(False)
        if self._stirred in self._stillness.sleepers:
            self._stillness.sleepers.remove(self._stirred)

    def _post(self, action: Callable[[], None]) -> None:
        self._busy_s = self._now()
        super()._post(action)

    def _turn(self) -> None:
        super()._turn()
        core, now = self._core, self._now()
        only_looks = core.phase is Phase.IDLE and core.roster.next_due == float("inf") and not self._inbox
        self._doze(
            only_looks
            and self._timer is not None
            and now - self._busy_s >= ROUNDS_S
            and self._stillness.holds(now)
            and core.plan.settled()  # else a board that is back goes unheard for the whole nap
        )
        if self._dozing:
            self._wake_at(now + NAP_MAX_S)

    def _doze(self, dozing: bool) -> None:
        if dozing is not self._dozing:
            if not dozing:
                self._dreamt_s = self._now() - (self._now() - self._core.plan.next_due) % RHYTHM_S
            self._dozing = dozing
            self._stillness.doze(more=dozing)

    def _stirred(self) -> None:
        if self._dozing:
            self._doze(False)
            now, due = self._now(), self._core.plan.next_due
            self._wake_at(due + RHYTHM_S * max(0, math.ceil((now - due) / RHYTHM_S)))

    def _wake_at(self, moment_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._scheduler.call_at(moment_s, self._turn)
