"""Seeded ordinary days at one locker: couriers in the morning and afternoon, recipients when it suits them.

Habits and figures follow what operators publish: some fifty parcels a day for sixty doors, nine in ten collected on
the same day, more than half of them outside office hours, one in a hundred refused, a few forgotten until a courier
takes them back. The screen serves one person at a time; whoever comes second waits.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from edge_agent.clock import VirtualClock
from sim.soak.evidence import Evidence
from sim.soak.people import Courier, Recipient
from sim.soak.whole_locker import WholeLocker
from sim.virtual_time import run_virtual

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
TOURS = (
    (7.0, "c1", "SF"),
    (13.0, "c2", "SF"),
    (16.0, "c3", "SF"),
)  # hour of the first visit, courier, carrier
PARCELS_A_DAY = 54
SAME_DAY = 0.9
FORGOTTEN = 0.04  # never collected: a courier takes them back
REFUSED = 0.01
BY_TOKEN = 0.4  # a QR code instead of eight digits
SIZES = ("S", "S", "S", "M", "M", "L")
RECALL_AFTER_DAYS = 3  # two days of retention, and the next morning


@dataclass(slots=True)
class Days:
    """What happened. `trace` is everything to the byte."""

    seed: int
    evidence: Evidence
    trace: str
    counted: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Town:
    """The people around one locker. `screen` is the queue in front of it."""

    locker: WholeLocker
    random: Random
    screen: asyncio.Lock = field(default_factory=asyncio.Lock)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    read: int = 0

    async def live(self, days: int, parcels_a_day: int) -> None:
        began_s = self.locker.loop.time()
        badges = {courier: await self.locker.hire(courier, carrier) for _, courier, carrier in TOURS}
        for day in range(days):
            for hour, courier, _ in TOURS:
                await self._until(began_s + day * DAY_S + (hour + self.random.uniform(0, 1)) * HOUR_S)
                await self._tour(Courier(badges[courier], self.random), parcels_a_day // len(TOURS), day)
        await self._until(began_s + days * DAY_S)
        for task in self.tasks:
            task.cancel()
        for result in await asyncio.gather(*self.tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    async def _until(self, moment_s: float) -> None:
        await asyncio.sleep(max(0.0, moment_s - self.locker.loop.time()))

    async def _tour(self, courier: Courier, parcels: int, day: int) -> None:
        count = max(1, round(self.random.gauss(parcels, parcels / 6)))
        waybills = [f"SF{self.random.randrange(10**13):013d}" for _ in range(count)]
        async with self.screen:
            if day >= RECALL_AFTER_DAYS:
                await courier.recall(self.locker)
            await courier.deposit(self.locker, waybills, self.random.choice(SIZES))
        await self._messages()

    async def _messages(self) -> None:
        """Everybody whose parcel has come decides when to fetch it."""
        events = await self.locker.events(self.read)
        self.read += len(events)
        for event in events:
            if event["type"].endswith("parcel.deposited") and self.random.random() >= FORGOTTEN:
                self.tasks.append(asyncio.ensure_future(self._fetch(self.locker.unseal(event))))

    async def _fetch(self, message: dict[str, str]) -> None:
        later_s = self.random.uniform(0.3, 9.0) * HOUR_S + (self.random.random() >= SAME_DAY) * DAY_S
        by = "token" if self.random.random() < BY_TOKEN else "code"
        refuse = self.random.random() < REFUSED
        await asyncio.sleep(later_s)
        async with self.screen:
            await Recipient(self.random).pick_up(self.locker, refuse=refuse, **{by: message[by]})
            await self.locker.sees("home", at_most_s=60.0)


def live(folder: Path, seed: int, days: int = 7, parcels_a_day: int = PARCELS_A_DAY) -> Days:
    """Run it in `folder` (an earlier run there is removed)."""
    clock = VirtualClock()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)

    async def life() -> Days:
        locker = WholeLocker(folder, seed, clock)
        await locker.start()
        try:
            await locker.accept()
            await Town(locker, Random(seed)).live(days, parcels_a_day)
            lived = Days(seed, await locker.evidence(), await locker.trace())
        finally:
            await locker.stop()
        lived.counted.update(event.kind for event in lived.evidence.events)
        lived.counted.update(deed.what for deed in lived.evidence.deeds)
        return lived

    return run_virtual(life(), on_jump=clock.advance)
