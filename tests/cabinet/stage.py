"""A cabinet under virtual time: the real cabinet, ledger and drivers over simulated boards. Nothing is mocked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from drivers.lock_board import LockBoard
from drivers.virtual_bus import VirtualBus
from edge_agent.cabinet.cabinet import Cabinet
from edge_agent.cabinet.mounting import MountedBoard, Mounting
from edge_agent.clock import VirtualClock
from edge_agent.domain import recovery, service
from edge_agent.domain.events.system import DoorSpec
from edge_agent.domain.ports import Decide
from edge_agent.domain.words import Cause, Height, Outcome
from edge_agent.flows.events import DoorEvent
from edge_agent.randomness import SeededRandomness
from edge_agent.store.executor import Executor, Inline
from edge_agent.store.hasher import CHEAPEST, Hasher
from edge_agent.store.ledger import Ledger
from edge_agent.store.opening import hasher_of, open_ledger
from edge_agent.store.places import Settings
from edge_agent.wiring import line_settings, lock_board
from sim.cabinet import SimCabinet
from sim.plans import BoardPlan, document
from sim.soak.whole_locker import use_template
from sim.virtual_time import run_virtual

OPEN_WAIT_S = 10.0
LEFT_OPEN_S = 180.0
TECHNICIAN = "technician:t1"


class Stage:
    """One simulated cabinet with its agent half. `told`: what the screen would have heard."""

    def __init__(
        self,
        sim: SimCabinet,
        ledger: Ledger,
        clock: VirtualClock,
        chance: SeededRandomness,
        open_wait_s: float,
        supplies: Mapping[str, str],
        hasher: Hasher,
    ) -> None:
        self.sim, self.ledger, self.clock, self.chance = sim, ledger, clock, chance
        self.hasher = hasher
        self.told: list[DoorEvent] = []
        self._later: set[asyncio.Task[Any]] = set()
        loop = asyncio.get_running_loop()
        ports = sim.open_virtual(loop)
        self.buses = {
            bus.name: VirtualBus(line_settings(bus), ports.wires[bus.name], loop) for bus in sim.config.bus
        }
        self.boards = {
            board.name: MountedBoard(
                lock_board(sim.config, board), self.buses[board.bus], supplies.get(board.name, "psu-1")
            )
            for board in sim.config.board
        }
        self.cabinet = Cabinet(
            Mounting(self.boards, sim.config.doors()),
            ledger,
            self.told.append,
            open_wait_s=open_wait_s,
            left_open_s=LEFT_OPEN_S,
        )

    async def unlock(self, number: str, session: str = "") -> Outcome:
        """A technician's intent, made durable, then executed. With a session, tries of one visit are counted."""
        committed = await self.ledger.transact(
            lambda state, at: service.open_door(
                state, number, Cause.TECHNICIAN, TECHNICIAN, at, self.chance, session=session
            )
        )
        return await self.cabinet.open(committed.result.intent)

    def journal_later(self, decide: Decide) -> None:
        """Journal something that nobody waits for."""
        task = asyncio.get_running_loop().create_task(self._journalled(decide))
        self._later.add(task)

    async def _journalled(self, decide: Decide) -> None:
        await self.ledger.transact(decide)

    def bus_of(self, board: str) -> tuple[VirtualBus, LockBoard]:
        """A board and the bus that reaches it."""
        mounted = self.boards[board]
        return self.buses[mounted.board.settings.bus], mounted.board

    def heard(self) -> list[str]:
        """Names of what the screen was told, with the door."""
        return [f"{type(event).__name__} {event.door}" for event in self.told]

    async def journal(self) -> list[str]:
        """Types of all events so far, oldest first."""
        batch = await self.ledger.events_after(0, limit=10_000)
        return [json.loads(event)["type"].removeprefix("locker.") for event in batch.events]

    async def events(self, kind: str) -> list[dict[str, Any]]:
        """What stands in the journal under one type, oldest first."""
        batch = await self.ledger.events_after(0, limit=10_000)
        found = [json.loads(event) for event in batch.events]
        return [event["data"] for event in found if event["type"] == f"locker.{kind}"]

    async def last(self, kind: str) -> dict[str, Any]:
        """The newest of them."""
        return (await self.events(kind))[-1]

    async def faults(self, code: str) -> list[str]:
        """Places where a fault of this code was opened, oldest first."""
        return [event["place"] for event in await self.events("fault.opened") if event["code"] == code]

    def next_pulse(self, of: int) -> asyncio.Future[None]:
        """Done at the moment when the coils have been energised so many times in all."""
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def energised(pulse: object) -> None:
            if self.pulses() >= of and not reached.done():
                reached.set_result(None)

        self.sim.world.on_coil.append(energised)
        return reached

    def pulses(self) -> int:
        """How often any coil was energised."""
        return len(self.sim.coils())


Story = Callable[[Stage], Awaitable[None]]


def play(
    tmp_path: Path,
    story: Story,
    *boards: str | BoardPlan,
    open_wait_s: float = OPEN_WAIT_S,
    supplies: Mapping[str, str] | None = None,
    store: Executor | None = None,
) -> None:
    """Build the stage, wait until the doors are known, run the story, all in virtual time.

    `supplies` by board; every board not named hangs on one supply. `store` runs the ledger's work, by default at once.
    """
    use_template(tmp_path)
    clock = VirtualClock()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        paper = document(boards or ("lock-8a",), folder=tmp_path)
        sim = SimCabinet.of_document(paper, now=loop.time)
        chance = SeededRandomness(1)
        opened = await open_ledger(Settings(tmp_path, "HK-0001"), clock, chance, store or Inline())
        hasher = hasher_of(opened.keys, Inline(), CHEAPEST)
        doors = tuple(DoorSpec(d.number, d.size, 1, Height(d.height), d.board) for d in sim.config.doors())
        await opened.ledger.transact(lambda state, at: service.configure(state, "digest", doors, at))
        stage = Stage(sim, opened.ledger, clock, chance, open_wait_s, supplies or {}, hasher)
        worker = loop.create_task(stage.cabinet.run())
        for bus in stage.buses.values():
            bus.start()
        stage.cabinet.start()
        seen = await stage.cabinet.settled(5.0)
        await opened.ledger.transact(lambda state, at: recovery.recover(state, seen, at))
        try:
            await story(stage)
        finally:
            worker.cancel()
            for bus in stage.buses.values():
                bus.stop()
            await opened.ledger.close()

    run_virtual(main(), on_jump=clock.advance)
