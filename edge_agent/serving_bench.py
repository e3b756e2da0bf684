"""A technician's bench inside the running agent: the same verbs, on the ports that the agent holds already.

The verbs of `edge_agent.cli.direct` are written against a `Bench`. Here it lends the agent's buses and scanners instead
of opening any; handlers run on a thread of their own, so that a scan of a whole bus never blocks the loop, and their
questions stand behind every opening in the bus's queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from drivers.bus import LineSettings
from drivers.scanner import Scan
from drivers.scanner_port import ScannerPort, ScannerState
from drivers.serial_bus import SerialBus
from drivers.transaction import Priority, Procedure
from edge_agent.cli.direct import handler
from edge_agent.cli.direct.bench import Bench
from edge_agent.config import Config
from edge_agent.config import Scanner as ScannerSection
from edge_agent.control.server import Caller, Handler, StreamHandler

if TYPE_CHECKING:
    from edge_agent.agent import Agent

ITEMS_WAITING_MAX = 256  # of one watcher; a slow terminal loses frames, never the bus its time

ASKED = (
    "bus.scan", "scanner.trigger", "journal.verify", "journal.export", "journal.show", "backup.verify",
    "parcels", "couriers.list", "board.info", "door.history", "parcel", "figures", "bus.capture", "coils.off",
)  # fmt: skip
"""Verbs that change no record: the bench's own handlers answer them while the agent runs."""
STREAMED = ("bus.watch", "scanner.watch")


class _Lent:
    """One of the agent's buses: it asks like any other, and does not end when the verb does."""

    def __init__(self, bus: SerialBus) -> None:
        self._bus = bus

    def perform_blocking(self, procedure: Procedure[Any], priority: Priority = Priority.POLL) -> Any:
        return self._bus.perform_blocking(procedure, priority)

    def stop(self) -> None:
        """The agent goes on."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bus, name)


class AgentBench(Bench):
    """Lends what the agent holds. The state lock is the agent's own."""

    def __init__(self, agent: Agent) -> None:
        super().__init__()
        self._agent = agent

    @property
    def config(self) -> Config:
        return self._agent.config

    def hold_state(self) -> None:
        """The agent holds it."""

    def bus(self, name: str) -> SerialBus:
        return cast("SerialBus", _Lent(cast("SerialBus", self._agent.buses[self.bus_named(name).name])))

    def run(self, line: LineSettings) -> SerialBus:
        return self.bus(line.name)

    @contextmanager
    def listening(
        self, section: ScannerSection, told: Callable[[Scan | ScannerState], None]
    ) -> Iterator[ScannerPort]:
        """Listen beside the session: what is shown to the scanner still counts at the screen."""
        told(self._agent.scanner_states[section.name])
        with self._agent.also_hearing(section.name, told):
            yield cast("ScannerPort", self._agent.scanners[section.name])


def handlers(agent: Agent) -> dict[str, Handler | StreamHandler]:
    """The looking verbs, each on a thread of its own."""
    found: dict[str, Handler | StreamHandler] = {key: _asked(agent, key) for key in ASKED}
    found.update({key: _streamed(agent, key) for key in STREAMED})
    return found


def _asked(agent: Agent, key: str) -> Handler:
    async def answer(arguments: Any, caller: Caller) -> Any:
        return await asyncio.to_thread(handler(key), arguments, AgentBench(agent))

    return answer


def _streamed(agent: Agent, key: str) -> StreamHandler:
    async def items(arguments: Any, caller: Caller) -> AsyncIterator[Any]:
        source = iter(handler(key)(arguments, AgentBench(agent)))
        end = object()
        while (item := await asyncio.to_thread(next, source, end)) is not end:
            yield item

    return items
