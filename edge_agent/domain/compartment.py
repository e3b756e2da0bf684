"""A compartment: the space behind one door, what is known of it, and whether it may be offered."""

from __future__ import annotations

import msgspec

from edge_agent.domain.stamp import Stamp
from edge_agent.domain.words import Basis, Condition, Contents, DoorPosition, Height, Report

ABOUT_THE_STAY = frozenset({Report.PARCEL_DAMAGED, Report.PARCEL_NOT_MINE, Report.PARCEL_ABSENT})
OUT_OF_OFFER = frozenset({Report.DIRTY, Report.DAMAGED, Report.STUCK})


class Compartment(msgspec.Struct, frozen=True):
    """One row per configured door. `stay` names the stay that reserves or occupies it, "" where there is none.

    `contents` and `stay` are two facts: after an unseen opening a stay may be attached while the contents are
    unknown. `rank` orders the sizes, `openings` is the lock's wear, `failures` counts not-opened in a row.
    `door_since` is when the sensor last changed. `attempts` counts the tries of the session `visit` since the door
    was last seen open.
    """

    number: str
    size: str
    rank: int
    height: Height
    board: str
    contents: Contents = Contents.UNKNOWN
    basis: Basis = Basis.NONE
    condition: Condition = Condition.OK
    reachable: bool = True
    stay: str = ""
    door: DoorPosition = DoorPosition.UNKNOWN
    door_since: Stamp | None = None
    openings: int = 0
    failures: int = 0
    reports: tuple[Report, ...] = ()
    visit: str = ""
    attempts: int = 0

    @property
    def usable(self) -> bool:
        """People could reach what is inside: retention of a stay runs only then."""
        return self.reachable and self.condition in (Condition.OK, Condition.SUSPECT)

    @property
    def offered(self) -> bool:
        """May be given to a new stay. A door whose sensor says open is not: somebody still stands there."""
        return (
            self.contents is Contents.EMPTY
            and self.condition is Condition.OK
            and self.reachable
            and not self.stay
            and self.door is not DoorPosition.OPEN
            and not OUT_OF_OFFER.intersection(self.reports)
        )
