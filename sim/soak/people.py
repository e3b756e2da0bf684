"""People with habits: what a courier and a recipient do when a screen says something. They know only what they see."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from random import Random

from sim.soak.whole_locker import WholeLocker

WALK_S = (1.0, 6.0)  # to the door and back, parcel in hand
SCANS_MAX = 40  # of one round: more parcels than a tour has for one site
ENDS = ("recall-list", "door-failed", "message")
THANKED = ("thanks", "more-parcels")
NEXT_S = 4.0  # a further door opens within this, or there is none
DOORS_MAX = 12  # for one person in one visit
ANSWERS_MAX = 6  # screens that may follow one scan before a door opens; more is a maze


@dataclass(slots=True)
class Courier:
    """Deposits a bag of waybills, one after the other, and leaves."""

    badge: str
    random: Random

    async def deposit(self, locker: WholeLocker, waybills: list[str], size: str = "S") -> int:
        """How many parcels were left in the locker."""
        await locker.sees("home", at_most_s=600.0)
        locker.scan(self.badge)
        if not await locker.sees("courier-scan", "full"):
            locker.note("courier gives up at the login")
            return 0
        left = 0
        for waybill in waybills[:SCANS_MAX]:
            left += await self._one(locker, waybill, size)
        locker.touch("finish")
        await locker.sees("home", at_most_s=60.0)
        return left

    async def _one(self, locker: WholeLocker, waybill: str, size: str) -> bool:
        await asyncio.sleep(self.random.uniform(2.0, 5.0))
        locker.scan(waybill)
        for _ in range(ANSWERS_MAX):
            if not await locker.until(lambda: self._is_asked(locker), 15.0):
                locker.note(f"courier is stuck at {locker.screen}")
                return False
            if locker.screen == "door-open-put":
                return await self._put(locker)
            if locker.screen == "choose-size":
                locker.touch("size", id=size)
            elif locker.screen == "recipient-phone":
                locker.touch("phone", digits=f"8529{self.random.randrange(10**7):07d}")
            await asyncio.sleep(0.5)
        return False

    @staticmethod
    def _is_asked(locker: WholeLocker) -> bool:
        if locker.screen == "door-open-put":
            return not locker.vm.opening
        return locker.screen in ("choose-size", "recipient-phone")

    async def _put(self, locker: WholeLocker) -> bool:
        door = locker.vm.door
        await asyncio.sleep(self.random.uniform(*WALK_S))
        locker.puts(door)
        locker.shuts(door)
        locker.note(f"courier left a parcel in {door}")
        if not await locker.sees("courier-scan", "full", at_most_s=15.0):
            return False
        if locker.vm.notice is not None and locker.vm.notice.kind == "stored":
            locker.did("told-stored", door)
        return True

    async def recall(self, locker: WholeLocker, size: str = "S") -> int:
        """Take back what the screen offers; how many parcels were taken out."""
        await locker.sees("home", at_most_s=600.0)
        locker.scan(self.badge)
        if not await locker.sees("courier-scan", "full"):
            return 0
        locker.touch("recall")
        taken = 0
        for _ in range(SCANS_MAX):
            await locker.until(lambda: locker.is_open("door-open-take") or locker.screen in ENDS, 20.0)
            if not locker.is_open("door-open-take"):
                break
            door = locker.vm.door
            await asyncio.sleep(self.random.uniform(*WALK_S))
            taken += locker.takes(door)
            locker.shuts(door)
            await locker.until(lambda door=door: not locker.is_open("door-open-take", door), 15.0)  # type: ignore[misc]
        locker.touch("finish")
        if await locker.sees("courier-scan", at_most_s=10.0):
            locker.touch("finish")
        await locker.sees("home", at_most_s=60.0)
        return taken


@dataclass(slots=True)
class Recipient:
    """Comes with what the message said, takes what is inside, closes the door."""

    random: Random

    async def pick_up(
        self, locker: WholeLocker, code: str = "", token: str = "", refuse: bool = False
    ) -> bool:
        """True if a parcel was taken out. `refuse`: look at it, touch "refuse", leave it inside."""
        await locker.sees("home", at_most_s=600.0)
        if token:
            locker.scan(f"LKT:{token}")
        else:
            locker.touch("code", digits=code)
        if not await locker.until(lambda: locker.is_open("door-open-take"), 20.0):
            locker.note(f"recipient sees {locker.screen} and leaves")
            return False
        found = False
        for _ in range(DOORS_MAX):
            found = await self._take(locker, refuse) or found
            if not await locker.until(lambda: locker.is_open("door-open-take"), NEXT_S):
                break
        return found

    async def _take(self, locker: WholeLocker, refuse: bool) -> bool:
        """One open door: True if a parcel was taken out of it."""
        door = locker.vm.door
        await asyncio.sleep(max(2.5, self.random.uniform(*WALK_S)))
        if refuse:
            locker.touch("refuse")
            await asyncio.sleep(1.0)
        found = not refuse and locker.takes(door)
        locker.shuts(door)
        locker.note(f"recipient took {'a parcel' if found else 'nothing'} from {door}")
        if await locker.until(lambda: locker.screen in THANKED, 15.0) and not refuse:
            locker.did("told-collected", door)
        return found


class Passer:
    """Somebody who sees a door standing open and pushes it shut; takes nothing."""

    @staticmethod
    def shuts_all(locker: WholeLocker) -> None:
        for one in locker.sim.doors():
            if one["door"] == "open":
                locker.shuts(one["number"])
