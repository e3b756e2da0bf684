"""What a handler works with when no agent runs: the configuration, the ports it opened, and a voice for progress.

Every port that was opened is closed at the end, whatever happened. The state lock is held meanwhile, so that no agent
starts on top of a technician's hands.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from edge_agent.control.state_lock import TECHNICIAN, StateLock
from edge_agent.errors import ConfigError, ControlError

if TYPE_CHECKING:
    from drivers.bus import LineSettings
    from drivers.lock_board import LockBoard
    from drivers.scanner import Scan
    from drivers.scanner_port import ScannerPort, ScannerState
    from drivers.serial_bus import SerialBus
    from edge_agent.config import Board, Bus, Config, Scanner

DEFAULT_CONFIG = "/etc/locker/locker.toml"
CONFIG_VARIABLE = "LOCKER_CONFIG"
Progress = Callable[[str], None]
T = TypeVar("T")


def config_path(given: str) -> Path:
    """`--config`, else LOCKER_CONFIG, else the installed place."""
    return Path(given or os.environ.get(CONFIG_VARIABLE, "") or DEFAULT_CONFIG)


class Bench:
    """One run of one operation in this process. A context manager: leaving it closes every port and the lock."""

    def __init__(self, config_file: str = "", progress: Progress = lambda text: None) -> None:
        self.progress = progress
        self._config_file = config_file
        self._config: Config | None = None
        self._buses: dict[str, SerialBus] = {}
        self._opened = ExitStack()
        self._lock: StateLock | None = None

    def __enter__(self) -> Bench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    @property
    def config(self) -> Config:
        """The checked configuration. Raises ConfigError."""
        if self._config is None:
            from edge_agent.config_rules import load_checked

            path = config_path(self._config_file)
            if not self._config_file and not path.exists():
                raise ConfigError(
                    "CONF-601", str(path), "no configuration there; name one with --config FILE"
                )
            self._config = load_checked(path)
        return self._config

    def read_again(self) -> None:
        """The configuration has changed: the next question reads it anew, on buses opened anew."""
        for bus in self._buses.values():
            bus.stop()
        self._config = None
        self._buses.clear()

    @property
    def config_file(self) -> str:
        """As it was named on the command line, "" where it was not."""
        return self._config_file

    @property
    def state_dir(self) -> Path:
        return Path(self.config.locker.state_dir)

    def hold_state(self) -> None:
        """Take the state lock, where there is a state directory. Raises ControlError CTRL-703.

        Without a directory no agent can be running, and without the right to write there none of ours will be hurt:
        the port's own lock still refuses a second owner.
        """
        if self._lock is None and self.state_dir.is_dir():
            with contextlib.suppress(PermissionError):
                self._lock = self._opened.enter_context(StateLock.acquire(self.state_dir, TECHNICIAN))

    # What the configuration names

    def bus_named(self, name: str) -> Bus:
        """Raises ControlError CTRL-705 for a bus that the configuration does not have."""
        return _named("bus", name, {bus.name: bus for bus in self.config.bus})

    def board_named(self, name: str) -> Board:
        """Raises ControlError CTRL-705 for a board that the configuration does not have."""
        return _named("board", name, {board.name: board for board in self.config.board})

    def scanner_named(self, name: str) -> Scanner:
        """The scanner of that name; without a name the only one. Raises ControlError CTRL-705."""
        known = {scanner.name: scanner for scanner in self.config.scanner}
        if not name and len(known) == 1:
            return next(iter(known.values()))
        return _named("scanner", name, known)

    # Ports

    def bus(self, name: str) -> SerialBus:
        """The running bus of that name, opened at first use."""
        if name not in self._buses:
            from edge_agent.wiring import line_settings

            self._buses[name] = self.run(line_settings(self.bus_named(name)))
        return self._buses[name]

    def run(self, line: LineSettings) -> SerialBus:
        """A bus on any line, running until the end. A port that cannot be opened speaks up at the first question."""
        import logging

        from drivers.serial_bus import SerialBus

        logging.getLogger("drivers").addHandler(
            logging.NullHandler()
        )  # results say it; stderr stays one line
        bus = SerialBus(line)
        self._opened.callback(bus.stop)
        bus.start()
        return bus

    @contextlib.contextmanager
    def listening(
        self, section: Scanner, told: Callable[[Scan | ScannerState], None]
    ) -> Iterator[ScannerPort]:
        """A scanner's port while the block lasts. `told` hears of scans and of the port, on the port's thread."""
        from drivers.bus import LineSettings
        from drivers.scanner_port import ScannerPort
        from edge_agent.wiring import scanner_codec

        line = LineSettings(section.name, section.port, baudrate=section.baudrate, echo="none")
        port = ScannerPort(line, scanner_codec(section), told, told)
        port.start()
        try:
            yield port
        finally:
            port.stop()

    def board(self, board: Board) -> LockBoard:
        """The driver of a configured board. Raises ConfigError for what only the driver knows to be wrong."""
        from drivers.registry import UnknownDriver
        from edge_agent.wiring import lock_board

        try:
            return lock_board(self.config, board)
        except UnknownDriver as error:
            raise ConfigError("CONF-619", f"board {board.name}", str(error)) from None
        except ValueError as error:
            raise ConfigError("CONF-606", f"board {board.name}", str(error)) from None


def _named(kind: str, name: str, known: dict[str, T]) -> T:
    if name in known:
        return known[name]
    there = f"there are: {', '.join(known)}" if known else "the configuration has none"
    raise ControlError("CTRL-705", f"{kind} {name}" if name else f"{kind} without a name", there)
