"""The courier's decisions: who it is, where the parcel goes, and what has been done with it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import msgspec

from edge_agent.domain import allocation, deposits, hardware, service, sessions, undo, waybill
from edge_agent.domain import events as e
from edge_agent.domain.carrier import Consent
from edge_agent.domain.decision import Decision, VaultWrite
from edge_agent.domain.deposits import DepositRequest, Left
from edge_agent.domain.instant import Instant
from edge_agent.domain.refusals import (
    COURIER_NOT_ALLOWED,
    FULL,
    LOCKED_OUT,
    NOT_FOUND,
    PHONE_MISSING,
    Refusal,
)
from edge_agent.domain.stamp import stamp_of
from edge_agent.domain.state import LockerState
from edge_agent.domain.words import Report
from edge_agent.flows.context import LAST_MAX, ODD_MAX, Context, Deposited, Odd
from edge_agent.flows.deciding.parts import Facts, Inputs, answered, opening_facts, recall_list, together
from edge_agent.flows.events import Done
from edge_agent.flows.scans import normal_waybill

# What is wrong with a compartment: it is reported, and the deposit goes on elsewhere.
WRONG = {
    "something-inside": Report.SOMETHING_INSIDE,
    "dirty": Report.DIRTY,
    "damaged": Report.DAMAGED,
    "stuck": Report.STUCK,  # "it did not open", while its sensor says that it did
}
PROBLEMS = {"dirty": Report.DIRTY, "damaged": Report.DAMAGED, "occupied": Report.SOMETHING_INSIDE}
REPORTED_FAULT = "FLOW-330"  # a person says that something else is wrong
NO_PARCEL: Facts = {"door": "", "intent": "", "stay": "", "parcel": "", "swap": "", "waybill": ""}


# Who it is


def login_badge(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    """A badge is too long to guess: no lockout stands in its way, and an unknown one costs nobody a try."""
    courier = sessions.courier_by_badge(state, inputs.badge_hash)
    if courier is None:
        return Decision(result=Done("login_badge", "wrong"))
    if courier.revoked:
        raise Refusal(COURIER_NOT_ALLOWED, f"courier {courier.id} is revoked")
    deposits.carrier_of(state, courier, at)
    started = sessions.start(state, context.session, "courier", at, f"courier:{courier.id}")
    return answered(started, "login_badge", "in", **_logged_in(state, courier.id, inputs.badge_hash, at))


def login_pin(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    try:
        done = sessions.login(state, context.number, context.session, at, pin_hash=inputs.pin_hash)
    except Refusal as refusal:
        if refusal.code != LOCKED_OUT:
            raise
        return Decision(result=Done("login_pin", "locked", {"wait_s": refusal.wait_s}))
    login: sessions.Login = done.result
    if login.accepted:
        return answered(done, "login_pin", "in", **_logged_in(state, login.courier, "", at))
    outcome = "locked" if login.wait_s > 0 else "wrong"
    return answered(done, "login_pin", outcome, tries_left=login.tries_left, wait_s=login.wait_s)


def _logged_in(state: LockerState, courier: str, badge: str, at: Instant) -> Facts:
    return {
        "role": "courier",
        "actor": courier,
        "carrier": state.courier[courier].carrier,
        "badge": badge,
        "listed": recall_list(state, courier, at),
    }


def look_round(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Done:
    """Full is said before the first scan, not after the tenth."""
    outcome = "room" if allocation.free(state) else "full"
    return Done("look_round", outcome, {"listed": recall_list(state, context.actor, at)})


def sum_up(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Done:
    return Done("sum_up", "", {"odd": context.odd[:ODD_MAX]})


# Where the parcel goes


def read_typed(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Done:
    """A typed number is held to what a scanned one is held to; a wrong check digit costs a correction, no door."""
    number = normal_waybill(context.waybill)
    try:
        waybill.read(number, context.carrier)
    except Refusal:
        return Done("read_typed", "bad", {"waybill": ""})
    return Done("read_typed", "good", {"waybill": number})


def reserve(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    """The next door for this waybill, or the one question that is still open."""
    size = _size_for(state, context, inputs)
    if not size:
        return Decision(result=Done("reserve", "ask-size"))
    if state.rules.code_shape == "6+4" and not (inputs.phone_typed or _code_is_known(state, inputs)):
        return Decision(result=Done("reserve", "ask-phone"))
    request = _request(state, context, inputs, size)
    try:
        done = deposits.reserve(state, request, at, inputs.chance)
    except Refusal as refusal:
        answer = _open_question(state, refusal)
        if not answer:
            raise
        turned_away = () if answer == "ask-phone" else (_turned_away(context, size),)
        return Decision(turned_away, result=Done("reserve", answer, {"size": size}))
    facts: Facts = opening_facts(done.result) | {"swap": ""}
    return answered(done, "reserve", "open", **facts)


def _size_for(state: LockerState, context: Context, inputs: Inputs) -> str:
    """What was just said, what the back office knows, what was used last; without speed mode the last is asked."""
    if inputs.explicit_size:
        return context.size
    expected = state.expected.get(inputs.waybill_hash)
    if expected is not None and expected.size:
        return expected.size
    return context.size if context.speed else ""


def _code_is_known(state: LockerState, inputs: Inputs) -> bool:
    """The back office has drawn the code already, bound to a phone number that only it knows."""
    expected = state.expected.get(inputs.waybill_hash)
    return expected is not None and bool(expected.code_hash)


def _open_question(state: LockerState, refusal: Refusal) -> str:
    if refusal.code == PHONE_MISSING:
        return "ask-phone"
    if refusal.code == FULL:
        return "size-full" if allocation.free(state) else "full"
    return ""


def _turned_away(context: Context, size: str) -> e.DepositRefused:
    """What operators count when they ask which sizes a place lacks."""
    return e.DepositRefused(context.session, context.actor, context.carrier, size)


def _request(state: LockerState, context: Context, inputs: Inputs, size: str) -> DepositRequest:
    expected = state.expected.get(inputs.waybill_hash)
    carrier = state.carrier.get(context.carrier)
    vouched = carrier is not None and carrier.consent is Consent.COURIER_CONFIRMS
    return DepositRequest(
        session=context.session,
        courier=context.actor,
        waybill_hash=inputs.waybill_hash,
        size=size,
        phone_hash=inputs.phone_hash or (expected.phone_hash if expected else ""),
        consent=(expected.consent if expected else "") or ("courier" if vouched else ""),
        low_needed=context.low or bool(expected and expected.low_needed),
        cod=bool(expected and expected.cod),
        near=context.last[0].door if context.last else "",
        not_now=inputs.not_now,
    )


def swap(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    """Another compartment for the parcel in hand; what was wrong with this one is reported in the same commit."""
    number, wrong = context.door, WRONG.get(context.swap)
    size = _swapped_size(state, context)
    kept = state.stay[context.stay]
    request = msgspec.structs.replace(
        _request(state, context, inputs, size), phone_hash=kept.phone_hash, consent=kept.consent
    )
    left = Left.UNKNOWN if wrong in (Report.SOMETHING_INSIDE, Report.STUCK) else Left.NOTHING
    steps = []
    if wrong is not None:
        actor = f"courier:{context.actor}"
        steps.append(
            partial(service.report, number=number, what=wrong, actor=actor, at=at, session=context.session)
        )
    elsewhere = partial(
        deposits.another_compartment,
        stay=context.stay,
        left=left,
        request=request,
        at=at,
        chance=inputs.chance,
    )
    odd = _odd(context, "to-check" if left is Left.UNKNOWN else "")
    if inputs.mode == "not-opened":
        odd = _odd(context, "not-opened")
    try:
        done = together(state, at, *steps, elsewhere)
    except Refusal as refusal:
        if refusal.code != FULL:
            raise
        given_up = partial(deposits.cancel, stay=context.stay, left=left, at=at)
        facts: Facts = NO_PARCEL | {"waybill": context.waybill, "odd": odd, "size": size}
        ended = together(state, at, *steps, given_up)
        ended = replace(ended, events=(*ended.events, _turned_away(context, size)))
        return answered(ended, "swap", "full", **facts)
    facts = opening_facts(done.result) | {"swap": "", "odd": odd}
    if context.swap in ("bigger", "smaller") or context.swap == size:
        facts["size"] = size
    return answered(done, "swap", "open", **facts)


def _swapped_size(state: LockerState, context: Context) -> str:
    """One size up or down from this door's, a named one, or the same again."""
    ranks = {c.rank: c.size for c in state.compartment.values()}
    ordered = [ranks[rank] for rank in sorted(ranks)]
    here = state.compartment[context.door].size
    if context.swap in ordered:
        return context.swap
    wanted = ordered.index(here) + {"bigger": 1, "smaller": -1}.get(context.swap, 0)
    if not 0 <= wanted < len(ordered):
        raise Refusal(NOT_FOUND, f"there is no size {context.swap} than {here}")
    return ordered[wanted]


def _odd(context: Context, kind: str) -> tuple[Odd, ...]:
    if not kind:
        return context.odd
    return (Odd(kind, context.door, context.tail), *context.odd)[:ODD_MAX]


# What has been done with it


def deposit(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    assert inputs.credentials is not None  # the preparer draws them for this decision
    personal = tuple(VaultWrite(context.stay, field, value) for field, value in inputs.personal)
    done = deposits.deposited(state, context.stay, inputs.credentials, at, personal)
    line = Deposited(
        context.parcel,
        context.stay,
        context.door,
        state.compartment[context.door].size,
        context.tail,
        stamp_of(at).monotonic_ms / 1000,
    )
    facts: Facts = NO_PARCEL | {
        "deposited": context.deposited + 1,
        "last": (line, *context.last)[:LAST_MAX],
        "said_door": line.door,
        "said_tail": line.tail,
    }
    return answered(done, "deposit", "stored", **facts)


def cancel(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    """Nothing left inside: the courier's answer on a screen that named the door."""
    done = deposits.cancel(state, context.stay, Left.NOTHING, at)
    return answered(done, "cancel", **NO_PARCEL, odd=_odd(context, "cancelled"))


def left_inside(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    """Left inside, yet not stored: somebody has to look; never free, never delivered."""
    done = deposits.interrupted(state, context.stay, "left inside", at)
    return answered(done, "left_inside", **NO_PARCEL, odd=_odd(context, "to-check"))


def leave_unseen(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Done:
    """The round goes on without this door: a late sensor or the session's end settles its opening, not a guess."""
    return Done("leave_unseen", "", NO_PARCEL | {"odd": _odd(context, "to-check")})


def open_to_undo(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    chosen = inputs.chosen or (context.last[0].parcel if context.last else "")
    line = next((line for line in context.last if line.parcel == chosen), None)
    if line is None:
        raise Refusal(NOT_FOUND, "there is nothing to undo")
    done = undo.open_to_undo(state, line.stay, context.actor, context.session, at, inputs.chance)
    return answered(done, "undo", "open", **opening_facts(done.result), picked=line.parcel)


def undone(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    done = undo.undone(state, context.stay, context.actor, at)
    tails = [line.tail for line in context.last if line.parcel == context.picked]
    last = tuple(line for line in context.last if line.parcel != context.picked)
    facts: Facts = NO_PARCEL | {"deposited": context.deposited - 1, "last": last, "said_tail": "".join(tails)}
    return answered(done, "undone", **facts)


def report(state: LockerState, context: Context, inputs: Inputs, at: Instant) -> Decision:
    """About the last door where it can be; anything else becomes a fault that a person takes on."""
    what = PROBLEMS.get(context.problem)
    actor = f"courier:{context.actor}"
    if what is not None and context.last:
        number = context.last[0].door
        done = service.report(state, number, what, actor, at, context.session)
    else:
        done = hardware.open_fault(state, REPORTED_FAULT, "screen", "minor", at, context.problem)
    return answered(replace(done, result=None), "report")
