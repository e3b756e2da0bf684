"""Seeded days of the whole locker in virtual time: sixty doors, three couriers, their recipients, and any weather.

A failing seed prints the one command that lives it again; `--shrink` on it finds a short run that still breaks.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from sim.main import run
from sim.soak.command import Asked
from sim.soak.oracle import INVARIANTS, broken
from sim.soak.shrink import shrunk
from sim.soak.town import PARCELS_A_DAY
from sim.soak.weather import NONE, STORM, WEATHERS, Trouble, Weather
from sim.soak.week import Days, Plan, live

pytestmark = pytest.mark.timeout(400)  # a day is seconds; on a machine that does much else, a minute

SEED = 2026
FIXED = (1, 2, 3)
FRESH_DAYS = 1
CI_SEED = 4
WEEKS = int(os.environ.get("SOAK_SEEDS", "1000"))  # of `make soak`; a tenth at a time fits a coffee
STORM_DAYS = 7


def judged(folder: Path, plan: Plan, faults: str = "storm") -> list[str]:
    """Breaches of one run, with how to live it again."""
    breaches = broken(live(folder / "site", plan).evidence)
    return [f"{Asked(faults).line(plan)}: {breach}" for breach in breaches]


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> tuple[Days, Days]:
    """The same stormy day twice."""
    folder, plan = tmp_path_factory.mktemp("days") / "site", Plan(SEED, 1, 30, STORM)
    return live(folder, plan), live(folder, plan)


def test_an_ordinary_day_breaks_no_invariant(tmp_path: Path) -> None:
    """Everything that was said, stored, opened and collected fits together, and people got what they came for."""
    lived = live(tmp_path / "site", Plan(SEED, 1, 30, NONE))
    counted = lived.counted

    assert broken(lived.evidence) == []
    assert counted["parcel.deposited"] > 20
    assert counted["takes"] == counted["puts"] - len(lived.evidence.inside)
    assert counted["told-stored"] == counted["parcel.deposited"]


def test_the_same_seed_gives_the_same_storm_to_the_byte(days: tuple[Days, Days]) -> None:
    """Frames, coils, journal rows, what people did and what the weather was."""
    assert days[0].trace == days[1].trace


def test_a_storm_is_one(days: tuple[Days, Days]) -> None:
    """Troubles of several layers came while people worked; the agent died and came back."""
    counted = days[0].counted

    assert sum(1 for name in counted if name.startswith("weather ")) >= 4
    assert counted["agent-up"] >= 2
    assert counted["parcel.deposited"] >= 5


def test_another_seed_is_another_day(tmp_path: Path) -> None:
    """Or the comparison would prove nothing."""
    one, other = (live(tmp_path / "site", Plan(seed, 1, 6)).trace for seed in (1, 2))

    assert one != other


@pytest.mark.parametrize("seed", FIXED)
def test_a_storm_breaks_no_invariant(tmp_path: Path, seed: int) -> None:
    """INV-01 to INV-22 over a day of bad wires and doors, power cuts, a failing disk, wrong clocks and odd people."""
    assert judged(tmp_path, Plan(seed, 1, PARCELS_A_DAY, STORM)) == []


def test_a_fresh_storm_breaks_no_invariant(tmp_path: Path) -> None:
    """Another seed each time on a desk; it stands in the failure. CI judges a change, so its seed stays."""
    seed = CI_SEED if os.environ.get("CI") == "true" else int.from_bytes(os.urandom(4), "big")

    assert judged(tmp_path, Plan(seed, FRESH_DAYS, PARCELS_A_DAY, STORM)) == []


def test_a_trouble_that_is_left_out_changes_no_other() -> None:
    """Each draws from its own stream: shrinking takes one away and keeps the rest as it was."""
    weather = STORM.without(["jam"]).limited("late", [2])

    assert "jam" not in {one.name for one in weather.troubles}
    assert [weather.happens("late", number) for number in (1, 2, 3)] == [False, True, False]
    assert weather.happens("silent", 1)


def test_shrinking_finds_the_one_trouble_that_matters() -> None:
    """Of a whole storm one coming of one trouble is left, on the shortest number of days, and few parcels."""

    def breaks(plan: Plan) -> list[str]:
        names = {one.name for one in plan.weather.troubles}
        hit = "jam" in names and plan.days >= 3 and plan.weather.happens("jam", 4)
        return ["INV-10"] if hit else []

    last = list(shrunk(Plan(1, 7, PARCELS_A_DAY, STORM), breaks))[-1]

    assert (last.days, last.parcels) == (3, 3)
    assert [one.name for one in last.weather.troubles] == ["jam"]
    assert last.weather.only["jam"] == frozenset({4})


def test_the_command_that_repeats_a_run_gives_the_same_plan() -> None:
    """What a failure prints is what a person types."""
    asked = Asked("calm", ("jam", "rain"), ("late=1,3",))
    plan = asked.plan(7, 2, 12)

    line = asked.line(plan)

    assert line == (
        "locker-sim soak --seed 7 --days 2 --parcels 12 --faults calm --without jam --without rain --only late=1,3"
    )


def test_the_verb_says_what_happened() -> None:
    """`locker-sim soak` for a person or a CI job."""
    done = CliRunner().invoke(run, ["soak", "--seed", "3", "--days", "1", "--parcels", "6"])

    assert done.exit_code == 0, done.output
    assert "deposited" in done.output
    assert f"{len(INVARIANTS)} invariants, 0 breaches" in done.output


def test_every_trouble_has_its_fault_or_its_deed() -> None:
    """A name that nothing plays would be a silent gap."""
    from sim.fault_table import TABLE
    from sim.soak.sky import DEEDS

    names = {one.name for weather in WEATHERS.values() for one in weather.troubles}

    assert {name for name in names if name not in TABLE and name not in DEEDS} == set()
    assert Weather((Trouble("jam", "door", 1.0),)).milder(0.5).troubles[0].per_day == 0.5


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("hundred", range(0, WEEKS, 100))
def test_stormy_weeks(tmp_path: Path, hundred: int) -> None:
    """A thousand seeds of seven days each; `SOAK_SEEDS` asks for more."""
    seeds = range(10_000 + hundred, 10_000 + min(hundred + 100, WEEKS))

    breaches = [
        one for seed in seeds for one in judged(tmp_path, Plan(seed, STORM_DAYS, PARCELS_A_DAY, STORM))
    ]

    assert breaches == []
