"""Figures: the counted days out of the ledger, and what `lockerctl stats` makes of them in its own process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import msgspec

from edge_agent.cli.direct.bench import Bench
from edge_agent.cli.direct.elsewhere import asked_where_the_ledger_is
from edge_agent.control import stats_types as s
from edge_agent.errors import ControlError


def figures(asked: s.FiguresArguments, bench: Bench) -> s.FiguresResult:
    from edge_agent.store import counters
    from edge_agent.store.places import settings_of

    bench.hold_state()
    days = counters.of_locker(settings_of(bench.config), asked.first, asked.last)
    return s.FiguresResult(days=tuple(s.CountedDay(day.day, day.figures) for day in days))


def stats(asked: s.StatsArguments, bench: Bench) -> s.StatsResult:
    """Raises ControlError CTRL-706 for a date that is none, CTRL-708 for a file that cannot be written."""
    from edge_agent.reports import statistics, statistics_page

    for day in (asked.first, asked.last):
        _is_date(day)
    days = _days(asked.first, asked.last, bench)
    found = statistics.report(days, asked.by)
    before = statistics.report(_days_before(days, bench), "total") if asked.compare and days else None
    if asked.csv:
        _write(asked.csv, statistics.as_csv(found))
    if asked.html:
        _write(asked.html, statistics_page.page(found, bench.config.locker.id, before))
    return s.StatsResult(
        first=found.first,
        last=found.last,
        rows=tuple(_plain(row) for row in found.rows),
        total=_plain(found.total),
        parts=found.parts,
        before=_plain(before.total) if before else None,
    )


def _plain(row: msgspec.Struct) -> s.StatsFigures:
    return msgspec.convert(msgspec.to_builtins(row), s.StatsFigures)


def _days(first: str, last: str, bench: Bench) -> Sequence[s.CountedDay]:
    asked = s.FiguresArguments(first=first, last=last)
    found: s.FiguresResult = asked_where_the_ledger_is("figures", asked, bench)
    return found.days


def _days_before(days: Sequence[s.CountedDay], bench: Bench) -> Sequence[s.CountedDay]:
    first, last = date.fromisoformat(days[0].day), date.fromisoformat(days[-1].day)
    length = last - first + timedelta(days=1)
    return _days((first - length).isoformat(), (first - timedelta(days=1)).isoformat(), bench)


def _is_date(text: str) -> None:
    try:
        if text:
            date.fromisoformat(text)
    except ValueError:
        raise ControlError("CTRL-706", f"date {text}", "a day such as 2026-11-01 is expected") from None


def _write(name: str, text: str) -> None:
    try:
        Path(name).write_text(text, "utf-8")
    except (OSError, ValueError) as error:
        raise ControlError("CTRL-708", name, str(error)) from None
