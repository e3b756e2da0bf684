"""A carrier: the firm whose couriers deposit here, with its contract, quotas and flow options."""

from __future__ import annotations

from enum import Enum

import msgspec

from edge_agent.domain.instant import ClockQuality, Instant
from edge_agent.domain.stamp import stamp_of


class Consent(Enum):
    """What the deposit must know about the recipient's consent to a locker delivery."""

    NOT_NEEDED = "not_needed"
    COURIER_CONFIRMS = "courier_confirms"
    PRE_ADVISED = "pre_advised"  # only a pre-advice of the back office counts


class Carrier(msgspec.Struct, frozen=True):
    """Given by the signed `carriers` document. Times are milliseconds since 1970 UTC; None is open-ended.

    `quotas`: most stays at one time by size name; a size not named is not limited, `total_quota` limits all.
    `retention_h` 0 means the locker's own.
    """

    id: str
    name: str = ""
    enabled: bool = True
    contract_from_ms: int | None = None
    contract_until_ms: int | None = None
    quotas: dict[str, int] = {}
    total_quota: int | None = None
    consent: Consent = Consent.COURIER_CONFIRMS
    retention_h: int = 0
    phone_required: bool = True
    overdue_may_be_picked_up: bool = True
    couriers_may_recall_all: bool = True  # any courier of the carrier; False: only the one who deposited

    def under_contract(self, at: Instant) -> bool:
        """Outside the window only where the wall clock can be believed: a wrong clock must not stop a carrier."""
        if at.quality is not ClockQuality.SYNCED:
            return self.enabled
        now_ms = stamp_of(at).wall_ms
        begun = self.contract_from_ms is None or self.contract_from_ms <= now_ms
        ended = self.contract_until_ms is not None and self.contract_until_ms <= now_ms
        return self.enabled and begun and not ended
