"""The one definition of a journal row's canonical bytes and of the chain over them.

Canonical bytes = RFC 8785 JSON (sorted keys, no spaces, UTF-8; event data holds no floats) of the
CloudEvent that the row becomes, without what is only known or added later: `chainhash` itself and the
sealed personal data. So a back office can check the whole chain from the events that it received:

    chainhash(n) = SHA-256(chainhash(n-1) ‖ canonical(n)),  chainhash(0) = 32 zero bytes
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

GENESIS = bytes(32)
# Added when an event is sent, outside the hash: erasing personal data must leave the chain whole.
UNHASHED = frozenset({"chainhash"})
UNHASHED_IN_DATA = frozenset({"sealed", "erased"})

_encoder = msgspec.json.Encoder(order="sorted")


def canonical_json(value: Any) -> bytes:
    """Sorted keys, no spaces, UTF-8. `value` is JSON material: str, int, bool, None, list, dict with str
    keys.
    """
    return _encoder.encode(value)


def canonical_event(event: Mapping[str, Any]) -> bytes:
    """The bytes that are hashed for one CloudEvent, whether it comes from the journal or from the wire."""
    kept = {name: value for name, value in event.items() if name not in UNHASHED}
    data = kept.get("data")
    if isinstance(data, Mapping) and not UNHASHED_IN_DATA.isdisjoint(data):
        kept["data"] = {name: value for name, value in data.items() if name not in UNHASHED_IN_DATA}
    return _encoder.encode(kept)


def chain(previous: bytes, canonical: bytes) -> bytes:
    """The next link, 32 bytes."""
    return hashlib.sha256(previous + canonical).digest()
