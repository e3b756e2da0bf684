"""Recall (取回): a courier takes overdue, refused or doubtful stays back, one door at a time.

The recipient's code stays alive until the courier has it: a courier who skips, or leaves it inside, costs nobody a
parcel. Each answer about contents is the courier's, given on a screen that names the door.
"""

from __future__ import annotations

from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision, Draft
from edge_agent.domain.deposits import carrier_of, courier_named
from edge_agent.domain.instant import Instant
from edge_agent.domain.openings import compartment_named, live_intent, opened_by, request_door, stay_named
from edge_agent.domain.quota import DAY_MS, charge_young_right
from edge_agent.domain.refusals import IN_USE, NOT_PERMITTED, WRONG_SITUATION, Refusal
from edge_agent.domain.state import LockerState
from edge_agent.domain.stay import Stay
from edge_agent.domain.words import Basis, Cause, CodeLife, Correction, ParcelStatus, Report, StayStatus
from edge_agent.randomness import Randomness


def recallable(state: LockerState, courier: str) -> tuple[Stay, ...]:
    """What this courier may take back now, ordered by door as printed; empty for an unknown or revoked courier."""
    known = state.courier.get(courier)
    if known is None or known.revoked or not known.may_recall:
        return ()
    carrier = state.carrier.get(known.carrier)
    whole_firm = carrier is not None and carrier.couriers_may_recall_all
    found = [
        stay
        for stay in state.stay.values()
        if stay.carrier == known.carrier and (whole_firm or stay.courier == courier) and why(stay)
    ]
    return tuple(sorted(found, key=lambda stay: (len(stay.compartment), stay.compartment)))


def why(stay: Stay) -> str:
    """refused | uncertain | overdue, or "" where the stay still waits for its recipient."""
    if stay.status in (StayStatus.REFUSED, StayStatus.UNCERTAIN):
        return str(stay.status.value)
    overdue = stay.status is StayStatus.STORED and stay.retention is not None and stay.retention.overdue
    return "overdue" if overdue else ""


def days_over(state: LockerState, stay: Stay, at: Instant) -> int:
    """Whole days past its free time; 0 for one that is not overdue."""
    if stay.retention is None:
        return 0
    return max(0, -stay.retention.remaining_ms(state.clocks.at(at).service_ms) // DAY_MS)


def open_for_recall(
    state: LockerState, stay: str, courier: str, session: str, at: Instant, chance: Randomness
) -> Decision:
    """Open one door of the recall list, first time or again. Result: Opening."""
    kept = stay_named(state, stay)
    carrier_of(state, courier_named(state, courier), at)
    if kept.id not in {listed.id for listed in recallable(state, courier)}:
        raise Refusal(
            NOT_PERMITTED, f"the stay in compartment {kept.compartment} is not on this courier's list"
        )
    code = state.code.get(stay)
    if code is not None and code.life is CodeLife.CLAIMED:
        raise Refusal(IN_USE, f"the recipient is at compartment {kept.compartment} now")
    draft = Draft(state, at)
    charge_young_right(draft, kept.compartment, courier_named(state, courier).recall_since_ms)
    return draft.done(
        request_door(
            draft, kept.compartment, Cause.RECALL, f"courier:{courier}", chance, session=session, stay=stay
        )
    )


def recalled(state: LockerState, stay: str, courier: str, at: Instant) -> Decision:
    """The courier has it: door seen open and then closed, nothing left inside. The code dies with it."""
    kept = stay_named(state, stay)
    opened_by(state, kept.compartment, Cause.RECALL)
    draft = Draft(state, at)
    code = state.code.get(stay)
    if code is not None and code.life is not CodeLife.SPENT:
        draft.add(e.CodeSpent(stay, code.intent, "recalled"))
    draft.add(
        e.ParcelRecalled(stay, kept.parcels, kept.compartment, courier, why(kept), session=kept.session)
    )
    return draft.done()


def left_inside(state: LockerState, stay: str, courier: str, at: Instant) -> Decision:
    """The courier saw it and left it: the stay goes on as it was."""
    kept = stay_named(state, stay)
    opened_by(state, kept.compartment, Cause.RECALL)
    draft = Draft(state, at)
    draft.add(
        e.ParcelCorrected(
            stay,
            kept.compartment,
            Correction.FOUND_INSIDE,
            f"courier:{courier}",
            reason="left inside",
            retention_ends_at_ms=state.clocks.at(at).service_ms,
            basis=Basis.COURIER,
        )
    )
    return draft.done()


def left_behind(state: LockerState, stay: str, courier: str, session: str, was: str, at: Instant) -> Decision:
    """The door was closed, the recall is journalled, and the parcel is still inside: the courier says so.

    `was` is why it was recalled (see `why`). Only for what this session took back, while nobody has opened the door
    since. The stay waits again; the code that died with the recall stays dead, and somebody has to look inside.
    """
    kept = stay_named(state, stay)
    parcels = [state.parcel[parcel] for parcel in kept.parcels]
    taken = kept.status is StayStatus.ENDED and all(p.status is ParcelStatus.RECALLED for p in parcels)
    if not (session and kept.session == session and taken):
        raise Refusal(NOT_PERMITTED, f"compartment {kept.compartment} was not cleared in this session")
    here = compartment_named(state, kept.compartment)
    if here.stay != stay or live_intent(state, here.number) is not None:
        raise Refusal(WRONG_SITUATION, f"door {here.number} has been opened again since")
    draft = Draft(state, at)
    draft.add(
        e.ParcelCorrected(
            stay,
            here.number,
            Correction.LEFT_INSIDE,
            f"courier:{courier}",
            reason=was,
            basis=Basis.COURIER,
        ),
        e.CompartmentContentsUnknown(here.number, "left inside", "", stay),
    )
    return draft.done()


def not_inside(state: LockerState, stay: str, courier: str, at: Instant) -> Decision:
    """The courier says that it is not there. One person's word ends no stay: the contents are unknown."""
    kept = stay_named(state, stay)
    intent = opened_by(state, kept.compartment, Cause.RECALL)
    draft = Draft(state, at)
    draft.add(
        e.CompartmentReported(
            kept.compartment, Report.PARCEL_ABSENT, f"courier:{courier}", stay, kept.session
        ),
        e.CompartmentContentsUnknown(kept.compartment, "not inside", intent.id, stay),
    )
    return draft.done()
