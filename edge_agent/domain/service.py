"""Service work on doors: technicians, support, and couriers who clear doors with unknown contents.

Whoever looks is named in the journal. Couriers look at one door at a time and only where the policy allows it; an
opening by technician or support that nobody concludes leaves the contents unknown.
"""

from __future__ import annotations

from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision, Draft
from edge_agent.domain.deposits import Credentials, check_unused, courier_named, retention_h
from edge_agent.domain.events.system import DoorSpec
from edge_agent.domain.instant import Instant
from edge_agent.domain.openings import compartment_named, live_intent, opened_by, request_door
from edge_agent.domain.policy import Switches
from edge_agent.domain.refusals import NOT_PERMITTED, NOT_SEEN_CLOSED, WRONG_SITUATION, Refusal
from edge_agent.domain.retention import HOUR_MS
from edge_agent.domain.state import LockerState
from edge_agent.domain.stay import Stay
from edge_agent.domain.words import (
    Basis,
    Cause,
    CodeLife,
    Condition,
    Contents,
    Correction,
    DoorPosition,
    Report,
    StayEnd,
    StayStatus,
)
from edge_agent.randomness import Randomness

DOOR_FAULTS = "DOOR-"  # a board's fault ends when the board answers, whatever a person says
LOOKING = (Cause.VERIFY, Cause.RECALL, Cause.TECHNICIAN, Cause.REMOTE)


def open_door(
    state: LockerState,
    number: str,
    cause: Cause,
    actor: str,
    at: Instant,
    chance: Randomness,
    *,
    session: str = "",
    reason: str = "",
    case: str = "",
) -> Decision:
    """Open one door for a technician or for support. Result: Opening. Grants are the caller's to check."""
    if cause not in (Cause.TECHNICIAN, Cause.REMOTE):
        raise Refusal(NOT_PERMITTED, f"{cause.value} has a decision of its own")
    draft = Draft(state, at)
    stay = compartment_named(state, number).stay
    return draft.done(
        request_door(
            draft, number, cause, actor, chance, session=session, stay=stay, reason=reason, case=case
        )
    )


def to_verify(state: LockerState) -> tuple[str, ...]:
    """Doors somebody has to look into, by number as printed."""
    found = [c.number for c in state.compartment.values() if c.contents is Contents.UNKNOWN]
    return tuple(sorted(found, key=lambda number: (len(number), number)))


def open_to_verify(
    state: LockerState, number: str, courier: str, session: str, at: Instant, chance: Randomness
) -> Decision:
    """A courier opens one door with unknown contents to look. Result: Opening."""
    _check_courier_may_verify(state, courier)
    compartment = compartment_named(state, number)
    if compartment.contents is not Contents.UNKNOWN:
        raise Refusal(WRONG_SITUATION, f"the contents of compartment {number} are known")
    others = [i for i in state.intent.values() if i.cause is Cause.VERIFY and i.compartment != number]
    if any(intent.session == session for intent in others):
        raise Refusal(WRONG_SITUATION, f"door {others[0].compartment} has to be settled first")
    draft = Draft(state, at)
    return draft.done(
        request_door(
            draft,
            number,
            Cause.VERIFY,
            f"courier:{courier}",
            chance,
            session=session,
            stay=compartment.stay,
        )
    )


def _check_courier_may_verify(state: LockerState, courier: str) -> None:
    if not (courier_named(state, courier).may_verify and state.rules.couriers_may_verify):
        raise Refusal(NOT_PERMITTED, f"courier {courier} may not clear doors here")


def verified_empty(state: LockerState, number: str, actor: str, basis: Basis, at: Instant) -> Decision:
    """Somebody looked and it is empty. Basis courier: only after this door was opened for that, and closed.

    A stay whose whereabouts were open ends with it: collected where its code had opened the door, cancelled where it
    was never stored, missing where its code still lives. Result: that end, or None.
    """
    compartment = compartment_named(state, number)
    _check_looked(state, number, basis)
    stay = state.stay.get(compartment.stay)
    if stay is not None and stay.status is StayStatus.RESERVED:
        raise Refusal(WRONG_SITUATION, f"a deposit into compartment {number} is under way")
    draft = Draft(state, at)
    intent = live_intent(state, number)
    end = _end_of(state, stay)
    draft.add(
        e.CompartmentVerifiedEmpty(
            number,
            basis,
            actor,
            intent=intent.id if intent else "",
            stay=stay.id if stay and end else "",
            stay_end=end,
        )
    )
    return draft.done(end)


def _check_looked(state: LockerState, number: str, basis: Basis) -> None:
    intent = live_intent(state, number)
    if basis is Basis.COURIER or intent is not None:
        opened_by(state, number, *LOOKING)
    elif compartment_named(state, number).door is DoorPosition.OPEN:
        raise Refusal(NOT_SEEN_CLOSED, f"door {number} is open: what is inside can still change")


def _end_of(state: LockerState, stay: Stay | None) -> StayEnd | None:
    if stay is None or stay.status is StayStatus.ENDED:
        return None
    code = state.code.get(stay.id)
    if code is None:
        return StayEnd.CANCELLED
    return StayEnd.COLLECTED if code.life is CodeLife.SPENT else StayEnd.MISSING


def found_inside(
    state: LockerState,
    number: str,
    actor: str,
    basis: Basis,
    at: Instant,
    credentials: Credentials | None = None,
) -> Decision:
    """Somebody looked and the stay's parcels are there. Result: whether the stay still needs a fresh code.

    With `credentials`, a stay whose code is missing or spent gets a fresh one in the same decision.
    """
    compartment = compartment_named(state, number)
    _check_looked(state, number, basis)
    stay = state.stay.get(compartment.stay)
    if stay is None or stay.status not in (StayStatus.UNCERTAIN, StayStatus.STORED, StayStatus.REFUSED):
        raise Refusal(WRONG_SITUATION, f"no stay belongs into compartment {number}")
    draft = Draft(state, at)
    ends_at_ms = state.clocks.at(at).service_ms + retention_h(state, stay.carrier) * HOUR_MS
    draft.add(
        e.ParcelCorrected(
            stay.id,
            number,
            Correction.FOUND_INSIDE,
            actor,
            retention_ends_at_ms=ends_at_ms,
            basis=basis,
        )
    )
    code = state.code.get(stay.id)
    refused_one = draft.state.stay[stay.id].status is StayStatus.REFUSED
    needs_code = not refused_one and (code is None or code.life is CodeLife.SPENT)
    if needs_code and credentials is not None:
        check_unused(state, credentials)
        draft.add(
            e.CodeReissued(stay.id, credentials.code_hash, credentials.token_hash, actor, "found inside")
        )
        needs_code = False
    return draft.done(needs_code)


def something_inside(state: LockerState, number: str, actor: str, at: Instant, session: str = "") -> Decision:
    """Somebody looked, and there is something that belongs to no stay: unknown until a person has cleared it."""
    draft = Draft(state, at)
    intent = live_intent(state, number)
    draft.add(
        e.CompartmentReported(number, Report.SOMETHING_INSIDE, actor, session=session),
        e.CompartmentContentsUnknown(
            number, "something inside", intent.id if intent else "", compartment_named(state, number).stay
        ),
    )
    return draft.done()


def contents_unknown(state: LockerState, number: str, reason: str, at: Instant) -> Decision:
    """Nobody answered for this door: its contents are unknown, and its opening is concluded."""
    draft = Draft(state, at)
    compartment = compartment_named(state, number)
    intent = live_intent(state, number)
    draft.add(e.CompartmentContentsUnknown(number, reason, intent.id if intent else "", compartment.stay))
    return draft.done()


def report(
    state: LockerState, number: str, what: Report, actor: str, at: Instant, session: str = ""
) -> Decision:
    """Dirty, damaged, stuck: out of the offer until it is back in service. Contents stay what they were."""
    compartment_named(state, number)
    return Decision((e.CompartmentReported(number, what, actor, session=session),))


def out_of_service(state: LockerState, number: str, actor: str, reason: str, at: Instant) -> Decision:
    """A person takes it out of service. Nothing happens to a compartment that is so already."""
    if compartment_named(state, number).condition is Condition.OUT_OF_SERVICE:
        return Decision()
    service_ms = state.clocks.at(at).service_ms
    return Decision((e.CompartmentOutOfService(number, actor, reason, service_ms),))


def in_service(state: LockerState, number: str, actor: str, at: Instant, reason: str = "") -> Decision:
    """A person puts it back: condition, failures and reports are cleared, contents stay what they were."""
    compartment_named(state, number)
    service_ms = state.clocks.at(at).service_ms
    return Decision((e.CompartmentInService(number, actor, service_ms, reason),))


def put_right(state: LockerState, number: str, actor: str, at: Instant, reason: str = "") -> Decision:
    """As `in_service`, and the open faults of this very compartment end with it. Result: how many."""
    draft = Draft(state, at)
    for event in in_service(state, number, actor, at, reason).events:
        draft.add(event)
    own = [fault for fault in state.fault.values() if fault.code.startswith(DOOR_FAULTS)]
    found = [fault.id for fault in own if number in fault.place.split("/")]
    for fault in found:
        draft.add(e.FaultResolved(fault, actor, reason))
    return draft.done(len(found))


def accept(
    state: LockerState, actor: str, doors: tuple[str, ...], at: Instant, report_digest: str = ""
) -> Decision:
    """The installed cabinet is accepted: each named door was opened and found empty. Doors with a stay keep it."""
    for number in doors:
        compartment_named(state, number)
    draft = Draft(state, at)
    draft.add(e.AcceptancePassed(actor, doors, report_digest))
    switched = state.switched
    draft.give("switches", Switches(switched.deposits, switched.reason, accepted=True))
    return draft.done()


def configure(
    state: LockerState,
    digest: str,
    doors: tuple[DoorSpec, ...],
    at: Instant,
    documents: tuple[tuple[str, int], ...] = (),
) -> Decision:
    """Bring the compartments in line with the configured doors. No event where nothing would change."""
    draft = Draft(state, at)
    draft.add(e.ConfigApplied(digest, doors, documents))
    same = dict(draft.state.compartment) == dict(state.compartment)
    return Decision() if same and not documents else draft.done()


def switch_deposits(state: LockerState, on: bool, reason: str, at: Instant) -> Decision:
    """Stop or resume deposits; pickups have no switch."""
    draft = Draft(state, at)
    draft.give("switches", Switches(on, "" if on else reason, state.switched.accepted))
    return draft.done()
