"""What keeps the agent running, as systemd does at a site: whenever a life ends, the next one begins, until it stays.

A life ends by a fuse (a step of the journal, a write of the disk, a turn of the loop), by a kill, or by itself; the
last is a breach. `away_s` is how long nothing runs then, `dark` whether the whole site is without power meanwhile.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import Any

from edge_agent.errors import StoreError
from sim.soak.disk import Disk
from sim.soak.lives import Fuse, Life
from sim.soak.whole_locker import WholeLocker

RESTART_S, RESTART_MAX_S = 2.0, 30.0  # what systemd waits, longer with each start that fails
STARTS_MAX = 200  # in a row without one that stays: the locker never comes back
AGAIN_SHARE = 0.25  # of the ends that are followed by another one in the recovery
STEPS_OF_A_START = 8
STUCK_S = 120.0  # a start that takes longer hangs


@dataclass(slots=True)
class Keeper:
    """`run` as a task that outlives every life. `breaches`: ends that nobody asked for."""

    locker: WholeLocker
    disk: Disk
    chance: Random
    away_s: float = RESTART_S
    dark: bool = False
    calm: bool = False  # no more second ends: the weather is over
    breaches: list[str] = field(default_factory=list)

    def end(self, away_s: float, *, dark: bool) -> None:
        """Kill it now."""
        self.away_s, self.dark = away_s, dark
        self.locker.life.end()

    async def run(self) -> None:
        while True:
            await self._over()
            await self.again()

    async def _over(self) -> None:
        agent, life = self.locker.agent, self.locker.life
        ends: set[asyncio.Future[Any]] = {life.over}
        if agent is not None:
            ends.add(agent.supervisor.failed)
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if not life.ended:
            self.breaches.append(f"the agent ended by itself at {self.locker.loop.time():.3f}")

    async def again(self) -> None:
        """From an ended life to one that stays."""
        pause_s = RESTART_S
        for _ in range(STARTS_MAX):
            self.away_s = max(self.away_s, pause_s)
            await self._clear_up()
            if await self._started():
                return
            pause_s = min(pause_s * 1.5, RESTART_MAX_S)
        raise RuntimeError(f"the agent does not start in {STARTS_MAX} tries")

    async def _clear_up(self) -> None:
        await self.locker.cut()
        if self.dark:
            self.disk.power_cut(self.chance)
            await self.locker.dark(self.away_s)
        else:
            self.disk.revive()
            await asyncio.sleep(self.away_s)
        self.dark, self.away_s = False, RESTART_S

    async def _started(self) -> bool:
        fuse = Fuse()
        if not self.calm and self.chance.random() < AGAIN_SHARE:
            fuse = Fuse(self.chance.randint(1, STEPS_OF_A_START), self.chance.random() < 0.5)
        life = Life.begin(fuse)
        self.locker.life = life
        starting = asyncio.ensure_future(self._start(life))
        ends: set[asyncio.Future[Any]] = {starting, life.over}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if life.ended:
            return False
        life.set(Fuse())
        return starting.result()

    async def _start(self, life: Life) -> bool:
        try:
            async with asyncio.timeout(STUCK_S):
                await self.locker.start(life)
        except StoreError as error:  # a disk in trouble: the program exits and is started again
            self.locker.note(f"start refused: {error.code}")
            life.end()
            return False
        except TimeoutError:
            self.breaches.append(f"a start hangs at {self.locker.loop.time():.3f}")
            life.end()
            return False
        return True
