"""Every screen as a frozen view-model: what the page needs to draw it, and which actions it may send back.

A screen is a function of the flow's state: the session builds one of these and shows it. The values are
facts and keys (door numbers, counts, kinds), never sentences: the page and the speech look every text up in
the catalogue of the shown language (`locales/`). Texts of a screen live under `<screen>.*`, labels of
buttons under `action.*`, reasons under `notice.*` and `message.*`.

`offers` are the buttons for exceptions, in the order shown; an offered action is legal, and an action of
the screen's `OFFERS` that is not offered now is dropped. `ACTIONS` are always legal on that screen, besides
`actions.COMMON`. Personal data: no names, no telephone numbers; of a waybill only its last four characters
(`tail`).
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from edge_agent.kiosk.actions import COMMON
from edge_agent.kiosk.screen_parts import (
    DepositLine,
    MessageKind,
    Notice,
    OddLine,
    ProblemKind,
    RecallLine,
    ServiceRow,
    SizeCount,
    SizeTile,
)


class Screen(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all view-models. `NAME` is the page's `data-screen`."""

    NAME: ClassVar[str] = ""
    ACTIONS: ClassVar[frozenset[str]] = frozenset()
    OFFERS: ClassVar[frozenset[str]] = frozenset()

    offers: tuple[str, ...] = ()
    notice: Notice | None = None

    def allows(self, action: str) -> bool:
        """May the page that shows this screen send `action` now?"""
        return action in COMMON or action in self.ACTIONS or (action in self.OFFERS and action in self.offers)


class Home(Screen, frozen=True, kw_only=True):
    """The keypad is the idle screen: the first step already."""

    NAME = "home"
    ACTIONS = frozenset({"code", "courier"})
    free: tuple[SizeCount, ...] = ()
    code: Literal["8", "6+4"] = "8"
    deposits: bool = True  # False: pickups only
    waiting_events: int = 0  # not yet at the cloud; shown as a number beside a cloud when > 0


class PickupPhone(Screen, frozen=True, kw_only=True):
    """The last four digits of the telephone, after a six-digit code."""

    NAME = "pickup-phone"
    ACTIONS = frozenset({"phone"})


class DoorOpenTake(Screen, frozen=True, kw_only=True):
    """Take the parcel out and close the door.

    `role` chooses the words; `index` of `total` doors of this visit.
    """

    NAME = "door-open-take"
    OFFERS = frozenset(
        {
            "reopen",
            "not-open",
            "empty",
            "not-mine",
            "damaged",
            "refuse",
            "report",
            "skip",
            "not-inside",
            "dirty",
        }
        | {"is-empty", "next", "finish", "occupied", "still-inside"}
    )
    door: str
    opening: bool = False  # the pulse is on its way: "opening" instead of "open"
    role: Literal["recipient", "delegate", "courier", "technician"] = "recipient"
    index: int = 1
    total: int = 1
    tail: str = ""
    reminder: int = 0  # 0 none, 1..n: please close the door
    before: RecallLine | None = None  # what `still-inside` is about: the door closed before this one


class MoreParcels(Screen, frozen=True, kw_only=True):
    """One door is closed, the next opens."""

    NAME = "more-parcels"
    ACTIONS = frozenset({"next"})
    OFFERS = frozenset({"finish", "reopen"})
    done: int
    total: int
    next_door: str


class DoorFailed(Screen, frozen=True, kw_only=True):
    """The door did not open, or nobody knows."""

    NAME = "door-failed"
    OFFERS = frozenset({"retry", "another", "report", "finish", "skip", "next", "cancel"})
    door: str
    reason: Literal["not-opened", "unknown", "board-silent", "not-closed"] = "not-opened"
    role: Literal["recipient", "courier", "technician"] = "recipient"


class Thanks(Screen, frozen=True, kw_only=True):
    """The end of a visit, for three seconds."""

    NAME = "thanks"
    ACTIONS = frozenset({"finish"})
    OFFERS = frozenset({"rate", "reopen", "report"})
    kind: Literal["pickup", "put-back", "reported", "drop-off", "courier"] = "pickup"
    door: str = ""


class Help(Screen, frozen=True, kw_only=True):
    """Locker id and hotline stand in the page's shell; `support_code` is what to read to the person on the phone."""

    NAME = "help"
    OFFERS = frozenset({"report", "finish"})
    support_code: str = ""


class CourierPin(Screen, frozen=True, kw_only=True):
    """Courier number or PIN."""

    NAME = "courier-pin"
    ACTIONS = frozenset({"number", "pin"})
    ask: Literal["number", "pin"] = "pin"
    digits_min: int = 4
    digits_max: int = 6


class CourierScan(Screen, frozen=True, kw_only=True):
    """Armed for the next waybill, also while one is being typed (`typing`: which keys its carrier's numbers need).

    `size` is the size the next door will have (sticky), "" when it is asked.
    """

    NAME = "courier-scan"
    ACTIONS = frozenset({"size", "speed", "low", "finish", "waybill"})
    OFFERS = frozenset({"undo", "recall", "verify", "report", "type-waybill"})
    typing: Literal["", "digits", "letters"] = ""
    deposited: int = 0
    free: tuple[SizeCount, ...] = ()
    size: str = ""
    speed: bool = True
    low: bool = False
    last: tuple[DepositLine, ...] = ()  # at most 5, newest first
    overdue: int = 0
    to_check: int = 0
    waiting_events: int = 0


class RecipientPhone(Screen, frozen=True, kw_only=True):
    """The recipient's telephone number of one waybill."""

    NAME = "recipient-phone"
    ACTIONS = frozenset({"phone"})
    OFFERS = frozenset({"masked", "cancel"})
    tail: str = ""
    digits_min: int = 8
    digits_max: int = 15


class ChooseSize(Screen, frozen=True, kw_only=True):
    """One tile a size, drawn to scale."""

    NAME = "choose-size"
    ACTIONS = frozenset({"size", "low"})
    OFFERS = frozenset({"cancel"})
    sizes: tuple[SizeTile, ...]
    tail: str = ""
    suggested: str = ""
    low: bool = False


class DoorOpenPut(Screen, frozen=True, kw_only=True):
    """Put the parcel in and close the door: that is the confirmation."""

    NAME = "door-open-put"
    OFFERS = frozenset(
        {
            "bigger",
            "smaller",
            "another",
            "reopen",
            "dirty",
            "damaged",
            "occupied",
            "not-open",
            "cancel",
            "report",
        }
    )
    door: str
    opening: bool = False
    role: Literal["courier", "recipient", "sender"] = "courier"  # recipient: putting a refused parcel back
    tail: str = ""
    size: str = ""
    reminder: int = 0
    queued: str = ""  # tail of the waybill scanned ahead


class Full(Screen, frozen=True, kw_only=True):
    """No compartment for this parcel (or none at all), said before work is wasted."""

    NAME = "full"
    OFFERS = frozenset({"recall", "verify", "finish", "size"})
    size: str = ""  # "" : none of any size
    free: tuple[SizeCount, ...] = ()
    nearest: str = ""  # another site, as the back office wrote it


class RecallList(Screen, frozen=True, kw_only=True):
    """Parcels to take back (`recall`), or doors with unknown contents to look into (`verify`)."""

    NAME = "recall-list"
    ACTIONS = frozenset({"start", "pick"})
    OFFERS = frozenset({"open-all", "finish", "still-inside"})
    kind: Literal["recall", "verify"] = "recall"
    lines: tuple[RecallLine, ...] = ()


class CourierSummary(Screen, frozen=True, kw_only=True):
    """What this visit did, with anything odd."""

    NAME = "courier-summary"
    ACTIONS = frozenset({"finish"})
    deposited: int = 0
    recalled: int = 0
    odd: tuple[OddLine, ...] = ()


class ReportProblem(Screen, frozen=True, kw_only=True):
    """One touch says what is wrong."""

    NAME = "report-problem"
    ACTIONS = frozenset({"problem"})
    kinds: tuple[ProblemKind, ...]
    door: str = ""


class LockedOut(Screen, frozen=True, kw_only=True):
    """Too many wrong codes; the countdown is the view's deadline. Scanning a QR token still works."""

    NAME = "locked-out"
    qr_allowed: bool = True
    who: Literal["recipient", "courier", "technician"] = "recipient"


class OutOfService(Screen, frozen=True, kw_only=True):
    """Nothing can be done here now, and why."""

    NAME = "out-of-service"
    reason: Literal["maintenance", "fault", "storage", "boards"] = "fault"
    code: str = ""  # stable code for the hotline


class ServiceMenu(Screen, frozen=True, kw_only=True):
    """Service mode, visible as such. `section` "" is the menu itself."""

    NAME = "service-menu"
    ACTIONS = frozenset({"section", "leave", "open", "set-out", "set-in", "is-empty", "is-occupied", "pick"})
    section: Literal["", "doors", "boards", "scanner", "screen", "verify", "faults"] = ""
    rows: tuple[ServiceRow, ...] = ()


class Commissioning(Screen, frozen=True, kw_only=True):
    """A cabinet that has not been accepted: a sign for everybody (`welcome`), and a technician's way through it."""

    NAME = "commissioning"
    OFFERS = frozenset({"yes", "no", "skip", "retry", "leave", "next"})
    step: Literal["welcome", "boards", "doors", "scanner", "done"] = "welcome"
    asks: Literal["", "opening", "look", "doors", "failed"] = (
        ""  # what is said about the door; doors: is it this one?
    )
    index: int = 1
    total: int = 5
    door: str = ""
    reminder: int = 0
    rows: tuple[ServiceRow, ...] = ()


class WarnTimeout(Screen, frozen=True, kw_only=True):
    """Still there? The ring is the view's deadline (20 s or more); one touch anywhere gives more time."""

    NAME = "warn-timeout"
    ACTIONS = frozenset({"finish"})


class PleaseWait(Screen, frozen=True, kw_only=True):
    """Something takes longer than 400 ms."""

    NAME = "please-wait"
    reason: Literal["working", "starting", "checking"] = "working"


class Message(Screen, frozen=True, kw_only=True):
    """A question or a note that fills the screen."""

    NAME = "message"
    OFFERS = frozenset({"yes", "no", "finish", "retry", "next", "cancel", "report", "skip"})
    kind: MessageKind
    args: dict[str, str] = {}
    door: str = ""  # shown large, with the map, when given
    tone: Literal["plain", "done", "attention", "refused"] = "plain"


SCREENS: dict[str, type[Screen]] = {
    kind.NAME: kind
    for kind in (
        *(Home, PickupPhone, DoorOpenTake, MoreParcels, DoorFailed, Thanks, Help, CourierPin, CourierScan),
        *(
            RecipientPhone,
            ChooseSize,
            DoorOpenPut,
            Full,
            RecallList,
            CourierSummary,
            ReportProblem,
            LockedOut,
        ),
        *(OutOfService, ServiceMenu, Commissioning, WarnTimeout, PleaseWait, Message),
    )
}


# Facts that may change under a finger without changing what its touch means.
REFRESHED = frozenset(
    {"notice", "waiting_events", "free", "reminder", "queued", "overdue", "to_check", "last"}
)


def same_meaning(one: Screen, other: Screen) -> bool:
    """Whether every touch means the same on both: only such facts differ as are merely shown."""
    if type(one) is not type(other):
        return False
    names = (name for name in one.__struct_fields__ if name not in REFRESHED)
    return all(getattr(one, name) == getattr(other, name) for name in names)


def wire(screen: Screen) -> dict[str, Any]:
    """The view-model as JSON-ready values, as the page receives it in `vm`."""
    built: dict[str, Any] = msgspec.to_builtins(screen)
    return built
