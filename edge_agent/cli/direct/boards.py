"""Reading boards and doors without an agent: questions only, nothing is switched or pulsed."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from drivers.errors import BusError
from drivers.lock_board import DoorReadings, DoorState
from edge_agent.cli.direct.bench import Bench
from edge_agent.cli.direct.probing import timed
from edge_agent.config import Board
from edge_agent.control import types as t
from edge_agent.control.answers import board_answer, door_row
from edge_agent.control.problem import trouble_of


def info(asked: t.BoardInfoArguments, bench: Bench) -> t.BoardInfoResult:
    """Ask one board, or every configured one, who it is."""
    bench.hold_state()
    boards = [bench.board_named(asked.board)] if asked.board else bench.config.board
    return t.BoardInfoResult(boards=tuple(_ask(board, bench) for board in boards))


def _ask(board: Board, bench: Bench) -> t.BoardAnswer:
    bench.progress(f"board {board.name} on bus {board.bus}")
    driver, bus = bench.board(board), bench.bus(board.bus)
    times: list[float] = []
    try:
        found = bus.perform_blocking(timed(driver.identify(), times))
    except BusError as error:
        return board_answer(board, error)
    return board_answer(board, found, round(median(times) * 1000, 1))


def doors(asked: t.DoorsArguments, bench: Bench) -> t.DoorsResult:
    """Every door as its sensor says, each board asked once. A board that does not answer leaves its doors unknown."""
    bench.hold_state()
    if asked.board:
        bench.board_named(asked.board)
    wanted = [door for door in bench.config.doors() if asked.board in ("", door.board)]
    readings, troubles = _read({door.sensor_board for door in wanted}, bench)
    rows = tuple(
        door_row(door, state_of(readings.get(door.sensor_board), door.sensor_channel)) for door in wanted
    )
    return t.DoorsResult(doors=rows, troubles=troubles)


def _read(boards: Iterable[str], bench: Bench) -> tuple[dict[str, DoorReadings], tuple[t.Trouble, ...]]:
    readings: dict[str, DoorReadings] = {}
    troubles: list[t.Trouble] = []
    for name in sorted(boards):
        board = bench.board_named(name)
        bench.progress(f"board {name} on bus {board.bus}")
        try:
            readings[name] = bench.bus(board.bus).perform_blocking(bench.board(board).read_doors())
        except BusError as error:
            troubles.append(trouble_of(error))
    return readings, tuple(troubles)


def state_of(readings: DoorReadings | None, channel: int) -> DoorState:
    """What one sample says of one input; no sample, or an input the board does not tell, is UNKNOWN."""
    if readings is None or channel > len(readings.doors):
        return DoorState.UNKNOWN
    return readings.doors[channel - 1]
