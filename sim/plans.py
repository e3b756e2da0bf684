"""Cabinets on paper: a legal `locker.toml` as a document, from a list of board families.

Used by the pytest fixture, the demo and whoever wants a cabinet in one line. `BoardPlan` has each family's usual size,
address and speed; boards of one family share a bus, each family has its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHANNELS = {
    "lock-8a": 24,
    "kerong-cu16": 16,
    "kerong-cu48": 48,
    "wkly": 24,
    "waveshare-relay": 8,
    "modbus-relay": 8,
}
OTHER_CHANNELS = 8  # of a family that somebody else pretends
BAUDRATES = {"kerong-cu16": 19200, "kerong-cu48": 19200}
FIRST_ADDRESS = {"kerong-cu16": 0, "kerong-cu48": 0, "wkly": 0}
SIZES = {
    "S": {"width_mm": 340, "height_mm": 80, "depth_mm": 450},
    "M": {"width_mm": 340, "height_mm": 190, "depth_mm": 450},
    "L": {"width_mm": 340, "height_mm": 290, "depth_mm": 450},
    "XL": {"width_mm": 340, "height_mm": 440, "depth_mm": 450},
}
COLUMN_DOORS = 12


@dataclass(frozen=True, slots=True)
class BoardPlan:
    """One board. 0 and "" mean the family's usual value; `address` -1: the next free one; `doors` 0: one a channel."""

    family: str
    channels: int = 0
    doors: int = 0
    address: int = -1
    name: str = ""
    feedback: str = "closed-when-locked"
    bus: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScannerPlan:
    """One scanner; `driver` as in `[[scanner]]`."""

    name: str = "front"
    driver: str = "line"
    trigger: str = "always"


def document(
    boards: Sequence[str | BoardPlan],
    scanners: Iterable[ScannerPlan] = (),
    folder: Path | str = "/tmp/locker-sim",  # noqa: S108 - only a default for a document on paper
    size: str = "M",
    baudrates: Mapping[str, int] | None = None,
    **sections: Any,
) -> dict[str, Any]:
    """A configuration as `tomllib` would return it. Doors count from "1" in the order of the boards."""
    plans = [BoardPlan(plan) if isinstance(plan, str) else plan for plan in boards]
    buses: dict[str, dict[str, Any]] = {}
    placed: list[dict[str, Any]] = []
    runs: list[dict[str, Any]] = []
    number = 1
    for index, plan in enumerate(plans):
        board = _board(plan, index, placed, buses, Path(folder), baudrates or {})
        placed.append(board)
        doors = plan.doors or board["channels"]
        runs.append(_run(board["name"], doors, number, size))
        number += doors
    return {
        "locker": {"id": "SIM-0001", "timezone": "Asia/Hong_Kong", "state_dir": str(Path(folder) / "state")},
        "bus": list(buses.values()),
        "board": placed,
        "compartments": runs,
        "sizes": SIZES,
        "scanner": [_scanner(plan, Path(folder)) for plan in scanners],
        "column": _columns(number - 1),
        **sections,
    }


def _board(
    plan: BoardPlan,
    index: int,
    placed: list[dict[str, Any]],
    buses: dict[str, dict[str, Any]],
    folder: Path,
    baudrates: Mapping[str, int],
) -> dict[str, Any]:
    kin = next((board["bus"] for board in placed if board["driver"] == plan.family), "")
    bus = plan.bus or kin or ("main" if not buses else f"bus{len(buses) + 1}")
    rate = baudrates.get(bus, BAUDRATES.get(plan.family, 9600))
    buses.setdefault(bus, {"name": bus, "port": str(folder / bus), "baudrate": rate})
    taken = [board["address"] for board in placed if board["bus"] == bus and board["driver"] == plan.family]
    free = max(taken) + 1 if taken else FIRST_ADDRESS.get(plan.family, 1)
    board = {
        "name": plan.name or chr(ord("A") + index),
        "bus": bus,
        "driver": plan.family,
        "address": free if plan.address < 0 else plan.address,
        "channels": plan.channels or CHANNELS.get(plan.family, OTHER_CHANNELS),
        "feedback": plan.feedback,
    }
    return {**board, "options": dict(plan.options)} if plan.options else board


def _run(board: str, doors: int, first: int, size: str) -> dict[str, Any]:
    numbers = f"{first}-{first + doors - 1}" if doors > 1 else str(first)
    channels = f"1-{doors}" if doors > 1 else "1"
    return {"board": board, "channels": channels, "numbers": numbers, "size": size}


def _scanner(plan: ScannerPlan, folder: Path) -> dict[str, Any]:
    port = str(folder / plan.name)
    return {"name": plan.name, "port": port, "driver": plan.driver, "trigger": plan.trigger}


def _columns(doors: int) -> list[dict[str, Any]]:
    starts = range(1, doors + 1, COLUMN_DOORS)
    return [
        {
            "name": str(index),
            "doors": [str(number) for number in range(start, min(start + COLUMN_DOORS, doors + 1))],
            "screen": index == 1,
        }
        for index, start in enumerate(starts, 1)
    ]
