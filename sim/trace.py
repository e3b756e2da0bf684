"""What went over every wire: a bounded record of frames with direction, time and meaning."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

FRAMES_KEPT = 20_000  # about an hour of two busy buses; a longer memory belongs in a file

TO_BOARD, TO_HOST = ">", "<"


@dataclass(frozen=True, slots=True)
class Frame:
    """`direction` is `>` from the locker's computer, `<` towards it. `at_s` is when the last bit had passed."""

    number: int
    at_s: float
    bus: str
    direction: str
    data: bytes
    meaning: str
    board: str

    def as_json(self) -> dict[str, object]:
        return {
            "number": self.number,
            "at_s": round(self.at_s, 6),
            "bus": self.bus,
            "direction": self.direction,
            "hex": self.data.hex(" ").upper(),
            "meaning": self.meaning,
            "board": self.board,
        }


class Trace:
    """Frames of all lines, oldest first. Written under the world's lock, read from any thread."""

    def __init__(self) -> None:
        self._frames: deque[Frame] = deque(maxlen=FRAMES_KEPT)
        self._numbers = itertools.count(1)
        self.listeners: list[Callable[[Frame], None]] = []

    def add(self, at_s: float, bus: str, direction: str, data: bytes, meaning: str, board: str = "") -> None:
        frame = Frame(next(self._numbers), at_s, bus, direction, data, meaning, board)
        self._frames.append(frame)
        for listener in self.listeners:
            listener(frame)

    def frames(self, after: int = 0, bus: str | None = None) -> list[Frame]:
        """Frames whose number is above `after`, of one bus or of all."""
        return [frame for frame in tuple(self._frames) if frame.number > after and bus in (None, frame.bus)]
