"""A burst of forced doors: how many different ones, how close together. Pure: fed with doors and time."""

from __future__ import annotations

from collections import deque

BURST_DOORS = 3  # one door is a crowbar, two may be one loose panel; three are somebody at the whole cabinet
BURST_WINDOW_S = 10.0  # a practised hand needs some 3 s for a door


class Bursts:
    """Remembers the last forced doors."""

    def __init__(self) -> None:
        self._recent: deque[tuple[str, float]] = deque(maxlen=BURST_DOORS)

    def forced(self, number: str, at_s: float) -> tuple[str, ...]:
        """One more door was forced. The doors of the burst that it completes, () if it is none.

        The same door again is no second one: a latch that does not hold is one latch.
        """
        kept = [(one, when) for one, when in self._recent if one != number]
        self._recent = deque([*kept, (number, at_s)], maxlen=BURST_DOORS)
        full = len(self._recent) == BURST_DOORS
        within = at_s - self._recent[0][1] <= BURST_WINDOW_S
        return tuple(one for one, _ in self._recent) if full and within else ()
