"""What the sensors say: opened, not opened, forced, the wrong one, left open."""

from __future__ import annotations

from itertools import pairwise

import pytest

from edge_agent.domain import doors, hardware, service
from edge_agent.domain.duty import DUTY_PERCENT, REST_MS, WINDOW_MS, Duty
from edge_agent.domain.events import (
    CodeRearmed,
    CodeSpent,
    CompartmentSuspect,
    DoorClosed,
    DoorForced,
    DoorLeftOpen,
    DoorOpened,
    FaultOpened,
)
from edge_agent.domain.refusals import COIL_RESTS, DOOR_BUSY, NOT_FOUND, NOT_USABLE, Refusal
from edge_agent.domain.words import Cause, CodeLife, Condition, Contents, DoorPosition, StayStatus
from tests.domain.locker import Locker


def test_the_opening_and_the_spending_of_its_code_are_one_decision():
    locker = Locker()
    opening, code = locker.deposit()
    locker.claim(code.code_hash)
    before = len(locker.book.rows)

    locker.opens(opening.compartment)

    assert [type(event) for event, _ in locker.book.journal(before)] == [DoorOpened, CodeSpent]


def test_a_second_reading_of_an_open_door_adds_nothing():
    """Sensors repeat themselves; the journal does not."""
    locker = Locker()
    opening = locker.reserve()
    locker.opens(opening.compartment)
    before = len(locker.book.rows)

    locker.opens(opening.compartment)

    assert len(locker.book.rows) == before


def test_a_late_not_opened_does_not_overrule_the_sensor():
    """The door opened while the waiting time ran out: the sensor is the truth."""
    locker = Locker()
    opening = locker.reserve()
    locker.opens(opening.compartment)
    before = len(locker.book.rows)

    locker.jams(opening.intent)

    assert len(locker.book.rows) == before


def test_an_unknown_outcome_waits_for_a_reading_and_takes_no_second_frame():
    """No new intent for that door before somebody has read it."""
    locker = Locker()
    opening, code = locker.deposit()
    claim = locker.claim(code.code_hash)
    locker.do(lambda s, at: doors.outcome_unknown(s, claim.intent, at, "no reply"))
    locker.pass_s(60)

    with pytest.raises(Refusal) as refused:
        locker.do(
            lambda s, at: service.open_door(
                s, opening.compartment, Cause.REMOTE, "support", at, locker.chance
            )
        )
    assert refused.value.code == DOOR_BUSY
    assert locker.state.code[opening.stay].life is CodeLife.CLAIMED

    locker.opens(opening.compartment)
    assert locker.state.code[opening.stay].life is CodeLife.SPENT


def test_an_unknown_outcome_that_turns_out_closed_rearms_the_code():
    locker = Locker()
    opening, code = locker.deposit()
    claim = locker.claim(code.code_hash)
    locker.do(lambda s, at: doors.outcome_unknown(s, claim.intent, at))

    locker.jams(claim.intent)

    assert len(locker.events(CodeRearmed)) == 1
    assert locker.state.code[opening.stay].life is CodeLife.LIVE


def test_one_failure_makes_a_lock_suspect_three_make_it_faulty():
    """Suspect is not offered any more; faulty opens a fault for a person."""
    locker = Locker()
    opening, code = locker.deposit()
    conditions = []
    for visit in range(3):
        claim = locker.claim(code.code_hash, f"visit-{visit}")
        locker.jams(claim.intent)
        conditions.append(locker.state.compartment[opening.compartment].condition)
        locker.pass_s(10)

    assert conditions == [Condition.SUSPECT, Condition.SUSPECT, Condition.FAULTY]
    assert len(locker.events(CompartmentSuspect)) == 2
    assert len(locker.events(FaultOpened)) == 1
    assert locker.claim(code.code_hash, "visit-4").intent, "the recipient may still try: pickup goes last"


def test_a_door_that_opens_by_itself_is_forced():
    """A security event: contents unknown, a fault, and the recipient's code still works."""
    locker = Locker()
    opening, code = locker.deposit()

    locker.opens(opening.compartment)

    assert len(locker.events(DoorForced)) == 1
    assert locker.state.compartment[opening.compartment].contents is Contents.UNKNOWN
    assert locker.state.stay[opening.stay].status is StayStatus.UNCERTAIN
    assert locker.state.code[opening.stay].life is CodeLife.LIVE
    assert len(locker.state.fault) == 1
    locker.closes(opening.compartment)
    assert locker.claim(code.code_hash).intent


def test_the_wrong_door_sets_both_aside_and_gives_the_code_back():
    locker = Locker()
    meant, code = locker.deposit()
    other, _ = locker.deposit()
    claim = locker.claim(code.code_hash)

    locker.do(lambda s, at: doors.wrong_door(s, claim.intent, other.compartment, at))

    for number in (meant.compartment, other.compartment):
        compartment = locker.state.compartment[number]
        assert (compartment.contents, compartment.condition) == (Contents.UNKNOWN, Condition.SUSPECT)
    assert locker.state.compartment[other.compartment].door is DoorPosition.OPEN
    assert locker.state.code[meant.stay].life is CodeLife.LIVE
    assert locker.state.intent == {}


def test_how_long_a_door_was_open_is_measured_on_the_boot_clock():
    """A wall clock that jumps an hour changes nothing."""
    locker = Locker()
    opening = locker.reserve()
    locker.opens(opening.compartment)
    locker.clock.jump_wall(3600)

    assert locker.closes(opening.compartment, 5) == 5000
    (closed,) = locker.events(DoorClosed)
    assert closed.open_ms == 5000


def test_a_door_left_open_is_journalled_with_its_time():
    locker = Locker()
    opening = locker.reserve()
    locker.opens(opening.compartment)
    locker.pass_s(180)

    locker.do(lambda s, at: doors.left_open(s, opening.compartment, at))

    (alarm,) = locker.events(DoorLeftOpen)
    assert (alarm.open_ms, alarm.intent) == (180_000, opening.intent)


def test_a_concluded_intent_is_not_found_any_more():
    locker = Locker()
    opening = locker.reserve()
    locker.jams(opening.intent)

    with pytest.raises(Refusal) as refused:
        locker.jams(opening.intent)

    assert refused.value.code == NOT_FOUND


def test_a_stuck_coil_is_not_energised_again_before_a_person_has_looked():
    """Nobody opens it, the technician included, until the fault is resolved."""
    locker = Locker()
    locker.do(lambda s, at: hardware.coil_stuck(s, "4", "bit stays set", at))

    def technician_opens():
        return locker.do(lambda s, at: service.open_door(s, "4", Cause.TECHNICIAN, "T1", at, locker.chance))

    with pytest.raises(Refusal) as refused:
        technician_opens()
    assert refused.value.code == NOT_USABLE
    (fault,) = locker.state.fault
    locker.do(lambda s, at: hardware.resolve_fault(s, fault, "T1", at, "relay replaced"))
    assert technician_opens().intent


def test_a_silent_board_takes_its_doors_out_and_opens_one_fault():
    """Told twice, journalled once; back again, the fault is closed and the doors are offered."""
    locker = Locker()
    for _ in range(2):
        locker.do(lambda s, at: hardware.board_silent(s, "B", ("5", "6"), "no reply", at))

    with pytest.raises(Refusal):
        locker.do(lambda s, at: service.open_door(s, "5", Cause.TECHNICIAN, "T1", at, locker.chance))
    assert list(locker.state.fault) == ["BUS-110@B"]
    assert len(locker.events(FaultOpened)) == 1
    locker.do(lambda s, at: hardware.board_back(s, "B", ("5", "6"), at))
    assert locker.state.fault == {}
    assert locker.state.compartment["5"].offered


def test_a_fault_is_taken_on_and_resolved_by_named_people():
    locker = Locker()
    fault = locker.do(lambda s, at: hardware.open_fault(s, "DOOR-201", "7", "minor", at))
    locker.do(lambda s, at: hardware.open_fault(s, "DOOR-201", "7", "minor", at))

    locker.do(lambda s, at: hardware.acknowledge_fault(s, fault, "T1", at))

    assert locker.state.fault[fault].owner == "T1"
    assert len(locker.events(FaultOpened)) == 1
    locker.do(lambda s, at: hardware.resolve_fault(s, fault, "T1", at))
    with pytest.raises(Refusal):
        locker.do(lambda s, at: hardware.resolve_fault(s, fault, "T1", at))


def test_a_coil_rests_between_pulses_and_stays_below_its_duty():
    """Ten per cent of a minute, whatever the pulse length; then it waits for the oldest pulse to leave the window."""
    duty, powered_ms, pulses = Duty("1"), 0, []
    for _ in range(40):
        powered_ms += duty.rest_ms(powered_ms, 900)
        assert duty.rest_ms(powered_ms, 900) == 0
        duty = duty.with_pulse(powered_ms, 900)
        pulses.append(powered_ms)

    gaps = [b - a for a, b in pairwise(pulses)]
    assert min(gaps) == 900 + REST_MS
    for start in pulses:
        used = sum(900 for at in pulses if start <= at < start + WINDOW_MS)
        assert used <= WINDOW_MS * DUTY_PERCENT // 100


def test_duty_survives_a_restart():
    """Power off and on does not cool a coil: rest counts powered time."""
    locker = Locker()
    opening, code = locker.deposit()
    claim = locker.claim(code.code_hash)
    locker.jams(claim.intent)

    locker.power_cut(off_s=600)

    with pytest.raises(Refusal) as refused:
        locker.claim(code.code_hash)
    assert refused.value.code == COIL_RESTS
    locker.pass_s(refused.value.wait_s)
    assert locker.claim(code.code_hash).intent
    assert opening.compartment
