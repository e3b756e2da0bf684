"""From a flow's state to a screen: one small function a screen, and nothing else knows both vocabularies.

Each takes what the table asked to show, what the session knows, and a read-only look at the locker, and returns a
view-model of `screens.py`. A screen never promises more than the tables say: counts come from the ledger's state,
which changes only after a commit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from edge_agent.config import Config
from edge_agent.domain.state import LockerState
from edge_agent.domain.undo import UNDO_S
from edge_agent.domain.words import Contents, DoorPosition
from edge_agent.flows.context import Context
from edge_agent.flows.effects import Show
from edge_agent.kiosk import screens as s
from edge_agent.kiosk.screen_parts import (
    DepositLine,
    MessageKind,
    Notice,
    NoticeKind,
    OddLine,
    ProblemKind,
    RecallLine,
    ServiceRow,
    SizeCount,
    SizeTile,
)
from edge_agent.kiosk.session_notices import notice_of

Odd = Literal["to-check", "interrupted", "cancelled", "left-open", "not-opened"]
Tone = Literal["plain", "done", "attention", "refused"]
SUPPORT_CODE_LEN = 6  # of the session's id: enough to find it in a day's journal by phone
LIST_MAX = 24  # lines of a list on the screen; the rest comes up as these are done


@dataclass(frozen=True)
class Look:
    """What a screen may look at. `waiting_events` is the outbox's length, `rows` the service section's lines."""

    state: LockerState
    config: Config
    context: Context
    now_s: float
    waiting_events: int = 0
    rows: tuple[ServiceRow, ...] = ()
    code_shape: str = "8"


def free_by_size(look: Look) -> tuple[SizeCount, ...]:
    """Offered compartments of every configured size, in the file's order."""
    counts = dict.fromkeys(look.config.sizes, 0)
    for compartment in look.state.compartment.values():
        if compartment.offered:
            counts[compartment.size] = counts.get(compartment.size, 0) + 1
    return tuple(SizeCount(size, free) for size, free in counts.items())


def unknown_doors(look: Look) -> tuple[str, ...]:
    """Compartments that somebody has to look into."""
    return tuple(c.number for c in look.state.compartment.values() if c.contents is Contents.UNKNOWN)


def _home(show: Show, look: Look) -> s.Screen:
    left_open = [c.number for c in look.state.compartment.values() if c.door is DoorPosition.OPEN]
    notice = notice_of(show.about, look.context)
    if notice is None and left_open:
        notice = Notice(NoticeKind.DOOR_LEFT_OPEN, "attention", {"door": left_open[0]})
    return s.Home(
        notice=notice,
        free=free_by_size(look),
        code="6+4" if look.code_shape == "6+4" else "8",
        deposits=look.state.switched.deposits,
        waiting_events=look.waiting_events,
    )


def _pickup_phone(show: Show, look: Look) -> s.Screen:
    return s.PickupPhone(notice=notice_of(show.about, look.context))


RECIPIENT_OFFERS = ("refuse", "not-mine", "damaged", "empty", "not-open")
TAKE_OFFERS = {
    "recipient": RECIPIENT_OFFERS,
    "recall": ("skip", "not-inside"),
    "verify": (),
    "technician": (),
}


def _door_open_take(show: Show, look: Look) -> s.Screen:
    context = look.context
    kind = (
        show.about
        if show.about in TAKE_OFFERS
        else ("recipient" if context.role == "recipient" else "technician")
    )
    offers = () if show.about in ("opening", "close-it") else TAKE_OFFERS[kind]
    return s.DoorOpenTake(
        door=context.door,
        opening=show.about == "opening",
        role="recipient"
        if context.role == "recipient"
        else "courier"
        if context.role == "courier"
        else "technician",
        index=context.index,
        total=context.total,
        tail=context.tail,
        reminder=context.reminder,
        offers=offers,
        notice=Notice(NoticeKind.REPORTED, "done") if show.about == "empty" else None,
    )


def _more_parcels(show: Show, look: Look) -> s.Screen:
    context = look.context
    return s.MoreParcels(done=context.index - 1, total=context.total, next_door=context.door)


# No sensor or a person against it: another pulse would help nobody, a person does.
FAILED_OFFERS = {"unseen": ("cancel",), "unknown": ("report", "finish"), "disputed": ("report", "finish")}


def _door_failed(show: Show, look: Look) -> s.Screen:
    if show.about in ("recall", "verify"):
        offers: tuple[str, ...] = ("retry", "skip", "finish")
    else:
        offers = FAILED_OFFERS.get(show.about, ("retry", "report", "finish"))
    role = look.context.role
    return s.DoorFailed(
        door=look.context.door,
        reason="unknown" if show.about in ("unknown", "unseen") else "not-opened",
        role="recipient" if role == "recipient" else "courier" if role == "courier" else "technician",
        offers=offers,
        notice=notice_of(show.about, look.context),
    )


def _thanks(show: Show, look: Look) -> s.Screen:
    kind = show.about if show.about in ("put-back", "reported") else "pickup"
    offers: tuple[str, ...] = ("reopen", "report") if show.about == "rated" else ("rate", "reopen", "report")
    return s.Thanks(
        kind="put-back" if kind == "put-back" else "reported" if kind == "reported" else "pickup",
        door=look.context.door,
        offers=offers,
        notice=notice_of(show.about, look.context) if show.about in ("rated", "reopen-ended") else None,
    )


def _help(show: Show, look: Look) -> s.Screen:
    code = look.context.session.replace("-", "")[-SUPPORT_CODE_LEN:].upper()
    return s.Help(support_code=code, offers=("finish",) if show.about != "door-open" else ())


def _courier_pin(show: Show, look: Look) -> s.Screen:
    asks_number = show.about == "number"
    return s.CourierPin(
        ask="number" if asks_number else "pin",
        digits_min=1 if asks_number else 4,
        digits_max=12 if asks_number else 8,
        notice=notice_of(show.about, look.context),
    )


def _courier_scan(show: Show, look: Look) -> s.Screen:
    context = look.context
    last = tuple(
        DepositLine(
            line.parcel, line.tail, line.door, line.size, max(0, int(line.at_s + UNDO_S - look.now_s))
        )
        for line in context.last
    )
    overdue, unknown = len(context.listed), len(unknown_doors(look))
    may_verify = look.state.rules.couriers_may_verify and unknown > 0
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
            )
            if offered
        ),
        notice=notice_of(show.about, context),
    )


def _recipient_phone(show: Show, look: Look) -> s.Screen:
    masked = look.code_shape != "6+4"  # such a code is bound to the phone's last four digits
    return s.RecipientPhone(
        tail=look.context.tail,
        offers=("masked", "cancel") if masked else ("cancel",),
        notice=notice_of(show.about, look.context),
    )


def _choose_size(show: Show, look: Look) -> s.Screen:
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


def _door_open_put(show: Show, look: Look) -> s.Screen:
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


def _full(show: Show, look: Look) -> s.Screen:
    free = free_by_size(look)
    any_left = any(count.free for count in free)
    offers = ("recall",) * bool(look.context.listed) + ("verify",) * bool(unknown_doors(look))
    return s.Full(size=look.context.size if any_left else "", free=free, offers=(*offers, "finish"))


def _recall_list(show: Show, look: Look) -> s.Screen:
    verify = show.about.startswith("verify")
    if verify:
        lines = tuple(RecallLine(number, number, "", "unknown") for number in unknown_doors(look))
    else:
        lines = tuple(
            RecallLine(line.id, line.door, "", "refused" if line.reason == "refused" else "overdue")
            for line in look.context.listed
        )
    return s.RecallList(
        kind="verify" if verify else "recall",
        lines=lines[:LIST_MAX],
        offers=("finish",),
        notice=notice_of(show.about, look.context),
    )


def _courier_summary(show: Show, look: Look) -> s.Screen:
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


def _report_problem(show: Show, look: Look) -> s.Screen:
    courier = (
        ProblemKind.DIRTY,
        ProblemKind.DAMAGED,
        ProblemKind.OCCUPIED,
        ProblemKind.SCANNER,
        ProblemKind.OTHER,
    )
    kinds = courier if show.about == "courier" else (ProblemKind.REFUSE,)
    return s.ReportProblem(kinds=kinds, door=look.context.door)


def _locked_out(show: Show, look: Look) -> s.Screen:
    who = show.about
    return s.LockedOut(
        who="courier" if who == "courier" else "technician" if who == "technician" else "recipient"
    )


def _out_of_service(show: Show, look: Look) -> s.Screen:
    reasons = {"unpaired": "unpaired", "storage": "storage", "clock": "clock", "maintenance": "maintenance"}
    reason: Any = reasons.get(look.context.out, "fault")
    return s.OutOfService(reason=reason, code=look.context.refusal)


def _service_menu(show: Show, look: Look) -> s.Screen:
    section: Any = look.context.section if show.about else ""
    rows = look.rows if show.about else ()
    if show.about == "scanner" and look.context.scan_length >= 0:
        rows = (ServiceRow("scan", str(look.context.scan_length), words=("characters",), state="good"),)
    return s.ServiceMenu(section=section, rows=rows, notice=notice_of(show.about, look.context))


def _warn_timeout(show: Show, look: Look) -> s.Screen:
    return s.WarnTimeout()


def _please_wait(show: Show, look: Look) -> s.Screen:
    return s.PleaseWait(reason="checking" if show.about == "checking" else "working")


# Message → (kind, offers, tone). A refusal says on one line why; the whole screen says what to do.
MESSAGES: dict[str, tuple[MessageKind, tuple[str, ...], Tone]] = {
    "left-inside": (MessageKind.LEFT_INSIDE, ("yes", "no"), "attention"),
    "put-back": (MessageKind.PUT_BACK, ("cancel",), "attention"),
    "undo-door": (MessageKind.UNDO_DOOR, (), "attention"),
    "check-door": (MessageKind.CHECK_DOOR, ("yes", "no"), "attention"),
    "try-later": (MessageKind.TRY_LATER, ("retry", "finish"), "refused"),
    "wrong-door": (MessageKind.WRONG_DOOR, ("finish",), "refused"),
    "failed": (MessageKind.TRY_LATER, ("finish",), "refused"),
    "refusal": (MessageKind.TRY_LATER, ("finish",), "refused"),
}


def _message(show: Show, look: Look) -> s.Screen:
    kind, offers, tone = MESSAGES[show.about]
    return s.Message(
        kind=kind,
        args={"door": look.context.door},
        door=look.context.door,
        tone=tone,
        offers=offers,
        notice=notice_of(show.about, look.context),
    )


BUILDERS: dict[str, Callable[[Show, Look], s.Screen]] = {
    "home": _home,
    "pickup-phone": _pickup_phone,
    "door-open-take": _door_open_take,
    "more-parcels": _more_parcels,
    "door-failed": _door_failed,
    "thanks": _thanks,
    "help": _help,
    "courier-pin": _courier_pin,
    "courier-scan": _courier_scan,
    "recipient-phone": _recipient_phone,
    "choose-size": _choose_size,
    "door-open-put": _door_open_put,
    "full": _full,
    "recall-list": _recall_list,
    "courier-summary": _courier_summary,
    "report-problem": _report_problem,
    "locked-out": _locked_out,
    "out-of-service": _out_of_service,
    "service-menu": _service_menu,
    "warn-timeout": _warn_timeout,
    "please-wait": _please_wait,
    "message": _message,
}


def build(show: Show, look: Look) -> s.Screen:
    """The view-model of one screen. Raises KeyError for a screen that no builder knows (a test walks the tables)."""
    return BUILDERS[show.screen](show, look)
