"""The sky over a simulated locker: lets the troubles of a `Weather` come and go, and remembers when each was there.

What a trouble does is a row of `DEEDS`; troubles of wires and doors are the simulator's own faults of that name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from edge_agent.domain.instant import ClockQuality
from edge_agent.errors import StoreError
from sim.soak.disk import Disk
from sim.soak.evidence import Blow
from sim.soak.keeper import Keeper
from sim.soak.lives import Fuse
from sim.soak.strangers import Support, Technician, guess, rain
from sim.soak.uplink import Uplink
from sim.soak.weather import DAY_S, Trouble, Undo, Weather
from sim.soak.whole_locker import WalkedAway, WholeLocker

SOON_S = 25.0  # a trouble that comes near somebody comes within their visit
STEPS_MAX, WRITES_MAX, TURNS_MAX = 8, 60, 500  # how far ahead a fuse is laid
WITH_PARCEL = 0.7  # of the doors that a trouble chooses
JUMPS_S = (3.0, 90.0, 3600.0, 86400.0, timedelta(days=3650).total_seconds())
STOP_S = 40.0  # what systemd grants a stop, with reserve


@dataclass(slots=True)
class Sky:
    """`blows` is what came. `screen` is the queue in front of the locker."""

    locker: WholeLocker
    weather: Weather
    keeper: Keeper
    disk: Disk
    uplink: Uplink
    support: Support
    screen: asyncio.Lock
    blows: list[Blow] = field(default_factory=list)
    _tasks: list[asyncio.Task[Any]] = field(default_factory=list)
    _undo: dict[int, Undo] = field(default_factory=dict)

    def open(self, seed: int) -> None:
        for trouble in self.weather.troubles:
            chance = Random(f"{seed}/{trouble.name}")
            self._tasks.append(self.locker.stays(self._comes(trouble, chance)))

    async def clear(self) -> None:
        """No more weather, and whatever is there ends."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for undo in list(self._undo.values()):
            undo()
        self._undo.clear()
        self.locker.sim.faults.clear()
        self.locker.walks_away_s = float("inf")
        self.locker.after_turns(0, lambda: None)
        self.disk.fuse = 0
        self.locker.life.set(Fuse())

    async def _comes(self, trouble: Trouble, chance: Random) -> None:
        number = 0
        while True:
            number += 1
            wait_s = chance.expovariate(trouble.per_day / DAY_S)
            near, offset_s = chance.random() < trouble.near, chance.uniform(0.0, SOON_S)
            length_s, own = chance.uniform(*trouble.lasts_s), Random(chance.random())
            await asyncio.sleep(wait_s)
            if near:
                await self.locker.visit()
                await asyncio.sleep(offset_s)
            if self.weather.happens(trouble.name, number):
                await self._blows(trouble, number, length_s, own)

    async def _blows(self, trouble: Trouble, number: int, length_s: float, chance: Random) -> None:
        began_s = self.locker.loop.time()
        blow = Blow(trouble.name, trouble.layer, number, began_s)
        self.blows.append(blow)
        deed = DEEDS.get(trouble.name, _fault)
        self.locker.note(f"weather: {trouble.name} {number}")
        undo = deed(self, trouble, length_s, chance, blow)
        if undo is None:  # over at once, or a fuse whose end the keeper sees to
            blow.until_s = began_s + length_s
            return
        key = id(blow)
        self._undo[key] = undo
        await asyncio.sleep(length_s)
        del self._undo[key]
        undo()
        blow.until_s = self.locker.loop.time()

    # ---- choosing ---------------------------------------------------------------------------------------------------

    def door(self, chance: Random) -> str:
        doors = self.locker.sim.world.doors
        full = [number for number, door in doors.items() if door.parcel]
        draw, share = chance.random(), chance.random()
        pool = full if full and share < WITH_PARCEL else list(doors)
        return pool[int(draw * len(pool))]

    def aside(self, doing: Any) -> None:
        self._tasks.append(self.locker.stays(_unnoticed(doing)))


Deed = Callable[[Sky, Trouble, float, Random, Blow], Undo | None]


async def _unnoticed(doing: Any) -> None:
    try:
        await doing
    except WalkedAway:
        return


def _fault(sky: Sky, trouble: Trouble, length_s: float, chance: Random, blow: Blow) -> Undo:
    """A fault of the simulator, on a board, a bus or a door of its choice."""
    kind = sky.locker.sim.faults.table[trouble.name]
    params = dict(trouble.params)
    config = sky.locker.sim.config
    board, bus, door = chance.choice(config.board).name, chance.choice(config.bus).name, sky.door(chance)
    chosen = {"board": board, "bus": bus, "port": bus, "door": door, "doors": [door, _next(door)]}
    if trouble.name == "burst":
        chosen["doors"] = [str(number) for number in chance.sample(range(1, 61), 4)]
    if trouble.name == "stuck-sensor":
        params["reads"] = chance.choice(("open", "closed"))
    if kind.params.get("bus") is not None:  # naming the board is enough
        del chosen["bus"]
    params |= {name: value for name, value in chosen.items() if name in kind.params and name not in params}
    blow.detail = " ".join(str(value) for value in params.values())
    blow.doors = frozenset([door, _next(door)] if "doors" in kind.params else [door])
    fault = sky.locker.sim.faults.add(trouble.name, **params)
    return lambda: _cleared(sky, fault.id)


def _cleared(sky: Sky, fault: str) -> None:
    sky.locker.sim.faults.clear(fault)


def _next(door: str) -> str:
    return str(int(door) % 60 + 1)


# ---- the agent and its disk ----------------------------------------------------------------------------------------


def _killed(sky: Sky, trouble: Trouble, length_s: float, chance: Random, blow: Blow) -> None:
    sky.keeper.end(length_s, dark=False)


def _power_cut(sky: Sky, trouble: Trouble, length_s: float, chance: Random, blow: Blow) -> None:
    sky.keeper.end(length_s, dark=True)


def _killed_at_a_step(sky: Sky, trouble: Trouble, length_s: float, chance: Random, blow: Blow) -> None:
    sky.keeper.away_s = length_s
    sky.locker.life.set(Fuse(chance.randint(1, STEPS_MAX), chance.random() < 0.5))


def _killed_at_a_turn(sky: Sky, trouble: Trouble, length_s: float, chance: Random, blow: Blow) -> None:
    sky.locker.after_turns(chance.randint(1, TURNS_MAX), lambda: sky.keeper.end(length_s, dark=False))


def _power_cut_at_a_write(sky: Sky, trouble: Trouble, length_s: float, chance: Random, blow: Blow) -> None:
    sky.disk.fuse = chance.randint(1, WRITES_MAX)
    sky.disk.on_fuse = lambda: sky.keeper.end(length_s, dark=True)


def _restarted(sky: Sky, trouble: Trouble, length_s: float, chance: Random, blow: Blow) -> None:
    async def restart() -> None:
        life = sky.locker.life
        if sky.locker.agent is None or life.ended:
            return
        try:
            async with asyncio.timeout(STOP_S):
                await sky.locker.stop()
        except (StoreError, TimeoutError) as error:
            sky.locker.note(f"stop: {type(error).__name__}")
        if life is sky.locker.life:
            sky.keeper.end(length_s, dark=False)

    sky.aside(restart())


def _disk(name: str) -> Deed:
    def begin(sky: Sky, trouble: Trouble, length_s: float, chance: Random, blow: Blow) -> Undo:
        setattr(sky.disk, name, True)
        return lambda: setattr(sky.disk, name, False)

    return begin


# ---- clocks --------------------------------------------------------------------------------------------------------


def _clock_jumps(sky: Sky, trouble: Trouble, length_s: float, chance: Random, blow: Blow) -> Undo:
    by_s = chance.choice(JUMPS_S) * chance.choice((1, -1))
    clock = sky.locker.clock
    clock.jump_wall(by_s)
    return lambda: clock.jump_wall(-by_s)


def _clock_unsynced(sky: Sky, trouble: Trouble, length_s: float, chance: Random, blow: Blow) -> Undo:
    clock = sky.locker.clock
    clock.quality = chance.choice((ClockQuality.FLOOR, ClockQuality.UNSET))

    def synced() -> None:
        clock.quality = ClockQuality.SYNCED

    return synced


# ---- the cloud -----------------------------------------------------------------------------------------------------


def _broker_down(sky: Sky, trouble: Trouble, length_s: float, chance: Random, blow: Blow) -> Undo:
    sky.uplink.line.broker = False
    sky.uplink.cut()
    return lambda: setattr(sky.uplink.line, "broker", True)


def _broker_forgets(sky: Sky, trouble: Trouble, length_s: float, chance: Random, blow: Blow) -> Undo:
    sky.uplink.line.broker = False
    sky.uplink.broker_dies()
    return lambda: setattr(sky.uplink.line, "broker", True)


def _line_cut(sky: Sky, trouble: Trouble, length_s: float, chance: Random, blow: Blow) -> Undo:
    sky.uplink.line.route = False
    sky.uplink.cut()
    return lambda: setattr(sky.uplink.line, "route", True)


def _line_half_open(sky: Sky, trouble: Trouble, length_s: float, chance: Random, blow: Blow) -> Undo:
    sky.uplink.line.route = False
    sky.uplink.cut(found_s=chance.uniform(1.0, 60.0))
    return lambda: setattr(sky.uplink.line, "route", True)


def _office_down(sky: Sky, trouble: Trouble, length_s: float, chance: Random, blow: Blow) -> Undo:
    sky.uplink.line.office = False
    return sky.uplink.office_back


def _office_late(sky: Sky, trouble: Trouble, length_s: float, chance: Random, blow: Blow) -> Undo:
    sky.uplink.line.late_s = float(trouble.params["late_s"])
    return lambda: setattr(sky.uplink.line, "late_s", 0.0)


def _doubling(sky: Sky, trouble: Trouble, length_s: float, chance: Random, blow: Blow) -> Undo:
    sky.uplink.line.doubling = float(trouble.params["share"])
    return lambda: setattr(sky.uplink.line, "doubling", 0.0)


# ---- people --------------------------------------------------------------------------------------------------------


def _walks_away(sky: Sky, trouble: Trouble, length_s: float, chance: Random, blow: Blow) -> None:
    if sky.screen.locked():
        sky.locker.walks_away_s = sky.locker.loop.time()


def _at_the_screen(visit: Callable[[WholeLocker, Random, float], Any]) -> Deed:
    def begin(sky: Sky, trouble: Trouble, length_s: float, chance: Random, blow: Blow) -> None:
        async def come() -> None:
            async with sky.screen:
                await visit(sky.locker, chance, length_s)

        sky.aside(come())

    return begin


def _rains(sky: Sky, trouble: Trouble, length_s: float, chance: Random, blow: Blow) -> None:
    sky.aside(rain(sky.locker, chance, length_s))  # nobody queues for rain


def _technician(sky: Sky, trouble: Trouble, length_s: float, chance: Random, blow: Blow) -> None:
    async def come() -> None:
        async with sky.screen:
            await Technician(sky.locker, chance).visit()

    sky.aside(come())


def _unlocked_for_somebody(sky: Sky, trouble: Trouble, length_s: float, chance: Random, blow: Blow) -> None:
    """Who rang up stands there, takes the parcel and shuts the door; or has given up meanwhile."""
    door = sky.door(chance)
    blow.doors = frozenset([door])
    sky.support.unlocks(door)

    async def takes() -> None:
        await asyncio.sleep(chance.uniform(5.0, SOON_S))
        if sky.locker.sim.world.doors[door].shut:
            return
        sky.locker.takes(door)
        sky.locker.shuts(door)

    sky.aside(takes())


def _support(act: Callable[[Support, str], None]) -> Deed:
    def begin(sky: Sky, trouble: Trouble, length_s: float, chance: Random, blow: Blow) -> None:
        act(sky.support, sky.door(chance))

    return begin


DEEDS: Mapping[str, Deed] = {
    "killed": _killed,
    "killed-at-a-step": _killed_at_a_step,
    "killed-at-a-turn": _killed_at_a_turn,
    "power-cut": _power_cut,
    "power-cut-at-a-write": _power_cut_at_a_write,
    "restarted": _restarted,
    "disk-full": _disk("full"),
    "disk-errors": _disk("failing"),
    "syncs-fail": _disk("unsynced"),
    "clock-jumps": _clock_jumps,
    "clock-unsynced": _clock_unsynced,
    "broker-down": _broker_down,
    "broker-forgets": _broker_forgets,
    "line-cut": _line_cut,
    "line-half-open": _line_half_open,
    "office-down": _office_down,
    "office-late": _office_late,
    "doubling": _doubling,
    "walks-away": _walks_away,
    "rain": _rains,
    "thief": _at_the_screen(guess),
    "technician": _technician,
    "support-unlocks": _unlocked_for_somebody,
    "forged-command": _support(lambda support, door: support.forged(door)),
    "stale-command": _support(lambda support, door: support.stale(door)),
    "replayed-command": _support(lambda support, door: support.replayed()),
}
