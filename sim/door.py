"""One pretend compartment: door, latch, spring, the hand on it, the parcel behind it, and what its contact reports.

Pure: no clock, no thread. Every method is told the moment (`at_s`, seconds on the simulator's clock) and answers what
happened. The contact is derived from the mechanics, then bent by the sensor's own troubles (stuck, chatter, delay), so
that a door and what is reported of it can differ, as they do in the street.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

PUSH_S = 2.0  # how long a hand keeps pressing
EDGES_KEPT = (
    64  # past positions kept for a delayed sensor; a door that moves more often has no delay worth modelling
)

Senses = Literal["latch", "door"]


@dataclass(slots=True)
class Door:
    """`shut` is the panel, `latched` the hook. A shut door whose hook is free is held by nothing."""

    number: str
    size: str = ""
    spring: bool = True
    shut: bool = True
    latched: bool = True
    parcel: bool = False

    jammed: bool = False  # the coil pulls, the hook does not move
    pulses_needed: int = 1  # the hook moves with the n-th pulse only
    catches: bool = True  # False: the hook no longer catches, the door stays ajar
    slams_after_s: float | None = None  # a hand shuts it this long after it opened
    stuck: Literal["open", "closed"] | None = None
    chatter_hz: float = 0.0
    delay_s: float = 0.0

    pulses: int = 0  # since the door last opened
    pressed_until_s: float = float("-inf")
    _edges: deque[tuple[float, bool, bool]] = field(default_factory=lambda: deque(maxlen=EDGES_KEPT))

    def pull(self, at_s: float) -> bool:
        """The coil has pulled long enough. True if the hook moved."""
        self.pulses += 1
        if self.jammed or self.pulses < self.pulses_needed or not self.latched:
            return False
        self.latched = False
        if self.spring and at_s >= self.pressed_until_s:
            self.shut = False
        self._moved(at_s)
        return True

    def drop(self, at_s: float) -> bool:
        """The coil has let go: a door that is still shut is caught again. True if the hook moved."""
        if self.latched or not self.shut or not self.catches:
            return False
        self.latched = True
        self._moved(at_s)
        return True

    def hand_close(self, at_s: float, coil_on: bool) -> bool:
        """A hand shuts the door. While the coil pulls, or with a broken hook, it springs back. True if it moved."""
        caught = self.catches and not coil_on
        before = (self.shut, self.latched)
        if caught:
            self.shut = self.latched = True
        return self._moved_if(before, at_s)

    def hand_push(self, at_s: float, coil_on: bool) -> bool:
        """A hand presses for `PUSH_S`: shuts what is open, and no spring works against it. True if it moved."""
        self.pressed_until_s = at_s + PUSH_S
        before = (self.shut, self.latched)
        self.shut = True
        self.latched = self.latched or (self.catches and not coil_on)
        return self._moved_if(before, at_s)

    def hand_off(self, at_s: float) -> bool:
        """The pressing hand has gone: an unlatched door springs open. True if it moved."""
        before = (self.shut, self.latched)
        if self.spring and not self.latched and at_s >= self.pressed_until_s:
            self.shut = False
        return self._moved_if(before, at_s)

    def hand_open(self, at_s: float) -> bool:
        """A hand pulls the door: a latched one stays shut. True if it moved."""
        before = (self.shut, self.latched)
        self.shut = self.shut and self.latched
        return self._moved_if(before, at_s)

    def force(self, at_s: float) -> bool:
        """A crowbar: open, whatever the hook says. True if it moved."""
        before = (self.shut, self.latched)
        self.shut = self.latched = False
        return self._moved_if(before, at_s)

    def reports_locked(self, senses: Senses, at_s: float) -> bool:
        """What the contact says: hook caught, or panel shut."""
        if self.stuck is not None:
            return self.stuck == "closed"
        shut, latched = self._position(at_s - self.delay_s) if self.delay_s else (self.shut, self.latched)
        locked = latched if senses == "latch" else shut
        if self.chatter_hz and int(at_s * self.chatter_hz * 2) % 2:
            return not locked
        return locked

    def _position(self, at_s: float) -> tuple[bool, bool]:
        for moment, shut, latched in reversed(self._edges):
            if moment <= at_s:
                return shut, latched
        return True, True  # every door starts shut and latched

    def _moved_if(self, before: tuple[bool, bool], at_s: float) -> bool:
        if before == (self.shut, self.latched):
            return False
        self._moved(at_s)
        return True

    def _moved(self, at_s: float) -> None:
        if not self.shut:
            self.pulses = 0
        self._edges.append((at_s, self.shut, self.latched))
