"""Signs and seals as the back office does: JWS compact, EdDSA on Ed25519, over the exact bytes; JWE to a locker's key.

What a locker accepts is in `docs/cloud.md`. Claims are written here by hand, not taken from the locker's own types:
this is the other side of the contract.
"""

from __future__ import annotations

import json
import time
import uuid
import warnings
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwe, jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import OKPKey

from sim.demo_cloud import REGISTRY, encoded

VALID_S = 30  # of an unlock: long enough for a slow line, short enough not to surprise anybody at the door


class Signer:
    """One signing key. `name` and `public` go into the locker's `[security] command_signers`."""

    def __init__(self, name: str, raw: bytes = b"") -> None:
        private = Ed25519PrivateKey.from_private_bytes(raw) if raw else Ed25519PrivateKey.generate()
        self.name = name
        self.public = encoded(private.public_key().public_bytes_raw())
        self._raw = private.private_bytes_raw()
        self._key = OKPKey.import_key(
            {"kty": "OKP", "crv": "Ed25519", "x": self.public, "d": encoded(self._raw)}
        )

    @classmethod
    def of_file(cls, name: str, file: Path) -> Signer:
        """The key in `file` (hex); made there when it is not."""
        if file.exists():
            return cls(name, bytes.fromhex(file.read_text().strip()))
        signer = cls(name)
        file.touch(mode=0o600)
        file.write_text(signer._raw.hex())
        return signer

    def command(self, locker: str, session: str, cmd: str, args: dict[str, Any], /, **changed: Any) -> bytes:
        """A signed command for `locker`; `session` as its presence shows it. `changed` replaces claims."""
        now = int(time.time())
        claims = {
            "aud": locker,
            "iss": self.name,
            "iat": now,
            "exp": now + VALID_S,
            "jti": uuid.uuid4().hex,
            "session": session,
            "cmd": cmd,
            "args": args,
            **changed,
        }
        return self.signed(json.dumps(claims).encode())

    def document(self, locker: str, name: str, version: int, body: Any) -> bytes:
        """A desired document."""
        return self._said(locker, doc=name, version=version, body=body)

    def step(self, locker: str, n: int, **what: Any) -> bytes:
        """One step of pre-advice: `put`, `drop`, `reset`, `reconcile`."""
        return self._said(locker, n=n, **what)

    def _said(self, locker: str, **claims: Any) -> bytes:
        whole = {"aud": locker, "iss": self.name, "iat": int(time.time()), **claims}
        return self.signed(json.dumps(whole, ensure_ascii=False).encode())

    def signed(self, content: bytes) -> bytes:
        with warnings.catch_warnings():  # the library prefers RFC 9864's name; lockers know it by RFC 8037's
            warnings.simplefilter("ignore", SecurityWarning)
            return jws.serialize_compact({"alg": "EdDSA"}, content, self._key, algorithms=["EdDSA"]).encode()


def sealed(inner: bytes, opening: str) -> bytes:
    """A signed message for one locker's eyes. `opening`: its X25519 public key, base64url. Raises ValueError."""
    try:
        key = OKPKey.import_key({"kty": "OKP", "crv": "X25519", "x": opening})
        return jwe.encrypt_compact(
            {"alg": "ECDH-ES", "enc": "A256GCM"}, inner, key, registry=REGISTRY
        ).encode()
    except (JoseError, ValueError, TypeError) as error:
        raise ValueError(f"{opening!r} is not an X25519 public key in base64url") from error
