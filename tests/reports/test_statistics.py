"""Figures of an operator: rates that are right at their edges, days that are local, files that others can read."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from edge_agent.control.stats_types import CountedDay
from edge_agent.reports import statistics
from edge_agent.reports.statistics_page import page
from tests.cli.conftest import Technician
from tests.test_config import GOOD


def day(name: str, **figures: int | dict[str, int]) -> CountedDay:
    """A counted day; a plain number is the whole of its figure."""
    return CountedDay(
        name, {key: {"": value} if isinstance(value, int) else value for key, value in figures.items()}
    )


BUSY = [
    day("2026-03-28", deposits={"": 40, "carrier:sf": 30, "carrier:zto": 10, "hour:18": 40}, deposits_started=50,
        pickups=30, pickups_started=30, door_seconds_installed={"": 86_400, "size:M": 86_400},
        door_seconds_available=64_800, door_seconds_occupied={"": 43_200, "size:M": 43_200},
        feedback={"": 3, "rating:5": 2, "rating:2": 1}),
    day("2026-03-29", deposits=20, deposits_started=20, deposits_refused={"": 2, "size:L": 2},
        dwell=2, dwell_seconds=7_200,
        faults_resolved=1, faults_resolved_seconds=5_400,
        door_seconds_installed=82_800, door_seconds_available=82_800),
    day("2026-04-01", pickups=5),
]  # fmt: skip


def test_shares_are_of_what_was_started_and_installed() -> None:
    total = statistics.report(BUSY, "total").total

    assert total.deposits == 60
    assert total.deposit_success == pytest.approx(60 / 70)
    assert total.availability == pytest.approx((64_800 + 82_800) / (86_400 + 82_800))
    assert total.satisfaction == pytest.approx(4.0)
    assert (total.dwell_s, total.repair_s, total.response_s) == (3_600, 5_400, None)


@pytest.mark.parametrize(
    ("by", "periods"),
    [
        ("day", ["2026-03-28", "2026-03-29", "2026-04-01"]),
        ("week", ["2026-W13", "2026-W14"]),
        ("month", ["2026-03", "2026-04"]),
        ("total", ["total"]),
    ],
)
def test_days_are_grouped_by_the_calendar(by: statistics.By, periods: list[str]) -> None:
    found = statistics.report(BUSY, by)

    assert [row.period for row in found.rows] == periods
    assert sum(row.deposits for row in found.rows) == found.total.deposits == 60


def test_nothing_is_neither_perfect_nor_a_failure() -> None:
    total = statistics.report([], "day").total

    assert (total.deposits, total.availability, total.deposit_success) == (0, None, None)
    assert statistics.words("availability", None) == "-"


def test_a_refusal_for_want_of_a_size_names_the_size() -> None:
    found = statistics.report(BUSY, "total")

    assert found.total.deposits_refused == 2
    assert found.parts["deposits_refused"] == {"size:L": 2}


def test_the_csv_is_raw_and_whole() -> None:
    first, *rest = csv.DictReader(statistics.as_csv(statistics.report(BUSY, "day")).splitlines())

    assert first["period"] == "2026-03-28"
    assert float(first["availability"]) == 0.75
    assert first["repair_s"] == ""
    assert len(rest) == 2


def svgs(text: str) -> Iterator[ElementTree.Element]:
    for part in text.split("<figure>")[1:]:
        yield ElementTree.fromstring(part.split("</figure>")[0])


def test_the_page_stands_alone() -> None:
    """It is mailed and printed: no script, nothing fetched from elsewhere, every plot a sound SVG."""
    text = page(statistics.report(BUSY, "day"), "HK-<1>", statistics.report(BUSY[:1], "total"))

    assert "HK-&lt;1&gt;" in text
    assert "<script" not in text
    assert 'src="http' not in text
    assert "Compared with the period before" in text
    assert len(list(svgs(text))) == 4


def test_a_locker_without_a_ledger_says_so_in_one_line(tmp_path: Path) -> None:
    config = tmp_path / "locker.toml"
    config.write_text(GOOD.replace("/var/lib/locker", str(tmp_path / "state")))

    ran = Technician(config).types("stats", "--by", "month")

    assert ran.code != 0
    assert len(ran.err.strip().splitlines()) == 1


def test_a_date_that_is_none_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "locker.toml"
    config.write_text(GOOD)

    ran = Technician(config).types("stats", "--first", "yesterday")

    assert ran.code == 2
    assert "2026-11-01" in ran.err
