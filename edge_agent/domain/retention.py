"""Retention: the free time of a stay, on the service clock, so that it stands still while nobody could collect.

The end is a point on the service clock (`timers.py`). A compartment that cannot be used (out of service, faulty,
board silent) pauses its own stay: the pause begins at a point of that clock, and its length is added at the end.
"""

from __future__ import annotations

import msgspec

HOUR_MS = 3_600_000


class Retention(msgspec.Struct, frozen=True):
    """`reminded`: hours before the end for which a reminder has gone out."""

    ends_at_ms: int
    paused_at_ms: int | None = None
    reminded: tuple[int, ...] = ()
    overdue: bool = False

    def remaining_ms(self, service_ms: int) -> int:
        """Free time left; 0 or less when overdue."""
        return self.ends_at_ms - (service_ms if self.paused_at_ms is None else self.paused_at_ms)

    def paused(self, service_ms: int) -> Retention:
        """Stands still from now; a second pause changes nothing."""
        if self.paused_at_ms is not None:
            return self
        return msgspec.structs.replace(self, paused_at_ms=service_ms)

    def resumed(self, service_ms: int) -> Retention:
        """Runs again, with the length of the pause added."""
        if self.paused_at_ms is None:
            return self
        gained = max(0, service_ms - self.paused_at_ms)
        return msgspec.structs.replace(self, ends_at_ms=self.ends_at_ms + gained, paused_at_ms=None)

    def due_reminder(self, service_ms: int, at_hours: tuple[int, ...]) -> int | None:
        """The reminder to send now, in hours before the end: only the nearest one when several were passed."""
        left = self.remaining_ms(service_ms)
        if left <= 0 or self.paused_at_ms is not None:
            return None
        passed = [hours for hours in at_hours if left <= hours * HOUR_MS]
        if not passed or min(passed) in self.reminded:
            return None
        return min(passed)
