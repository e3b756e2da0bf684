"""A technician: one named person with a card and a PIN of their own; no shared or master credential exists."""

from __future__ import annotations

import msgspec

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

    @property
    def actor(self) -> str:
        return f"{TECHNICIAN}:{self.id}"
