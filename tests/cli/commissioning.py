"""A cabinet that is commissioned in virtual time: its boards on simulated wires, its technician a table of answers.

The conversation is the program's own; only the clock, the wire and the hands are the test's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from drivers.bus import LineSettings
from drivers.transaction import Priority, Procedure
from drivers.virtual_bus import VirtualBus
from edge_agent.cli.commissioning.conversation import commission
from edge_agent.cli.commissioning.site import Site
from edge_agent.cli.direct.bench import Bench
from edge_agent.config import Scanner, load
from edge_agent.control.commission_types import CommissionArguments, CommissionItem
from edge_agent.domain.changes import Change
from edge_agent.domain.decision import Decision
from edge_agent.domain.staff_member import Staff
from edge_agent.domain.state import LockerState
from edge_agent.kiosk.session_inputs import pin_text
from edge_agent.randomness import SystemRandomness
from edge_agent.reports import pdf
from edge_agent.reports.paper import Paper
from edge_agent.store.executor import Inline
from edge_agent.store.offline import machine_clock
from edge_agent.store.opening import Opened, hasher_of, open_ledger
from edge_agent.store.places import settings_of
from sim import demo_cabinet, plans
from sim.cabinet import SimCabinet
from sim.toml_text import dumps
from sim.virtual_ports import VirtualWire
from sim.virtual_time import VirtualLoop
from tests.store.locker import deposit, do_all, doors

T = TypeVar("T")
HAND_S = 0.55  # how long a door stands open before a hand shuts it, or tries again against the pulling coil
MORNING = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
Answer = str | Callable[[CommissionItem], str]


class _Turned:
    """A virtual bus that can be waited for: whoever waits turns the clock."""

    def __init__(self, line: LineSettings, wire: VirtualWire, loop: VirtualLoop) -> None:
        self._bus, self._loop = VirtualBus(line, wire, loop), loop
        self._bus.start()

    def perform_blocking(self, procedure: Procedure[T], priority: Priority = Priority.VERIFY) -> T:
        return self._loop.run_until_complete(self._bus.perform(procedure, priority))

    def stop(self) -> None:
        self._bus.stop()


class _VirtualBench(Bench):
    def __init__(self, config: Path, place: Place) -> None:
        super().__init__(str(config))
        self._place = place

    def run(self, line: LineSettings) -> Any:
        """By the port's own name: before there is a configuration there is no other."""
        return _Turned(line, self._place.wires[Path(line.port).name], self._place.loop)


class Place:
    """The cabinet, somebody who shuts what opens, and where the configuration will be."""

    def __init__(self, folder: Path, document: dict[str, Any]) -> None:
        self.folder, self.config = folder, folder / "locker.toml"
        self.loop = VirtualLoop()
        self.cabinet = SimCabinet.of_document(document, self.loop.time, 1)
        self.wires = self.cabinet.open_virtual(self.loop).wires
        self.shown: list[str] = []  # codes held before the scanner, in turn
        self.shuts = True
        self.print_pdf: Callable[[Paper, Path], None] = pdf.write
        self.opened = ""  # the door that opened last, as the person in front of it sees
        self.cabinet.world.on_change.append(self._changed)

    def _changed(self, number: str, at_s: float) -> None:
        if not self.cabinet.world.doors[number].shut:
            self.opened = number
            self.loop.call_later(HAND_S, self._hand, number)

    def _hand(self, number: str) -> None:
        if (
            self.shuts
            and not self.cabinet.hand(number, "close")
            and not self.cabinet.world.doors[number].shut
        ):
            self.loop.call_later(HAND_S, self._hand, number)

    def pulses(self) -> int:
        return len(self.cabinet.coils())

    def commission(
        self,
        answers: dict[str, Answer],
        *,
        stop_at: Callable[[CommissionItem], bool] | None = None,
        **asked: Any,
    ) -> list[CommissionItem]:
        """Everything that was said. `answers`: by what is asked, Enter for the rest. `stop_at`: the power goes."""
        said: list[CommissionItem] = []
        with self._site() as site:
            talk = commission(CommissionArguments(**asked), site)
            answer = ""
            try:
                while True:  # ends: with the conversation
                    item = talk.send(answer) if said else next(talk)
                    said.append(item)
                    if stop_at is not None and stop_at(item):
                        talk.close()
                        return said
                    reply = answers.get(item.asks, "") if item.what == "question" else ""
                    answer = reply if isinstance(reply, str) else reply(item)
            except StopIteration:
                return said

    @contextmanager
    def _site(self) -> Iterator[Site]:
        begun_s = self.loop.time()
        asyncio.set_event_loop(self.loop)
        with _VirtualBench(self.config, self) as bench:
            yield Site(
                bench,
                self._scan,
                now=self.loop.time,
                rest=lambda seconds: self.loop.run_until_complete(asyncio.sleep(seconds)),
                print_pdf=self.print_pdf,
                wall=lambda: MORNING + timedelta(seconds=self.loop.time() - begun_s),
            )

    def _scan(self, section: Scanner, seconds: float) -> str:
        return self.shown.pop(0) if self.shown else ""


def demo_place(folder: Path, **sections: Any) -> Place:
    """The demo's cabinet of 60 doors."""
    return Place(folder, demo_cabinet.document(folder, **sections))


def small_place(folder: Path, feedback: str = "", scanner: bool = False) -> Place:
    """Four doors on one board, and a locker.toml that says so. `feedback`: how the harness is really wired."""
    paper = plans.document([plans.BoardPlan("lock-8a", channels=4)], [], folder, policy={"open_wait_s": 2.0})
    if scanner:
        paper["scanner"] = [{"name": "front", "port": str(folder / "front"), "driver": "line"}]
    (folder / "locker.toml").write_text(dumps(paper))
    board = paper["board"][0]
    wired = {**paper, "board": [{**board, "feedback": feedback or board["feedback"]}]}
    place = Place(folder, wired)
    place.print_pdf = no_paper
    return place


def no_paper(paper: Paper, file: Path) -> None:
    """A press costs a second a time; that it works is seen at the big cabinet."""


def in_ledger(place: Place, job: Callable[[Opened], Awaitable[T]]) -> T:
    """One job on the ledger, as the agent would find it."""

    async def run() -> T:
        settings = settings_of(load(place.config))
        settings.state_dir.mkdir(exist_ok=True)
        opened = await open_ledger(settings, machine_clock(), SystemRandomness(), Inline())
        try:
            return await job(opened)
        finally:
            await opened.ledger.close()

    return asyncio.run(run())


def state_of(place: Place) -> LockerState:
    async def look(opened: Opened) -> LockerState:
        return opened.ledger.state

    return in_ledger(place, look)


def on_staff(place: Place, pins: dict[str, str]) -> None:
    """These persons stand on the staff list."""

    async def put(opened: Opened) -> None:
        hasher = hasher_of(opened.keys, Inline())
        staff = tuple(
            Change("staff", name, Staff(name, "", hasher.code_hash(pin_text(name, pin))))
            for name, pin in pins.items()
        )
        await opened.ledger.transact(lambda state, at: Decision(given=staff))

    in_ledger(place, put)


def with_parcel(place: Place) -> None:
    """A courier was quicker than the technician."""

    async def put(opened: Opened) -> None:
        await do_all(opened.ledger, iter([doors(4), *deposit(1, "1")]))

    in_ledger(place, put)


def what(said: list[CommissionItem], kind: str) -> list[CommissionItem]:
    return [item for item in said if item.what == kind]
