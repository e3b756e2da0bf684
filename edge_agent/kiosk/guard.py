"""Guards between a finger and the flow: old revisions, double taps, illegal actions, tap storms.

Pure decisions on a monotonic clock handed in; one `TouchGuard` a page. Dirt, rain and loose foil make a
touch panel fire by itself; nothing such a panel does may reach the flow more often than a person could.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Any

from edge_agent.kiosk.actions import REPEATABLE, Args, Illegal, parse
from edge_agent.kiosk.desk import View

STORM_TAPS = 40  # in STORM_WINDOW_S: quick typists reach 8 taps a second on 20 mm keys, wet glass 100
STORM_WINDOW_S = 1.0
HOLD_S = 3.0  # how long the screen rests after a storm; then it is tried again
# One action is taken per revision. If the answer to it ever stays away, the screen is not dead for good.
LATCH_S = 1.5


class Dropped(Enum):
    """Why a touch went no further."""

    OLD = "old revision"
    TWICE = "second action of one revision"
    ILLEGAL = "not allowed on this screen"
    HELD = "screen is held after a tap storm"


class TouchGuard:
    """Judges the touches of one page."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._taps: deque[float] = deque(maxlen=STORM_TAPS)
        self._held_until_s = float("-inf")
        self._taken: tuple[int, float] | None = None

    def storm(self, taps: int = 1) -> bool:
        """Count touches; True when they have just become a storm.

        From then on everything is `HELD` for `HOLD_S`.
        """
        now = self._monotonic()
        if now < self._held_until_s:
            return False
        self._taps.extend([now] * min(taps, STORM_TAPS))
        if len(self._taps) < STORM_TAPS or now - self._taps[0] > STORM_WINDOW_S:
            return False
        self._taps.clear()
        self._held_until_s = now + HOLD_S
        return True

    def admit(self, shown: View | None, rev: int, action: str, args: Any) -> Args | Dropped:
        """The typed arguments when the touch may go to the desk, else why it may not."""
        now = self._monotonic()
        if now < self._held_until_s:
            return Dropped.HELD
        if shown is None or rev != shown.rev:
            return Dropped.OLD
        if not shown.vm.allows(action):
            return Dropped.ILLEGAL
        if action in REPEATABLE:
            return self._typed(action, args)
        if self._taken is not None and self._taken[0] == rev and now - self._taken[1] < LATCH_S:
            return Dropped.TWICE
        typed = self._typed(action, args)
        if not isinstance(typed, Dropped):
            self._taken = (rev, now)
        return typed

    @staticmethod
    def _typed(action: str, args: Any) -> Args | Dropped:
        try:
            return parse(action, args)
        except Illegal:
            return Dropped.ILLEGAL
