"""The agent: every room of one locker, built once from its configuration, started in order and stopped in reverse.

The order of a start is a promise: the boards (coils off) and the ledger, then what the sensors say, then the settling
of whatever a power cut left open, and only then a screen that offers anything. Boards may be on their way before
(`boards_first`): no door moves until there is a ledger. All edges are seams: the shipped program and a simulated year
build the same agent with other clocks, buses, executors and chance.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import msgspec

from drivers.bus import Bus, BusState, LineSettings
from drivers.lock_board import LockBoard
from drivers.registry import scanner_from
from drivers.scanner import Scan, Scanner
from drivers.scanner_port import OnScan, OnScannerState, ScannerState
from edge_agent.cabinet.cabinet import Cabinet, Rest
from edge_agent.cabinet.head_start import QuickLedger
from edge_agent.cabinet.mounting import MountedBoard, Mounting
from edge_agent.clock import Clock
from edge_agent.cloud.uplink import Cloud, Parts
from edge_agent.config import Board, Config
from edge_agent.config import Scanner as ScannerSection
from edge_agent.control.direct_record import RECORD_FILE, DirectUnlock, read
from edge_agent.domain import events as e
from edge_agent.domain import recovery, service
from edge_agent.domain.decision import Decision
from edge_agent.domain.events.system import DoorSpec
from edge_agent.domain.ports import Decide
from edge_agent.domain.refusals import Refusal
from edge_agent.domain.staff_member import TECHNICIAN, Staff
from edge_agent.domain.words import Height
from edge_agent.errors import StoreError
from edge_agent.flows.events import DoorEvent
from edge_agent.health.rounds import Health
from edge_agent.kiosk.blanking import Blanking, orders
from edge_agent.kiosk.session import Ports, Session
from edge_agent.kiosk.session_inputs import Preparer
from edge_agent.liveness import Liveness, answers, store_answers
from edge_agent.logs import fields
from edge_agent.randomness import Randomness
from edge_agent.rounds import Rounds
from edge_agent.service_rows import ServiceRows
from edge_agent.store.executor import Executor
from edge_agent.store.hasher import SHIPPED, Cost
from edge_agent.store.ledger import Ledger, Mode
from edge_agent.store.opening import Opened, hasher_of, open_ledger
from edge_agent.store.places import Settings, settings_of
from edge_agent.supervision import Supervisor
from edge_agent.version import VERSION
from edge_agent.wiring import display_of, line_settings, lock_board, scanner_settings

log = logging.getLogger(__name__)

FINISH_S = (
    7.0  # for openings under way at a stop; with the coils' two seconds it stays below the program's ten
)
SCANNERS_WAIT_S = 1.0  # a port opens in milliseconds; one that hangs is opened when it can be
SETTLE_WAIT_S = 3.0  # for the first two readings of every board; one that is silent is known by then


class ScannerFace(Protocol):
    """A scanner's port, real or virtual."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True)
class Seams:
    """Everything that differs between a real locker and a simulated one."""

    clock: Clock
    chance: Randomness
    bus: Callable[[LineSettings], Bus]
    scanner: Callable[[LineSettings, Scanner, OnScan, OnScannerState], ScannerFace]
    executor: Callable[[str], Executor]
    hash_cost: Cost = SHIPPED
    board: Callable[[Config, Board], LockBoard] = lock_board
    threads: bool = True  # False under virtual time: nothing may run beside the loop
    trial: bool = False  # True while a new version is being judged: nobody is served
    rest: Rest = asyncio.sleep


class Agent:
    """One locker's controller: `await Agent.build(...)`, `await start()`, and it works until `stop()`."""

    def __init__(self, config: Config, seams: Seams, opened: Opened, settings: Settings) -> None:
        self.config, self.seams, self.settings = config, seams, settings
        self.ledger, self.keys, self.restored = opened.ledger, opened.keys, opened.restored
        self.hasher = hasher_of(opened.keys, seams.executor("hash"), seams.hash_cost)
        self.buses = {bus.name: seams.bus(line_settings(bus)) for bus in config.bus}
        self.scanner_states: dict[str, ScannerState] = {}
        self._scanners_tried = asyncio.Event()
        self._hearing: dict[str, tuple[Callable[[Scan], None], ...]] = {}
        self.scanners = {one.name: self._scanner(one) for one in config.scanner}
        self.cabinet = self._cabinet()
        rows = ServiceRows(lambda: self.ledger.state, self.buses, self.scanner_states)
        preparer = Preparer(
            self.hasher,
            seams.chance,
            StaffByCard(self.ledger),
            lambda: self.ledger.state,
            self.cabinet.not_now,
        )
        self.session = Session(
            Ports(
                QuickLedger(self.ledger, self.cabinet),
                self.cabinet,
                preparer,
                seams.clock,
                seams.chance,
                rows,
                self._waiting_events,
                lambda: self.blanking.stir() if self.blanking else None,
                self.cabinet.armed,
                self._storage_trouble,
            ),
            config,
        )
        self.blanking = self._blanking()
        self._doors = door_specs(config)
        self._digest = hashlib.sha256(msgspec.json.encode(config)).hexdigest()
        self.cloud = self._cloud()
        self.supervisor = Supervisor()
        self._liveness = self._threads()
        self.health = Health(self, with_machine=seams.threads)
        self.rounds = Rounds(
            self.ledger, self.settings, self.keys, seams.clock, seams.threads, self.health.minute
        )
        self._bus_open: dict[str, bool] = {}
        self._background: set[asyncio.Task[None]] = set()

    @classmethod
    async def build(cls, config: Config, seams: Seams, state_dir: Path | None = None) -> Agent:
        """Open the ledger and wire up; no port is opened yet. Raises StoreError, UnknownDriver, ValueError."""
        settings = settings_of(config, state_dir)
        opened = await open_ledger(settings, seams.clock, seams.chance, seams.executor("store"))
        return cls(config, seams, opened, settings)

    async def start(self) -> None:
        """Coils off, doors known, the past settled; then the session serves people."""
        await self.ledger.transact(lambda state, at: service.configure(state, self._digest, self._doors, at))
        for bus in self.buses.values():
            bus.on_state(partial(self._bus_heard, bus.name))
            bus.start()
            if bus.state.error is not None:  # started before, and nobody was there to be told
                self._bus_heard(bus.name, bus.state)
        self.cabinet.start()
        self.supervisor.start("cabinet", self.cabinet.run())
        seen = await self.cabinet.settled(SETTLE_WAIT_S)
        await self.ledger.transact(lambda state, at: recovery.recover(state, seen, at))
        await self._import_direct()
        await self.cloud.start()
        await self.ledger.transact(lambda state, at: Decision((e.AgentStarted(VERSION, self.restored),)))
        await self.rounds.checkpoint(usable=True)
        await self._open_scanners()
        self.supervisor.start("session", self.session.run())
        self.ledger.subscribe(lambda committed: self.session.locker_changed())
        self.supervisor.start("rounds", self.rounds.run())
        if self.blanking is not None:
            self.supervisor.start("blanking", self.blanking.run())

    async def _open_scanners(self) -> None:
        """Until each port is open or was found missing: what is scanned before it is opened is lost with its buffer."""
        if not self.scanners or self.seams.trial:
            return
        for scanner in self.scanners.values():
            scanner.start()
        try:
            await asyncio.wait_for(self._scanners_tried.wait(), SCANNERS_WAIT_S)
        except TimeoutError:
            log.warning("scanners not opened yet", extra=fields(waited_s=SCANNERS_WAIT_S))

    async def stop(self, reason: str) -> None:
        """No new opening, the running one finished, coils off, ports closed, the ledger last."""
        try:
            await asyncio.wait_for(asyncio.gather(self.cabinet.finish(), self.cloud.finish()), FINISH_S)
        except TimeoutError:  # a thread that hangs, a jammed door: the restart settles what is left
            log.warning("openings not finished", extra=fields(waited_s=FINISH_S))
        await self.cabinet.stop()  # before anything else that may hang
        await self.supervisor.stop()
        self._liveness.stop()
        for scanner in self.scanners.values():
            scanner.stop()
        for bus in self.buses.values():
            bus.stop()
        try:
            await self.rounds.checkpoint(usable=False)
            await self.ledger.transact(lambda state, at: Decision((e.AgentStopped(reason),)))
        except StoreError as error:
            log.error("stop not journalled", extra=fields(error=error))
        self.hasher.close()
        await self.ledger.close()

    def healthy(self) -> bool:
        """Whether the watchdog may be fed: called from the loop, so a blocked loop never gets here.

        Each call asks the threads of buses and store, and the next one wants their answers.
        """
        silent = self._liveness.silent()
        if silent:
            log.error("threads do not answer", extra=fields(threads=", ".join(silent)))
        return not silent and not self.supervisor.failed.done()

    def _threads(self) -> Liveness:
        """The threads that the watchdog's food depends on."""
        buses = {bus.name: partial(answers, bus) for bus in self.buses.values()}
        return Liveness(buses | {"store": partial(store_answers, self.ledger)})

    def _blanking(self) -> Blanking | None:
        """The display's rest, where the configuration names a display and threads may run."""
        kiosk = self.config.kiosk
        display = display_of(kiosk) if self.seams.threads else None
        if display is None:
            return None
        rest, wake = orders(display, kiosk.dim_percent)
        return Blanking(rest, wake, kiosk.rest_after_s, lambda: bool(self.session.context.session))

    def _cabinet(self) -> Cabinet:
        policy = self.config.policy
        return Cabinet(
            self._mounting(),
            self.ledger,
            self._told,
            open_wait_s=policy.open_wait_s,
            left_open_s=policy.ajar_alarm_s,
            rest=self.seams.rest,
        )

    def _cloud(self) -> Cloud:
        return Cloud(
            Parts(
                self.config,
                self.ledger,
                self.keys,
                self.hasher,
                self.seams.chance,
                self.cabinet,
                self.scanner_states,
                self._digest,
                lambda state, at, documents: service.configure(
                    state, self._digest, self._doors, at, documents
                ),
            )
        )

    def _mounting(self) -> Mounting:
        supplies = {bus.name: bus.supply for bus in self.config.bus}
        boards = {
            board.name: MountedBoard(
                self.seams.board(self.config, board), self.buses[board.bus], supplies[board.bus]
            )
            for board in self.config.board
        }
        return Mounting(boards, self.config.doors())

    def _scanner(self, section: ScannerSection) -> ScannerFace:
        loop = asyncio.get_running_loop()
        settings = scanner_settings(section)
        line = LineSettings(name=section.name, port=section.port, baudrate=section.baudrate)
        self.scanner_states[section.name] = ScannerState(open=False)
        return self.seams.scanner(
            line,
            scanner_from(settings, section.driver),
            lambda scan: self._scan_told(loop, section.name, scan),
            lambda state: crossed(loop, self._scanner_heard, section.name, state),
        )

    def _scan_told(self, loop: asyncio.AbstractEventLoop, name: str, scan: Scan) -> None:
        """On the scanner's thread."""
        for hear in self._hearing.get(name, ()):
            hear(scan)
        crossed(loop, self._scanned, scan)

    @contextmanager
    def also_hearing(self, name: str, hear: Callable[[Scan], None]) -> Iterator[None]:
        """While the block lasts `hear` gets every scan of this scanner too, on the scanner's thread."""
        before = self._hearing.get(name, ())
        self._hearing[name] = (*before, hear)
        try:
            yield
        finally:
            self._hearing[name] = tuple(one for one in self._hearing[name] if one is not hear)

    def _told(self, event: DoorEvent) -> None:
        self.session.told(event)

    def _scanned(self, scan: Scan) -> None:
        self.session.scanned(scan.text)

    def _bus_heard(self, name: str, state: BusState) -> None:
        """Journal a port that went or came back; its first opening is no news."""
        if state.open == self._bus_open.get(name, True):
            return
        self._bus_open[name] = state.open
        event = e.BusBack(name) if state.open else e.BusLost(name, str(state.error or ""))
        self.journal_later(lambda _, at: Decision((event,)))
        self._in_background(self.health.ports())

    def _scanner_heard(self, name: str, state: ScannerState) -> None:
        self.scanner_states[name] = state
        if all(one.open or one.error is not None for one in self.scanner_states.values()):
            self._scanners_tried.set()
        event = e.ScannerBack(name) if state.open else e.ScannerLost(name, str(state.error or ""))
        self.journal_later(lambda _, at: Decision((event,)))
        self._in_background(self.health.ports())

    def journal_later(self, decide: Decide) -> None:
        """Journal something that nobody waits for."""
        self._in_background(self.ledger.transact(decide))

    def _in_background(self, work: Coroutine[object, object, object]) -> None:
        self._background.add(task := asyncio.get_running_loop().create_task(self._attempt(work)))
        task.add_done_callback(self._background.discard)

    async def _attempt(self, work: Coroutine[object, object, object]) -> None:
        try:
            await work
        except (StoreError, Refusal) as error:
            log.error("not journalled", extra=fields(error=error))

    def _storage_trouble(self) -> str:
        """Without a second journal nothing at all is made durable while the ledger takes no writes (wall 11)."""
        stuck = self.ledger.mode is Mode.DEGRADED and self.ledger.second is None
        return "storage" if stuck else ""

    def _waiting_events(self) -> int:
        return self.ledger.last_sequence - self.ledger.watermark

    async def _import_direct(self) -> None:
        """Unlocks that a technician made while no agent ran become intents, each with contents unknown."""
        unlocks = [one for one in read(self.settings.state_dir) if isinstance(one, DirectUnlock)]
        found = [
            recovery.DirectRecord(one.id, one.door, f"{TECHNICIAN}:{one.login}", one.reason)
            for one in unlocks
        ]
        if found:
            await self.ledger.transact(
                lambda state, at: recovery.import_direct(state, found, RECORD_FILE, at)
            )


class StaffByCard:
    """Who may enter service mode: the given table, looked up by the card's keyed hash."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def by_card(self, card_hash: str) -> Staff | None:
        return next((one for one in self._ledger.state.staff.values() if one.card_hash == card_hash), None)


def door_specs(config: Config) -> tuple[DoorSpec, ...]:
    """The configured doors as the domain knows them; sizes rank by volume."""
    volume = {name: size.width_mm * size.height_mm * size.depth_mm for name, size in config.sizes.items()}
    rank = {name: place for place, name in enumerate(sorted(volume, key=volume.__getitem__), start=1)}
    return tuple(
        DoorSpec(door.number, door.size, rank[door.size], Height(door.height), door.board)
        for door in config.doors()
    )


def crossed(loop: asyncio.AbstractEventLoop, call: Callable[..., None], *args: object) -> None:
    """From any thread onto the loop; a loop that is closed already has no use for it."""
    try:
        loop.call_soon_threadsafe(call, *args)
    except RuntimeError:
        log.debug("loop closed")
