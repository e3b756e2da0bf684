"""Opening every door in an emergency: two named persons, each with a PIN of their own, and both in every intent.

Nothing here opens a door: `admit` decides whether these two may, `service.open_door` makes one intent after another,
`afterwards` says what is known of a compartment once its door was opened like that. No network takes part.
"""

from __future__ import annotations

import hmac

import msgspec

from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision, Draft
from edge_agent.domain.instant import Instant
from edge_agent.domain.openings import compartment_named, live_intent
from edge_agent.domain.refusals import NOT_PERMITTED, Refusal
from edge_agent.domain.staff_member import Staff
from edge_agent.domain.state import LockerState
from edge_agent.domain.tries import NotAccepted, check_may_try, lock_if_due
from edge_agent.domain.words import Outcome

OPEN_ALL = "emergency.open-all"
EMERGENCY = "emergency"  # why contents are unknown afterwards


class Proof(msgspec.Struct, frozen=True):
    """Who somebody says to be, and the hash of the PIN that was typed."""

    staff: str
    pin_hash: str


class Admitted(msgspec.Struct, frozen=True):
    """Both were who they said. `actor` names both and stands in every intent."""

    actor: str


def admit(
    state: LockerState, first: Proof, second: Proof, command: str, at: Instant, verb: str = OPEN_ALL
) -> Decision:
    """Result: Admitted, or NotAccepted for a wrong PIN, which has been counted against that person alone."""
    people = _two_persons(state, first, second, at)
    check_may_try(state, tuple(_scope(one) for one in people), at)
    draft = Draft(state, at)
    actor = "+".join(one.actor for one in people)
    answers = [
        _count(draft, person)
        for person, proof in zip(people, (first, second), strict=True)
        if not _same(person.pin_hash, proof.pin_hash)
    ]
    if answers:
        draft.add(e.CommandRejected(command, verb, actor, NOT_PERMITTED, "wrong PIN"))
        return draft.done(answers[0])
    return draft.done(Admitted(actor))


def _two_persons(state: LockerState, first: Proof, second: Proof, at: Instant) -> tuple[Staff, Staff]:
    if first.staff == second.staff:
        raise Refusal(NOT_PERMITTED, "one person is not two: name two different persons of the staff list")
    return _person(state, first.staff, at), _person(state, second.staff, at)


def _person(state: LockerState, name: str, at: Instant) -> Staff:
    found = state.staff.get(name)
    if found is None or not found.counts(at):
        raise Refusal(NOT_PERMITTED, f"{name} is not on the staff list of this locker")
    return found


def _scope(person: Staff) -> str:
    """The same as at the screen: whoever guesses a PIN there has no fresh tries here."""
    return f"staff:{person.id}"


def _same(kept: str, shown: str) -> bool:
    return bool(kept) and hmac.compare_digest(kept.encode(), shown.encode())


def _count(draft: Draft, person: Staff) -> NotAccepted:
    scopes = (_scope(person),)
    draft.add(e.LoginFailed(scopes, draft.state.clocks.at(draft.at).powered_ms, "pin", "wrong"))
    return lock_if_due(draft, scopes, "wrong")


def afterwards(state: LockerState, number: str, outcome: Outcome, at: Instant) -> Decision:
    """Whatever was inside may be gone. A door that stayed shut keeps what is known of it.

    An opening that nobody saw yet keeps its intent: should the door be read open later, then nobody forced it.
    """
    if outcome is Outcome.NOT_OPENED:
        return Decision()
    compartment, intent = compartment_named(state, number), live_intent(state, number)
    concluded = intent.id if intent is not None and outcome is Outcome.OPENED else ""
    return Decision((e.CompartmentContentsUnknown(number, EMERGENCY, concluded, compartment.stay),))


def ended(command: str, actor: str, complete: bool) -> Decision:
    """The record of the whole: `done` when every door had its turn, `stopped` when somebody broke it off."""
    return Decision((e.CommandDone(command, OPEN_ALL, actor, "done" if complete else "stopped"),))
