"""From a run that breaks something to a short one that still does: fewer days, troubles, parcels, single comings.

Every step is tried by living it again. A smaller run counts only if it breaks at least one of the same invariants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from sim.soak.town import PARCELS_A_DAY
from sim.soak.week import Plan

Breaks = Callable[[Plan], list[str]]
TRIES_MAX = 200  # runs in all: shrinking is for a person who waits
COMINGS_MAX = 64  # of one trouble that are told apart
PARCELS = (3, 6, 12, 24, PARCELS_A_DAY)


def shrunk(plan: Plan, breaks: Breaks) -> Iterator[Plan]:
    """Each smaller plan that still breaks, the smallest last."""
    search = _Search(plan, breaks)
    yield from search.days()
    yield from search.layers()
    yield from search.troubles()
    yield from search.parcels()
    yield from search.comings()


class _Search:
    def __init__(self, plan: Plan, breaks: Breaks) -> None:
        self.plan, self._breaks = plan, breaks
        self._wanted = set(breaks(plan))
        self._tries = 0

    def days(self) -> Iterator[Plan]:
        for days in range(1, self.plan.days):
            if self._tried(replace(self.plan, days=days)):
                yield self.plan
                return

    def layers(self) -> Iterator[Plan]:
        for layer in dict.fromkeys(one.layer for one in self.plan.weather.troubles):
            names = [one.name for one in self.plan.weather.troubles if one.layer == layer]
            if self._tried(self._without(names)):
                yield self.plan

    def troubles(self) -> Iterator[Plan]:
        """Halves first, then one by one."""
        names = [one.name for one in self.plan.weather.troubles]
        yield from self._fewer(names, lambda gone: self._without(gone))

    def parcels(self) -> Iterator[Plan]:
        for parcels in PARCELS:
            if parcels < self.plan.parcels and self._tried(replace(self.plan, parcels=parcels)):
                yield self.plan
                return

    def comings(self) -> Iterator[Plan]:
        for trouble in self.plan.weather.troubles:
            most = max(2, min(COMINGS_MAX, round(trouble.per_day * self.plan.days * 3) + 2))
            kept = list(range(1, most + 1))

            def without(gone: Sequence[int], name: str = trouble.name, kept: list[int] = kept) -> Plan:
                left = [one for one in kept if one not in gone]
                return replace(self.plan, weather=self.plan.weather.limited(name, left))

            yield from self._fewer(kept, without)

    def _fewer(self, items: list[str] | list[int], without: Callable[[list], Plan]) -> Iterator[Plan]:  # type: ignore[type-arg]
        size = max(1, len(items) // 2)
        while items:
            for start in range(0, len(items), size):
                gone = items[start : start + size]
                if self._tried(without(gone)):
                    del items[start : start + size]
                    yield self.plan
                    break
            else:
                if size == 1:
                    return
                size = max(1, size // 2)

    def _without(self, names: Sequence[str]) -> Plan:
        return replace(self.plan, weather=self.plan.weather.without(names))

    def _tried(self, smaller: Plan) -> bool:
        if self._tries >= TRIES_MAX:
            return False
        self._tries += 1
        if not self._wanted.intersection(self._breaks(smaller)):
            return False
        self.plan = smaller
        return True
