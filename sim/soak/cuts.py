"""A story with a power cut in it: prepared in peace, cut at one step of the journal, started again, lived on.

    trial = Trial(STORIES["deposit"], Cut(Fuse(3, lost=True)))
    evidence = trial.run(folder, seed=1)

`steps_of` says how many journalled steps a story has. Troubles (a jammed door, a silent board) begin after the
preparation and go on over the cut. After the last start life goes on: doors are pushed shut, the same codes are tried
again, a courier comes with another parcel. Then the judge may look.
"""

from __future__ import annotations

import asyncio
import shutil
import warnings
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from edge_agent.clock import VirtualClock
from sim.soak.disk import Disk
from sim.soak.evidence import Evidence
from sim.soak.lives import Fuse, Life
from sim.soak.people import Courier, Passer, Recipient
from sim.soak.whole_locker import WholeLocker
from sim.virtual_time import run_virtual

STORY_S = 400.0  # a story that is not over by now is stuck; people have left long before
LEFT_OPEN_S = 200.0  # longer than the alarm for a door left open
TRIAL_S = 4_000.0  # everything in one trial
STARTED_S = 2.0  # what a start still has to say: scanners back, doors compared
SETTLED_S = 30.0
DARK_S = 45.0  # longer than a board or a computer takes to start


@dataclass(slots=True)
class Scene:
    """What the people of one trial know."""

    locker: WholeLocker
    random: Random
    badge: str = ""
    messages: list[dict[str, str]] = field(default_factory=list)

    def courier(self) -> Courier:
        return Courier(self.badge, self.random)

    async def left(self, *waybills: str) -> None:
        """A courier leaves parcels; their recipients get their messages."""
        await self.courier().deposit(self.locker, list(waybills))
        await self.read_messages()

    async def read_messages(self) -> None:
        events = await self.locker.events()
        self.messages = [self.locker.unseal(o) for o in events if o["type"].endswith("parcel.deposited")]

    async def picked_up(self, by: str, refuse: bool = False) -> None:
        for message in self.messages:
            await Recipient(self.random).pick_up(self.locker, refuse=refuse, **{by: message[by]})


Act = Callable[[Scene], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Story:
    """`prepare` happens in peace, `act` is what the cut falls into. `door`: the one a trouble is about."""

    prepare: Act
    act: Act
    door: str = "1"


async def _nothing(scene: Scene) -> None:
    return None


async def _one_left(scene: Scene) -> None:
    await scene.left("SF1000000000001")


async def _one_refused(scene: Scene) -> None:
    await scene.left("SF1000000000001")
    await scene.picked_up("code", refuse=True)
    await asyncio.sleep(SETTLED_S)  # the screen is free and the coil has rested


STORIES: dict[str, Story] = {
    "deposit": Story(_nothing, lambda scene: scene.left("SF1000000000001", "SF1000000000002")),
    "pickup by code": Story(_one_left, lambda scene: scene.picked_up("code")),
    "pickup by token": Story(_one_left, lambda scene: scene.picked_up("token")),
    "recall": Story(_one_refused, lambda scene: scene.courier().recall(scene.locker)),
}


def _silent(locker: WholeLocker, door: str) -> None:
    locker.sim.faults.add("silent", board=locker.sim.door_json(door)["board"])


def _jammed(locker: WholeLocker, door: str) -> None:
    locker.sim.faults.add("jam", door=door)


def _wrong_door(locker: WholeLocker, door: str) -> None:
    locker.sim.faults.add("permuted-map", doors=[door, str(int(door) + 1)])


def _cannot_be_shut(locker: WholeLocker, door: str) -> None:
    locker.sim.faults.add("ajar", door=door)


TROUBLES: dict[str, Callable[[WholeLocker, str], None]] = {
    "a silent board": _silent,
    "a jammed door": _jammed,
    "a wrong door": _wrong_door,
    "a door left open": _cannot_be_shut,
}


@dataclass(frozen=True, slots=True)
class Cut:
    """`fuse` in the story; `again`: further fuses, one for each start that follows. `dark_s`: 0 is a killed agent."""

    fuse: Fuse
    again: tuple[Fuse, ...] = ()
    dark_s: float = 0.0


@dataclass(slots=True)
class Trial:
    """`steps`: event types of each journalled step of the story; `starts`: the same of each start after it.

    `settled` is what the last start left, before anybody came.
    """

    story: Story
    cut: Cut
    trouble: str = ""
    steps: list[tuple[str, ...]] = field(default_factory=list)
    starts: list[list[tuple[str, ...]]] = field(default_factory=list)
    settled: Evidence | None = None

    def run(self, folder: Path, seed: int = 1) -> Evidence:
        clock = VirtualClock()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with Disk().installed(), warnings.catch_warnings():
            # What was under way when the agent was killed is never awaited.
            warnings.filterwarnings("ignore", "coroutine .* was never awaited")
            return run_virtual(self._bounded(folder, seed, clock), on_jump=clock.advance)

    async def _bounded(self, folder: Path, seed: int, clock: VirtualClock) -> Evidence:
        async with asyncio.timeout(TRIAL_S):
            return await self._live(folder, seed, clock)

    async def _live(self, folder: Path, seed: int, clock: VirtualClock) -> Evidence:
        scene = Scene(WholeLocker(folder, seed, clock), Random(seed))
        locker = scene.locker
        await locker.start()
        await locker.accept()
        scene.badge = await locker.hire("c1", "SF")
        await self.story.prepare(scene)
        await asyncio.sleep(SETTLED_S)
        if self.trouble:
            TROUBLES[self.trouble](locker, self.story.door)
        locker.life.set(self.cut.fuse)
        await self._until_over(locker, asyncio.ensure_future(self._act(scene)))
        self.steps = list(locker.life.steps)
        locker.life.set(Fuse())
        if locker.life.ended:
            await self._start_again(locker)
        await self._live_on(scene)
        evidence = await locker.evidence()
        await locker.stop()
        return evidence

    async def _act(self, scene: Scene) -> None:
        await asyncio.wait_for(self.story.act(scene), STORY_S)

    @staticmethod
    async def _until_over(locker: WholeLocker, doing: asyncio.Future[Any]) -> None:
        await asyncio.wait({doing, locker.life.over}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done() and not doing.cancelled() and not locker.life.ended:
            doing.result()

    async def _start_again(self, locker: WholeLocker) -> None:
        for fuse in (*self.cut.again, Fuse()):
            await locker.cut(self.cut.dark_s)
            life = Life.begin(fuse)
            await self._until_over(locker, self._starting(locker, life))
            self.starts.append(list(life.steps))
            if not life.ended:
                life.set(Fuse())
                self.settled = await locker.evidence()
                return

    @staticmethod
    def _starting(locker: WholeLocker, life: Life) -> asyncio.Future[Any]:
        async def starting() -> None:
            await locker.start(life)
            await asyncio.sleep(STARTED_S)

        locker.life = life
        return asyncio.ensure_future(starting())

    async def _live_on(self, scene: Scene) -> None:
        """Doors are shut, the old codes are tried once more, another parcel comes."""
        locker = scene.locker
        await asyncio.sleep(LEFT_OPEN_S if self.trouble == "a door left open" else SETTLED_S)
        locker.sim.faults.clear()
        Passer.shuts_all(locker)
        await asyncio.sleep(SETTLED_S)
        await scene.picked_up("code")
        await asyncio.sleep(SETTLED_S)
        await scene.left("SF1000000000009")
        await asyncio.sleep(SETTLED_S)


def cuts_of(steps: int, seed: int = 1) -> list[Cut]:
    """Before and after each step, by turns a killed agent and a dark site."""
    return [
        Cut(Fuse(step, lost), dark_s=DARK_S * ((step + lost + seed) % 2))
        for step in range(1, steps + 1)
        for lost in (False, True)
    ]


def steps_of(story: Story, folder: Path, trouble: str = "") -> list[tuple[str, ...]]:
    """Types of each journalled step of the story when nothing is cut."""
    trial = Trial(story, Cut(Fuse()), trouble)
    trial.run(folder)
    return trial.steps
