"""A courier: the person who deposits and recalls. Known by id; PIN and badge only as keyed, salted hashes."""

from __future__ import annotations

import hmac

import msgspec


class Courier(msgspec.Struct, frozen=True):
    """Given by the signed `couriers` document or a journalled import. A revoked courier stays in the list."""

    id: str
    carrier: str
    pin_hash: str = ""
    badge_hash: str = ""
    revoked: bool = False
    may_recall: bool = True
    may_verify: bool = True
    recall_since_ms: int | None = None  # on the powered clock: since when a document lets them recall

    def accepts(self, pin_hash: str = "", badge_hash: str = "") -> bool:
        """Whether one of the credentials fits, compared in constant time; an empty hash never fits."""
        return _same(self.pin_hash, pin_hash) or _same(self.badge_hash, badge_hash)


def _same(kept: str, shown: str) -> bool:
    return bool(kept) and hmac.compare_digest(kept.encode(), shown.encode())
