"""The generic Modbus driver against a server that nobody here wrote: pymodbus' own, on a pty pair.

Coils, inputs and the LC words: what we write arrives as meant, what it answers is read as meant.
"""

from __future__ import annotations

import asyncio
import os
import threading
import tty
from collections.abc import Iterator
from pathlib import Path
from select import select
from typing import Any

import pytest
from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers.bus import LineSettings
from drivers.lock_board import BoardSettings, DoorState, UnlockSent
from drivers.registry import board_from
from drivers.serial_bus import SerialBus

UNIT = 5
CHANNELS = 8
INPUTS = 0b0000_0101  # channels 1 and 3 are shorted
START_MAX_S = 10.0  # the server's loop starts in milliseconds


class Pump:
    """Two pty masters back to back: what one slave writes the other reads."""

    def __init__(self) -> None:
        self.masters, self.slaves = zip(*(os.openpty() for _ in range(2)), strict=True)
        for fd in (*self.masters, *self.slaves):
            tty.setraw(fd)
        self.names = [os.ttyname(fd) for fd in self.slaves]
        self._quit = os.eventfd(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        left, right = self.masters
        while True:  # ends: `close`
            ready, _, _ = select((left, right, self._quit), (), ())
            if self._quit in ready:
                return
            for fd in ready:
                os.write(right if fd == left else left, os.read(fd, 512))

    def close(self) -> None:
        os.eventfd_write(self._quit, 1)
        self._thread.join(START_MAX_S)
        for fd in (*self.masters, *self.slaves, self._quit):
            os.close(fd)


class Server:
    """pymodbus' serial server in a thread of its own. `written` collects (function, address, values) it was given."""

    def __init__(self, port: str) -> None:
        self.written: list[tuple[int, int, list[int]]] = []
        self._port = port
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(START_MAX_S)

    def device(self) -> SimDevice:
        """Separate blocks: coils, inputs, holding registers, input registers."""
        return SimDevice(
            UNIT,
            simdata=(
                [SimData(0, values=[False] * 16, datatype=DataType.BITS)],
                [SimData(0, values=[bool(INPUTS >> bit & 1) for bit in range(16)], datatype=DataType.BITS)],
                [SimData(0, values=[0] * 64, datatype=DataType.REGISTERS)],
                [SimData(0, values=[0] * 64, datatype=DataType.REGISTERS)],
            ),
            action=self._acted,
        )

    async def _acted(self, function: int, start: int, address: int, count: int, *rest: Any) -> None:
        values = rest[-1]
        if values:
            self.written.append((function, address, [int(value) for value in values]))

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = ModbusSerialServer(
            self.device(), framer=FramerType.RTU, port=self._port, baudrate=9600
        )
        await self._server.serve_forever(background=True)
        self._done = asyncio.Event()
        self._ready.set()
        await self._done.wait()
        await self._server.shutdown()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(START_MAX_S)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[tuple[SerialBus, Server]]:
    pump = Pump()
    server = Server(pump.names[0])
    bus = SerialBus(LineSettings("main", pump.names[1], latency_s=0.4))
    bus.start()
    yield bus, server
    bus.stop()
    server.stop()
    pump.close()


def board_of() -> Any:
    return board_from(BoardSettings("A", "main", UNIT, CHANNELS, pulse_ms=500), "modbus-relay")


def test_a_foreign_server_is_prepared_read_and_pulsed(scene: tuple[SerialBus, Server]) -> None:
    """Every coil is switched off, the inputs are read, and a pulse arrives as the two words at the channel's place."""
    bus, server = scene
    board = board_of()

    info = bus.perform_blocking(board.prepare())
    doors = bus.perform_blocking(board.read_doors()).doors
    report = bus.perform_blocking(board.unlock(2))

    assert info.address == UNIT
    assert [n for n, door in enumerate(doors, 1) if door is DoorState.CLOSED] == [1, 3]
    assert report.sent is UnlockSent.ACCEPTED
    assert (16, 8, [4, 5]) in server.written
    assert bus.perform_blocking(board.coils_on()) == frozenset()


def test_a_foreign_servers_refusal_is_a_refusal(scene: tuple[SerialBus, Server]) -> None:
    """A map that the server does not have: it declines, and nothing is claimed to have moved."""
    bus, _ = scene
    options = {"pulse_base": 500}
    board = board_from(BoardSettings("A", "main", UNIT, CHANNELS, options=options), "modbus-relay")
    bus.perform_blocking(board.prepare())

    report = bus.perform_blocking(board.unlock(1))

    assert report.sent is UnlockSent.REFUSED
