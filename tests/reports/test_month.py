"""An operator's figures beside an independent count: what people did and what the cabinet's doors and coils did.

Nothing here reads the journal or the agent's tables: deposits are told to couriers, openings are pulses of coils.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import apsw
import pytest

from edge_agent.store import counters
from sim.soak.evidence import Evidence
from sim.soak.week import Plan, live

BEGAN = datetime(2026, 3, 1, 8, 0, tzinfo=UTC) - timedelta(seconds=1000)  # the simulation's second 0
DOORS = 60
DST_ZONE = "Europe/Berlin"  # 29 March 2026 has 23 hours there


def by_day_and_hour(seconds: Iterable[float], zone: str) -> Counter[tuple[str, str]]:
    """How many of these moments lie in each local day and hour."""
    moments = [(BEGAN + timedelta(seconds=at)).astimezone(ZoneInfo(zone)) for at in seconds]
    return Counter((moment.date().isoformat(), f"hour:{moment.hour:02d}") for moment in moments)


def days_of(folder: Path, zone: str) -> list[counters.Day]:
    """The agent's own count of its journal, in this zone, from the first row on."""
    connection = apsw.Connection(str(folder / "state" / "ledger.db"))
    try:
        connection.execute("DELETE FROM tally; DELETE FROM daily")
        while counters.roll_up(connection, zone, 10_000):
            pass
        return counters.days(connection)
    finally:
        connection.close(True)


def hours(days: list[counters.Day], name: str) -> Counter[tuple[str, str]]:
    found = {
        (day.day, part): count
        for day in days
        for part, count in day.figures.get(name, {}).items()
        if part.startswith("hour:")
    }
    return Counter(found)


def whole(days: list[counters.Day], name: str) -> int:
    return sum(day.figures.get(name, {}).get("", 0) for day in days)


def counts_agree(days: list[counters.Day], seen: Evidence, zone: str) -> None:
    told = {name: [deed.at_s for deed in seen.did(name)] for name in ("told-stored", "told-collected")}
    assert hours(days, "deposits") == by_day_and_hour(told["told-stored"], zone)
    assert hours(days, "pickups") == by_day_and_hour(told["told-collected"], zone)
    assert whole(days, "openings_started") == len(seen.pulses)
    for day in days[1:-1]:
        begin = datetime.fromisoformat(day.day).replace(tzinfo=ZoneInfo(zone))
        end = (begin + timedelta(days=1)).astimezone(UTC)
        length_s = (end - begin.astimezone(UTC)).total_seconds()
        assert day.figures["door_seconds_installed"][""] == pytest.approx(DOORS * length_s, rel=0.002), (
            day.day
        )


def test_a_days_figures_are_what_people_and_doors_did(tmp_path: Path) -> None:
    lived = live(tmp_path / "site", Plan(seed=11, days=1, parcels=30))

    counts_agree(days_of(tmp_path / "site", "Asia/Hong_Kong"), lived.evidence, "Asia/Hong_Kong")


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_months_figures_are_what_people_and_doors_did(tmp_path: Path) -> None:
    """Through the night in which an hour is missing: its day has 23, and no deposit moves to another day."""
    lived = live(tmp_path / "site", Plan(seed=11, days=31))
    days = days_of(tmp_path / "site", DST_ZONE)

    counts_agree(days, lived.evidence, DST_ZONE)
    assert "2026-03-29" in {day.day for day in days}
