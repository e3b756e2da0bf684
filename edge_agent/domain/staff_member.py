"""A technician: one named person with a card and a PIN of their own; no shared or master credential exists."""

from __future__ import annotations

import msgspec

from edge_agent.domain.instant import ClockQuality, Instant
from edge_agent.domain.stamp import stamp_of

TECHNICIAN = "technician"


class Staff(msgspec.Struct, frozen=True):
    """One person of the `staff` document. Hashes only; an empty one never fits."""

    id: str
    card_hash: str
    pin_hash: str
    revoked: bool = False
    roles: tuple[str, ...] = ()
    approval_key: str = ""  # Ed25519 public key, base64url: proves this person's second approval
    valid_until_ms: int | None = None  # since 1970 UTC; counts only where the wall clock can be believed

    def counts(self, at: Instant) -> bool:
        """Whether this person is on the staff now; a date counts only where the wall clock can be believed."""
        over = (
            self.valid_until_ms is not None
            and at.quality is ClockQuality.SYNCED
            and self.valid_until_ms <= stamp_of(at).wall_ms
        )
        return not self.revoked and not over

    @property
    def actor(self) -> str:
        return f"{TECHNICIAN}:{self.id}"
