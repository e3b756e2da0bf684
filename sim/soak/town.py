"""The people around one locker, from one seed: couriers in the morning and afternoon, recipients when it suits them.

Habits and figures follow what operators publish: some fifty parcels a day for sixty doors, twice as many on the
busiest, nine in ten collected on the same day, more than half of them outside office hours, one in a hundred refused, a
few forgotten until a courier takes them back. The screen serves one person at a time; whoever comes second waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sim.soak.people import Courier, Passer, Recipient
from sim.soak.weather import DAY_S, HOUR_S
from sim.soak.whole_locker import WalkedAway, WholeLocker

TOURS = (
    (7.0, "c1", "SF"),
    (13.0, "c2", "SF"),
    (16.0, "c3", "SF"),
)  # hour of the first visit, courier, carrier
PARCELS_A_DAY = 54
PEAK, PEAK_SHARE = 1.9, 1 / 14  # a promotion's day, twice a month
SAME_DAY = 0.9
LATER_S = (0.3 * HOUR_S, 9.0 * HOUR_S)
FORGOTTEN = 0.08  # not collected in time: a courier takes them back
REFUSED = 0.01
BY_TOKEN = 0.4  # a QR code instead of eight digits
SIZES = ("S", "S", "S", "M", "M", "L")
RECALL_AFTER_DAYS = 3  # two days of retention, and the next morning
TRIES_MAX = 5  # of one recipient; then they ring somebody up
AGAIN_S = (600.0, 3 * HOUR_S)
SHUT_S = (30.0, 1500.0)  # until somebody pushes a door shut that another left open
WAITS_S = 60.0


@dataclass(slots=True)
class Town:
    """`screen` is the queue in front of the locker. Each person has a stream of chance of their own."""

    locker: WholeLocker
    seed: int
    screen: asyncio.Lock = field(default_factory=asyncio.Lock)
    badges: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    came: int = 0

    async def move_in(self) -> None:
        self.badges = {courier: await self.locker.hire(courier, carrier) for _, courier, carrier in TOURS}

    async def live(self, days: int, parcels_a_day: int) -> None:
        began_s = self.locker.loop.time()
        for day in range(days):
            chance = Random(f"{self.seed}/day {day}")
            parcels = round(parcels_a_day * (PEAK if chance.random() < PEAK_SHARE else 1.0))
            for hour, courier, _ in TOURS:
                await self._until(began_s + day * DAY_S + (hour + chance.uniform(0, 1)) * HOUR_S)
                await self._tour(courier, parcels // len(TOURS), day, chance)
        await self._until(began_s + days * DAY_S)

    async def _until(self, moment_s: float) -> None:
        await asyncio.sleep(max(0.0, moment_s - self.locker.loop.time()))

    async def _tour(self, courier: str, parcels: int, day: int, chance: Random) -> None:
        count = max(1, round(chance.gauss(parcels, parcels / 6)))
        waybills = [f"SF{chance.randrange(10**13):013d}" for _ in range(count)]
        person = Courier(self.badges[courier], chance)
        async with self.screen:
            self.locker.somebody_comes()
            try:
                if day >= RECALL_AFTER_DAYS:
                    await person.recall(self.locker)
                await person.deposit(self.locker, waybills, chance.choice(SIZES))
            except WalkedAway:
                self._left(chance)

    def told(self, event: Mapping[str, Any]) -> None:
        """The back office sends its message: somebody's parcel has come, and they decide when to fetch it."""
        if not event["type"].endswith("parcel.deposited"):
            return
        message = self.locker.unseal(dict(event))
        self.secrets.update(message[name] for name in ("code", "token") if name in message)
        self.came += 1
        chance = Random(f"{self.seed}/recipient {self.came}")
        if message and chance.random() >= FORGOTTEN:
            self.locker.stays(self._fetch(message, str(event["data"]["stay"]), chance))

    async def _fetch(self, message: Mapping[str, str], stay: str, chance: Random) -> None:
        later_s = chance.uniform(*LATER_S) + (chance.random() >= SAME_DAY) * DAY_S
        by = "token" if chance.random() < BY_TOKEN else "code"
        refuse = chance.random() < REFUSED
        for _ in range(TRIES_MAX):
            await asyncio.sleep(later_s)
            later_s = chance.uniform(*AGAIN_S)
            if await self._comes_for(message, stay, by, refuse, chance) or refuse:
                return

    async def _comes_for(
        self, message: Mapping[str, str], stay: str, by: str, refuse: bool, chance: Random
    ) -> bool:
        async with self.screen:
            self.locker.somebody_comes()
            try:
                person = Recipient(chance)
                found = await person.pick_up(self.locker, refuse=refuse, **{by: message[by]})
                if not found and not refuse:
                    self.locker.did("turned-away", stay)
                await self.locker.sees("home", at_most_s=WAITS_S)
            except WalkedAway:
                self._left(chance)
                return False
            return found

    def _left(self, chance: Random) -> None:
        """Whoever was there has gone; somebody else shuts the door some time."""
        self.locker.note("walks away")
        self.locker.stays(self._shut_later(chance.uniform(*SHUT_S)))

    async def _shut_later(self, later_s: float) -> None:
        await asyncio.sleep(later_s)
        Passer.shuts_all(self.locker)
