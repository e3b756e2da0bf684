"""What the sensors say, turned into events: the cabinet calls these and nothing else about doors.

A door that opens under an intent spends the code which that intent had claimed, in the same decision. A door that did
not open rearms it. A door that opens without an intent was forced.
"""

from __future__ import annotations

from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision, Draft
from edge_agent.domain.fault import fault_id
from edge_agent.domain.instant import Instant
from edge_agent.domain.intent import Intent, Situation
from edge_agent.domain.openings import compartment_named, drop_deposit, give_up, live_intent, rearm_claimed
from edge_agent.domain.refusals import NOT_FOUND, Refusal
from edge_agent.domain.stamp import elapsed_ms
from edge_agent.domain.state import LockerState
from edge_agent.domain.words import CodeLife, Condition, DoorPosition

FORCED = "DOOR-204"
WRONG_DOOR = "DOOR-205"
FAULTY_LOCK = "DOOR-201"


def opened(state: LockerState, number: str, at: Instant) -> Decision:
    """The sensor changed to open. Result: the intent's id, or "" where nobody commanded it (door.forced)."""
    draft = Draft(state, at)
    compartment = compartment_named(state, number)
    intent = live_intent(state, number)
    if intent is None:
        if compartment.door is not DoorPosition.OPEN:
            force(draft, number)
        return draft.done("")
    if intent.situation is not Situation.OPEN_UNDER_INTENT:
        see_opened(draft, intent)
    return draft.done(intent.id)


def see_opened(draft: Draft, intent: Intent) -> None:
    """The opening happened; a code claimed under it is spent."""
    draft.add(e.DoorOpened(intent.id, intent.compartment))
    code = draft.state.code.get(intent.stay)
    if code is not None and code.life is CodeLife.CLAIMED and code.intent == intent.id:
        draft.add(e.CodeSpent(intent.stay, intent.id))


def force(draft: Draft, number: str, found: bool = False) -> None:
    """A security event: contents unknown, and a fault that a person has to take on."""
    draft.add(e.DoorForced(number, found))
    _open_fault(draft, FORCED, number, "major")


def not_opened(state: LockerState, intent: str, at: Instant, reason: str = "") -> Decision:
    """The waiting time is over and the sensor says closed. The lock is suspect, after repeated failure faulty."""
    draft = Draft(state, at)
    kept = _intent_named(state, intent)
    if kept.situation is not Situation.INTENT_WITHOUT_OUTCOME:
        return draft.done()  # the door was seen open meanwhile: the sensor is the truth
    draft.add(e.DoorNotOpened(intent, kept.compartment, reason))
    rearm_claimed(draft, kept, "not opened")
    _judge_lock(draft, kept.compartment)
    stay = draft.state.stay.get(kept.stay)
    if kept.abandoned and stay is not None:
        drop_deposit(draft, stay, "abandoned")
    return draft.done()


def _judge_lock(draft: Draft, number: str) -> None:
    compartment = draft.state.compartment[number]
    faulty = compartment.failures >= draft.state.rules.faulty_after
    wanted = Condition.FAULTY if faulty else Condition.SUSPECT
    if compartment.condition is wanted or compartment.condition is Condition.OUT_OF_SERVICE:
        return
    if compartment.condition is Condition.FAULTY:
        return
    service_ms = draft.state.clocks.at(draft.at).service_ms
    draft.add(e.CompartmentSuspect(number, wanted, "not opened", compartment.failures, service_ms))
    if faulty:
        _open_fault(draft, FAULTY_LOCK, number, "major")


def outcome_unknown(state: LockerState, intent: str, at: Instant, reason: str = "") -> Decision:
    """No sensor answers. The intent waits for a reading (`opened` or `not_opened`); it is never pulsed again."""
    draft = Draft(state, at)
    kept = _intent_named(state, intent)
    if kept.situation is Situation.INTENT_WITHOUT_OUTCOME:
        draft.add(e.DoorOutcomeUnknown(intent, kept.compartment, reason))
    return draft.done()


def closed(state: LockerState, number: str, at: Instant) -> Decision:
    """The sensor changed to closed. Result: milliseconds that the door was open under its intent, else None.

    Where the session is gone already, what is inside is unknown from here on.
    """
    draft = Draft(state, at)
    compartment = compartment_named(state, number)
    intent = live_intent(state, number)
    if intent is not None and intent.situation is Situation.OPEN_UNDER_INTENT:
        see_closed(draft, intent)
        if intent.abandoned or not intent.session:  # a tool or support opened it: nobody stands at the screen
            give_up(draft, draft.state.intent[intent.id], "abandoned")
        return draft.done(elapsed_ms(intent.opened, at))
    seen_before = compartment.door_since is not None  # else a new door's first reading, which is no news
    if compartment.door is DoorPosition.OPEN or (compartment.door is DoorPosition.UNKNOWN and seen_before):
        draft.add(e.DoorClosed(number))
    return draft.done()


def see_closed(draft: Draft, intent: Intent) -> None:
    draft.add(e.DoorClosed(intent.compartment, intent.id, elapsed_ms(intent.opened, draft.at)))


def left_open(state: LockerState, number: str, at: Instant) -> Decision:
    """The alarm for a door that stays open."""
    compartment = compartment_named(state, number)
    intent = live_intent(state, number)
    open_ms = elapsed_ms(compartment.door_since, at) or 0
    return Decision((e.DoorLeftOpen(number, open_ms, intent.id if intent else ""),))


def wrong_door(state: LockerState, intent: str, moved: str, at: Instant) -> Decision:
    """`moved` opened instead of the commanded one: both are set aside, and the code lives again."""
    kept = _intent_named(state, intent)
    compartment_named(state, moved)
    draft = Draft(state, at)
    draft.add(e.DoorWrongDoor(intent, kept.compartment, moved))
    rearm_claimed(draft, kept, "wrong door")
    _open_fault(draft, WRONG_DOOR, f"{kept.compartment}/{moved}", "major")
    return draft.done()


def _intent_named(state: LockerState, intent: str) -> Intent:
    found = state.intent.get(intent)
    if found is None:
        raise Refusal(NOT_FOUND, f"intent {intent} has its conclusion already")
    return found


def _open_fault(draft: Draft, code: str, place: str, severity: str) -> None:
    if fault_id(code, place) not in draft.state.fault:
        draft.add(e.FaultOpened(fault_id(code, place), code, place, severity))
