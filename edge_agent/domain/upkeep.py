"""What a locker keeps of its upkeep for good: which devices it has, what was maintained, what inspections found.

Folded rows, so they outlive the journal's retention. Histories only grow at their end; the bounds below are far
beyond a locker's life, and the oldest entry goes first.
"""

from __future__ import annotations

import msgspec

from edge_agent.domain.events.upkeep import InspectedItem
from edge_agent.domain.stamp import Stamp

SWAPS_KEPT = 40  # devices that ever had one place: a lock a year for forty years
DONE_KEPT = 60  # times one item was done: monthly for five years; older ones are in the exports
INSPECTIONS_KEPT = 60  # records with their checklists: monthly for five years


class Fitted(msgspec.Struct, frozen=True):
    """One device that has, or had, a place."""

    installed: Stamp
    actor: str
    model: str = ""
    serial: str = ""
    firmware: str = ""
    reason: str = ""


class Device(msgspec.Struct, frozen=True):
    """One place and everything that ever had it, oldest first; the last one has it now."""

    place: str
    fitted: tuple[Fitted, ...]

    @property
    def now(self) -> Fitted:
        return self.fitted[-1]


class Done(msgspec.Struct, frozen=True):
    """One time that an item of the plan was done. `cycles`: the openings of what it is about, at that time."""

    at: Stamp
    actor: str
    result: str = ""
    cycles: int = 0


class Maintained(msgspec.Struct, frozen=True):
    """One item of the plan at one place ("" for the whole cabinet), oldest first."""

    id: str  # item, or item@place
    done: tuple[Done, ...]

    @property
    def last(self) -> Done:
        return self.done[-1]


class Inspection(msgspec.Struct, frozen=True):
    """One checklist as it was answered."""

    id: str
    checklist: str
    at: Stamp
    actor: str
    items: tuple[InspectedItem, ...]


class Drill(msgspec.Struct, frozen=True):
    """The drill that is going on. `powered_ms`: when it began on the powered clock."""

    id: str
    since: Stamp
    actor: str
    reason: str
    powered_ms: int


def maintained_id(item: str, place: str) -> str:
    return f"{item}@{place}" if place else item
