"""Clock: wall time, monotonic time, and how far the wall time may be trusted.

Durations use `monotonic_s` (the boot clock: it counts through suspend), dates use `wall` with its `quality`. Nothing in
`domain` or `flows` reads a clock: they are handed an `Instant`.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from edge_agent.domain.instant import ClockQuality, Instant


class Clock(Protocol):
    """What the outer rooms are given; kinds: `SystemClock`, `VirtualClock`."""

    def now(self) -> Instant: ...

    def monotonic_s(self) -> float: ...


BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")
NTP_SYNCED_FILE = Path("/run/systemd/timesync/synchronized")


class SystemClock:
    """The machine's clocks. `floor` is the latest of build date and last persisted time."""

    def __init__(self, floor: datetime, boot_id: str | None = None) -> None:
        self._floor = floor
        self._boot_id = boot_id or BOOT_ID_FILE.read_text().strip()

    def monotonic_s(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def now(self) -> Instant:
        wall = datetime.now(UTC)
        if wall < self._floor:
            return Instant(self._floor, self.monotonic_s(), ClockQuality.UNSET, self._boot_id)
        quality = ClockQuality.SYNCED if NTP_SYNCED_FILE.exists() else ClockQuality.FLOOR
        return Instant(wall, self.monotonic_s(), quality, self._boot_id)


class VirtualClock:
    """A clock that only moves when told to: tests and the whole-locker simulation."""

    def __init__(
        self, wall: datetime = datetime(2026, 3, 1, 8, 0, tzinfo=UTC), boot_id: str = "boot-0001"
    ) -> None:
        self.boot_id = boot_id
        self.quality = ClockQuality.SYNCED
        self._monotonic_s = 1000.0
        self._booted = wall - timedelta(seconds=self._monotonic_s)  # what the wall clock says of the boot

    @property
    def wall(self) -> datetime:
        """What the wall clock says now, right or wrong."""
        return self._booted + timedelta(seconds=self._monotonic_s)

    def monotonic_s(self) -> float:
        return self._monotonic_s

    def now(self) -> Instant:
        return Instant(self.wall, self._monotonic_s, self.quality, self.boot_id)

    def advance(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        self._monotonic_s += seconds

    def jump_wall(self, seconds: float) -> None:
        """Set the wall clock forward or back; no time passes."""
        self._booted += timedelta(seconds=seconds)

    def reboot(self, boot_id: str, off_s: float = 0.0) -> None:
        """A new boot: the monotonic clock starts again; the wall clock moved on by `off_s`."""
        self.boot_id = boot_id
        self._booted = self.wall + timedelta(seconds=off_s)
        self._monotonic_s = 0.0
