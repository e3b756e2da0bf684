"""The maintenance plan: what is done how often, by the calendar and by how often locks have opened.

An item is due by whichever comes first. Dates come from the wall clock: an inspection a day late is no accident. What
was never done counts from the day on which the locker was set up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision
from edge_agent.domain.instant import Instant
from edge_agent.domain.refusals import NOT_FOUND, Refusal
from edge_agent.domain.stamp import stamp_of
from edge_agent.domain.state import LockerState
from edge_agent.domain.upkeep import Done, maintained_id

DAY_MS = 86_400_000
SOON = 0.9  # of the period: time to put it on the next visit's list


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the plan. `every_days` or `every_cycles` 0: that does not count. `each_lock`: cycles of one lock."""

    key: str
    says: str
    every_days: int = 0
    every_cycles: int = 0
    each_lock: bool = False


PLAN: tuple[Item, ...] = (
    Item("scanner-window", "Clean the scanner's window with a dry cloth and scan a parcel.", every_days=30),
    Item("screen", "Clean the screen and touch all four corners.", every_days=30),
    Item("cabinet", "Clean the cabinet, look for dents, loose bolts and water.", every_days=90),
    Item("signs", "Look at the signs, the light and the way to the cabinet.", every_days=90),
    Item("latches", "Clean all latches and seals.", every_days=180, every_cycles=60_000),
    Item(
        "lock", "Clean and grease this lock's latch; look at its plug.", every_cycles=20_000, each_lock=True
    ),
    Item("supply", "Measure the lock supply while a door opens.", every_days=365),
    Item("wiring", "Tighten the terminals of boards and supplies; look at chafed cables.", every_days=365),
    Item("clock-battery", "Replace the clock's battery.", every_days=5 * 365),
    Item("restore", "Restore a backup on another machine with the operator's key.", every_days=365),
    Item("drill", "Practise an emergency with everybody who would be there.", every_days=180),
)
"""Intervals are the makers' and ours; a cabinet that stands in sea air or dust needs them shorter."""
ITEMS: dict[str, Item] = {item.key: item for item in PLAN}


class Due(msgspec.Struct, frozen=True):
    """One item at one place. `used` is the share of its period that has passed: 1.0 and more is due."""

    item: str
    place: str
    says: str
    used: float
    last: Done | None
    days_left: int | None
    cycles_left: int | None

    @property
    def standing(self) -> str:
        """due | soon | fine."""
        return "due" if self.used >= 1 else "soon" if self.used >= SOON else "fine"


def due(state: LockerState, cycles: Mapping[str, int], born_ms: int, at: Instant) -> Iterator[Due]:
    """Every item, locks only from SOON on. `cycles`: door → openings; `born_ms`: wall clock of the set-up."""
    now_ms, total = stamp_of(at).wall_ms, sum(cycles.values())
    for item in PLAN:
        places = cycles if item.each_lock else ("",)
        for place in places:
            one = _one(state, item, place, cycles.get(place, total), born_ms, now_ms)
            if not item.each_lock or one.used >= SOON:
                yield one


def _one(state: LockerState, item: Item, place: str, cycles: int, born_ms: int, now_ms: int) -> Due:
    kept = state.maintenance.get(maintained_id(item.key, place))
    last = kept.last if kept else None
    passed_days = (now_ms - (last.at.wall_ms if last else born_ms)) / DAY_MS
    passed_cycles = cycles - (last.cycles if last else 0)
    by_days = passed_days / item.every_days if item.every_days else 0.0
    by_cycles = passed_cycles / item.every_cycles if item.every_cycles else 0.0
    return Due(
        item.key,
        place,
        item.says,
        round(max(by_days, by_cycles, 0.0), 3),
        last,
        round(item.every_days - passed_days) if item.every_days else None,
        item.every_cycles - passed_cycles if item.every_cycles else None,
    )


def do(
    state: LockerState, item: str, place: str, result: str, cycles: Mapping[str, int], actor: str
) -> Decision:
    """It was done. Refused for an item that the plan does not have, or a lock that is not here."""
    known = ITEMS.get(item)
    if known is None:
        raise Refusal(NOT_FOUND, f"the plan has no {item}; it has {', '.join(ITEMS)}")
    if known.each_lock and place not in state.compartment:
        raise Refusal(NOT_FOUND, f"{item} is about one lock: name its door with --place")
    counted = cycles.get(place, 0) if known.each_lock else sum(cycles.values())
    return Decision((e.MaintenanceDone(actor, item, place if known.each_lock else "", result, counted),))
