"""What every benchmark shares: rounds, medians, and one way to print a comparison with its target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Row:
    """One measured line. `target` is the limit that `value` has to keep; None where nobody promised anything."""

    what: str
    value: float
    unit: str = ""
    target: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        kept = self.value >= self.target if self.at_least else self.value <= self.target
        return "kept" if kept else "MISSED"


def show(title: str, rows: Iterable[Row]) -> None:
    """Print one table as Markdown, so that it can be stored as it is."""
    print(f"\n### {title}\n\n| what | measured | target | | note |\n| --- | ---: | ---: | --- | --- |")
    for row in rows:
        sign = "≥" if row.at_least else "≤"
        target = f"{sign} {row.target:g} {row.unit}".rstrip() if row.target is not None else ""
        print(
            f"| {row.what} | {row.value:.4g} {row.unit} | {target} | {row.verdict} | {row.note} |", flush=True
        )


def middle(values: Sequence[float]) -> float:
    return median(values)


def rounds(count: int, one: Callable[[], dict[str, dict[str, float]]]) -> list[dict[str, dict[str, float]]]:
    """`count` rounds, each with every client once: ratios are taken inside a round, then their median."""
    return [one() for _ in range(count)]


def ratio(found: Sequence[dict[str, dict[str, float]]], who: str, against: str, key: str) -> float:
    """Median over the rounds of `who` divided by `against`; not a number where one of them did not run."""
    pairs = [(one[who][key], one[against][key]) for one in found if who in one and against in one]
    return median(mine / theirs for mine, theirs in pairs) if pairs else float("nan")
