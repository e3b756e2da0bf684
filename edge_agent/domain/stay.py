"""A stay: one recipient's parcels (1..n, one carrier, no cash on delivery) in one compartment for one time.

Code, retention, recall and refusal belong to the stay, not to the parcel. A compartment holds at most one.
"""

from __future__ import annotations

import msgspec

from edge_agent.domain.retention import Retention
from edge_agent.domain.stamp import Stamp
from edge_agent.domain.words import ParcelStatus, StayStatus

LIVE = (StayStatus.RESERVED, StayStatus.STORED, StayStatus.REFUSED, StayStatus.UNCERTAIN)
PARCELS_MAX = 20  # in one stay: more than a large compartment holds; bounds the events that name them


class Parcel(msgspec.Struct, frozen=True):
    """One thing with one waybill, known here by a keyed hash only."""

    id: str
    stay: str
    waybill_hash: str
    status: ParcelStatus = ParcelStatus.RESERVED


class Stay(msgspec.Struct, frozen=True):
    """`session` is the session that works on it now or ended it.

    `first_opened`: when the door was first seen open for the deposit under way, or for the pickup under way; it starts
    the reopen grace.
    """

    id: str
    compartment: str
    carrier: str
    courier: str
    session: str
    parcels: tuple[str, ...]
    phone_hash: str = ""
    status: StayStatus = StayStatus.RESERVED
    consent: str = ""
    low_needed: bool = False
    retention: Retention | None = None
    deposited: Stamp | None = None
    first_opened: Stamp | None = None

    @property
    def live(self) -> bool:
        return self.status in LIVE
