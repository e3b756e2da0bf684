"""Seeded days at one locker under a weather of troubles: what `locker-sim soak` runs and the judge looks at.

    lived = live(folder, Plan(seed=7, days=7, weather=STORM))
    breaches = broken(lived.evidence)

Every run ends alike: all weather stops, doors are pushed shut, a technician clears what nobody knows, and some time
passes. Then the locker has to serve one more parcel, and the office's record has to equal the journal.
"""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from drivers.lock_board import DoorState
from edge_agent.clock import VirtualClock
from edge_agent.domain.words import Contents
from edge_agent.store.ledger import Mode
from sim.cloud.signing import Signer
from sim.soak.disk import Disk
from sim.soak.evidence import Ending, Evidence
from sim.soak.keeper import Keeper
from sim.soak.people import Courier, Passer, Recipient
from sim.soak.sky import Sky
from sim.soak.strangers import Support, Technician
from sim.soak.town import PARCELS_A_DAY, Town
from sim.soak.uplink import Uplink
from sim.soak.weather import NONE, Weather
from sim.soak.whole_locker import WholeLocker
from sim.virtual_time import run_virtual

UP_S = 900.0  # for the agent to be back after the last trouble
SETTLE_S = 120.0
VISITS = 3  # of the technician
QUIET_S = 1800.0  # longer than every back-off, hysteresis and lockout
LAST_WAYBILL = "SF9999999999999"
SIGNER = "office-1"
LOG_MAX = 4 << 20  # characters kept for the judge


@dataclass(frozen=True, slots=True)
class Plan:
    """One run, to the byte."""

    seed: int
    days: int = 7
    parcels: int = PARCELS_A_DAY
    weather: Weather = NONE


@dataclass(slots=True)
class Days:
    """What happened. `trace` is everything to the byte."""

    seed: int
    evidence: Evidence
    trace: str
    counted: Counter[str] = field(default_factory=Counter)


def live(folder: Path, plan: Plan) -> Days:
    """Run it in `folder` (an earlier run there is removed)."""
    clock, disk = VirtualClock(), Disk()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with disk.installed(), _heard() as said, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "coroutine .* was never awaited")  # that is what being killed is
        lived = run_virtual(_Run(folder, plan, clock, disk).whole(), on_jump=clock.advance)
    lived.evidence.said = "\n".join(said)
    lived.counted.update(event.kind for event in lived.evidence.events)
    lived.counted.update(deed.what for deed in lived.evidence.deeds)
    lived.counted.update(f"weather {blow.layer}" for blow in lived.evidence.blows)
    return lived


class _Run:
    def __init__(self, folder: Path, plan: Plan, clock: VirtualClock, disk: Disk) -> None:
        self.folder, self.plan, self.clock, self.disk = folder, plan, clock, disk

    async def whole(self) -> Days:
        plan = self.plan
        signer, forger = (
            Signer(SIGNER, Random(f"{plan.seed}/{who}").randbytes(32)) for who in ("ops", "thief")
        )
        locker = WholeLocker(
            self.folder, plan.seed, self.clock, security={"command_signers": {SIGNER: signer.public}}
        )
        self.locker = locker
        locker.keep.update(task for task in (asyncio.current_task(),) if task is not None)
        self.uplink = Uplink(locker, Random(f"{plan.seed}/line"))
        self.keeper = Keeper(locker, self.disk, Random(f"{plan.seed}/keeper"))
        self.town = Town(locker, plan.seed)
        support = Support(locker, self.uplink, Random(f"{plan.seed}/support"), signer, forger)
        sky = Sky(locker, plan.weather, self.keeper, self.disk, self.uplink, support, self.town.screen)
        self.uplink.on_event.append(self.town.told)
        await locker.start()
        await locker.accept()
        await self.town.move_in()
        self.uplink.start()
        keeping = locker.stays(self.keeper.run())
        sky.open(plan.seed)
        living = locker.stays(self.town.live(plan.days, plan.parcels))
        await asyncio.wait({living, keeping}, return_when=asyncio.FIRST_COMPLETED)
        (living if living.done() else keeping).result()
        await sky.clear()
        return await self._judged(sky, keeping)

    # ---- the end ----------------------------------------------------------------------------------------------------

    async def _judged(self, sky: Sky, keeping: asyncio.Task[None]) -> Days:
        locker = self.locker
        await self._calm_down()
        served = await self._one_more()
        await asyncio.sleep(QUIET_S)
        screen = locker.screen
        events = self.uplink.record.events(self.uplink.source)
        kept = await locker.events()
        again = await self._again(keeping)
        evidence = await locker.evidence(events)
        rows = locker.ledger.state.compartment.values()
        states = locker.awake.cabinet.watch.states()
        seen = {number for number, state in states.items() if state is DoorState.CLOSED}
        evidence.blows, evidence.secrets = sky.blows, frozenset(self.town.secrets)
        evidence.ending = Ending(
            recorded=int(events[-1]["sequence"]) if events else 0,
            journalled=int(kept[-1]["sequence"]) if kept else 0,
            kept_differs=_differing(events, kept),
            doors_unseen=tuple(o.number for o in rows if o.number not in seen or not o.reachable),
            doors_unknown=tuple(o.number for o in rows if o.contents is Contents.UNKNOWN),
            degraded=locker.ledger.mode is not Mode.SERVING,
            screen=screen,
            served=served,
            broken=(*self.keeper.breaches, *self.disk.breaches),
            log_bytes=self.disk.log_bytes,
            tasks=len(asyncio.all_tasks() - locker.keep),
            again_differs=again,
        )
        lived = Days(self.plan.seed, evidence, await locker.trace(events))
        for task in locker.keep - {asyncio.current_task()}:
            task.cancel()
        await locker.stop()
        return lived

    async def _calm_down(self) -> None:
        locker, keeper = self.locker, self.keeper
        keeper.calm = True
        if not await locker.until(lambda: locker.serving and not locker.life.ended, UP_S):
            raise RuntimeError(f"the agent is not back {UP_S:.0f} s after the last trouble")
        for task in locker.keep - {asyncio.current_task()}:
            if task.get_coro().__name__ in ("_fetch", "_shut_later"):  # type: ignore[union-attr] # every task has one
                task.cancel()
        await asyncio.sleep(0)
        Passer.shuts_all(locker)
        await asyncio.sleep(SETTLE_S)
        technician = Technician(locker, Random(f"{self.plan.seed}/last visit"))
        for _ in range(VISITS):
            await technician.visit()
            Passer.shuts_all(locker)
            await asyncio.sleep(SETTLE_S)
        await asyncio.sleep(QUIET_S)

    async def _one_more(self) -> bool:
        """The locker still does what it is for, unless every door of the size is full."""
        locker, chance = self.locker, Random(f"{self.plan.seed}/last")
        if not await Courier(self.town.badges["c1"], chance).deposit(locker, [LAST_WAYBILL]):
            return locker.screen == "full" or not _room(locker)
        await asyncio.sleep(SETTLE_S)
        last = [o for o in self.uplink.record.events(self.uplink.source) if o["type"].endswith(".deposited")]
        message = locker.unseal(last[-1]) if last else {}
        return bool(message) and await Recipient(chance).pick_up(locker, token=message["token"])

    async def _again(self, keeping: asyncio.Task[None]) -> tuple[str, ...]:
        """INV-20: one more start of a locker at rest changes nothing of what it knows."""
        locker = self.locker
        before = json.dumps(_knowledge(locker), sort_keys=True)
        self.keeper.end(2.0, dark=False)
        await asyncio.sleep(SETTLE_S)
        keeping.cancel()
        after = json.dumps(_knowledge(locker), sort_keys=True)
        await asyncio.sleep(SETTLE_S)
        return () if before == after else (f"{len(before)} characters before, {len(after)} after",)


def _knowledge(locker: WholeLocker) -> dict[str, object]:
    """What the folded tables say of contents, stays and codes."""
    folded = locker.ledger.state.folded()
    doors = {
        number: (row["contents"], row["stay"], row["condition"])
        for number, row in folded["compartment"].items()
    }
    codes = {stay: row.get("life", row.get("status", "")) for stay, row in folded["code"].items()}
    stays = {stay: row["status"] for stay, row in folded["stay"].items()}
    return {"doors": doors, "codes": codes, "stays": stays}


def _room(locker: WholeLocker) -> bool:
    return any(row.offered and row.size == "S" for row in locker.ledger.state.compartment.values())


def _differing(recorded: list[dict[str, object]], kept: list[dict[str, object]]) -> int:
    """How many events of the journal the office knows otherwise, or not."""
    known = {str(one["id"]): one["chainhash"] for one in recorded}
    return sum(1 for one in kept if known.get(str(one["id"])) != one["chainhash"])


@contextmanager
def _heard() -> Iterator[list[str]]:
    """Every line that is logged meanwhile, with what stands beside it."""
    lines: list[str] = []
    usual = set(vars(logging.LogRecord("", 0, "", 0, "", (), None)))

    class Listener(logging.Handler):
        size = 0

        def emit(self, record: logging.LogRecord) -> None:
            if self.size < LOG_MAX:
                extra = {name: value for name, value in vars(record).items() if name not in usual}
                raised = f" {record.exc_info[1]!r}" if record.exc_info else ""
                lines.append(f"{record.levelname} {record.getMessage()} {extra}{raised}")
                self.size += len(lines[-1])

    listener, root = Listener(level=logging.WARNING), logging.getLogger()
    root.addHandler(listener)
    try:
        yield lines
    finally:
        root.removeHandler(listener)
