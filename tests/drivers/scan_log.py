"""What a watcher was told, for the stories about scanning in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from drivers.lock_board import DoorReadings, DoorState
from tests.drivers.bus_stage import LINE, Pieces, play_in_virtual_time

INTERVAL_S = 0.5


@dataclass
class Log:
    """What a watcher was told, and when (virtual seconds since the story began)."""

    samples: list[Any] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()

    def __call__(self, sample: Any) -> None:
        self.samples.append(open_doors(sample) if isinstance(sample, DoorReadings) else type(sample))
        self.times.append(self._loop.time() - self._start)


def open_doors(readings: DoorReadings) -> list[int]:
    return [channel for channel, state in enumerate(readings.doors, 1) if state is DoorState.OPEN]


def play(answer: Callable[[bytes], Pieces], story: Any, line: Any = LINE) -> Any:
    return play_in_virtual_time(answer, story, line)
