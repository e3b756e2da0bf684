"""A kiosk at hand: the real session, ledger and domain in virtual time, with hands, doors and a page to play with.

    kiosk.scan(BADGE); kiosk.scan("SF1234567890123"); kiosk.opens(); kiosk.close()

`Doors` stands for the cabinet: it does what a hand or a latch does and journals it by the domain's door decisions, as
the cabinet does. The page only sends what the shown screen allows, as the server does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from edge_agent.clock import VirtualClock
from edge_agent.config import Config, decode
from edge_agent.domain import doors, recovery
from edge_agent.domain import events as e
from edge_agent.domain.compartment import Compartment
from edge_agent.domain.decision import Decision
from edge_agent.domain.instant import Instant
from edge_agent.domain.policy import Policy
from edge_agent.domain.staff import Staff
from edge_agent.domain.state import LockerState
from edge_agent.domain.stay import Stay
from edge_agent.domain.words import DoorPosition
from edge_agent.flows import events as told
from edge_agent.kiosk.actions import parse
from edge_agent.kiosk.desk import View
from edge_agent.kiosk.screens import Screen
from edge_agent.kiosk.session import Ports, Session
from edge_agent.kiosk.session_inputs import Preparer, pin_text
from edge_agent.randomness import SeededRandomness
from edge_agent.store.errors import CommitFailed
from edge_agent.store.executor import Inline
from edge_agent.store.hasher import CHEAPEST, Hasher
from edge_agent.store.ledger import Ledger
from sim.virtual_time import VirtualLoop
from tests.flows.furnishing import furnish
from tests.store.locker import empty_file, engine_on

BADGE, OTHER_BADGE, CARD = "LKB:badge-0001", "LKB:badge-0002", "LKS:card-0001"
STAFF_PIN = "815815"
PHONE = "85291234567"
BLINK_S = 0.05  # long enough for everything that follows by itself, shorter than any wait
LATCH_S = 0.3  # from pulse to open, as the door watch sees it

CONFIG: dict[str, Any] = {
    "locker": {
        "id": "HK-0001",
        "timezone": "Asia/Hong_Kong",
        "state_dir": "/nowhere",
        "hotline": "+852 0000 0000",
    },
    "bus": [{"name": "main", "port": "/dev/null"}],
    "board": [{"name": "A", "bus": "main", "driver": "lock-8a", "address": 1, "channels": 24}],
    "compartments": [
        {"board": "A", "channels": "1-4", "numbers": "1-4", "size": "S"},
        {"board": "A", "channels": "5-8", "numbers": "5-8", "size": "M"},
        {"board": "A", "channels": "9-10", "numbers": "9-10", "size": "L"},
        {"board": "A", "channels": "11-12", "numbers": "11-12", "size": "S", "height": "low"},
    ],
    "sizes": {
        "S": {"width_mm": 340, "height_mm": 80, "depth_mm": 380},
        "M": {"width_mm": 340, "height_mm": 190, "depth_mm": 380},
        "L": {"width_mm": 340, "height_mm": 410, "depth_mm": 380},
    },
}


class MoodyDisk(Inline):
    """The store's executor, on a disk that can be told to fail."""

    def __init__(self) -> None:
        self.fails = False
        self.takes_s = 0.0

    async def run(self, job: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        if self.fails:
            raise CommitFailed("ledger", "the disk says no")
        if self.takes_s:
            await asyncio.sleep(self.takes_s)
        return job(*args, **kwargs)


@dataclass
class Doors:
    """The cabinet's part, played by latches and hands. Implements `session.Cabinet`."""

    ledger: Ledger
    tell: Callable[[told.DoorEvent], None]
    jammed: set[str] = field(default_factory=set)
    mute: set[str] = field(default_factory=set)
    crossed: dict[str, str] = field(default_factory=dict)  # this door's wire leads to that one
    pulses: list[str] = field(default_factory=list)
    shown: Callable[[], Screen] | None = None

    async def open(self, intent: str) -> None:
        number = self.ledger.state.intent[intent].compartment
        self.pulses.append(number)
        await asyncio.sleep(LATCH_S)
        if number in self.jammed:
            await self.journal(partial(doors.not_opened, intent=intent), told.DoorNotOpened(number))
        elif number in self.crossed:
            moved = self.crossed[number]
            wrong = partial(doors.wrong_door, intent=intent, moved=moved)
            await self.journal(wrong, told.WrongDoor(number))
        elif number in self.mute:
            await self.journal(partial(doors.outcome_unknown, intent=intent), told.OutcomeUnknown(number))
        else:
            await self.journal(partial(doors.opened, number=number), told.DoorOpened(number))

    async def journal(self, decide: Callable[..., Decision], event: told.DoorEvent) -> None:
        await self.ledger.transact(lambda state, at: decide(state, at=at))
        self.tell(event)

    async def hand_closes(self, number: str) -> None:
        await self.journal(partial(doors.closed, number=number), told.DoorClosed(number))

    async def hand_closes_unseen_by_screen(self, number: str) -> None:
        """Journalled, but the word has not reached the screen yet."""
        await self.ledger.transact(lambda state, at: doors.closed(state, number, at))

    async def stays_open(self, number: str) -> None:
        await self.journal(partial(doors.left_open, number=number), told.DoorLeftOpen(number))


@dataclass
class Overhears:
    """The ledger, with the recipient's messages read over its shoulder: the vault shows no code to anybody."""

    ledger: Ledger
    messages: dict[str, dict[str, str]]

    @property
    def state(self) -> LockerState:
        return self.ledger.state

    async def transact(self, decide: Callable[[LockerState, Instant], Decision]) -> Any:
        noted: list[Decision] = []

        def note(state: LockerState, at: Instant) -> Decision:
            noted.append(decide(state, at))
            return noted[-1]

        committed = await self.ledger.transact(note)
        for write in noted[-1].vault:
            self.messages.setdefault(write.stay, {})[write.field] = write.value
        return committed


class Page:
    """What the browser would be shown; it keeps all of it."""

    def __init__(self) -> None:
        self.views: list[View] = []

    def show(self, view: View) -> None:
        self.views.append(view)

    def close(self) -> None:
        raise AssertionError("nobody sends this page away")


class Probes:
    async def section(self, name: str) -> tuple[Any, ...]:
        return ()


class StaffList:
    def __init__(self, *people: Staff) -> None:
        self._people = {person.card_hash: person for person in people}

    def by_card(self, card_hash: str) -> Staff | None:
        return self._people.get(card_hash)


class Kiosk:
    """One locker of twelve doors. `run(s)` lets virtual seconds pass; every deed runs a blink."""

    def __init__(self, folder: Path, template: Path, seed: int = 1, policy: Policy | None = None) -> None:
        self.clock = VirtualClock()
        self.loop = VirtualLoop(on_jump=self.clock.advance)
        self.disk = MoodyDisk()
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        empty_file(template, folder / "ledger.db")
        self.config: Config = decode(CONFIG)
        self.seed = seed
        self.trouble = ""  # why nothing can be made durable
        self.journal: list[e.Event] = []
        self.messages: dict[str, dict[str, str]] = {}
        self.power_up()
        self.transact(partial(furnish, config=self.config, policy=policy, hasher=self.hasher))
        self.session.locker_changed()
        self.run()

    # the machine

    def power_up(self) -> None:
        """A start: what is durable is settled from what the doors say, then the screen comes up."""
        chance = SeededRandomness(self.seed)
        self.seed += 1
        engine = engine_on(self.folder / "ledger.db")
        self.ledger = Ledger(engine, engine.load(), self.clock, chance, self.disk)
        self.ledger.subscribe(lambda committed: self.journal.extend(committed.events))
        self.hasher = Hasher(b"p" * 32, b"s" * 16, Inline(), CHEAPEST)
        staff = Staff(
            "tech-1",
            self.hasher.lookup_hash("badge", CARD.removeprefix("LKS:")),
            self.hasher.code_hash(pin_text("tech-1", STAFF_PIN)),
        )
        self.doors = Doors(self.ledger, lambda event: self.session.told(event))
        self.preparer = Preparer(self.hasher, chance, StaffList(staff), lambda: self.ledger.state)
        ports = Ports(
            Overhears(self.ledger, self.messages),
            self.doors,
            self.preparer,
            self.clock,
            chance,
            Probes(),
            trouble=lambda: self.trouble,
        )
        self.session = Session(ports, self.config)
        self.page = Page()
        self.session.connect(self.page)
        self.task = self.loop.create_task(self.session.run())
        self.run()

    def power_cut(self, seen: dict[str, DoorPosition] | None = None) -> None:
        """Everything in memory is gone; the doors are where they are. Then a start."""
        positions = {c.number: c.door for c in self.state.compartment.values()} | (seen or {})
        self.task.cancel()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.clock.reboot("boot-0002", off_s=60)
        self.loop = VirtualLoop(on_jump=self.clock.advance)
        self.power_up()
        self.transact(lambda state, at: recovery.recover(state, positions, at))

    def run(self, seconds: float = BLINK_S) -> None:
        self.loop.run_until_complete(asyncio.sleep(seconds))
        if self.task.done():
            self.task.result()

    def transact(self, decide: Callable[..., Decision]) -> Any:
        return self.loop.run_until_complete(
            self.ledger.transact(lambda state, at: decide(state, at=at))
        ).result

    def stop(self) -> None:
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    # what a person does

    def scan(self, text: str) -> None:
        self.clock.advance(0)
        self.session.scanned(text)
        self.run()

    def touch(self, action: str, **args: Any) -> None:
        """As the page and its server do: only what the shown screen allows, with its revision."""
        view = self.view
        assert view.vm.allows(action), f"{action} is not offered on {view.vm.NAME}"
        self.session.action(self.page, view.rev, action, parse(action, args))
        self.run()

    def opens(self) -> str:
        """Let the pulse and the latch do their work; returns the door that the screen names."""
        self.run(LATCH_S + BLINK_S)
        return self.door

    def close(self, after_s: float = 5.0, number: str = "") -> None:
        """A hand closes the door that the screen names (or another)."""
        self.run(after_s)
        self.loop.run_until_complete(self.doors.hand_closes(number or self.door))
        self.run()

    def leave_open(self) -> None:
        """Nobody closes it: reminders, then the alarm at 180 s, as the cabinet reports it."""
        number = self.door
        self.run(179)
        self.loop.run_until_complete(self.doors.stays_open(number))
        self.run()

    def sensor_sees_open(self, number: str) -> None:
        """A sensor that had not answered does now."""
        self.loop.run_until_complete(
            self.doors.journal(partial(doors.opened, number=number), told.DoorOpened(number))
        )
        self.run()

    def logs_in(self, badge: str = BADGE) -> None:
        self.scan(badge)
        assert self.screen in ("courier-scan", "full"), self.screen

    def deposits(self, waybill: str = "SF1234567890123", size: str = "S", door: bool = True) -> Stay:
        """One parcel, all the way; the courier is logged in."""
        self.scan(waybill)
        if self.screen == "choose-size":
            self.touch("size", id=size)
        number = self.opens()
        self.close()
        return self.state.stay[self.compartment(number).stay]

    def code_of(self, stay: Stay) -> str:
        """What the recipient's message says."""
        return self.messages[stay.id]["code"]

    def token_of(self, stay: Stay) -> str:
        """The QR code in the message."""
        return "LKT:" + self.messages[stay.id]["token"]

    # what one can see

    @property
    def state(self) -> LockerState:
        return self.ledger.state

    @property
    def view(self) -> View:
        return self.page.views[-1]

    @property
    def screen(self) -> str:
        return self.view.vm.NAME

    @property
    def vm(self) -> Any:
        return self.view.vm

    @property
    def door(self) -> str:
        return str(self.vm.door)

    @property
    def notice(self) -> str:
        return str(self.vm.notice.kind.value) if self.vm.notice else ""

    def compartment(self, number: str) -> Compartment:
        return self.state.compartment[number]

    def happened(self, kind: str) -> list[Any]:
        """The journalled events of this type since the kiosk was built, oldest first."""
        return [event for event in self.journal if kind == event.TYPE]
