"""The limits of remote access, as configured and as documents tighten them."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """Grants of access within a powered minute, hour and day; `doors_percent`: share of doors within a day."""

    per_minute: int = 3
    per_hour: int = 20
    per_day: int = 60
    doors_percent: int = 25

    def tightened(self, by: Limits) -> Limits:
        """The lower one of each figure."""
        return Limits(
            min(self.per_minute, by.per_minute),
            min(self.per_hour, by.per_hour),
            min(self.per_day, by.per_day),
            min(self.doors_percent, by.doors_percent),
        )
