"""Many lockers on a real broker: lines cut, the broker killed, and no event lost or doubled in the office's record."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from sim.fleet.figures import percentile
from sim.fleet.journal import Journal
from sim.fleet.run import Outcome, Wish, run
from sim.main import run as locker_sim
from tests.bridge.stage import mosquitto_program


def lived(folder: Path, **wishes: object) -> Outcome:
    mosquitto_program()
    return asyncio.run(run(Wish(folder=folder, **wishes)))  # type: ignore[arg-type]


def test_nothing_is_lost_though_every_line_is_cut_and_the_broker_is_killed(tmp_path: Path) -> None:
    """Sixty lockers, two members of one consumer group: every journal is in the record, from 1 to its end."""
    outcome = lived(tmp_path, lockers=60, minutes=0.05, rate=60.0, seed=7, storms=1, restarts=1)

    figures = outcome.figures
    assert not outcome.lost
    assert figures.acknowledged_count == figures.events > 60
    assert figures.online_most == 60
    assert figures.connects >= 60 * 3
    assert sum(one["events"] for one in outcome.offices) == figures.events
    assert [storm.what for storm in outcome.storms] == ["lines cut", "broker killed"]


@pytest.mark.soak
def test_a_thousand_lockers_through_five_storms(tmp_path: Path) -> None:
    """The same with what a back office of a town sees."""
    outcome = lived(tmp_path, lockers=1000, minutes=3.0, rate=6.0, seed=11, storms=3, restarts=2)

    assert not outcome.lost
    assert outcome.figures.online_most == 1000


def test_the_verb_prints_its_figures_and_says_what_is_missing(tmp_path: Path) -> None:
    """A person reads connections, lags, the broker's load and whether the record is complete."""
    mosquitto_program()

    done = CliRunner().invoke(
        locker_sim, ["fleet", "--lockers", "5", "--minutes", "0.02", "--rate", "60", "--storms", "0"]
    )

    assert done.exit_code == 0, done.output
    printed = [line.split()[0] for line in done.stdout.splitlines()]
    assert printed[:4] == ["lockers", "connections", "events", "event"]
    assert "every journal complete" in done.stdout


def test_a_broker_that_is_not_there_is_one_sentence() -> None:
    done = CliRunner().invoke(
        locker_sim, ["fleet", "--lockers", "1", "--broker", "mqtt://127.0.0.1:1", "--patience", "0.2"]
    )

    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith("Error: ")


def test_a_journal_keeps_what_the_cloud_has_not_taken() -> None:
    """Acknowledged ones go, in order; a word beyond the last event is ignored; a repeated one changes nothing."""
    journal = Journal("F-1", random.Random(1))
    bodies = [journal.happen(100.0 + n) for n in range(4)]

    first = journal.taken(3)
    beyond = journal.taken(9)
    repeated = journal.taken(3)

    assert [one.made_s for one in first] == [100.0, 101.0]
    assert (beyond, repeated) == ([], [])
    assert journal.waiting() == bodies[2:]
    assert journal.hello() == {"epoch": journal.epoch, "first": 3, "last": 4, "next": 3}
    assert journal.oldest_s(110.0) == 8.0


def test_a_seed_makes_the_same_events() -> None:
    def bodies(seed: int) -> list[str]:
        journal = Journal("F-1", random.Random(seed))
        return [json.loads(journal.happen(100.0 + n))["id"] for n in range(20)]

    assert bodies(3) == bodies(3)
    assert bodies(3) != bodies(4)


@pytest.mark.parametrize(("share", "found"), [(0.5, 51), (0.99, 100), (1.0, 100)])
def test_a_percentile_is_one_of_the_values(share: float, found: int) -> None:
    assert percentile(range(1, 101), share) == found


def test_no_values_have_no_percentile() -> None:
    assert percentile([], 0.99) == 0
