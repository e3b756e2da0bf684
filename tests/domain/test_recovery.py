"""After a start: every durable situation has its rule, and a second recovery changes nothing."""

from __future__ import annotations

import pytest

from edge_agent.domain import deposits, doors, pickups, recovery, service
from edge_agent.domain.decision import Decision
from edge_agent.domain.events import (
    CodeRearmed,
    DepositCancelled,
    DepositInterrupted,
    DoorForced,
    DoorOpened,
    DoorOpenRequested,
    DoorOutcomeUnknown,
    LedgerRestored,
    SessionEnded,
)
from edge_agent.domain.openings import Opening
from edge_agent.domain.recovery import DirectRecord
from edge_agent.domain.tries import NotAccepted
from edge_agent.domain.words import Cause, CodeLife, Contents, DoorPosition, StayStatus
from tests.domain.locker import Locker


def reserved(locker):
    opening = locker.reserve()
    locker.jams(opening.intent)
    return opening


def reserved_after_opening(locker):
    opening = locker.reserve()
    locker.opens(opening.compartment)
    locker.closes(opening.compartment)
    again = locker.do(lambda s, at: deposits.try_again(s, opening.stay, at, locker.chance))
    locker.jams(again.intent)
    return opening


def deposit_being_opened(locker):
    return locker.reserve()


def deposit_open(locker):
    opening = locker.reserve()
    locker.opens(opening.compartment)
    return opening


def deposit_closed(locker):
    opening = deposit_open(locker)
    locker.closes(opening.compartment)
    return opening


def pickup_being_opened(locker):
    opening, code = locker.deposit()
    locker.claim(code.code_hash)
    return opening


def pickup_unknown(locker):
    opening, code = locker.deposit()
    claim = locker.claim(code.code_hash)
    locker.do(lambda s, at: doors.outcome_unknown(s, claim.intent, at))
    return opening


def pickup_open(locker):
    opening = pickup_being_opened(locker)
    locker.opens(opening.compartment)
    return opening


def pickup_closed(locker):
    opening = pickup_open(locker)
    locker.closes(opening.compartment)
    return opening


def verifying(locker):
    opening = deposit_closed(locker)
    locker.leave("courier-visit")
    chance = locker.chance
    locker.do(lambda s, at: service.open_to_verify(s, opening.compartment, "K1", "round", at, chance))
    return opening


# situation, door as found: code's life (None: no code), contents, stay's status (None: gone)
RULES = [
    (reserved, DoorPosition.CLOSED, None, Contents.EMPTY, None),
    (reserved_after_opening, DoorPosition.CLOSED, None, Contents.UNKNOWN, StayStatus.UNCERTAIN),
    (deposit_being_opened, DoorPosition.CLOSED, None, Contents.UNKNOWN, StayStatus.UNCERTAIN),
    (deposit_being_opened, DoorPosition.OPEN, None, Contents.UNKNOWN, StayStatus.UNCERTAIN),
    (deposit_open, DoorPosition.OPEN, None, Contents.UNKNOWN, StayStatus.UNCERTAIN),
    (deposit_open, DoorPosition.CLOSED, None, Contents.UNKNOWN, StayStatus.UNCERTAIN),
    (deposit_closed, DoorPosition.CLOSED, None, Contents.UNKNOWN, StayStatus.UNCERTAIN),
    (pickup_being_opened, DoorPosition.CLOSED, CodeLife.LIVE, Contents.UNKNOWN, StayStatus.UNCERTAIN),
    (pickup_being_opened, DoorPosition.UNKNOWN, CodeLife.LIVE, Contents.UNKNOWN, StayStatus.UNCERTAIN),
    (pickup_being_opened, DoorPosition.OPEN, CodeLife.SPENT, Contents.UNKNOWN, StayStatus.UNCERTAIN),
    (pickup_unknown, DoorPosition.CLOSED, CodeLife.LIVE, Contents.UNKNOWN, StayStatus.UNCERTAIN),
    (pickup_open, DoorPosition.CLOSED, CodeLife.SPENT, Contents.UNKNOWN, StayStatus.UNCERTAIN),
    (pickup_closed, DoorPosition.CLOSED, CodeLife.SPENT, Contents.UNKNOWN, StayStatus.UNCERTAIN),
    (verifying, DoorPosition.CLOSED, None, Contents.UNKNOWN, StayStatus.UNCERTAIN),
]


@pytest.mark.parametrize(("situation", "door", "life", "contents", "status"), RULES)
def test_each_situation_has_its_restart_rule(situation, door, life, contents, status):
    """Cut the power there, start again, and again: legal, the same, and nothing open."""
    locker = Locker()
    opening = situation(locker)
    seen = locker.closed_doors() | {opening.compartment: door}

    locker.power_cut(seen=seen)

    code, stay = locker.state.code.get(opening.stay), locker.state.stay.get(opening.stay)
    assert (code.life if code else None) is life
    assert locker.state.compartment[opening.compartment].contents is contents
    assert (stay.status if stay else None) is status
    assert locker.state.intent == {}
    assert recovery.recover(locker.state, seen, locker.clock.now()).events == ()


def test_a_power_cut_within_recovery_is_recovered():
    """Recovery is one transaction: it happened or it did not, and happens again with the same result."""
    once, twice = Locker(), Locker()
    for locker in (once, twice):
        pickup_being_opened(locker)
    once.power_cut()

    twice.clock.reboot("lost")
    twice.book.crash()
    recovery.recover(twice.state, twice.closed_doors(), twice.clock.now())
    twice.power_cut()

    assert [type(event) for event in once.events()] == [type(event) for event in twice.events()]


def test_each_opening_gets_its_outcome_even_after_a_power_cut():
    """Opened, not opened, or unknown for good: the audit finds no intent without its end."""
    closed, found_open = Locker(), Locker()
    a, b = pickup_being_opened(closed), pickup_being_opened(found_open)
    closed.power_cut()
    found_open.power_cut(seen=found_open.closed_doors() | {b.compartment: DoorPosition.OPEN})

    assert closed.events(DoorOutcomeUnknown)[-1].final
    assert closed.events(CodeRearmed)[-1].stay == a.stay
    assert found_open.events(DoorOpened)[-1].compartment == b.compartment
    assert found_open.events(DoorForced) == []


def test_a_door_that_nobody_commanded_and_stands_open_at_start_was_forced():
    """Without power somebody broke it open: journalled once, not at each start."""
    locker = Locker()
    opening, _ = locker.deposit()
    seen = locker.closed_doors() | {opening.compartment: DoorPosition.OPEN}

    locker.power_cut(seen=seen)
    locker.power_cut(seen=seen)

    (forced,) = locker.events(DoorForced)
    assert forced.found
    assert locker.state.compartment[opening.compartment].contents is Contents.UNKNOWN


def test_a_reserved_compartment_that_nobody_opened_is_free_again():
    locker = Locker()
    opening = reserved(locker)
    locker.power_cut()

    assert locker.events(DepositCancelled)[-1].contents is Contents.EMPTY
    assert locker.events(DepositInterrupted) == []
    assert locker.state.compartment[opening.compartment].stay == ""


def test_no_session_outlives_the_agent():
    """A pickup that was complete leaves the tables; its compartment is free."""
    locker = Locker()
    opening = pickup_closed(locker)
    locker.do(lambda s, at: pickups.collected(s, opening.stay, at))

    locker.power_cut()

    assert locker.events(SessionEnded)[-1].reason == "restart"
    assert locker.state.stay == {}
    assert locker.state.compartment[opening.compartment].offered


def test_direct_unlocks_are_taken_over_once_with_contents_unknown():
    """The technician opened door 4 while the agent was down; door 99 is not of this locker."""
    locker = Locker()
    records = [DirectRecord("r1", "4", "technician:T1", "jam"), DirectRecord("r2", "99", "technician:T1")]

    strangers = locker.do(lambda s, at: recovery.import_direct(s, records, "direct.jsonl", at))
    rows = len(locker.book.rows)
    locker.power_cut()
    locker.do(lambda s, at: recovery.import_direct(s, records, "direct.jsonl", at))

    assert strangers == ("r2",)
    assert locker.state.compartment["4"].contents is Contents.UNKNOWN
    causes = [event.cause for event in locker.events(DoorOpenRequested) if event.intent == "r1"]
    assert causes == [Cause.TECHNICIAN]
    assert len(locker.book.rows) == rows

    more = [*records, DirectRecord("r3", "1", "technician:T1")]
    locker.do(lambda s, at: recovery.import_direct(s, more, "direct.jsonl", at))
    assert locker.state.compartment["1"].contents is Contents.UNKNOWN


def test_after_an_old_backup_no_code_works_before_the_back_office_has_said_so():
    """The code may have been used after the backup was made; so may every door."""
    locker = Locker()
    opening, code = locker.deposit()
    gone, gone_code = locker.deposit()
    locker.do(lambda s, at: Decision((LedgerRestored("backup-1", "epoch-1", 12),)))

    assert isinstance(locker.claim(code.code_hash), NotAccepted)
    assert all(c.contents is Contents.UNKNOWN for c in locker.state.compartment.values())

    count = locker.do(lambda s, at: recovery.reconcile(s, [opening.stay, "unheard-of"], at))

    assert count == 1
    locker.pass_s(60)
    assert isinstance(locker.claim(code.code_hash), Opening)
    assert isinstance(locker.claim(gone_code.code_hash), NotAccepted)
    assert locker.state.stay[gone.stay].status is StayStatus.UNCERTAIN
