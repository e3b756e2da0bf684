"""Peak season in short: real processes, a broker that dies meanwhile, and journal, record, coils and hands agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.load.command import SLOWER_MAX
from sim.load.people import Told
from sim.load.run import Outcome, Wish, ratio, run


def test_a_short_peak_loses_nothing_though_the_broker_dies(tmp_path: Path) -> None:
    """One visit at an idle locker, one deposit while the broker is away: all of it is in the record, once."""
    outcome = run(Wish(minutes=0.1, every_s=6.0, doors=24, idle=1, flap_s=1.0, folder=tmp_path))

    assert outcome.wrong() == []
    assert outcome.flaps >= 1
    assert len(outcome.idle.latencies_s) == 2
    assert outcome.inside == outcome.believed != set()
    assert outcome.journal > 15


@pytest.mark.soak
@pytest.mark.timeout(6000)
def test_an_hour_of_peak_season_loses_nothing_and_doors_stay_quick(tmp_path: Path) -> None:
    """390 doors, a deposit each 8 s with pickups between them, the broker killed every half minute."""
    outcome = run(Wish(minutes=60.0, folder=tmp_path))

    assert outcome.wrong() == []
    assert ratio(outcome, 0.99) <= SLOWER_MAX


def test_whatever_does_not_agree_is_named(tmp_path: Path) -> None:
    outcome = Outcome(Wish(minutes=1.0, folder=tmp_path))
    outcome.idle = Told(deposit_s=[0.05], pickup_s=[0.05], failed=["pickup: no door"])
    outcome.counted, outcome.energisings = {"stored": 1, "collected": 0}, 3
    outcome.journal, outcome.recorded, outcome.inside = 9, 8, {"4"}

    assert outcome.wrong() == [
        "pickup: no door",
        "doors with a parcel: ['4'], the office believes []",
        "pickups in the record: 0, 1 expected",
        "coils energised: 3, 2 expected",
        "events in the record: 8, 9 expected",
    ]
