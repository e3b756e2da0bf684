"""After a start: what the power cut, the crash or the backup left open gets a legal situation.

Every durable situation has its rule here; running it twice changes nothing the second time.

| found                        | what follows                                                                   |
|------------------------------|--------------------------------------------------------------------------------|
| reserved, never opened       | deposit cancelled, contents as they were                                       |
| reserved, had been opened    | deposit interrupted, contents unknown                                          |
| intent without outcome       | door open now: opened, code spent; else the code lives again; contents unknown |
| open under intent            | contents unknown (a deposit: interrupted); the code stays spent                |
| closed without conclusion    | the same                                                                       |
| door open without any intent | forced door                                                                    |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision, Draft
from edge_agent.domain.doors import force, see_closed, see_opened
from edge_agent.domain.instant import Instant
from edge_agent.domain.intent import Intent, Situation
from edge_agent.domain.openings import drop_deposit, give_up, live_intent
from edge_agent.domain.policy import Imported
from edge_agent.domain.state import LockerState
from edge_agent.domain.words import Cause, CodeLife, DoorPosition, StayStatus

RESTART = "restart"


def recover(state: LockerState, seen_doors: Mapping[str, DoorPosition], at: Instant) -> Decision:
    """Settle everything that is open. `seen_doors`: what two equal readings said; a door not named is unknown.

    Also starts the two clocks again from their last checkpoint, without the time between.
    """
    draft = Draft(state, at)
    draft.give("timers", state.clocks.resumed(at, _newest_powered_ms(state)))
    for intent in list(draft.state.intent.values()):
        _settle(draft, intent, seen_doors.get(intent.compartment, DoorPosition.UNKNOWN))
    for stay in list(draft.state.stay.values()):
        drop_deposit(draft, stay, RESTART)
    for number, seen in sorted(seen_doors.items()):
        _compare(draft, number, seen)
    for session in _sessions(draft.state):
        draft.add(e.SessionEnded(session, RESTART))
    for code in list(draft.state.code.values()):
        if code.life is CodeLife.CLAIMED and code.intent not in draft.state.intent:
            draft.add(e.CodeRearmed(code.stay, code.intent, RESTART))
    return draft.done()


def _settle(draft: Draft, intent: Intent, seen: DoorPosition) -> None:
    if intent.situation is Situation.INTENT_WITHOUT_OUTCOME and seen is DoorPosition.OPEN:
        see_opened(draft, intent)
    elif intent.situation is Situation.OPEN_UNDER_INTENT and seen is DoorPosition.CLOSED:
        see_closed(draft, intent)
    give_up(draft, draft.state.intent[intent.id], RESTART)


def _compare(draft: Draft, number: str, seen: DoorPosition) -> None:
    """The door moved while nobody watched."""
    compartment = draft.state.compartment.get(number)
    if compartment is None:
        return
    if seen is DoorPosition.OPEN and compartment.door is not DoorPosition.OPEN:
        force(draft, number, found=True)
    if seen is DoorPosition.CLOSED and compartment.door is DoorPosition.OPEN:
        draft.add(e.DoorClosed(number))


def _sessions(state: LockerState) -> list[str]:
    """Sessions that stays still name; no session outlives the agent."""
    return sorted({stay.session for stay in state.stay.values() if stay.session})


def _newest_powered_ms(state: LockerState) -> int:
    """The latest powered time in any table: after a crash the checkpoint may lag behind it."""
    tries = (row.failed_at_ms[-1] for row in state.lockout.values() if row.failed_at_ms)
    pulses = (row.pulses[-1].at_ms for row in state.duty.values() if row.pulses)
    grants = (at_ms for at_ms, _ in state.granted.grants)
    return max((*tries, *pulses, *grants), default=0)


class DirectRecord(msgspec.Struct, frozen=True):
    """One unlock that the technician's tool made while the agent was down."""

    id: str
    compartment: str
    actor: str
    reason: str = ""


def import_direct(state: LockerState, records: Iterable[DirectRecord], source: str, at: Instant) -> Decision:
    """Take over unlocks made without the agent: an intent with cause technician each, contents unknown.

    Records up to the last one taken over are skipped. Result: ids of records whose door is not configured.
    """
    fresh = _after(list(records), state.imported.get(source))
    draft = Draft(state, at)
    strangers = []
    for record in fresh:
        if record.compartment in state.compartment:
            _import_one(draft, record)
        else:
            strangers.append(record.id)
    if fresh:
        draft.give("imported", Imported(source, fresh[-1].id), source)
    return draft.done(tuple(strangers))


def _after(records: list[DirectRecord], done: Imported | None) -> list[DirectRecord]:
    ids = [record.id for record in records]
    return records[ids.index(done.last) + 1 :] if done and done.last in ids else records


def _import_one(draft: Draft, record: DirectRecord) -> None:
    number, stay = record.compartment, draft.state.compartment[record.compartment].stay
    unsettled = live_intent(draft.state, number)
    if unsettled is not None:
        give_up(draft, unsettled, "direct")
    draft.add(
        e.DoorOpenRequested(
            record.id,
            number,
            Cause.TECHNICIAN,
            record.actor,
            1,
            draft.state.clocks.at(draft.at).powered_ms,
            draft.state.rules.pulse_ms,
            reason=record.reason,
        ),
        e.DoorOutcomeUnknown(record.id, number, "direct", final=True),
        e.CompartmentContentsUnknown(number, "direct", stay=stay),
    )


def reconcile(state: LockerState, live_stays: Iterable[str], at: Instant) -> Decision:
    """After `ledger.restored`: the back office says which stays live; their codes work again. Result: how many.

    Contents stay unknown; a stay that is not named waits for a person to look.
    """
    draft = Draft(state, at)
    for stay in sorted(set(live_stays)):
        kept, code = state.stay.get(stay), state.code.get(stay)
        waiting = kept is not None and kept.status is StayStatus.UNCERTAIN
        if waiting and code is not None and code.life is CodeLife.SPENT:
            draft.add(e.CodeRearmed(stay, "", "reconciled"))
    return draft.done(len(draft.done().events))
