"""The agent's own look at itself, each minute: tickets are opened and closed by it, and clocks that ran out are told.

Devices are looked at again as soon as a port goes or comes. Under virtual time the machine is left out: what is
pretended there is the locker, not the disk it runs on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Protocol

from drivers.bus import Bus, BusState
from drivers.errors import BusError, PortLost, PortMissing
from drivers.lock_board import BoardInfo
from drivers.scanner_port import ScannerState
from edge_agent.domain import archive, drill, fault_desk
from edge_agent.domain.archive import Described
from edge_agent.domain.fault import HOUR_S, Promise, Promises
from edge_agent.domain.fault_desk import Found
from edge_agent.domain.hardware import BOARD_SILENT
from edge_agent.health import devices, host, locker
from edge_agent.health.devices import BoardSeen, Heard, PortSeen

if TYPE_CHECKING:
    from edge_agent.config import Config, Service
    from edge_agent.control.health_types import Check
    from edge_agent.domain.decision import Decision
    from edge_agent.domain.instant import Instant
    from edge_agent.domain.ports import Decide
    from edge_agent.domain.state import LockerState
    from edge_agent.store.ledger import Ledger
    from edge_agent.store.places import Settings

PORT_CODES = ("BUS-101", "BUS-102", "BUS-103", "BUS-105", devices.SCANNER_LOST)
MACHINE_CODES = (
    "HOST-701", "HOST-702", "HOST-703", "HOST-704", devices.NO_PAGE, "STORE-418", "STORE-422", "CLOUD-560",
    devices.BRIDGE_SILENT, devices.BACK_OFFICE_SILENT,
)  # fmt: skip
"""What this round opens tickets for, and so may close: boards and doors have tickets of their own."""


def promises_of(service: Service) -> Promises:
    """What the operator has promised, by severity."""
    major = Promise(service.acknowledge_min * 60, service.on_site_h * HOUR_S, service.restore_h * HOUR_S)
    return {"major": major, "minor": major.times(service.minor_times)}


class Watched(Protocol):
    """What this round looks at of the agent that it lives with."""

    config: Config
    settings: Settings
    ledger: Ledger
    buses: dict[str, Bus]
    scanner_states: dict[str, ScannerState]


class Health:
    """Lives with one agent, on its loop. `page_ago_s` and `bridge_asked` are told by the faces."""

    def __init__(self, agent: Watched, with_machine: bool) -> None:
        self._agent, self._with_machine = agent, with_machine
        self.host = host.Host(agent.config, agent.settings)
        self.promises = promises_of(agent.config.service)
        self.begun_s = time.monotonic()
        self.page_ago_s: Callable[[], float | None] = lambda: None
        self._bridge_asked_s: float | None = None

    def bridge_asked(self) -> None:
        """The bridge has just asked for events."""
        self._bridge_asked_s = time.monotonic()

    async def minute(self) -> None:
        """Every check that is cheap, the tickets that follow, and the clocks. Raises StoreError kinds."""
        if self._with_machine:
            await self._keep(await self.cheap(), (*PORT_CODES, *MACHINE_CODES))
        else:
            await self.ports()
        await self._if_anything(lambda state, at: fault_desk.escalate(state, self.promises, at))
        await self._if_anything(drill.end_forgotten)
        for place, device in self._told_by_boards():
            await self._if_anything(partial(_seen, place, device))

    async def ports(self) -> None:
        """Ports only: called when one of them has gone or come."""
        await self._keep([*self._buses(), *self._scanners()], PORT_CODES)

    async def cheap(self) -> list[Check]:
        """What `status` is made of, beside the ledger: nothing here takes longer than some milliseconds."""
        found = await asyncio.to_thread(lambda: [c for check in host.EACH_MINUTE for c in check(self.host)])
        return [*found, *self.connected()]

    def connected(self) -> Iterator[Check]:
        """Everything that hangs on the locker, as the agent knows it now."""
        agent = self._agent
        yield from locker.clock(agent.ledger.now())
        yield from self._buses()
        yield from devices.boards(self.boards())
        yield from self._scanners()
        yield from devices.screen(Heard(True, self.page_ago_s()))
        waiting = agent.ledger.last_sequence - agent.ledger.watermark
        yield from devices.cloud(Heard(bool(agent.config.cloud.urls), self._bridge_ago_s()), waiting)

    def _bridge_ago_s(self) -> float | None:
        return None if self._bridge_asked_s is None else time.monotonic() - self._bridge_asked_s

    def _told_by_boards(self) -> Iterator[tuple[str, Described]]:
        """Boards that say who they are: for the archive."""
        models = {board.name: board.driver for board in self._agent.config.board}
        for bus in self._agent.buses.values():
            for name, who in bus.boards().items():
                if isinstance(who, BoardInfo):
                    yield f"board {name}", Described(models[name], who.identity, who.firmware)

    def boards(self) -> Iterator[BoardSeen]:
        """As they answered when they were prepared, and those that have fallen silent since, with the fact."""
        faults = self._agent.ledger.state.fault.values()
        silent = {fault.place: fault.detail for fault in faults if fault.code == BOARD_SILENT}
        return boards_of(self._agent.buses, silent)

    def _buses(self) -> Iterator[Check]:
        ports = {bus.name: bus.port or bus.network for bus in self._agent.config.bus}
        return devices.buses(ports_of({name: bus.state for name, bus in self._agent.buses.items()}, ports))

    def _scanners(self) -> Iterator[Check]:
        ports = {scanner.name: scanner.port for scanner in self._agent.config.scanner}
        return devices.scanners(ports_of(self._agent.scanner_states, ports))

    async def _keep(self, checks: Iterable[Check], looked_for: tuple[str, ...]) -> None:
        found = [
            Found(
                check.code,
                locker.name_of(check.place),
                "major" if check.verdict == "bad" else "minor",
                check.fact,
            )
            for check in locker.findings(checks)
            if check.code in looked_for
        ]
        await self._if_anything(lambda state, at: fault_desk.keep(state, found, looked_for, at))

    async def _if_anything(self, decide: Decide) -> None:
        """Most looks find nothing new: then the disk is left alone."""
        ledger = self._agent.ledger
        if decide(ledger.state, ledger.now()).events:
            await ledger.transact(decide)


def _seen(place: str, device: Described, state: LockerState, at: Instant) -> Decision:
    return archive.seen(state, place, device)


def ports_of(states: Mapping[str, BusState | ScannerState], ports: Mapping[str, str]) -> Iterator[PortSeen]:
    """A port that was lost in use is missing from then on: one trouble, one code."""
    for name, state in states.items():
        error = None if state.open else state.error
        code = PortMissing.code if isinstance(error, PortLost) else error.code if error else ""
        yield PortSeen(name, ports[name], code, error.fact if error else "")


def boards_of(buses: Mapping[str, Bus], silent: Mapping[str, str]) -> Iterator[BoardSeen]:
    for bus in buses.values():
        for name, who in bus.boards().items():
            if name in silent:
                yield BoardSeen(name, bus.name, False, BOARD_SILENT, silent[name])
            elif isinstance(who, BusError):
                yield BoardSeen(name, bus.name, False, who.code, who.fact)
            else:
                yield BoardSeen(name, bus.name, None if who is None else True)
