"""All coils off, from here: what runs after an agent that was killed, and what a technician types in a hurry."""

from __future__ import annotations

from drivers.errors import BusError
from drivers.transaction import Priority
from edge_agent.cli.direct.bench import Bench
from edge_agent.control import install_types as i
from edge_agent.control import types as t
from edge_agent.control.problem import trouble_of


def off(asked: t.Nothing, bench: Bench) -> i.CoilsOffResult:
    """Each board once, before anything else on its bus. One that is silent does not keep the next from being told."""
    bench.hold_state()
    told: list[str] = []
    silent: list[t.Trouble] = []
    for board in bench.config.board:
        bench.progress(f"board {board.name} on bus {board.bus}")
        try:
            bench.bus(board.bus).perform_blocking(bench.board(board).all_off(), Priority.STOP)
        except BusError as error:
            silent.append(trouble_of(error))
        else:
            told.append(board.name)
    return i.CoilsOffResult(told=tuple(told), silent=tuple(silent))
