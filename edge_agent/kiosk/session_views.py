"""From a flow's state to a screen: one small function a screen, and nothing else knows both vocabularies.

Each takes what the table asked to show, what the session knows, and a read-only look at the locker, and returns a
view-model of `screens.py`. A screen never promises more than the tables say: counts come from the ledger's state,
which changes only after a commit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from msgspec.structs import replace

from edge_agent.domain.words import DoorPosition
from edge_agent.flows.effects import Show
from edge_agent.kiosk import screens as s
from edge_agent.kiosk import session_courier_views as courier
from edge_agent.kiosk.door_row import door_row
from edge_agent.kiosk.screen_parts import MessageKind, Notice, NoticeKind, ProblemKind, ServiceRow
from edge_agent.kiosk.session_look import LIST_MAX, Look, free_by_size, recall_line
from edge_agent.kiosk.session_notices import notice_of

CODES = {"storage": "STORE-415", "boards": "BUS-110"}  # what to read to the hotline
SUPPORT_CODE_LEN = 6  # of the session's id: enough to find it in a day's journal by phone
Tone = Literal["plain", "done", "attention", "refused"]


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
    "delegate": ("not-mine", "empty", "not-open"),  # refusing a parcel is its recipient's
    "recipient": RECIPIENT_OFFERS,
    "recall": ("skip", "not-inside"),
    "verify": (),
    "technician": (),
}
RECALLING = frozenset(
    {"left-behind", "recall-refusal", "recall-try-again"}
)  # what was said about the door before


def _taker(look: Look) -> Literal["recipient", "delegate", "courier", "technician"]:
    """Who stands at the open door: it chooses the words and the exceptions."""
    if look.context.role == "recipient":
        return "delegate" if look.context.delegate else "recipient"
    return "courier" if look.context.role == "courier" else "technician"


def _door_open_take(show: Show, look: Look) -> s.Screen:
    context = look.context
    kind = "recall" if show.about in RECALLING else show.about
    if kind not in TAKE_OFFERS:
        kind = _taker(look) if context.role == "recipient" else "technician"
    offers = () if show.about in ("opening", "close-it") else TAKE_OFFERS[kind]
    before = recall_line(context.cleared[0], taken=True) if kind == "recall" and context.cleared else None
    return s.DoorOpenTake(
        door=context.door,
        opening=show.about == "opening",
        role=_taker(look),
        index=context.index,
        total=context.total,
        tail=context.tail,
        reminder=context.reminder,
        before=before,
        offers=(*offers, "still-inside") if before else offers,
        notice=Notice(NoticeKind.REPORTED, "done")
        if show.about == "empty"
        else notice_of(show.about, context),
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


# A rating does not turn into a pickup what was put back, or was not there.
THANKED = {"refused": "put-back", "absent": "reported", "not-mine": "reported"}


def _thanks(show: Show, look: Look) -> s.Screen:
    kind = THANKED.get(look.context.reported, "pickup") if show.about == "rated" else show.about
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


def _report_problem(show: Show, look: Look) -> s.Screen:
    by_courier = (
        ProblemKind.DIRTY,
        ProblemKind.DAMAGED,
        ProblemKind.OCCUPIED,
        ProblemKind.SCANNER,
        ProblemKind.OTHER,
    )
    kinds = by_courier if show.about == "courier" else (ProblemKind.REFUSE,)
    return s.ReportProblem(kinds=kinds, door=look.context.door)


def _locked_out(show: Show, look: Look) -> s.Screen:
    who = show.about
    return s.LockedOut(
        who="courier" if who == "courier" else "technician" if who == "technician" else "recipient"
    )


def _out_of_service(show: Show, look: Look) -> s.Screen:
    reason: Any = look.context.out or "fault"
    return s.OutOfService(reason=reason, code=CODES.get(reason, ""))


STEPS = ("welcome", "boards", "doors", "scanner", "done")
COMMISSIONING_OFFERS: dict[str, tuple[str, ...]] = {
    "boards": ("next", "retry", "leave"),
    "boards-try-again": ("next", "retry", "leave"),
    "opening": ("leave",),
    "look": ("leave",),
    "doors": ("yes", "no", "retry", "leave"),
    "failed": ("retry", "skip", "leave"),
    "scanner": ("next", "leave"),
    "done": ("leave",),
}


def _commissioning(show: Show, look: Look) -> s.Screen:
    """The sign on a cabinet that has not been accepted, and the technician's way through it."""
    context, about = look.context, show.about.removesuffix("-try-again")
    step: Any = about if about in STEPS else "doors" if about in COMMISSIONING_OFFERS else "welcome"
    scanned = ServiceRow("scan", str(context.scan_length), words=("characters",), state="good")
    rows = {
        "boards": look.rows,
        "scanner": (scanned,) if context.scan_length >= 0 else (),
        "done": unfinished(look),
    }
    asks: Any = about if about in ("opening", "look", "failed") else "doors" if step == "doors" else ""
    return s.Commissioning(
        step=step,
        asks=asks,
        index=context.index if step == "doors" else 1 + STEPS.index(step),
        total=context.total if step == "doors" else len(STEPS),
        door=context.door if step == "doors" else "",
        reminder=context.reminder,
        rows=rows.get(step, ()),
        offers=COMMISSIONING_OFFERS.get(show.about, ()),
        notice=notice_of(show.about, context),
    )


def unfinished(look: Look) -> tuple[ServiceRow, ...]:
    """Doors that acceptance would leave out: not looked into, or set aside."""
    doors = [door for door in look.state.compartment.values() if not door.offered]
    return tuple(replace(door_row(door), offers=()) for door in doors[:LIST_MAX])


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
    "courier-pin": courier.courier_pin,
    "courier-scan": courier.courier_scan,
    "recipient-phone": courier.recipient_phone,
    "choose-size": courier.choose_size,
    "door-open-put": courier.door_open_put,
    "full": courier.full,
    "recall-list": courier.recall_list,
    "courier-summary": courier.courier_summary,
    "report-problem": _report_problem,
    "locked-out": _locked_out,
    "out-of-service": _out_of_service,
    "service-menu": _service_menu,
    "commissioning": _commissioning,
    "warn-timeout": _warn_timeout,
    "please-wait": _please_wait,
    "message": _message,
}


def build(show: Show, look: Look) -> s.Screen:
    """The view-model of one screen. Raises KeyError for a screen that no builder knows (a test walks the tables)."""
    return BUILDERS[show.screen](show, look)
