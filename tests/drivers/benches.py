"""A driver's board on a real bus in front of the simulated cabinet: over a pty, or in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from drivers.bus import LineSettings
from drivers.lock_board import BoardSettings, Feedback, LockBoard
from drivers.registry import board_from
from drivers.serial_bus import SerialBus
from drivers.virtual_bus import VirtualBus
from edge_agent.config import Board
from sim.board_suite import Bench
from sim.cabinet import SimCabinet
from sim.plans import BoardPlan, document
from sim.virtual_time import VirtualLoop

# A pty has no adapter, but the simulator's thread shares two cores with everything else that tests run.
PTY_LATENCY_S = 0.4
UNCONFIRMED = ("kerong-cu16", "kerong-cu48")


def driver_of(board: Board) -> LockBoard:
    """The driver's board for one `[[board]]`."""
    settings = BoardSettings(
        name=board.name,
        bus=board.bus,
        address=board.address,
        channels=board.channels,
        pulse_ms=board.pulse_ms,
        feedback=Feedback(board.feedback),
        options=board.options,
    )
    return board_from(settings, board.driver)


def line_of(cabinet: SimCabinet, bus: str, latency_s: float = PTY_LATENCY_S, **changes: Any) -> LineSettings:
    """The settings of one bus of the cabinet's configuration, at its pty."""
    baudrate = next(one.baudrate for one in cabinet.config.bus if one.name == bus)
    port = str(cabinet.ports[bus]) if bus in cabinet.ports else bus
    return LineSettings(**{"name": bus, "port": port, "baudrate": baudrate, "latency_s": latency_s} | changes)


@dataclass
class Stage:
    """Boards, their buses (by name) and the cabinet behind them; `perform` runs a procedure on its board's bus."""

    cabinet: SimCabinet
    buses: dict[str, Any]
    boards: list[Any]
    run: Callable[[Any], Any]
    sleep: Callable[[float], None]

    @property
    def board(self) -> Any:
        return self.boards[0]

    @property
    def bus(self) -> Any:
        return self.buses[self.board.settings.bus]

    def perform(self, procedure: Any, board: Any = None) -> Any:
        return self.run(self.buses[(board or self.board).settings.bus].perform(procedure))

    def unlocks(self, board: Any = None) -> int:
        """Unlock frames that went over the wire towards this board (or its place)."""
        name = (board or self.board).settings.bus
        return sum(
            frame.meaning.startswith("unlock")
            for frame in self.cabinet.trace(bus=name)
            if frame.direction == ">"
        )


Before = Callable[[SimCabinet], object]


def nothing_before(cabinet: SimCabinet) -> None:
    """The cabinet as it was built."""


@contextmanager
def virtual_stage(*plans: BoardPlan | str, before: Before = nothing_before, seed: int = 0) -> Iterator[Stage]:
    """Boards on simulated wires whose clock jumps, not yet prepared. `before` acts before any port is opened."""
    loop = VirtualLoop()
    cabinet = SimCabinet.of_document(document(plans, ()), now=loop.time, seed=seed)
    ports = cabinet.open_virtual(loop)
    before(cabinet)
    buses = {
        one.name: VirtualBus(line_of(cabinet, one.name, latency_s=0.03), ports.wires[one.name], loop)
        for one in cabinet.config.bus
    }
    boards = [driver_of(config) for config in cabinet.config.board]
    for bus in buses.values():
        bus.start()
    try:
        yield Stage(
            cabinet,
            buses,
            boards,
            loop.run_until_complete,
            lambda seconds: loop.run_until_complete(asyncio.sleep(seconds)),
        )
    finally:
        for bus in buses.values():
            bus.stop()
        loop.close()


@contextmanager
def virtual_bench(plan: BoardPlan, driver: str = "", **options: Any) -> Iterator[Bench]:
    """One prepared board on a simulated wire: the same bytes and deadlines as on a pty, in no time."""
    with virtual_stage(plan) as stage:
        config = stage.cabinet.config.board[0]
        board = driver_of(
            replace(config, driver=driver, options={**config.options, **options}) if driver else config
        )
        stage.perform(board.prepare(), board)
        confirms = plan.family not in UNCONFIRMED
        yield Bench(
            board, lambda procedure: stage.perform(procedure, board), stage.cabinet, confirms=confirms
        )


@contextmanager
def pty_bench(locker_sim: Any, plan: BoardPlan, driver: str = "", **options: Any) -> Iterator[Bench]:
    """One prepared board behind one pty; `driver` and `options` where the driver is told other than the simulator."""
    cabinet = locker_sim(plan)
    config = cabinet.config.board[0]
    if driver:
        config = replace(config, driver=driver, options={**config.options, **options})
    bus = SerialBus(line_of(cabinet, config.bus))
    board = driver_of(config)
    bus.start()
    try:
        bus.perform_blocking(board.prepare())
        yield Bench(board, bus.perform_blocking, cabinet, confirms=plan.family not in UNCONFIRMED)
    finally:
        bus.stop()
