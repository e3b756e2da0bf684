"""One moment on both clocks, and how far the wall clock may be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class ClockQuality(Enum):
    """`SYNCED`: disciplined by the network; `FLOOR`: not, but not before the last known time; `UNSET`: none."""

    SYNCED = "synced"
    FLOOR = "floor"
    UNSET = "unset"


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment. `wall` is UTC; `monotonic_s` (boot clock) is only comparable within the same `boot_id`."""

    wall: datetime
    monotonic_s: float
    quality: ClockQuality
    boot_id: str
