"""The one line on a screen that says why: from a table's wording or a refusal's code to the page's vocabulary."""

from __future__ import annotations

from edge_agent.domain import refusals as r
from edge_agent.flows.context import Context
from edge_agent.kiosk.screen_parts import Notice, NoticeKind

# Why something was refused, in the screen's words. A code that is not here is "please try again".
REFUSED = {
    r.FULL: NoticeKind.SIZE_FULL,
    r.CARRIER_NOT_ALLOWED: NoticeKind.CONTRACT_ENDED,
    r.DUPLICATE_WAYBILL: NoticeKind.WAYBILL_DUPLICATE,
    r.COURIER_NOT_ALLOWED: NoticeKind.COURIER_UNKNOWN,
    r.CONSENT_MISSING: NoticeKind.NO_CONSENT,
    r.QUOTA_USED_UP: NoticeKind.QUOTA_REACHED,
    r.UNKNOWN_CODE: NoticeKind.CODE_NO_MATCH,
    r.DEPOSITS_STOPPED: NoticeKind.DEPOSITS_STOPPED,
    r.GRACE_OVER: NoticeKind.REOPEN_ENDED,
    r.BAD_WAYBILL: NoticeKind.WAYBILL_BAD,
    r.NOT_PERMITTED: NoticeKind.NOT_ALLOWED,
    r.PHONE_MISSING: NoticeKind.PHONE_BAD,
    r.OVERDUE: NoticeKind.TOKEN_INVALID,
}
ABOUT = {
    "code-no-match": NoticeKind.CODE_NO_MATCH,
    "token-invalid": NoticeKind.TOKEN_INVALID,
    "token-expired": NoticeKind.TOKEN_EXPIRED,
    "scan-unknown": NoticeKind.SCAN_UNKNOWN,
    "courier-first": NoticeKind.NOT_ALLOWED,
    "courier-unknown": NoticeKind.COURIER_UNKNOWN,
    "not-allowed": NoticeKind.NOT_ALLOWED,
    "pin-wrong": NoticeKind.PIN_WRONG,
    "technician-wrong": NoticeKind.PIN_WRONG,
    "try-again": NoticeKind.TRY_AGAIN,
    "verify-try-again": NoticeKind.TRY_AGAIN,
    "recall-try-again": NoticeKind.TRY_AGAIN,
    "not-opened": NoticeKind.TRY_AGAIN,
    "unknown": NoticeKind.TRY_AGAIN,
    "type-bad": NoticeKind.WAYBILL_BAD,
    "phone-bad": NoticeKind.PHONE_BAD,
    "size-full": NoticeKind.SIZE_FULL,
    "reopen-ended": NoticeKind.REOPEN_ENDED,
}
DONE = {
    "stored": NoticeKind.STORED,
    "undone": NoticeKind.UNDONE,
    "reported": NoticeKind.REPORTED,
    "rated": NoticeKind.REPORTED,
    "left-behind": NoticeKind.LEFT_BEHIND,
}


def notice_of(about: str, context: Context) -> Notice | None:
    """The line on a screen for this wording, with what fills its places; None where nothing need be said."""
    args = {
        "tries_left": str(max(context.tries_left, 0)),
        "size": context.size,
        "door": context.said_door or context.door,
        "tail": context.said_tail or context.tail,
    }
    if about in DONE:
        return Notice(DONE[about], "done", args)
    if about.endswith("refusal"):
        return Notice(REFUSED.get(context.refusal, NoticeKind.TRY_AGAIN), "refused", args)
    kind = ABOUT.get(about)
    return Notice(kind, "refused", args) if kind else None
