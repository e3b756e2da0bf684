"""A driver's board on a real bus in front of the simulated cabinet: over a pty, or in virtual time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def virtual_bench(plan: BoardPlan, driver: str = "", **options: Any) -> Iterator[Bench]:
    """One prepared board on a simulated wire whose clock jumps: the same bytes and deadlines, in no time."""
    loop = VirtualLoop()
    cabinet = SimCabinet.of_document(document([plan], ()), now=loop.time)
    config = cabinet.config.board[0]
    if driver:
        config = replace(config, driver=driver, options={**config.options, **options})
    bus = VirtualBus(line_of(cabinet, config.bus), cabinet.open_virtual(loop).wires[config.bus], loop)
    board = driver_of(config)

    def perform(procedure: Any) -> Any:
        return loop.run_until_complete(bus.perform(procedure))

    bus.start()
    try:
        perform(board.prepare())
        yield Bench(board, perform, cabinet, confirms=plan.family not in UNCONFIRMED)
    finally:
        bus.stop()
        loop.close()


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
