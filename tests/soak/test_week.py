"""A seeded week of the whole agent in virtual time: sixty doors, three couriers, their recipients. No faults yet."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from sim.main import run
from sim.soak.oracle import broken
from sim.soak.week import PARCELS_A_DAY, Days, live

SEED = 2026
PARCELS = 30  # a day: two weeks of it are within half a minute
DAYS = 7


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Days, Days]:
    """The same week twice."""
    folder = tmp_path_factory.mktemp("week") / "site"
    return live(folder, SEED, DAYS, PARCELS), live(folder, SEED, DAYS, PARCELS)


@pytest.mark.timeout(400)
def test_an_ordinary_week_breaks_no_invariant(weeks: tuple[Days, Days]) -> None:
    """Everything that was said, stored, opened and collected fits together."""
    assert broken(weeks[0].evidence) == []


def test_it_was_a_week_of_work(weeks: tuple[Days, Days]) -> None:
    """Most parcels are collected; a few are refused, forgotten and taken back; nobody is told what is not so."""
    counted = weeks[0].counted

    assert counted["parcel.deposited"] > 0.8 * PARCELS * DAYS
    assert counted["takes"] == counted["puts"] - len(weeks[0].evidence.inside)
    assert counted["parcel.recalled"] >= 1
    assert counted["told-stored"] == counted["parcel.deposited"]


def test_the_same_seed_gives_the_same_week_to_the_byte(weeks: tuple[Days, Days]) -> None:
    """Frames, coils, journal rows and what people did."""
    assert weeks[0].trace == weeks[1].trace


def test_another_seed_is_another_day(tmp_path: Path) -> None:
    """Or the comparison would prove nothing."""
    one, other = (live(tmp_path / "site", seed, 1, 6).trace for seed in (1, 2))

    assert one != other


def test_the_verb_says_what_happened() -> None:
    """`locker-sim soak` for a person or a CI job."""
    done = CliRunner().invoke(run, ["soak", "--seed", "3", "--days", "1", "--parcels", "6"])

    assert done.exit_code == 0, done.output
    assert "deposited" in done.output
    assert "13 invariants, 0 breaches" in done.output


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(1, 9))
def test_busy_weeks(tmp_path: Path, seed: int) -> None:
    """Fifty-four parcels a day, as large sites have them."""
    assert broken(live(tmp_path / "site", seed, DAYS, PARCELS_A_DAY).evidence) == []
