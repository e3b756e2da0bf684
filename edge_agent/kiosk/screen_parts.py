"""What screens are filled with: kinds of notices, messages and problems, and the lines of their lists.

A new kind is one line here and one text in each catalogue; tests name whatever is missing or unused.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec


class NoticeKind(StrEnum):
    """Why something was not accepted, or what a person should know; text `notice.<value>`."""

    CODE_NO_MATCH = "code-no-match"  # tries_left
    SCAN_UNKNOWN = "scan-unknown"
    TOKEN_INVALID = "token-invalid"  # noqa: S105 - a kind of notice, not a secret
    TOKEN_EXPIRED = "token-expired"  # noqa: S105 - as above; a delegate's, whose time is over
    PIN_WRONG = "pin-wrong"  # tries_left
    COURIER_UNKNOWN = "courier-unknown"
    COURIER_NEEDS_NETWORK = "courier-needs-network"
    CONTRACT_ENDED = "contract-ended"
    QUOTA_REACHED = "quota-reached"
    NO_CONSENT = "no-consent"
    WAYBILL_DUPLICATE = "waybill-duplicate"
    WAYBILL_BAD = "waybill-bad"
    WAYBILL_OTHER_CARRIER = "waybill-other-carrier"
    PHONE_BAD = "phone-bad"
    SIZE_FULL = "size-full"  # size
    DEPOSITS_STOPPED = "deposits-stopped"
    DOOR_LEFT_OPEN = "door-left-open"  # door
    UNDONE = "undone"  # tail
    STORED = "stored"  # door, tail
    NOT_ALLOWED = "not-allowed"
    TRY_AGAIN = "try-again"
    REPORTED = "reported"
    LEFT_BEHIND = "left-behind"  # door
    REOPEN_ENDED = "reopen-ended"
    SCAN_QUEUED = "scan-queued"  # tail


class MessageKind(StrEnum):
    """Whole-screen questions and notes; texts `message.<value>.title` and `.text`."""

    SECOND_PAGE = "second-page"
    LEFT_INSIDE = "left-inside"  # door; offers yes, no: "did you leave a parcel in there?"
    PUT_BACK = "put-back"  # door: put it back and close
    REPORTED = "reported"
    UNDO_DOOR = "undo-door"  # door: take it out again and close
    OPEN_ALL = "open-all"  # count; offers yes, no
    CHECK_DOOR = "check-door"  # door; offers is asked as yes (empty), no (something inside)
    SESSION_ENDED = "session-ended"
    WRONG_DOOR = "wrong-door"  # door
    TRY_LATER = "try-later"


class ProblemKind(StrEnum):
    """What a person may report; text `problem.<value>`."""

    DOOR_STUCK = "door-stuck"
    EMPTY = "empty"
    NOT_MINE = "not-mine"
    DAMAGED = "damaged"
    DIRTY = "dirty"
    OCCUPIED = "occupied"
    REFUSE = "refuse"
    SCANNER = "scanner"
    OTHER = "other"


class Notice(msgspec.Struct, frozen=True):
    """One line on a screen. `tone` colours it and picks its icon; placeholders come from `args`."""

    kind: NoticeKind
    tone: Literal["refused", "attention", "done"] = "refused"
    args: dict[str, str] = {}


class SizeCount(msgspec.Struct, frozen=True):
    """Free compartments of one size."""

    size: str
    free: int


class SizeTile(msgspec.Struct, frozen=True):
    """One choice of size with its inner millimetres."""

    size: str
    width_mm: int
    height_mm: int
    depth_mm: int
    free: int


class DepositLine(msgspec.Struct, frozen=True):
    """One of the last deposits; `undo_s` > 0 while it can be undone."""

    id: str
    tail: str
    door: str
    size: str
    undo_s: int = 0


RecallReason = Literal["overdue", "refused", "recalled", "unknown", "taken"]  # taken: in this visit


class RecallLine(msgspec.Struct, frozen=True):
    """A parcel to take back, or a door to check."""

    id: str
    door: str
    tail: str = ""
    reason: RecallReason = "overdue"
    days: int = 0


class OddLine(msgspec.Struct, frozen=True):
    """Something of this visit that a person should know."""

    kind: Literal["to-check", "interrupted", "cancelled", "left-open", "not-opened"]
    door: str
    tail: str = ""


ServiceWord = Literal[
    "empty",
    "stay",
    "unknown",
    "open",
    "suspect",
    "faulty",
    "out_of_service",
    "silent",
    "preparing",
    "not-open",
    "characters",
]


class ServiceRow(msgspec.Struct, frozen=True):
    """One line in service mode.

    `label` and `value` are technical facts, shown as they are; `words` are said in the language of the screen;
    `offers` act on `id`.
    """

    id: str
    label: str
    value: str = ""
    words: tuple[ServiceWord, ...] = ()
    state: Literal["good", "attention", "bad", "plain"] = "plain"
    offers: tuple[Literal["open", "set-out", "set-in", "is-empty", "is-occupied", "pick"], ...] = ()
