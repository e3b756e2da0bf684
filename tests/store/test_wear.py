"""Wear of locks, and drills that leave no trace in the daily figures: both counted from the journal."""

from __future__ import annotations

from pathlib import Path

from edge_agent.domain import events as e
from edge_agent.domain.words import Cause
from edge_agent.health.forecast import RATED_CYCLES, forecast
from edge_agent.store import counters, upkeep, wear
from edge_agent.store.opening import Opened
from edge_agent.store.places import Settings
from edge_agent.store.wear import Wear
from tests.store.locker import clock, deposit, do_all, doors, opened, pickup, says, settings, wait

DAY_MS = 86_400_000


def openings(found: Opened, door: str, *took_s: float | None, cause: Cause = Cause.TECHNICIAN) -> None:
    """One opening each: seen open after so many seconds; None: not at all."""
    time = found.ledger._clock  # the virtual one that it was opened with
    for took in took_s:
        intent = f"i-{found.ledger.last_sequence}"
        asked = e.DoorOpenRequested(
            intent, door, cause, "technician:t1", 1, found.ledger.last_sequence * 9000, 300
        )
        wait(found.ledger.transact(says(asked)))
        time.advance(took or 10.0)  # type: ignore[attr-defined]
        outcome = e.DoorNotOpened(intent, door) if took is None else e.DoorOpened(intent, door)
        closed = () if took is None else (e.DoorClosed(door, intent, 1000),)
        wait(found.ledger.transact(says(outcome, *closed)))


def worn(found: Opened, at: Settings) -> dict[str, Wear]:
    wait(upkeep.roll_up(found.ledger, at))
    counted: dict[str, Wear] = found.ledger.engine.read(wear.read)
    return counted


def test_openings_failures_and_times_are_counted_once_for_each_lock(tmp_path: Path) -> None:
    at = settings(tmp_path)
    found = opened(at, clock())
    wait(found.ledger.transact(doors(2)))

    openings(found, "1", 0.4, 0.5, 2.0)
    first = worn(found, at)
    openings(found, "1", None)
    second = worn(found, at)

    assert (first["1"].openings, first["1"].slow, first["1"].times_ms) == (3, 1, (400, 500, 2000))
    assert (second["1"].openings, second["1"].failed, second["1"].median_ms) == (3, 1, 500)
    assert "2" not in second


def test_an_opening_that_spans_two_steps_is_timed_all_the_same(tmp_path: Path) -> None:
    at = settings(tmp_path)
    time = clock()
    found = opened(at, time)
    wait(found.ledger.transact(doors(1)))
    asked = e.DoorOpenRequested("i-1", "1", Cause.TECHNICIAN, "technician:t1", 1, 9000, 300)
    wait(found.ledger.transact(says(asked)))
    worn(found, at)
    time.advance(0.7)

    wait(found.ledger.transact(says(e.DoorOpened("i-1", "1"))))

    assert worn(found, at)["1"].times_ms == (700,)


def test_a_new_lock_begins_at_nothing(tmp_path: Path) -> None:
    at = settings(tmp_path)
    found = opened(at, clock())
    wait(found.ledger.transact(doors(1)))
    openings(found, "1", 0.4, None)

    wait(found.ledger.transact(says(e.DeviceInstalled("lock 1", "technician:t1", serial="L-2"))))
    openings(found, "1", 0.5)

    assert (worn(found, at)["1"].openings, worn(found, at)["1"].failed) == (1, 0)


def test_the_forecast_names_worn_and_failing_locks_first() -> None:
    """By rated cycles, by failures where there were enough openings to tell, and by slowness."""
    now = clock().now()
    month_ago = int(now.wall.timestamp() * 1000) - 30 * DAY_MS
    counted = {
        "1": Wear(month_ago, 3_000, 0, 0, (400,) * 40),
        "2": Wear(month_ago, RATED_CYCLES - 1_000, 0, 0, (400,) * 40),
        "3": Wear(month_ago, 90, 10, 0, (400,) * 40),
        "4": Wear(month_ago, 90, 0, 20, (1_800,) * 40),
        "5": Wear(month_ago, 3, 1, 0, (400,) * 3),
        "9": Wear(month_ago, 5, 5, 0, ()),
    }

    rows = forecast(counted, {"1", "2", "3", "4", "5"}, now)

    assert [(row.door, row.verdict) for row in rows] == [
        ("2", "replace"),
        ("3", "replace"),
        ("4", "watch"),
        ("1", "fine"),
        ("5", "fine"),
    ]
    assert rows[0].days_left == 0
    assert rows[3].days_left == 970


def test_a_drills_openings_and_faults_stay_out_of_the_figures_and_parcels_stay_in(tmp_path: Path) -> None:
    """Doors are opened and one is taken out of service for practice, while a recipient collects for real."""
    at = settings(tmp_path)
    time = clock()
    found = opened(at, time)
    fault = e.FaultOpened("DOOR-201@2", "DOOR-201", "2", "major")
    wait(do_all(found.ledger, iter([doors(4), *deposit(1, "1")])))
    wait(found.ledger.transact(says(e.DrillStarted("technician:t1", "evacuation", 0))))
    openings(found, "3", 0.4, None)
    wait(found.ledger.transact(says(fault, e.CompartmentOutOfService("2", "technician:t1", "practice", 0))))
    time.advance(3600)
    wait(do_all(found.ledger, pickup(1, "1")))
    back = e.CompartmentInService("2", "technician:t1", 0, "practice over")
    wait(found.ledger.transact(says(back, e.DrillEnded("technician:t1"), e.FaultResolved("DOOR-201@2", "x"))))

    wait(upkeep.roll_up(found.ledger, at))
    (day,) = found.ledger.engine.read(counters.days)

    assert day.figures["openings"][""] == 2, "the deposit's and the pickup's"
    assert "openings_failed" not in day.figures
    assert "faults" not in day.figures
    assert "faults_resolved" not in day.figures
    assert day.figures["pickups"][""] == 1
    assert day.figures["door_seconds_available"][""] == day.figures["door_seconds_installed"][""]
