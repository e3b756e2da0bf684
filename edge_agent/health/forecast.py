"""Which lock wears out next: its openings against what it is rated for, and how it opens."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from edge_agent.control.upkeep_types import VerdictOfLock, WearRow
from edge_agent.domain.door_numbers import natural
from edge_agent.domain.instant import Instant
from edge_agent.domain.stamp import stamp_of
from edge_agent.store.cloudevents import timestamp
from edge_agent.store.wear import SLOW_MS, Wear

RATED_CYCLES = 100_000  # what makers of cabinet locks promise for the mechanics
WORN_SHARE, OLD_SHARE = 0.95, 0.8  # of the rated cycles: replace, watch
FAILED_BAD, FAILED_ODD = 5.0, 1.0  # percent of openings that did not come
SLOW_ODD = 10.0  # percent of openings beyond SLOW_MS
FEW = 20  # openings below which a share says nothing
DAY_MS = 86_400_000
PACE_DAYS = 7  # a pace needs a week to be one
ORDER = {"replace": 0, "watch": 1, "fine": 2}


def forecast(counted: Mapping[str, Wear], doors: Collection[str], at: Instant) -> list[WearRow]:
    """One row for each door that is still here, worst first."""
    now_ms = stamp_of(at).wall_ms
    rows = [_row(door, wear, now_ms) for door, wear in counted.items() if door in doors]
    return sorted(rows, key=lambda row: (ORDER[row.verdict], -row.openings, natural(row.door)))


def _row(door: str, wear: Wear, now_ms: int) -> WearRow:
    tried = wear.openings + wear.failed
    failed = 100 * wear.failed / tried if tried else 0.0
    slow = 100 * wear.slow / wear.openings if wear.openings else 0.0
    return WearRow(
        door=door,
        verdict=_verdict(wear, failed, slow),
        openings=wear.openings,
        failed_percent=round(failed, 1),
        slow_percent=round(slow, 1),
        median_ms=wear.median_ms,
        since=timestamp(wear.since_ms),
        days_left=_days_left(wear, now_ms),
    )


def _verdict(wear: Wear, failed: float, slow: float) -> VerdictOfLock:
    telling = wear.openings + wear.failed >= FEW
    if wear.openings >= RATED_CYCLES * WORN_SHARE or (telling and failed >= FAILED_BAD):
        return "replace"
    odd = failed >= FAILED_ODD or slow >= SLOW_ODD or (wear.median_ms or 0) > SLOW_MS
    return "watch" if wear.openings >= RATED_CYCLES * OLD_SHARE or (telling and odd) else "fine"


def _days_left(wear: Wear, now_ms: int) -> int | None:
    days = (now_ms - wear.since_ms) / DAY_MS
    if days < PACE_DAYS or not wear.openings:
        return None
    return max(0, round((RATED_CYCLES - wear.openings) / (wear.openings / days)))
