"""The one place where JOSE is spoken: sealing to a key and opening, algorithms pinned.

JWE compact, `alg` ECDH-ES on X25519, `enc` A256GCM (RFC 7516, 8037). Nothing else is accepted, whatever a
header says. The library costs 40 ms of every start: it is loaded where a key is first used.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Final

from edge_agent.store.errors import VaultClosed

if TYPE_CHECKING:
    from joserfc.jwe import JWERegistry
    from joserfc.jwk import OKPKey

AGREEMENT = "ECDH-ES"
CONTENT = "A256GCM"
CURVE: Final = "X25519"


@cache
def _registry() -> JWERegistry:
    from joserfc.jwe import JWERegistry

    return JWERegistry(algorithms=[AGREEMENT, CONTENT])


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
    return jwe.encrypt_compact(header, plain, _key(public), registry=_registry())


def open_sealed(sealed: str, private: Mapping[str, str]) -> bytes:
    """The plain bytes. Raises VaultClosed for another algorithm, another key, or changed bytes."""
    from joserfc import jwe
    from joserfc.errors import JoseError

    try:
        opened = jwe.decrypt_compact(sealed, _key(private), registry=_registry()).plaintext
    except (JoseError, ValueError) as error:
        raise VaultClosed("sealed message", f"does not open: {type(error).__name__}") from error
    if opened is None:
        raise VaultClosed("sealed message", "has no content")
    return opened
