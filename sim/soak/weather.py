"""The weather of a simulated locker: which troubles come, how often, for how long.

A `Weather` is a table of `Trouble`s. Each has its own stream of chance, drawn from the seed and its name, so that one
can be left out (`without`), or single comings of it (`only`), and all others come exactly as before: that is what
shrinking a failing run needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86400.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """`per_day` comings on average, each `lasts_s` (shortest, longest). `near`: share that waits for somebody to come.

    `layer`: wire | door | agent | disk | clock | cloud | people.
    """

    name: str
    layer: str
    per_day: float
    lasts_s: tuple[float, float] = (0.0, 0.0)
    near: float = 0.7
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Weather:
    """`only`: for a trouble named here, the numbers of the comings that happen (from 1); others all happen."""

    troubles: tuple[Trouble, ...] = ()
    only: Mapping[str, frozenset[int]] = field(default_factory=dict)

    def without(self, names: Iterable[str]) -> Weather:
        gone = frozenset(names)
        return replace(self, troubles=tuple(one for one in self.troubles if one.name not in gone))

    def limited(self, name: str, numbers: Iterable[int]) -> Weather:
        return replace(self, only={**self.only, name: frozenset(numbers)})

    def happens(self, name: str, number: int) -> bool:
        return name not in self.only or number in self.only[name]

    def milder(self, share: float) -> Weather:
        """Each comes `share` times as often."""
        return replace(
            self, troubles=tuple(replace(one, per_day=one.per_day * share) for one in self.troubles)
        )


BRIEF_S = (2.0, 20.0)  # long enough for a visit, short enough that a simulated day stays cheap
LONG_S = (10 * MINUTE_S, 6 * HOUR_S)

WIRES = (
    Trouble("swallow-reply", "wire", 0.6, BRIEF_S, params={"of": "unlock", "count": 1}),
    Trouble("swallow-request", "wire", 0.4, BRIEF_S, params={"of": "unlock", "count": 1}),
    Trouble("late", "wire", 0.5, BRIEF_S, params={"by_s": 0.4}),
    Trouble("shift", "wire", 0.3, BRIEF_S),
    Trouble("other-unit", "wire", 0.3, BRIEF_S),
    Trouble("wrong-function", "wire", 0.3, BRIEF_S),
    Trouble("bit-flips", "wire", 0.5, BRIEF_S, params={"share": 0.3}),
    Trouble("garbage", "wire", 0.4, BRIEF_S),
    Trouble("drip", "wire", 0.2, BRIEF_S),
    Trouble("truncate", "wire", 0.3, BRIEF_S),
    Trouble("silent", "wire", 0.5, (2.0, 40.0)),
    Trouble("flap", "wire", 0.2, BRIEF_S),
    Trouble("exception", "wire", 0.3, BRIEF_S, params={"count": 3}),
    Trouble("foreign-writer", "wire", 0.2, BRIEF_S),
    Trouble("unplug-on-frame", "wire", 0.3, BRIEF_S, params={"of": "unlock", "count": 1}),
    Trouble("unplug", "wire", 0.4, BRIEF_S),
    Trouble("held", "wire", 0.1, BRIEF_S),
    Trouble("write-block", "wire", 0.2, BRIEF_S),
    Trouble("reset", "wire", 0.4, BRIEF_S),
)
DOORS = (
    Trouble("jam", "door", 0.7, LONG_S),
    Trouble("opens-on-nth", "door", 0.5, LONG_S, params={"n": 2}),
    Trouble("stuck-sensor", "door", 0.4, LONG_S),
    Trouble("chatter", "door", 0.2, BRIEF_S, params={"hz": 9.0}),
    Trouble("delayed-sensor", "door", 0.4, LONG_S, params={"by_s": 1.5}),
    Trouble("slam", "door", 0.3, LONG_S, params={"after_s": 0.8}),
    Trouble("ajar", "door", 0.3, (60.0, 900.0)),
    Trouble("forced", "door", 0.3),
    Trouble("burst", "door", 0.05),
    Trouble("permuted-map", "door", 0.15, LONG_S),
)
AGENT = (
    Trouble("killed", "agent", 1.0, (3.0, 30.0)),
    Trouble("killed-at-a-step", "agent", 1.0, (3.0, 30.0)),
    Trouble("killed-at-a-turn", "agent", 0.7, (3.0, 30.0)),
    Trouble("power-cut", "agent", 0.5, (10.0, 1800.0)),
    Trouble("power-cut-at-a-write", "agent", 0.7, (10.0, 600.0)),
    Trouble("restarted", "agent", 0.3, (1.0, 5.0)),
)
DISK = (
    Trouble("disk-full", "disk", 0.2, (30.0, 900.0)),
    Trouble("disk-errors", "disk", 0.3, (0.5, 30.0)),
    Trouble("syncs-fail", "disk", 0.2, (0.5, 120.0)),
)
CLOCK = (
    Trouble("clock-jumps", "clock", 0.3, (60.0, 2 * HOUR_S), near=0.5),
    Trouble("clock-unsynced", "clock", 0.2, (HOUR_S, 12 * HOUR_S), near=0.0),
)
CLOUD = (
    Trouble("broker-down", "cloud", 0.3, (60.0, 8 * HOUR_S), near=0.2),
    Trouble("broker-forgets", "cloud", 0.3, (1.0, 60.0)),
    Trouble("line-cut", "cloud", 1.0, (5.0, 2 * HOUR_S)),
    Trouble("line-half-open", "cloud", 0.5, (5.0, 600.0)),
    Trouble("office-down", "cloud", 0.3, (60.0, 4 * HOUR_S)),
    Trouble("office-late", "cloud", 0.5, (60.0, HOUR_S), params={"late_s": 20.0}),
    Trouble("doubling", "cloud", 0.5, (600.0, 6 * HOUR_S), params={"share": 0.5}),
)
PEOPLE = (
    Trouble("walks-away", "people", 2.0, near=1.0),
    Trouble("rain", "people", 0.5, BRIEF_S, near=0.3),
    Trouble("thief", "people", 0.5, (10.0, 300.0), near=0.0),
    Trouble("technician", "people", 0.6, near=0.0),
    Trouble("support-unlocks", "people", 0.8, near=0.0),
    Trouble("forged-command", "people", 0.5, near=0.3),
    Trouble("stale-command", "people", 0.3, near=0.3),
    Trouble("replayed-command", "people", 0.5, near=0.3),
)

NONE = Weather()
STORM = Weather((*WIRES, *DOORS, *AGENT, *DISK, *CLOCK, *CLOUD, *PEOPLE))
CALM = STORM.milder(0.15)
WEATHERS: Mapping[str, Weather] = {"none": NONE, "calm": CALM, "storm": STORM}
Undo = Callable[[], None]
