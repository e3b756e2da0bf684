"""What a scanner read, and what it says it is.

Our own codes carry a prefix: token, badge, technician's card, command card. Everything else is looked at as a waybill.
A scan is data from a stranger: it is bounded, printable ASCII, and never interpreted as anything but these kinds.

    LKT:<32 hex digits>     pickup token (QR)
    LKB:<badge>             courier's badge (barcode or QR)
    LKS:<card>              technician's card
    LKC:<command>           command card: S, M, L, XL, XS, BIGGER, UNDO, OVERDUE, DONE, REPORT, HELP, SKIP
"""

from __future__ import annotations

import re

from edge_agent.domain import waybill
from edge_agent.domain.refusals import Refusal
from edge_agent.flows.events import (
    Card,
    Scanned,
    ScannedBadge,
    ScannedStaff,
    ScannedToken,
    ScannedUnknown,
    ScannedWaybill,
)

TOKEN, BADGE, STAFF, COMMAND = "LKT:", "LKB:", "LKS:", "LKC:"
SIZES = frozenset({"XS", "S", "M", "L", "XL"})
COMMANDS = frozenset({"bigger", "undo", "overdue", "done", "report", "help", "skip"})
_OWN = re.compile(r"[A-Za-z0-9._-]{4,128}")
# Every shape of requirements section 4 is covered: 8 to 40 letters and digits, at least five of them digits.
_WAYBILL = re.compile(r"(?=(?:.*[0-9]){5})[A-Z0-9]{8,40}(?:-[0-9]{1,3}-[0-9]{1,3}-?)?")


def classify(raw: str) -> Scanned:
    """The scan as an event. Hostile, oversized or unreadable text becomes `ScannedUnknown` without its text."""
    text = raw.strip()
    if not text or len(text) > waybill.SCAN_MAX or not text.isascii() or not text.isprintable():
        return ScannedUnknown()
    if text.startswith(COMMAND):
        return _command(text.removeprefix(COMMAND))
    for prefix, kind in ((TOKEN, ScannedToken), (BADGE, ScannedBadge), (STAFF, ScannedStaff)):
        if text.startswith(prefix):
            rest = text.removeprefix(prefix)
            return kind(rest) if _OWN.fullmatch(rest) else ScannedUnknown()
    number = normal_waybill(text)
    return ScannedWaybill(number) if number else ScannedUnknown()


def _command(word: str) -> Scanned:
    if word in SIZES:
        return Card(text=word, command="size")
    command = word.lower()
    return Card(command=command) if command in COMMANDS else ScannedUnknown()


def normal_waybill(text: str) -> str:
    """The bare number of a label, also out of a link or with a GS1 prefix; "" where it cannot be a waybill.

    Check digits and carriers come later, when the courier is known.
    """
    try:
        number = waybill.normalise(text)
    except Refusal:
        return ""
    return number if _WAYBILL.fullmatch(number) else ""
