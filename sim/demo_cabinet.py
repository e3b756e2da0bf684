"""The demo's cabinet on paper: 60 doors over three board families on two buses, one line scanner.

Five columns of eleven compartments and, in the third place, the one with the screen and five. Small compartments at
the top, the big ones at the bottom; numbers run down each column.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sim.plans import SIZES

LOCKER = "DEMO-0001"
FULL_COLUMN = ("S", "S", "S", "M", "M", "M", "M", "S", "S", "L", "XL")  # 1890 mm
SCREEN_COLUMN = ("M", "M", "S", "S", "L")  # 830 mm below the screen
COLUMNS = (FULL_COLUMN, FULL_COLUMN, SCREEN_COLUMN, FULL_COLUMN, FULL_COLUMN, FULL_COLUMN)
SCREEN_AT = 2
BOARDS = (
    {"name": "A", "bus": "main", "driver": "lock-8a", "address": 1, "channels": 24},
    {"name": "B", "bus": "second", "driver": "kerong-cu16", "address": 0, "channels": 16, "pulse_ms": 500},
    {"name": "C", "bus": "main", "driver": "waveshare-relay", "address": 11, "channels": 8},
    {"name": "D", "bus": "main", "driver": "waveshare-relay", "address": 12, "channels": 8},
    {"name": "E", "bus": "main", "driver": "waveshare-relay", "address": 13, "channels": 8},
)
HIGH_UP_TO, LOW_FROM = (
    1 / 6,
    5 / 6,
)  # share of a column above which only tall people reach, below which one bends


def document(folder: Path, **sections: Any) -> dict[str, Any]:
    """The configuration, its ports linked under `folder`, its state under `folder/state`."""
    return {
        "locker": {
            "id": LOCKER,
            "name": "Harbour Road 12",
            "timezone": "Asia/Hong_Kong",
            "hotline": "+852 0000 0000",
            "state_dir": str(folder / "state"),
        },
        "bus": [
            {"name": "main", "port": str(folder / "main"), "baudrate": 9600, "supply": "psu-1"},
            {"name": "second", "port": str(folder / "second"), "baudrate": 19200, "supply": "psu-2"},
        ],
        "board": [dict(board) for board in BOARDS],
        "compartment": _compartments(),
        "sizes": SIZES,
        "scanner": [{"name": "front", "port": str(folder / "front"), "driver": "line"}],
        "column": _columns(),
        **sections,
    }


def _compartments() -> list[dict[str, Any]]:
    places = [
        (board["name"], channel + 1) for board in BOARDS for channel in range(int(str(board["channels"])))
    ]
    shapes = [(size, _height(index, len(column))) for column in COLUMNS for index, size in enumerate(column)]
    return [
        {"board": board, "channel": channel, "number": str(number), "size": size, "height": height}
        for number, ((board, channel), (size, height)) in enumerate(zip(places, shapes, strict=False), 1)
    ]


def _height(index: int, count: int) -> str:
    share = (index + 0.5) / count
    return (
        "high"
        if share < HIGH_UP_TO and count > len(SCREEN_COLUMN)
        else "low"
        if share > LOW_FROM
        else "middle"
    )


def _columns() -> list[dict[str, Any]]:
    made, number = [], 1
    for index, column in enumerate(COLUMNS):
        doors = [str(number + offset) for offset in range(len(column))]
        made.append({"name": str(index + 1), "doors": doors, "width_mm": 400, "screen": index == SCREEN_AT})
        number += len(column)
    return made
