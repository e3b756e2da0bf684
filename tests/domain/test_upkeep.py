"""Tickets with their clocks, the device archive, the maintenance plan, inspections, drills and service mode."""

from __future__ import annotations

import pytest

from edge_agent.clock import VirtualClock
from edge_agent.domain import (
    archive,
    drill,
    fault_desk,
    hardware,
    inspection,
    maintenance,
    service_mode,
    staff,
)
from edge_agent.domain import events as e
from edge_agent.domain.archive import Described
from edge_agent.domain.fault import HOUR_S, Clock, Promise
from edge_agent.domain.fault_desk import Found
from edge_agent.domain.instant import ClockQuality
from edge_agent.domain.refusals import Refusal
from edge_agent.domain.staff_member import Staff
from tests.domain.locker import Locker

PROMISES = {"major": Promise(), "minor": Promise().times(6)}
DISK, CLOCK = Found("STORE-422", "disk", "major", "90 MiB free"), Found("HOST-704", "clock", "minor", "floor")
LOOKED_FOR = ("STORE-422", "HOST-704")


def look(locker: Locker, *found: Found) -> None:
    locker.do(lambda state, at: fault_desk.keep(state, found, LOOKED_FOR, at))


def escalations(locker: Locker) -> list[tuple[str, Clock]]:
    locker.do(lambda state, at: fault_desk.escalate(state, PROMISES, at))
    return [(event.fault, event.clock) for event in locker.events(e.FaultEscalated)]


def test_a_ticket_is_opened_once_and_closed_when_nothing_is_found_any_more() -> None:
    locker = Locker()

    look(locker, DISK)
    look(locker, DISK, CLOCK)
    look(locker, CLOCK)

    assert [one.fault for one in locker.events(e.FaultOpened)] == ["STORE-422@disk", "HOST-704@clock"]
    assert [one.fault for one in locker.events(e.FaultResolved)] == ["STORE-422@disk"]
    assert set(locker.state.fault) == {"HOST-704@clock"}


def test_a_look_leaves_tickets_alone_that_it_does_not_look_for() -> None:
    """A silent board's ticket is the cabinet's."""
    locker = Locker()
    locker.do(lambda state, at: hardware.board_silent(state, "A", ("1", "2"), "silent", at))

    look(locker)

    assert list(locker.state.fault) == ["BUS-110@A"]


def test_clocks_that_run_out_are_told_once_each_in_their_order() -> None:
    """15 minutes, 4 hours, 24 hours; a minor one may take six times as long."""
    locker = Locker()
    look(locker, DISK, CLOCK)

    locker.pass_s(14 * 60)
    assert escalations(locker) == []
    locker.pass_s(60)
    assert escalations(locker) == [("STORE-422@disk", Clock.ACKNOWLEDGE)]
    assert len(escalations(locker)) == 1, "told once"
    locker.pass_s(4 * HOUR_S)
    late = escalations(locker)
    assert late[1:] == [("STORE-422@disk", Clock.ON_SITE), ("HOST-704@clock", Clock.ACKNOWLEDGE)]
    locker.pass_s(20 * HOUR_S)
    assert escalations(locker)[3:] == [("STORE-422@disk", Clock.RESTORE), ("HOST-704@clock", Clock.ON_SITE)]


def test_a_named_person_stops_the_first_clock_and_a_badge_the_second() -> None:
    """The technician acknowledges from home, drives there, and shows card and PIN at the screen."""
    locker = Locker()
    look(locker, DISK)
    locker.do(lambda state, at: hardware.acknowledge_fault(state, "STORE-422@disk", "technician:t1", at))
    locker.pass_s(HOUR_S)

    locker.do(lambda state, at: staff.enter(state, Staff("t1", "card", "pin"), "pin", "visit", at))
    locker.pass_s(5 * HOUR_S)

    assert [one.fault for one in locker.events(e.FaultAttended)] == ["STORE-422@disk"]
    assert locker.state.fault["STORE-422@disk"].running == (Clock.RESTORE,)
    assert escalations(locker) == []


def test_a_ticket_ages_through_a_power_cut_where_both_clocks_can_be_believed() -> None:
    locker = Locker(clock=VirtualClock(boot_id="before"))
    look(locker, DISK)

    locker.power_cut(off_s=3 * HOUR_S)

    assert escalations(locker) == [("STORE-422@disk", Clock.ACKNOWLEDGE)]


def test_without_a_clock_a_ticket_never_looks_older_than_it_is() -> None:
    """Nobody knows how long the power was off: only the time since then counts."""
    clock = VirtualClock(boot_id="before")
    clock.quality = ClockQuality.FLOOR
    locker = Locker(clock=clock)
    look(locker, DISK)

    locker.power_cut(off_s=300 * HOUR_S)
    assert escalations(locker) == []
    locker.pass_s(16 * 60)

    assert escalations(locker) == [("STORE-422@disk", Clock.ACKNOWLEDGE)]


def test_a_place_keeps_everything_that_ever_stood_there() -> None:
    locker = Locker()
    fit = archive.fit

    locker.do(lambda state, at: fit(state, "lock 3", Described("EL-9", "L-1"), "technician:t1", "new"))
    replaced = locker.do(
        lambda state, at: fit(state, "lock 3", Described("EL-9", "L-2"), "technician:t2", "burnt")
    )
    locker.book.crash()

    assert replaced == "L-1"
    device = locker.state.device["lock 3"]
    assert [(one.serial, one.actor) for one in device.fitted] == [
        ("L-1", "technician:t1"),
        ("L-2", "technician:t2"),
    ]
    with pytest.raises(Refusal, match="a place begins with"):
        fit(locker.state, "door 3", Described(), "technician:t1", "")


def test_what_a_board_tells_is_noted_when_it_is_news() -> None:
    """At the first start, and after its firmware was changed."""
    locker = Locker()
    for firmware in ("1.0", "1.0", "1.1"):
        locker.do(lambda state, at, v=firmware: archive.seen(state, "board A", Described("lock-8a", "", v)))

    assert [one.firmware for one in locker.state.device["board A"].fitted] == ["1.0", "1.1"]


def due(locker: Locker, cycles: dict[str, int]) -> dict[tuple[str, str], str]:
    now = locker.clock.now()
    born_ms = int(VirtualClock().wall.timestamp() * 1000)
    return {
        (one.item, one.place): one.standing for one in maintenance.due(locker.state, cycles, born_ms, now)
    }


def test_the_plan_counts_by_calendar_and_by_openings_whichever_is_first() -> None:
    locker = Locker()
    cycles = {door.number: 0 for door in locker.doors}
    assert set(due(locker, cycles).values()) == {"fine"}

    locker.clock.advance(28 * 86_400)
    assert due(locker, cycles)["scanner-window", ""] == "soon"
    locker.clock.advance(3 * 86_400)
    assert due(locker, cycles)["scanner-window", ""] == "due"
    assert due(locker, {**cycles, "2": 20_000})["lock", "2"] == "due"
    assert ("lock", "1") not in due(locker, cycles), "a lock that is fine is not listed"
    assert due(locker, {**cycles, "2": 60_000})["latches", ""] == "due"


def test_an_item_that_was_done_begins_anew_also_after_a_restart() -> None:
    locker = Locker()
    locker.clock.advance(40 * 86_400)
    cycles = {"2": 25_000}
    for item, place in (("scanner-window", ""), ("lock", "2")):
        locker.do(lambda s, at, i=item, p=place: maintenance.do(s, i, p, "clean", cycles, "technician:t1"))
    locker.book.crash()

    standing = due(locker, cycles)

    assert standing["scanner-window", ""] == "fine"
    assert ("lock", "2") not in standing
    assert locker.state.maintenance["lock@2"].last.cycles == 25_000


@pytest.mark.parametrize(("item", "place"), [("polish", ""), ("lock", ""), ("lock", "99")])
def test_what_the_plan_or_the_cabinet_does_not_have_is_refused(item: str, place: str) -> None:
    locker = Locker()

    with pytest.raises(Refusal):
        maintenance.do(locker.state, item, place, "", {}, "technician:t1")


def test_an_inspection_is_kept_question_by_question() -> None:
    """What nobody answered counts as skipped, never as good."""
    locker = Locker()
    answers = {"passage": ("good", ""), "light": ("bad", "lamp dark")}

    locker.do(lambda state, at: inspection.record("i-1", "site", answers, "technician:t1"))
    locker.book.crash()

    record = locker.state.inspection["i-1"]
    verdicts = {item.item: (item.verdict, item.note) for item in record.items}
    assert verdicts == {
        "passage": ("good", ""),
        "light": ("bad", "lamp dark"),
        "fire": ("skipped", ""),
        "tamper": ("skipped", ""),
    }
    for strange in ({"roof": ("good", "")}, {"light": ("perhaps", "")}):
        with pytest.raises(Refusal):
            inspection.record("i-2", "site", strange, "technician:t1")


def test_a_drill_that_nobody_ends_is_ended() -> None:
    """Four hours of running time, over a restart too."""
    locker = Locker()
    locker.do(lambda state, at: drill.start(state, "technician:t1", "fire", at))
    with pytest.raises(Refusal, match="going on already"):
        drill.start(locker.state, "technician:t2", "again", locker.clock.now())

    locker.pass_s(3 * HOUR_S)
    locker.power_cut()
    locker.do(drill.end_forgotten)
    assert locker.state.drill
    locker.pass_s(2 * HOUR_S)
    locker.do(drill.end_forgotten)

    assert not locker.state.drill
    assert [one.actor for one in locker.events(e.DrillEnded)] == ["agent"]


def test_service_mode_stops_deposits_and_gives_back_only_what_it_took() -> None:
    locker = Locker()
    locker.do(lambda s, at: service_mode.switch(s, True, "technician:t1", "new latch", at))
    assert not locker.state.switched.deposits
    locker.do(lambda s, at: service_mode.switch(s, False, "technician:t1", "", at))
    assert locker.state.switched.deposits

    with pytest.raises(Refusal, match="off already"):
        service_mode.switch(locker.state, False, "technician:t1", "", locker.clock.now())
    assert [type(one) for one in locker.events(e.ServiceEntered, e.ServiceLeft)] == [
        e.ServiceEntered,
        e.ServiceLeft,
    ]
