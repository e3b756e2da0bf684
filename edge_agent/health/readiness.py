"""Whether a locker is ready for the peak season: what `doctor` sees, and what wear, plan and checklist say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from edge_agent.control.health_types import Check
from edge_agent.control.upkeep_types import DueRow, WearRow
from edge_agent.domain.fault import age_ms
from edge_agent.domain.instant import Instant
from edge_agent.domain.state import LockerState
from edge_agent.health.words import well, wrong

FREE_PERCENT = 95.0  # of the compartments must be usable before the season
INSPECTED_DAYS = 30
DAY_MS = 86_400_000
PEAK = "peak"
WEAR, PLAN, INSPECTED, SHARE = "DOOR-212", "HOST-707", "HOST-708", "DOOR-213"


def checks(
    state: LockerState, locks: Iterable[WearRow], plan: Iterable[DueRow], at: Instant
) -> Iterator[Check]:
    """Beside everything that `status` looks at."""
    worn = [row.door for row in locks if row.verdict == "replace"]
    if worn:
        yield wrong("locks", f"{len(worn)} locks", "attention", WEAR, f"worn out: doors {', '.join(worn)}")
    else:
        yield well("locks", "locks", "none is worn out")
    late = [row.item for row in plan if row.standing == "due"]
    if late:
        yield wrong("maintenance", "plan", "attention", PLAN, f"due: {', '.join(dict.fromkeys(late))}")
    else:
        yield well("maintenance", "plan", "nothing is due")
    yield _inspected(state, at)
    rows = state.compartment.values()
    usable = 100 * sum(row.usable for row in rows) / max(1, len(rows))
    if usable < FREE_PERCENT:
        yield wrong(
            "doors",
            "compartments",
            "bad",
            SHARE,
            f"{usable:.0f} % can be used; {FREE_PERCENT:.0f} % expected",
        )
    else:
        yield well("doors", "compartments", f"{usable:.0f} % can be used")


def _inspected(state: LockerState, at: Instant) -> Check:
    ages = [age_ms(one.at, at) / DAY_MS for one in state.inspection.values() if one.checklist == PEAK]
    if not ages:
        return wrong(
            "inspection", "inspection", "attention", INSPECTED, "the peak checklist was never answered"
        )
    if min(ages) > INSPECTED_DAYS:
        fact = f"the peak checklist was answered {min(ages):.0f} days ago"
        return wrong("inspection", "inspection", "attention", INSPECTED, fact)
    return well("inspection", "inspection", f"the peak checklist was answered {min(ages):.0f} days ago")
