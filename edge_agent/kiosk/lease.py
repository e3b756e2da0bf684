"""The lease on the screen: one person's session at a time, and no new one inherits anything from the last.

Every session has an id that nobody else ever had (UUIDv7) and an epoch that rises when it ends. What a page, a timer or
a helper brings along under an older epoch is late, and dropped. The first touch of the idle screen and the one after
it belong together, so taking the lease changes no epoch.
"""

from __future__ import annotations

from datetime import datetime

from edge_agent.randomness import Randomness, uuid7


class Lease:
    """Who has the screen. `epoch` counts the sessions of this run; `holder` is "" while nobody is there."""

    def __init__(self, chance: Randomness) -> None:
        self._chance = chance
        self.epoch = 0
        self.holder = ""

    def take(self, wall: datetime) -> str:
        """A new session's id. Raises RuntimeError while somebody holds the screen: that would be a second lease."""
        if self.holder:
            raise RuntimeError(f"the screen is leased to session {self.holder}")
        self.holder = uuid7(wall, self._chance)
        return self.holder

    def release(self) -> None:
        """Harmless when nobody holds it."""
        self.holder = ""
        self.epoch += 1

    def still(self, epoch: int) -> bool:
        """Is it the same session as when `epoch` was read?"""
        return epoch == self.epoch
