"""Whose message is it: what is sealed to this locker is opened, then its signature is checked against pinned keys.

The signed part always lies inside. Lengths are bounded before anything is parsed, and whatever a hostile message
provokes ends as one refusal. The algorithms and the library are `store.jose`'s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_agent.errors import StoreError
from edge_agent.store import jose

if TYPE_CHECKING:
    from joserfc.jwk import OKPKey

COMPACT = re.compile(rb"[A-Za-z0-9_-]*(\.[A-Za-z0-9_-]*){2}")
SEALED = re.compile(rb"[A-Za-z0-9_-]*(\.[A-Za-z0-9_-]*){4}")
HEADER_MAX = 1024  # characters: `alg`, `kid`, `typ`; a longer one only serves to nest deeply

Keys = Mapping[str, "OKPKey"]


class NotSigned(Exception):
    """`reason` is one word of the replies' table: `malformed`, `too-large`, `signature`, `sealing`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Signed:
    """The exact bytes that `signer` (the pinned key's name) has signed; `sealed`: they came encrypted to us."""

    signer: str
    content: bytes
    sealed: bool


def pinned(signers: Mapping[str, str]) -> dict[str, OKPKey]:
    """Name → public key, from `[security] command_signers` or the `staff` document. Raises ValueError."""
    return {name: jose.verification_key(x) for name, x in signers.items()}


def opened(payload: bytes, keys: Keys, opening: Mapping[str, str], most: int) -> Signed:
    """Unseal where it is sealed, check the signature, and return what was signed. Raises NotSigned.

    `opening`: the locker's private X25519 JWK. `most`: bytes of the whole message.
    """
    if len(payload) > most:
        raise NotSigned("too-large")
    if not SEALED.fullmatch(payload):
        return verified(payload, keys)
    try:
        inner = jose.open_sealed(payload.decode("ascii"), opening)
    except StoreError as error:
        raise NotSigned("sealing") from error
    if len(inner) > most:
        raise NotSigned("too-large")
    found = verified(inner, keys)
    return Signed(found.signer, found.content, sealed=True)


def verified(compact: bytes, keys: Keys) -> Signed:
    """The signed bytes and whose key fits; the header's `kid` is not believed. Raises NotSigned."""
    if not COMPACT.fullmatch(compact) or compact.find(b".") > HEADER_MAX:
        raise NotSigned("malformed")
    for name, key in keys.items():
        content = jose.signed_content(compact, key)
        if content is not None:
            return Signed(name, content, sealed=False)
    raise NotSigned("signature")
