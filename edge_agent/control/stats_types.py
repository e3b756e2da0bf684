"""What goes in and out of the operations on figures: plain values, as in `types`."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from edge_agent.control.types import Arguments, Result, option


class StatsArguments(Arguments, frozen=True):
    by: Annotated[
        Literal["day", "week", "month", "total"], option("One row a day, week, month, or in total.")
    ] = "day"
    first: Annotated[str, option("From this day on, such as 2026-11-01.", metavar="DATE")] = ""
    last: Annotated[str, option("Up to this day, included.", metavar="DATE")] = ""
    csv: Annotated[str, option("Write the rows as CSV too.", metavar="FILE")] = ""
    html: Annotated[str, option("Write a page with plots too.", metavar="FILE")] = ""
    compare: Annotated[bool, option("Set the days before beside them: as many, right before the first.")] = (
        False
    )


class FiguresArguments(Arguments, frozen=True):
    first: Annotated[str, option("From this day on.", metavar="DATE")] = ""
    last: Annotated[str, option("Up to this day, included.", metavar="DATE")] = ""


class CountedDay(msgspec.Struct, frozen=True):
    """A day of the locker's time zone: name → part ("" is the whole) → a whole number."""

    day: str
    figures: dict[str, dict[str, int]]


class FiguresResult(Result, frozen=True):
    days: tuple[CountedDay, ...]


class StatsFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One period: counts; shares from 0 to 1; mean times in seconds; null where nothing happened."""

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


class StatsResult(Result, frozen=True):
    """`parts`: name → part ("carrier:sf", "size:M", "hour:18") → count, over all rows."""

    first: str
    last: str
    rows: tuple[StatsFigures, ...]
    total: StatsFigures
    parts: dict[str, dict[str, int]]
    before: StatsFigures | None = None
