"""Coils, what the boards believe about them, and the supply that feeds them. Pure; the moment is handed in.

Every energising is logged with start and length, beside the board's own record of it: a coil that is stuck on, or one
whose board was reset under it, shows as a difference between the two.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

LOG_KEPT = 100_000  # energisings; a simulated year of a busy cabinet is about 70,000
RESET_S = 1.0  # a board that browned out is back after this


@dataclass(slots=True)
class Energising:
    """One time a coil was on. `length_s` is None while it still is; `asked_s` None means held until told."""

    board: str
    channel: int
    door: str | None
    start_s: float
    asked_s: float | None
    length_s: float | None = None
    board_says_on: bool = True
    board_length_s: float | None = None

    def as_json(self) -> dict[str, object]:
        return {
            "board": self.board,
            "channel": self.channel,
            "door": self.door,
            "start_s": round(self.start_s, 6),
            "length_s": None if self.length_s is None else round(self.length_s, 6),
            "board_record": {
                "asked_s": self.asked_s,
                "on": self.board_says_on,
                "length_s": None if self.board_length_s is None else round(self.board_length_s, 6),
            },
        }


@dataclass(slots=True)
class Coil:
    """One output. `board_on` is the board's belief, `current` the energising that really runs."""

    board: str
    channel: int
    supply: str
    stuck_on: bool = False
    shown: bool = False  # a stuck output that the board itself sees as on: it ignores every switch-off
    board_on: bool = False
    current: Energising | None = None
    turn: int = 0  # counts commands, so that an outdated switch-off is recognised


@dataclass(slots=True)
class Supply:
    """One power supply. `coils_at_once` None: strong enough for all of them."""

    name: str
    coils_at_once: int | None = None
    reset_s: float = RESET_S
    on: set[tuple[str, int]] = field(default_factory=set)
    peak: int = 0
    sags: int = 0

    def note_on(self, coil: tuple[str, int]) -> bool:
        """One more coil is on. True if that is too much and the voltage collapses."""
        self.on.add(coil)
        self.peak = max(self.peak, len(self.on))
        return self.coils_at_once is not None and len(self.on) > self.coils_at_once


def new_log() -> deque[Energising]:
    return deque(maxlen=LOG_KEPT)
