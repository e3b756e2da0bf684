"""Daily figures: counted once, by local day, and still there when the rows are gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from edge_agent.clock import VirtualClock
from edge_agent.domain import events as e
from edge_agent.store import counters, upkeep
from edge_agent.store.counters import Day
from edge_agent.store.opening import Opened
from edge_agent.store.places import Settings
from tests.store.locker import a_day, deposit, do_all, doors, opened, pickup, says, settings, wait

DAY_S = 86_400


def at_noon() -> VirtualClock:
    """12:00 in Hong Kong."""
    return VirtualClock(datetime(2026, 3, 1, 4, 0, tzinfo=UTC))


def figures(found: Opened, at: Settings) -> list[Day]:
    wait(upkeep.roll_up(found.ledger, at))
    days: list[Day] = found.ledger.engine.read(counters.days)
    return days


def test_deposits_and_pickups_are_counted_by_carrier_size_method_and_hour(tmp_path: Path) -> None:
    at = settings(tmp_path)
    found = opened(at, at_noon())
    steps = [doors(4), *deposit(1, "1"), *deposit(2, "2"), *pickup(1, "1")]
    wait(do_all(found.ledger, iter(steps)))

    (day,) = figures(found, at)

    assert day.day == "2026-03-01"
    assert day.figures["deposits"] == {"": 2, "carrier:sf": 2, "size:S": 2, "hour:12": 2}
    assert day.figures["deposits_started"][""] == 2
    assert day.figures["pickups"] == {"": 1, "method:code": 1, "hour:12": 1}
    assert day.figures["openings"][""] == 3


def test_a_local_midnight_parts_the_days(tmp_path: Path) -> None:
    at, time = settings(tmp_path), at_noon()
    found = opened(at, time)
    wait(found.ledger.transact(doors(2)))
    time.advance(11.5 * 3600)
    wait(do_all(found.ledger, deposit(1, "1")))
    time.advance(3600)
    wait(do_all(found.ledger, pickup(1, "1")))

    first, second = figures(found, at)

    assert (first.day, second.day) == ("2026-03-01", "2026-03-02")
    assert (first.figures["deposits"]["hour:23"], second.figures["pickups"]["hour:00"]) == (1, 1)
    assert first.figures["door_seconds_installed"][""] == 2 * 12 * 3600
    assert first.figures["door_seconds_occupied"][""] == 1800
    assert second.figures["door_seconds_occupied"][""] == 1800


def test_doors_that_nobody_can_use_cost_availability(tmp_path: Path) -> None:
    """One of four doors out of service for six hours, then all of a silent board for two, overlapping reasons once."""
    at, time = settings(tmp_path), at_noon()
    found = opened(at, time)
    wait(found.ledger.transact(doors(4)))
    wait(found.ledger.transact(says(e.CompartmentOutOfService("1", "technician", "broken", 0))))
    time.advance(6 * 3600)
    wait(found.ledger.transact(says(e.BoardSilent("A", ("1", "2", "3", "4"), 0))))
    time.advance(2 * 3600)
    wait(found.ledger.transact(says(e.BoardBack("A", ("1", "2", "3", "4"), 0))))
    wait(found.ledger.transact(says(e.CompartmentInService("1", "technician", 0))))
    time.advance(3600)
    wait(found.ledger.transact(says(e.ServiceEntered("technician"))))

    (day,) = figures(found, at)

    assert day.figures["door_seconds_installed"][""] == 4 * 9 * 3600
    assert day.figures["door_seconds_available"][""] == (3 * 6 + 0 * 2 + 4 * 1) * 3600


def test_time_without_the_agent_is_installed_but_not_available(tmp_path: Path) -> None:
    at, time = settings(tmp_path), at_noon()
    found = opened(at, time)
    wait(found.ledger.transact(doors(2)))
    time.reboot("boot-0002", off_s=3600)
    wait(found.ledger.transact(says(e.AgentStarted("1.0"))))

    (day,) = figures(found, at)

    assert day.figures["door_seconds_installed"][""] == 2 * 3600
    assert day.figures["door_seconds_available"][""] == 0


def test_response_times_run_from_the_report(tmp_path: Path) -> None:
    at, time = settings(tmp_path), at_noon()
    found = opened(at, time)
    fault = "DOOR-201@door 7"
    wait(found.ledger.transact(says(e.FaultOpened(fault, "DOOR-201", "door 7", "major"))))
    wait(upkeep.roll_up(found.ledger, at))
    time.advance(600)
    wait(found.ledger.transact(says(e.FaultAcknowledged(fault, "technician"))))
    time.advance(3000)
    wait(found.ledger.transact(says(e.FaultResolved(fault, "technician"))))

    (day,) = figures(found, at)

    assert (day.figures["faults_acknowledged"][""], day.figures["faults_acknowledged_seconds"][""]) == (
        1,
        600,
    )
    assert (day.figures["faults_resolved"][""], day.figures["faults_resolved_seconds"][""]) == (1, 3600)


def test_no_row_counts_twice_whatever_is_cut_and_the_figures_outlive_the_rows(tmp_path: Path) -> None:
    at, time = settings(tmp_path), at_noon()
    found = opened(at, time)
    wait(do_all(found.ledger, a_day(6)))
    before = figures(found, at)
    found.ledger.engine.connection.close(True)

    again = opened(at, time)
    assert figures(again, at) == before
    wait(again.ledger.events_after(0))
    wait(again.ledger.acknowledge(again.ledger.epoch, again.ledger.last_sequence + 1))
    time.advance(181 * DAY_S)
    assert wait(upkeep.purge(again.ledger, at)) > 0

    assert figures(again, at)[0] == before[0]
    wait(again.ledger.close())


def test_what_happened_since_the_last_count_is_told_without_writing(tmp_path: Path) -> None:
    at = settings(tmp_path)
    found = opened(at, at_noon())
    wait(do_all(found.ledger, iter([doors(4), *deposit(1, "1")])))
    counted = figures(found, at)
    wait(do_all(found.ledger, iter([*deposit(2, "2"), *pickup(1, "1")])))

    (day,) = counters.up_to_now(found.ledger.engine.connection, at.timezone)

    assert day.figures["deposits"] == {"": 2, "carrier:sf": 2, "size:S": 2, "hour:12": 2}
    assert counted[0].figures["deposits"][""] == 1
    assert [one.figures for one in figures(found, at)] == [day.figures]


def test_use_is_told_by_size_and_hour_and_dwell_by_stay(tmp_path: Path) -> None:
    """Two hours in one of four small doors."""
    at, time = settings(tmp_path), at_noon()
    found = opened(at, time)
    wait(do_all(found.ledger, iter([doors(4), *deposit(1, "1")])))
    time.advance(2 * 3600)
    wait(do_all(found.ledger, pickup(1, "1")))

    (day,) = figures(found, at)

    assert day.figures["door_seconds_occupied"] == {
        "": 7200,
        "size:S": 7200,
        "hour:12": 3600,
        "hour:13": 3600,
    }
    assert day.figures["door_seconds_installed"]["size:S"] == 4 * 7200
    assert (day.figures["dwell"][""], day.figures["dwell_seconds"][""]) == (1, 7200)


def test_the_night_without_its_hour_makes_a_day_of_twenty_three(tmp_path: Path) -> None:
    """29 March 2026 in Berlin: the clock goes from 2 to 3; a deposit at half past three stays on its day."""
    at = replace(settings(tmp_path), timezone="Europe/Berlin")
    time = VirtualClock(datetime(2026, 3, 28, 23, 0, tzinfo=UTC))
    found = opened(at, time)
    wait(found.ledger.transact(doors(2)))
    time.advance(2.5 * 3600)
    wait(do_all(found.ledger, deposit(1, "1")))
    time.advance(20.5 * 3600)
    wait(do_all(found.ledger, pickup(1, "1")))

    first, second = figures(found, at)

    assert first.figures["deposits"]["hour:03"] == 1
    assert first.figures["door_seconds_installed"][""] == 2 * 23 * 3600
    assert (second.day, second.figures["pickups"]["hour:00"]) == ("2026-03-30", 1)
