"""The one place where JOSE is spoken: sealing to a key, opening, checking a signature; algorithms pinned.

JWE compact, `alg` ECDH-ES on X25519, `enc` A256GCM; JWS compact, `alg` EdDSA on Ed25519 (RFC 7515, 7516, 8037).
Nothing else is accepted, whatever a header says. RFC 9864's newer name of the same signature, `Ed25519`, is another
header and refused: the contract names one. The library costs 40 ms of every start: it is loaded where a key is first
used.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Final

from edge_agent.store.errors import VaultClosed

if TYPE_CHECKING:
    from joserfc.jwe import JWERegistry
    from joserfc.jwk import OKPKey
    from joserfc.jws import JWSRegistry

AGREEMENT = "ECDH-ES"
CONTENT = "A256GCM"
CURVE: Final = "X25519"
SIGNATURE: Final = "EdDSA"
# Characters of one message: the library's own bounds (64 KB sealed, 128 KB signed) end at some hundred couriers.
MESSAGE_MAX = 1 << 20


@cache
def _sealing() -> JWERegistry:
    from joserfc.jwe import JWERegistry

    registry = JWERegistry(algorithms=[AGREEMENT, CONTENT])
    registry.max_ciphertext_length = MESSAGE_MAX
    return registry


@cache
def _signing() -> JWSRegistry:
    from joserfc.jws import JWSRegistry

    registry = JWSRegistry(algorithms=[SIGNATURE])
    registry.max_payload_length = MESSAGE_MAX
    return registry


def verification_key(x: str) -> OKPKey:
    """An Ed25519 public key from its 32 bytes in base64url. Raises ValueError."""
    from joserfc.errors import JoseError, SecurityWarning
    from joserfc.jwk import OKPKey

    # The library prefers RFC 9864's name of the same algorithm; the contract names it as RFC 8037 does.
    warnings.filterwarnings("ignore", "EdDSA is deprecated", SecurityWarning)
    try:
        return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x})
    except (JoseError, ValueError, TypeError) as error:
        raise ValueError(f"{x!r} is not an Ed25519 public key in base64url") from error


def signed_content(compact: bytes, key: OKPKey) -> bytes | None:
    """What this key has signed; None where it has not, whatever else is wrong with the message."""
    from joserfc import jws
    from joserfc.errors import JoseError

    try:
        return jws.deserialize_compact(compact, key, algorithms=[SIGNATURE], registry=_signing()).payload
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        return None


def signing_key(secret: bytes, purpose: str) -> OKPKey:
    """An Ed25519 key of its own for each purpose, drawn from one secret by HKDF (RFC 5869)."""
    from base64 import urlsafe_b64encode

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
    from joserfc.jwk import OKPKey

    seed = HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(secret)
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    d, x = (urlsafe_b64encode(part).rstrip(b"=").decode() for part in (seed, public))
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x, "d": d})


def signed(content: bytes, key: OKPKey) -> str:
    """A compact JWS over `content`, which travels inside."""
    from joserfc import jws
    from joserfc.errors import SecurityWarning

    warnings.filterwarnings("ignore", "EdDSA is deprecated", SecurityWarning)
    return jws.serialize_compact(
        {"alg": SIGNATURE}, content, key, algorithms=[SIGNATURE], registry=_signing()
    )


def new_private_key() -> dict[str, str]:
    """A fresh X25519 key pair as a private JWK (`kty`, `crv`, `x`, `d`)."""
    from joserfc.jwk import OKPKey

    return {name: str(value) for name, value in OKPKey.generate_key(CURVE).as_dict(private=True).items()}


def _key(jwk: Mapping[str, str]) -> OKPKey:
    from joserfc.jwk import OKPKey

    if jwk.get("kty") != "OKP" or jwk.get("crv") != CURVE:
        raise VaultClosed("key", f"{jwk.get('kty')}/{jwk.get('crv')} found, OKP/{CURVE} expected")
    return OKPKey.import_key(dict(jwk))


def seal(plain: bytes, public: Mapping[str, str]) -> str:
    """A compact JWE that only the owner of `public` (an X25519 JWK, `kid` kept in the header) opens."""
    from joserfc import jwe

    header = {"alg": AGREEMENT, "enc": CONTENT}
    if "kid" in public:
        header["kid"] = public["kid"]
    return jwe.encrypt_compact(header, plain, _key(public), registry=_sealing())


def open_sealed(sealed: str, private: Mapping[str, str]) -> bytes:
    """The plain bytes. Raises VaultClosed for another algorithm, another key, or changed bytes."""
    from joserfc import jwe
    from joserfc.errors import JoseError

    try:
        opened = jwe.decrypt_compact(sealed, _key(private), registry=_sealing()).plaintext
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise VaultClosed("sealed message", f"does not open: {type(error).__name__}") from error
    if opened is None:
        raise VaultClosed("sealed message", "has no content")
    return opened
