"""Counters, round-trip histogram and frame trace of one bus. Written by the bus's thread only, read by anybody."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from drivers.errors import BadReply, BoardRefused, BoardSilent, BusError, EchoCollision

TRACE_ENTRIES_MAX = 2000  # about a minute of traffic at 9600 baud, below 0.5 MB
HISTOGRAM_BUCKETS = 24  # powers of two of a microsecond: the last one begins at 4.2 s, beyond every deadline


class Direction(Enum):
    SENT = "sent"
    RECEIVED = "received"


class TraceEntry(NamedTuple):
    """One raw piece of traffic. `at_s` is monotonic; a reply may come in several pieces."""

    at_s: float
    direction: Direction
    data: bytes


@dataclass(slots=True)
class BoardCounters:
    """What one board cost and gave. `round_trips[n]` counts replies that took 2**(n-1) to 2**n microseconds."""

    sent: int = 0
    answered: int = 0
    silent: int = 0
    bad: int = 0
    refused: int = 0
    foreign: int = 0
    resends: int = 0
    round_trips: list[int] = field(default_factory=lambda: [0] * HISTOGRAM_BUCKETS)

    def copy(self) -> BoardCounters:
        return BoardCounters(
            self.sent, self.answered, self.silent, self.bad, self.refused, self.foreign, self.resends,
            list(self.round_trips),
        )  # fmt: skip

    def round_trip_s(self, share: float) -> float:
        """Upper bound of the bucket that holds the given share (0..1) of all replies; 0.0 without a reply."""
        wanted = share * sum(self.round_trips)
        seen = 0
        for bucket, count in enumerate(self.round_trips):
            seen += count
            if count and seen >= wanted:
                return float(2**bucket) / 1e6
        return 0.0


@dataclass(frozen=True, slots=True)
class BusStats:
    """A copy of all counters at one moment. `noise_bytes` were no part of any frame; `late_bytes` came in a drain."""

    boards: Mapping[str, BoardCounters]
    noise_bytes: int
    late_bytes: int
    pushed: int
    collisions: int
    port_openings: int
    port_losses: int


class Recorder:
    """Collects for one bus; `snapshot` may be called from another thread."""

    __slots__ = (
        "boards",
        "collisions",
        "late_bytes",
        "noise_bytes",
        "pieces",
        "port_losses",
        "port_openings",
        "pushed",
    )  # fmt: skip

    def __init__(self) -> None:
        self.boards: dict[str, BoardCounters] = {}
        self.pieces: deque[tuple[float, Direction, bytes]] = deque(maxlen=TRACE_ENTRIES_MAX)
        self.noise_bytes = self.late_bytes = self.pushed = self.collisions = 0
        self.port_openings = self.port_losses = 0

    def board(self, name: str) -> BoardCounters:
        """Counters of one board, made at first use."""
        counters = self.boards.get(name)
        if counters is None:
            counters = self.boards[name] = BoardCounters()
        return counters

    def failed(self, counters: BoardCounters, error: BusError) -> None:
        """Count a question of one board that ended without a reply."""
        if isinstance(error, BoardRefused):
            counters.refused += 1
        elif isinstance(error, BoardSilent):
            counters.silent += 1
        elif isinstance(error, EchoCollision):
            self.collisions += 1
        elif isinstance(error, BadReply):
            counters.bad += 1

    def snapshot(self) -> BusStats:
        return BusStats(
            boards={name: counters.copy() for name, counters in list(self.boards.items())},
            noise_bytes=self.noise_bytes,
            late_bytes=self.late_bytes,
            pushed=self.pushed,
            collisions=self.collisions,
            port_openings=self.port_openings,
            port_losses=self.port_losses,
        )
