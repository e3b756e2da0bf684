"""How any decision asks for a door: the checks that hold for every cause, and the durable intent.

Also how an opening is given up when nobody is left to conclude it: one rule for a session that ends and for a restart.
"""

from __future__ import annotations

import msgspec

from edge_agent.domain import events as e
from edge_agent.domain.compartment import Compartment
from edge_agent.domain.decision import Draft
from edge_agent.domain.duty import Duty
from edge_agent.domain.fault import fault_id
from edge_agent.domain.intent import Intent, Situation
from edge_agent.domain.refusals import (
    ATTEMPTS_USED_UP,
    COIL_RESTS,
    DOOR_BUSY,
    NOT_FOUND,
    NOT_SEEN_CLOSED,
    NOT_USABLE,
    WRONG_SITUATION,
    Refusal,
)
from edge_agent.domain.state import LockerState
from edge_agent.domain.stay import Stay
from edge_agent.domain.words import Cause, CodeLife, Condition, DoorPosition, ParcelStatus, StayStatus
from edge_agent.randomness import Randomness, uuid7

COIL_STUCK = "DOOR-206"
SERVICE_CAUSES = (Cause.TECHNICIAN, Cause.REMOTE)


class Opening(msgspec.Struct, frozen=True):
    """What the caller hands on: the door to name on the screen and the intent to give to the cabinet.

    `intent` may be one that is open already (a second parcel into the same open door): then no frame is due.
    """

    compartment: str
    intent: str
    stay: str = ""
    parcel: str = ""
    attempt: int = 1


def compartment_named(state: LockerState, number: str) -> Compartment:
    found = state.compartment.get(number)
    if found is None:
        raise Refusal(NOT_FOUND, f"compartment {number} is not configured")
    return found


def stay_named(state: LockerState, stay: str) -> Stay:
    found = state.stay.get(stay)
    if found is None:
        raise Refusal(NOT_FOUND, f"stay {stay} is not here any more")
    return found


def live_intent(state: LockerState, number: str) -> Intent | None:
    """The opening of this door that has no conclusion yet; there is at most one."""
    return next((intent for intent in state.intent.values() if intent.compartment == number), None)


def opened_by(state: LockerState, number: str, *causes: Cause) -> Intent:
    """The opening of this door, seen open and then closed. Refuses where that is not the durable situation."""
    intent = live_intent(state, number)
    if intent is None or intent.cause not in causes:
        raise Refusal(WRONG_SITUATION, f"door {number} was not opened for this")
    if intent.situation is Situation.OPEN_UNDER_INTENT:
        raise Refusal(NOT_SEEN_CLOSED, f"door {number} is still open")
    if intent.situation is not Situation.CLOSED_WITHOUT_CONCLUSION:
        raise Refusal(WRONG_SITUATION, f"door {number} was not seen open")
    return intent


def request_door(
    draft: Draft,
    number: str,
    cause: Cause,
    actor: str,
    chance: Randomness,
    *,
    session: str = "",
    stay: str = "",
    parcel: str = "",
    reason: str = "",
    case: str = "",
) -> Opening:
    """Add the intent to open `number` once. Refuses for a busy, unreachable, tired or worn-out door."""
    compartment = compartment_named(draft.state, number)
    _check_usable(draft.state, compartment, cause)
    unconcluded = _check_free(draft.state, number)
    attempt = _attempt(draft.state, compartment, session)
    powered_ms = draft.state.clocks.at(draft.at).powered_ms
    _check_duty(draft.state, number, powered_ms)
    if unconcluded is not None:
        # Somebody had the door open and has not said what came of it; this opening may never happen. A courier who
        # opens once more for the same deposit still answers for what the stay held before.
        doubted = "" if unconcluded.cause is cause is Cause.DEPOSIT else unconcluded.stay
        draft.add(e.CompartmentContentsUnknown(number, "opened again", unconcluded.id, doubted))
    intent = uuid7(draft.at.wall, chance)
    draft.add(
        e.DoorOpenRequested(
            intent,
            number,
            cause,
            actor,
            attempt,
            powered_ms,
            draft.state.rules.pulse_ms,
            session=session,
            stay=stay,
            reason=reason,
            case=case,
        )
    )
    return Opening(number, intent, stay, parcel, attempt)


def _check_usable(state: LockerState, compartment: Compartment, cause: Cause) -> None:
    number = compartment.number
    if not compartment.reachable:
        raise Refusal(NOT_USABLE, f"the board of door {number} is silent")
    if compartment.condition is Condition.OUT_OF_SERVICE and cause not in SERVICE_CAUSES:
        raise Refusal(NOT_USABLE, f"compartment {number} is out of service")
    if fault_id(COIL_STUCK, number) in state.fault:
        raise Refusal(NOT_USABLE, f"the coil of door {number} stays on; a person has to look first")


def _check_free(state: LockerState, number: str) -> Intent | None:
    """The earlier opening of this door that was closed again without conclusion, if there is one."""
    intent = live_intent(state, number)
    if intent is not None and intent.situation is not Situation.CLOSED_WITHOUT_CONCLUSION:
        raise Refusal(DOOR_BUSY, f"door {number}: {intent.situation.value}")
    return intent


def _attempt(state: LockerState, compartment: Compartment, session: str) -> int:
    """The number of this try within the visit; without a session every request is a decision of its own."""
    if not session or compartment.visit != session:
        return 1
    if compartment.attempts >= state.rules.open_attempts:
        raise Refusal(
            ATTEMPTS_USED_UP, f"door {compartment.number} did not open in {compartment.attempts} tries"
        )
    return compartment.attempts + 1


def _check_duty(state: LockerState, number: str, powered_ms: int) -> None:
    duty = state.duty.get(number) or Duty(number)
    rest_ms = duty.rest_ms(powered_ms, state.rules.pulse_ms)
    if rest_ms:
        raise Refusal(COIL_RESTS, f"the coil of door {number} rests for {rest_ms} ms", rest_ms / 1000)


def rearm_claimed(draft: Draft, intent: Intent, reason: str) -> None:
    """No opening was seen under this intent: the code it had claimed lives again."""
    code = draft.state.code.get(intent.stay)
    if code is not None and code.life is CodeLife.CLAIMED and code.intent == intent.id:
        draft.add(e.CodeRearmed(intent.stay, intent.id, reason))


def give_up(draft: Draft, intent: Intent, reason: str) -> None:
    """Nobody will conclude this opening: what is inside is unknown from here on, and no code is lost by it."""
    if intent.opened is None:
        draft.add(e.DoorOutcomeUnknown(intent.id, intent.compartment, reason, final=True))
        rearm_claimed(draft, intent, reason)
    if intent.cause is Cause.DEPOSIT and intent.stay in draft.state.stay:
        interrupt(draft, draft.state.stay[intent.stay], reason)
    else:
        draft.add(e.CompartmentContentsUnknown(intent.compartment, reason, intent.id, intent.stay))


def interrupt(draft: Draft, stay: Stay, reason: str) -> None:
    """The deposit is nobody's: the stay waits for a person to look."""
    unstored = [
        parcel for parcel in stay.parcels if draft.state.parcel[parcel].status is ParcelStatus.RESERVED
    ]
    draft.add(e.DepositInterrupted(stay.id, (unstored or [""])[-1], stay.compartment, reason, stay.session))


def drop_deposit(draft: Draft, stay: Stay, reason: str) -> None:
    """A reserved parcel without any opening under way: nobody opened for it, or nobody finished it."""
    state = draft.state
    busy = any(i.stay == stay.id and i.cause is Cause.DEPOSIT for i in state.intent.values())
    waiting = [p for p in stay.parcels if state.parcel[p].status is ParcelStatus.RESERVED]
    if busy or not waiting:
        return
    if stay.first_opened is not None:
        interrupt(draft, stay, reason)
        return
    if stay.status not in (StayStatus.RESERVED, StayStatus.STORED):
        return  # interrupted already: a person has to look, and then says what became of the parcel
    compartment = state.compartment[stay.compartment]
    for parcel in reversed(waiting):
        draft.add(
            e.DepositCancelled(
                stay.id,
                parcel,
                stay.compartment,
                reason,
                compartment.contents,
                compartment.basis,
                stay.session,
            )
        )


def is_open(state: LockerState, number: str) -> bool:
    return compartment_named(state, number).door is DoorPosition.OPEN
