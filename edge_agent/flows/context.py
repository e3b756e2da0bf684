"""What a session knows while it lasts: the facts that screens show and decisions need. Frozen; wiped at the end.

No pickup code, no PIN, no phone number, no name ever stands here: what is typed goes straight into its decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

TAIL = 4  # characters of a waybill that may be shown
LAST_MAX = 5  # deposits on the strip
ODD_MAX = 20  # odd things in the summary; a round has never more that a person would read


@dataclass(frozen=True, slots=True)
class Deposited:
    """One line of the courier's strip. `at_s` is monotonic: undo lasts `UNDO_S` from there."""

    parcel: str
    stay: str
    door: str
    size: str
    tail: str
    at_s: float


@dataclass(frozen=True, slots=True)
class Odd:
    """Something of this visit that the summary names; kinds as in the screens."""

    kind: str
    door: str
    tail: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of a list: a stay to recall or a compartment to look into."""

    id: str
    door: str
    reason: str = "overdue"
    days: int = 0  # past its free time


@dataclass(frozen=True, slots=True)
class Context:
    """One visit. `door`, `intent`, `stay`, `parcel` are what the flow works on now; "" where there is none."""

    session: str = ""
    role: str = ""  # recipient | courier | technician
    actor: str = ""
    carrier: str = ""
    number: str = ""  # courier number as typed, until it is somebody
    badge: str = ""  # hash of the badge that was scanned
    door: str = ""
    intent: str = ""
    stay: str = ""
    proven: str = ""  # the stay whose code this person has shown
    delegate: str = ""  # the grant of somebody who collects for the recipient
    parcel: str = ""
    waybill: str = ""
    size: str = ""  # sticky: the next parcel's
    speed: bool = True
    low: bool = False
    swap: str = ""  # bigger | smaller | another | a size | what is wrong with the compartment
    answer: str = ""
    reported: str = ""
    picked: str = ""
    problem: str = ""
    section: str = ""
    index: int = 1
    total: int = 1
    tries_left: int = -1  # -1: not said
    wait_s: float = 0.0
    refusal: str = ""
    scan_length: int = -1
    reminder: int = 0
    queued: str = ""
    said_door: str = ""  # what the line on the screen is about
    said_tail: str = ""
    deposited: int = 0
    recalled: int = 0
    cleared: tuple[
        Listed, ...
    ] = ()  # recalled in this visit, newest first: "it is still inside" may be said of these
    last: tuple[Deposited, ...] = ()
    odd: tuple[Odd, ...] = ()
    listed: tuple[Listed, ...] = ()
    skipped: tuple[str, ...] = ()
    out: str = ""  # why the locker is out of service, "" while it is not

    def learn(self, facts: Mapping[str, Any]) -> Context:
        """With these facts. Raises TypeError for a name that no field has: a decision and its reader disagree."""
        return replace(self, **facts)

    @property
    def tail(self) -> str:
        return self.waybill[-TAIL:]


FIELDS = frozenset(field.name for field in fields(Context))
