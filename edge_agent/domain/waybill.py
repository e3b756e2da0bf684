"""Waybill numbers: what a scan contains, which carriers it could belong to, and whether a public check digit fails.

A format match only suggests; the carrier of the logged-in courier decides. Only a failed *public* check digit is a hard
failure, and only where the shape belongs to nobody else or to the courier's own carrier; everything else is at most a
warning. Sources: UPU S10, GS1 general specifications (SSCC), the carriers' published check rules; shapes of carriers
without a public rule are collected from labels.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from edge_agent.domain.check_digits import (
    dhl_express,
    dpd,
    fedex_express,
    gs1_mod10,
    s10,
    ups,
    usps,
)
from edge_agent.domain.refusals import BAD_WAYBILL, Refusal

SCAN_MAX = 1024  # characters of a scan: a label's QR code with a link stays well below
NUMBER_MAX = 40  # characters of a number: the longest known (FedEx 34) with slack
NUMBER_MIN = 8


class Shape(msgspec.Struct, frozen=True):
    """`check` returns whether the public check digit fits; None where no public rule exists.

    `own`: no other carrier uses numbers that look like this, so that a failed check is a misread for certain.
    """

    carrier: str
    pattern: str
    check: Callable[[str], bool] | None = None
    own: bool = False


class Reading(msgspec.Struct, frozen=True):
    """One recognised scan. `candidates`: carriers by plausibility; `piece`: (piece, total) of a multi-piece label."""

    raw: str
    number: str
    candidates: tuple[str, ...] = ()
    checked: bool = False  # a public check digit was there and fits
    piece: tuple[int, int] | None = None
    warning: str = ""


# Order is plausibility: lettered and checked shapes first, bare digits last.
SHAPES: tuple[Shape, ...] = (
    Shape("ems", r"[A-Z]{2}\d{9}CN", s10, own=True),
    Shape("upu", r"[A-Z]{2}\d{9}[A-Z]{2}", s10, own=True),
    Shape("ups", r"1Z[0-9A-Z]{16}", ups, own=True),
    Shape("sf", r"SF\d{13}"),
    Shape("jd", r"JD\d{13}|JDV[A-Z]\d{11}|JD[XK]\d{12}"),
    Shape("yto", r"YT\d{13}"),
    Shape("jt", r"JT\d{12,13}"),
    Shape("amazon", r"TB[ACM]\d{12}"),
    Shape("dhl", r"J[DJ][0-9A-Z]{14,20}"),
    Shape("dpd", r"[0-9A-Z]{27}[0-9A-Z]", dpd, own=True),
    Shape("fedex", r"\d{34}", lambda n: fedex_express(n[-14:]), own=True),
    Shape("fedex", r"96\d{20}", gs1_mod10, own=True),
    Shape("usps", r"9[1-5]\d{18,20}", usps, own=True),
    Shape("sscc", r"\d{18}", gs1_mod10),
    Shape("inpost", r"\d{24}"),
    Shape("sto", r"77\d{13}|773\d{9,13}|\d{12,13}"),
    Shape("zto", r"7\d{13}|\d{12}"),
    Shape("yunda", r"\d{13}|\d{15}"),
    Shape("ems", r"(?:1[0-2]|5[0-2]|9[5-9])\d{11}"),
    Shape("sf", r"\d{12}"),
    Shape("fedex", r"\d{12}", fedex_express),
    Shape("fedex", r"\d{15}", gs1_mod10),
    Shape("dhl", r"\d{10}", dhl_express),
    Shape("dhl", r"\d{11}", dhl_express),
    Shape("yto", r"[0-9A-Z]{10,12}|\d{18}"),
)
_COMPILED = tuple((shape, re.compile(shape.pattern)) for shape in SHAPES)
_PIECE = re.compile(r"^(JD[0-9A-Z]+?)-(\d{1,3})-(\d{1,3})-?$")
_SSCC = re.compile(r"^\(00\)(\d{18})$")
_SSCC_GS1 = re.compile(r"^(?:\(00\)|00)(\d{18})$")  # GS1-128 sends the identifier without brackets
_SYMBOLOGY = re.compile(r"^\][A-Za-z][0-9]")
_LINK_KEYS = (
    "mailno",
    "waybill",
    "waybillno",
    "trackingnumber",
    "tracking",
    "trackno",
    "tracknum",
    "no",
    "number",
    "id",
)


def read(scan: str, courier_carrier: str = "") -> Reading:
    """Recognise one scan or typed number. Refuses (FLOW-317): not a number, or a public check digit that fails.

    The check is binding where the shape is nobody else's, or where it is the only shape of the courier's own carrier;
    bare digits that merely look like another carrier's number are never refused for it.
    """
    number, piece = _split_piece(normalise(scan))
    if not (NUMBER_MIN <= len(number) <= NUMBER_MAX and number.isascii() and number.isalnum()):
        raise Refusal(BAD_WAYBILL, "this is not a waybill number")
    fitting = [shape for shape, pattern in _COMPILED if pattern.fullmatch(number)]
    failed = [shape for shape in fitting if shape.check and not shape.check(number)]
    passed = [shape for shape in fitting if shape not in failed]
    _refuse_misread(failed, passed, courier_carrier)
    ordered = sorted(passed, key=lambda s: (s.carrier != courier_carrier, s.check is None))
    candidates = tuple(dict.fromkeys(shape.carrier for shape in ordered))
    return Reading(
        scan,
        number,
        candidates,
        checked=any(shape.check for shape in passed),
        piece=piece,
        warning=_warning(candidates, courier_carrier),
    )


def has_letters(carrier: str) -> bool:
    """Whether a number of this carrier may hold letters; so may those of a carrier whose shapes nobody listed."""
    own = [shape.pattern for shape in SHAPES if shape.carrier == carrier.lower()]
    return not own or any(re.search(r"[A-Z]", pattern) for pattern in own)


def looked_up(reading: Reading) -> str:
    """What its look-up hash is made of: pieces of one consignment are told apart."""
    return reading.number + ("-{}-{}".format(*reading.piece) if reading.piece else "")


def _refuse_misread(failed: list[Shape], passed: list[Shape], courier_carrier: str) -> None:
    own = [shape for shape in failed if shape.own]
    of_courier = [shape for shape in failed if shape.carrier == courier_carrier]
    still_plausible = any(shape.carrier == courier_carrier for shape in passed)
    if own or (of_courier and not still_plausible):
        shape = (own or of_courier)[0]
        raise Refusal(BAD_WAYBILL, f"the check digit of this {shape.carrier} number is wrong: scan it again")


def _warning(candidates: tuple[str, ...], courier_carrier: str) -> str:
    if not candidates:
        return "unknown shape"
    return "looks like another carrier's" if courier_carrier and courier_carrier not in candidates else ""


def normalise(scan: str) -> str:
    """The bare number of a scan: link, GS1 prefix, symbology identifier, spaces and control characters removed.

    Refuses (FLOW-317) an SSCC, known by its application identifier (00), whose check digit fails. Only control
    characters are dropped; invisible or right-to-left ones stay in, and the number is then refused.
    """
    if len(scan) > SCAN_MAX:
        raise Refusal(BAD_WAYBILL, f"a scan of {len(scan)} characters is no waybill number")
    text = "".join(c for c in scan if c >= " " and c != "\x7f").strip()
    gs1 = text.startswith("]C1")
    text = _SYMBOLOGY.sub("", text)
    text = _from_link(text) if "://" in text else text
    text = text.replace(" ", "").upper()
    found = (_SSCC_GS1 if gs1 else _SSCC).match(text)
    if found is None:
        return text
    if not gs1_mod10(found[1]):
        raise Refusal(BAD_WAYBILL, "the check digit of this SSCC is wrong: scan it again")
    return found[1]


def _from_link(link: str) -> str:
    """The number inside a link: a parameter that is called so, else the last part of the path that looks like one."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    named = {key.lower(): value for key, value in parse_qsl(parts.query, max_num_fields=32)}
    for key in _LINK_KEYS:
        if _plausible(named.get(key, "")):
            return named[key]
    pieces = [unquote(piece) for piece in parts.path.split("/")] + list(named.values())
    return next((piece for piece in reversed(pieces) if _plausible(piece)), "")


def _plausible(text: str) -> bool:
    bare = text.replace("-", "")
    return NUMBER_MIN <= len(bare) <= NUMBER_MAX and bare.isalnum() and any(c.isdigit() for c in bare)


def _split_piece(number: str) -> tuple[str, tuple[int, int] | None]:
    """`JD...-1-2-` is piece 1 of 2; elsewhere a dash is only how the number was printed."""
    match = _PIECE.match(number)
    if match:
        return match[1], (int(match[2]), int(match[3]))
    return number.replace("-", ""), None
