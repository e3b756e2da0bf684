"""Figures for an operator: from counted days to rates, by period and by part, as table, CSV and a page with plots.

Days are those of the locker's time zone and come counted (`store.counters`); here nothing is counted again. A rate
whose denominator is nothing is None, never 0 or 100 %. Sources of the definitions: requirements S0-54 to S0-60.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Literal, Protocol

import msgspec

By = Literal["day", "week", "month", "total"]


class Day(Protocol):
    """One counted local day: `day` is an ISO date, `figures` maps name to part to a whole number."""

    @property
    def day(self) -> str: ...

    @property
    def figures(self) -> Mapping[str, Mapping[str, int]]: ...


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """One period. Rates are shares from 0 to 1; times are means in seconds; None where nothing happened.

    `availability`: door-seconds in service of door-seconds installed. `utilisation`: door-seconds holding something of
    those installed. `deposit_success`, `pickup_success`, `opening_success`: finished of started. `response_s`: from a
    fault's report to its acknowledgement, `repair_s`: to its resolution. `satisfaction`: mean stars.
    """

    period: str
    deposits: int
    pickups: int
    recalled: int
    refused: int
    overdue: int
    deposits_refused: int
    availability: float | None
    utilisation: float | None
    deposit_success: float | None
    pickup_success: float | None
    opening_success: float | None
    response_s: float | None
    repair_s: float | None
    dwell_s: float | None
    satisfaction: float | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`parts`: name → part ("carrier:sf", "size:M", "hour:18") → count, over all periods."""

    first: str
    last: str
    rows: tuple[Figures, ...]
    total: Figures
    parts: dict[str, dict[str, int]]


PERIOD: dict[str, Callable[[str], str]] = {
    "day": lambda day: day,
    "week": lambda day: "{}-W{:02d}".format(*date.fromisoformat(day).isocalendar()[:2]),
    "month": lambda day: day[:7],
    "total": lambda day: "total",
}
PARTED = ("deposits", "pickups", "deposits_refused", "deposits_cancelled", "deposits_interrupted", "openings_started",
          "faults", "door_seconds_installed", "door_seconds_occupied")  # fmt: skip
HEADS = {
    "period": "period", "deposits": "deposits", "pickups": "pickups", "recalled": "recalled", "refused": "refused",
    "overdue": "overdue", "deposits_refused": "no room", "availability": "available", "utilisation": "used",
    "deposit_success": "deposits ok", "pickup_success": "pickups ok", "opening_success": "doors ok",
    "response_s": "response", "repair_s": "repair", "dwell_s": "dwell", "satisfaction": "stars",
}  # fmt: skip


def report(days: Sequence[Day], by: By) -> Report:
    """Group the days by period. Without days the total is all nothing."""
    grouped: dict[str, list[Day]] = {}
    for day in days:
        grouped.setdefault(PERIOD[by](day.day), []).append(day)
    return Report(
        first=days[0].day if days else "",
        last=days[-1].day if days else "",
        rows=tuple(_figures(period, found) for period, found in grouped.items()),
        total=_figures("total", days),
        parts={name: parts for name in PARTED if (parts := _parts(days, name))},
    )


def _figures(period: str, days: Iterable[Day]) -> Figures:
    sums: dict[str, int] = {}
    stars = weight = 0
    for day in days:
        for name, parts in day.figures.items():
            sums[name] = sums.get(name, 0) + parts.get("", 0)
        for part, count in day.figures.get("feedback", {}).items():
            if part.startswith("rating:"):
                stars, weight = stars + int(part.removeprefix("rating:")) * count, weight + count
    got = sums.get

    def share(name: str, of: str) -> float | None:
        return got(name, 0) / whole if (whole := got(of, 0)) else None

    return Figures(
        period=period,
        deposits=got("deposits", 0),
        pickups=got("pickups", 0),
        recalled=got("recalled", 0),
        refused=got("refused", 0),
        overdue=got("overdue", 0),
        deposits_refused=got("deposits_refused", 0),
        availability=share("door_seconds_available", "door_seconds_installed"),
        utilisation=share("door_seconds_occupied", "door_seconds_installed"),
        deposit_success=share("deposits", "deposits_started"),
        pickup_success=share("pickups", "pickups_started"),
        opening_success=share("openings", "openings_started"),
        response_s=share("faults_acknowledged_seconds", "faults_acknowledged"),
        repair_s=share("faults_resolved_seconds", "faults_resolved"),
        dwell_s=share("dwell_seconds", "dwell"),
        satisfaction=stars / weight if weight else None,
    )


def _parts(days: Iterable[Day], name: str) -> dict[str, int]:
    sums: dict[str, int] = {}
    for day in days:
        for part, value in day.figures.get(name, {}).items():
            if part:
                sums[part] = sums.get(part, 0) + value
    return dict(sorted(sums.items()))


def words(name: str, value: Any) -> str:
    """One figure for a person: a share in per cent, a time in its natural unit, nothing as a dash."""
    if value is None:
        return "-"
    if name.endswith("_s"):
        return f"{value / 3600:.1f} h" if value >= 5400 else f"{value / 60:.0f} min"
    if isinstance(value, float):
        return f"{value:.1f}" if name == "satisfaction" else f"{value * 100:.1f} %"
    return str(value)


def table(found: Report) -> list[list[str]]:
    """Heads, a row a period, and the total where there are several periods."""
    last = (found.total,) if len(found.rows) > 1 else ()
    return [[*HEADS.values()]] + [
        [words(name, getattr(row, name)) for name in HEADS] for row in (*found.rows, *last)
    ]


def as_csv(found: Report) -> str:
    """Raw values, one row a period: shares from 0 to 1, times in seconds, empty where nothing happened."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADS)
    for row in found.rows:
        writer.writerow(["" if (value := getattr(row, name)) is None else value for name in HEADS])
    return out.getvalue()
