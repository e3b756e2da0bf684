"""What is known of doors and boards, in the operations' words: for the agent and for work without one."""

from __future__ import annotations

from drivers.errors import BusError
from drivers.lock_board import BoardInfo, DoorState
from edge_agent.config import Board, Door
from edge_agent.control import types as t
from edge_agent.control.problem import trouble_of


def door_row(door: Door, state: DoorState) -> t.DoorRow:
    """One compartment's door as its sensor sees it."""
    return t.DoorRow(
        number=door.number,
        state=state.value,
        size=door.size,
        height=door.height,
        board=door.board,
        channel=door.channel,
        sensor_board=door.sensor_board,
        sensor_channel=door.sensor_channel,
        senses=door.senses,
    )


def board_answer(
    board: Board, found: BoardInfo | BusError | None, round_trip_ms: float | None = None
) -> t.BoardAnswer:
    """Who answered at this board's place, or why nobody did; None: it has not been asked yet."""
    here = found if isinstance(found, BoardInfo) else None
    return t.BoardAnswer(
        board=board.name,
        bus=board.bus,
        driver=board.driver,
        address=board.address,
        channels=board.channels,
        answers=here is not None,
        firmware=here.firmware if here else "",
        identity=here.identity if here else "",
        details=dict(here.details) if here else {},
        round_trip_ms=round_trip_ms,
        error=trouble_of(found) if isinstance(found, BusError) else None,
    )
