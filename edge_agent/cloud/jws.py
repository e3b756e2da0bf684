"""The one place where signatures are checked: JWS compact, EdDSA on Ed25519 and nothing else, against pinned keys.

What is sealed to this locker is opened first (JWE, `store.jose`); the signed part always lies inside. Lengths are
bounded before anything is parsed, and whatever a hostile message provokes in a library ends as one refusal.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edge_agent.errors import StoreError
from edge_agent.store import jose

if TYPE_CHECKING:  # joserfc costs 40 ms of every start: it is loaded where a key or a signature is first met
    from joserfc.jwk import OKPKey

ALGORITHM: Final = "EdDSA"  # pinned at each call, whatever a header says
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
    return {name: public_key(x) for name, x in signers.items()}


def public_key(x: str) -> OKPKey:
    """An Ed25519 public key from its 32 bytes in base64url. Raises ValueError."""
    from joserfc.errors import JoseError, SecurityWarning
    from joserfc.jwk import OKPKey

    # The library prefers RFC 9864's name of the same algorithm; the contract names it as RFC 8037 does.
    warnings.filterwarnings("ignore", "EdDSA is deprecated", SecurityWarning)
    try:
        return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x})
    except (JoseError, ValueError, TypeError) as error:
        raise ValueError(f"{x!r} is not an Ed25519 public key in base64url") from error


def opened(payload: bytes, keys: Keys, opening: Mapping[str, str], most: int) -> Signed:
    """Unseal where it is sealed, check the signature, and return what was signed. Raises NotSigned.

    `opening`: the locker's private X25519 JWK. `most`: bytes of the whole message.
    """
    if len(payload) > most:
        raise NotSigned("too-large")
    if not SEALED.fullmatch(payload):
        return verified(payload, keys)
    from joserfc.errors import JoseError

    try:
        inner = jose.open_sealed(payload.decode("ascii"), opening)
    except (JoseError, StoreError, ValueError, TypeError, KeyError, RecursionError) as error:
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
        content = _content(compact, key)
        if content is not None:
            return Signed(name, content, sealed=False)
    raise NotSigned("signature")


def _content(compact: bytes, key: OKPKey) -> bytes | None:
    from joserfc import jws
    from joserfc.errors import JoseError

    try:
        return jws.deserialize_compact(compact, key, algorithms=[ALGORITHM]).payload
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        return None
