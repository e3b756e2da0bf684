"""The boards show who they are while the rest of the program is still being loaded.

A relay board at 9600 baud needs a tenth of a second until it is known and its coils are off, and an agent is some
hundred modules: neither waits for the other. Nothing is decided here; the agent finds buses that run and boards that
are attached, and its own `start` and `attach` change nothing about them.
"""

from __future__ import annotations

import asyncio

from drivers.bus import LineSettings
from drivers.lock_board import LockBoard
from drivers.serial_bus import SerialBus
from edge_agent.config import Board, Config
from edge_agent.wiring import line_settings, lock_board


class BoardsFirst:
    """Every bus and board of one configuration, started. Raises UnknownDriver or ValueError as `wiring` does."""

    def __init__(self, config: Config) -> None:
        self._boards = {board.name: lock_board(config, board) for board in config.board}
        self._buses = {bus.name: SerialBus(line_settings(bus)) for bus in config.bus}
        for bus in self._buses.values():
            bus.start()
        for board in config.board:
            self._buses[board.bus].attach(self._boards[board.name])

    def bus(self, line: LineSettings) -> SerialBus:
        """The bus of this line, for the running loop from now on."""
        bus = self._buses[line.name]
        bus.deliver_on(asyncio.get_running_loop())
        return bus

    def board(self, config: Config, board: Board) -> LockBoard:
        return self._boards[board.name]

    def stop(self) -> None:
        """Close every port; harmless where the agent has done so."""
        for bus in self._buses.values():
            bus.stop()
