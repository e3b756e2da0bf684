"""The courier's screens as view-models: login, scanning, size and phone, the door to put into, lists and summary."""

from __future__ import annotations

from typing import Literal

from edge_agent.domain.undo import UNDO_S
from edge_agent.domain.waybill import has_letters
from edge_agent.flows.effects import Show
from edge_agent.kiosk import screens as s
from edge_agent.kiosk.screen_parts import DepositLine, OddLine, RecallLine, SizeTile
from edge_agent.kiosk.session_look import LIST_MAX, Look, free_by_size, recall_line, unknown_doors
from edge_agent.kiosk.session_notices import notice_of

Odd = Literal["to-check", "interrupted", "cancelled", "left-open", "not-opened"]

TYPING = frozenset({"type", "type-bad"})  # the waybill is typed


def courier_pin(show: Show, look: Look) -> s.Screen:
    asks_number = show.about == "number"
    return s.CourierPin(
        ask="number" if asks_number else "pin",
        digits_min=1 if asks_number else 4,
        digits_max=12 if asks_number else 8,
        notice=notice_of(show.about, look.context),
    )


def courier_scan(show: Show, look: Look) -> s.Screen:
    context = look.context
    last = tuple(
        DepositLine(
            line.parcel, line.tail, line.door, line.size, max(0, int(line.at_s + UNDO_S - look.now_s))
        )
        for line in context.last
    )
    overdue, unknown = len(context.listed), len(unknown_doors(look))
    may_verify = look.state.rules.couriers_may_verify and unknown > 0
    if show.about in TYPING:
        letters = has_letters(context.carrier)
        return s.CourierScan(
            typing="letters" if letters else "digits",
            deposited=context.deposited,
            notice=notice_of(show.about, context),
        )
    return s.CourierScan(
        deposited=context.deposited,
        free=free_by_size(look),
        size=context.size,
        speed=context.speed,
        low=context.low,
        last=last,
        overdue=overdue,
        to_check=unknown if may_verify else 0,
        waiting_events=look.waiting_events,
        offers=tuple(
            name
            for name, offered in (
                ("undo", any(line.undo_s for line in last)),
                ("recall", overdue > 0),
                ("verify", may_verify),
                ("report", True),
                ("type-waybill", True),
            )
            if offered
        ),
        notice=notice_of(show.about, context),
    )


def recipient_phone(show: Show, look: Look) -> s.Screen:
    masked = look.code_shape != "6+4"  # such a code is bound to the phone's last four digits
    return s.RecipientPhone(
        tail=look.context.tail,
        offers=("masked", "cancel") if masked else ("cancel",),
        notice=notice_of(show.about, look.context),
    )


def choose_size(show: Show, look: Look) -> s.Screen:
    free = {count.size: count.free for count in free_by_size(look)}
    tiles = tuple(
        SizeTile(name, size.width_mm, size.height_mm, size.depth_mm, free[name])
        for name, size in look.config.sizes.items()
    )
    return s.ChooseSize(
        sizes=tiles,
        tail=look.context.tail,
        suggested=look.context.size,
        low=look.context.low,
        offers=("cancel",),
        notice=notice_of(show.about, look.context),
    )


PUT_OFFERS = ("bigger", "smaller", "another", "dirty", "damaged", "occupied", "not-open", "cancel")


def _no_such_size(look: Look) -> set[str]:
    """Bigger than the biggest and smaller than the smallest are not offered."""
    ranks = {compartment.rank for compartment in look.state.compartment.values()}
    here = look.state.compartment.get(look.context.door)
    if here is None:
        return set()
    return {name for name, end in (("bigger", max(ranks)), ("smaller", min(ranks))) if here.rank == end}


def door_open_put(show: Show, look: Look) -> s.Screen:
    context = look.context
    here = look.state.compartment.get(context.door)
    return s.DoorOpenPut(
        door=context.door,
        opening=show.about == "opening",
        role="courier",
        tail=context.tail,
        size=here.size if here else context.size,  # a larger one where the wanted size is used up
        reminder=context.reminder,
        queued=context.queued,
        offers=() if show.about else tuple(name for name in PUT_OFFERS if name not in _no_such_size(look)),
    )


def full(show: Show, look: Look) -> s.Screen:
    free = free_by_size(look)
    any_left = any(count.free for count in free)
    offers = ("recall",) * bool(look.context.listed) + ("verify",) * bool(unknown_doors(look))
    return s.Full(size=look.context.size if any_left else "", free=free, offers=(*offers, "finish"))


def recall_list(show: Show, look: Look) -> s.Screen:
    verify = show.about.startswith("verify")
    if verify:
        lines = tuple(RecallLine(number, number, "", "unknown") for number in unknown_doors(look))
    else:
        taken = tuple(recall_line(line, taken=True) for line in look.context.cleared)
        lines = (*map(recall_line, look.context.listed), *taken)
    return s.RecallList(
        kind="verify" if verify else "recall",
        lines=lines[:LIST_MAX],
        offers=("finish", "still-inside") if not verify and look.context.cleared else ("finish",),
        notice=notice_of(show.about, look.context),
    )


def courier_summary(show: Show, look: Look) -> s.Screen:
    odd = tuple(OddLine(_odd_kind(line.kind), line.door, line.tail) for line in look.context.odd)
    return s.CourierSummary(deposited=look.context.deposited, recalled=look.context.recalled, odd=odd)


def _odd_kind(kind: str) -> Odd:
    known: dict[str, Odd] = {
        "interrupted": "interrupted",
        "cancelled": "cancelled",
        "left-open": "left-open",
        "not-opened": "not-opened",
    }
    return known.get(kind, "to-check")
