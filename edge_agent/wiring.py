"""From `locker.toml` to what the drivers are told: the one place where configuration keys become driver settings.

Used by `main` for the agent and by `lockerctl` for work without one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from drivers.bus import LineSettings
from drivers.lock_board import BoardSettings, Feedback, LockBoard
from drivers.registry import LOCK_BOARDS, SCANNERS, UnknownDriver, board_from, known, scanner_from
from drivers.scanner import Scanner as ScannerDriver
from drivers.scanner import ScannerSettings
from drivers.screen import Backlight, CommandScreen, backlights
from edge_agent.config import Board, Bus, Config, Kiosk, Scanner
from edge_agent.config_reading import Problem
from edge_agent.config_rules import check, check_drivers

FEEDBACK = {feedback.value: feedback for feedback in Feedback}


def line_settings(bus: Bus) -> LineSettings:
    """The port of one bus; a gateway on the LAN is a socket like one on this machine."""
    return LineSettings(
        name=bus.name,
        port=bus.port or f"socket://{bus.network}",
        baudrate=bus.baudrate,
        parity=bus.parity,
        stopbits=bus.stopbits,
        echo=bus.echo,
        gap_s=bus.gap_ms / 1000,
        rs485=bus.rs485,
    )


def board_settings(config: Config, board: Board) -> BoardSettings:
    """One board with the wiring of every door that it senses, and the doors with a presence sensor."""
    own_wiring = {
        door.sensor_channel: FEEDBACK[door.feedback]
        for door in config.doors()
        if door.sensor_board == board.name and door.feedback
    }
    presence = frozenset(
        door.sensor_channel
        for door in config.doors()
        if door.sensor_board == board.name and door.senses == "presence"
    )
    baudrates = {bus.name: bus.baudrate for bus in config.bus}
    return BoardSettings(
        name=board.name,
        bus=board.bus,
        address=board.address,
        channels=board.channels,
        baudrate=baudrates[board.bus],
        pulse_ms=board.pulse_ms,
        feedback=FEEDBACK[board.feedback],
        feedback_by_channel=own_wiring,
        presence=presence,
        options=board.options,
    )


def lock_board(config: Config, board: Board) -> LockBoard:
    """The driver of one board, no I/O. Raises UnknownDriver, or ValueError naming board, setting and bound."""
    return board_from(board_settings(config, board), board.driver)


def second_look(config: Config, where: str) -> list[Problem]:
    """What only the drivers know to be wrong: names that are not installed, options they do not take. No I/O.

    The boards are built only where `config_rules.check` finds nothing: a driver may assume a sensible configuration.
    """
    problems = check_drivers(config, known(LOCK_BOARDS), known(SCANNERS), where)
    if check(config, where):
        return problems
    built: list[tuple[str, Callable[[], object]]]
    built = [(f"board[{i}]", partial(lock_board, config, board)) for i, board in enumerate(config.board)]
    built += [(f"scanner[{i}]", partial(scanner_codec, one)) for i, one in enumerate(config.scanner)]
    for key, build in built:
        try:
            build()
        except UnknownDriver:  # named by its key above
            continue
        except ValueError as error:
            problems.append(Problem("CONF-606", where, key, str(error)))
    return problems


def scanner_codec(scanner: Scanner) -> ScannerDriver:
    """The driver of one scanner, no I/O. Raises UnknownDriver, or ValueError for an option it does not take."""
    return scanner_from(scanner_settings(scanner), scanner.driver)


def scanner_settings(scanner: Scanner) -> ScannerSettings:
    """One scanner."""
    return ScannerSettings(
        name=scanner.name,
        baudrate=scanner.baudrate,
        trigger=scanner.trigger,
        prefix=scanner.prefix,
        suffix=scanner.suffix,
        terminator=scanner.terminator,
        options=scanner.options,
    )


def display_of(kiosk: Kiosk) -> Backlight | CommandScreen | None:
    """The display that may rest; None where the configuration or the machine has none."""
    if kiosk.blanking == "backlight":
        return next(iter(backlights()), None)
    return CommandScreen(kiosk.screen_on, kiosk.screen_off) if kiosk.blanking == "command" else None
