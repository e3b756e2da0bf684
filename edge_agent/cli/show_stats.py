"""Figures for a person: a table of periods, and what they were made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edge_agent.cli.terminal import Grid, say, show
from edge_agent.control import stats_types as t


def stats(result: t.StatsResult) -> None:
    from edge_agent.reports.statistics import HEADS, words

    if not result.rows:
        say("No day has been counted in that time.")
        return
    rows = [*result.rows, *((result.total,) if len(result.rows) > 1 else ())]
    if result.before:
        rows = [*rows, result.before]
    heads = [*HEADS.values()]
    show(Grid(heads, [[words(name, getattr(row, name)) for name in HEADS] for row in rows], heads[1:]))


def figures(result: t.FiguresResult) -> None:
    for day in result.days:
        for name, parts in sorted(day.figures.items()):
            print(
                f"{day.day}  {name}  "
                + "  ".join(f"{part or 'all'}={value}" for part, value in sorted(parts.items()))
            )


SHOW: dict[str, Callable[[Any], None]] = {"stats": stats, "figures": figures}
