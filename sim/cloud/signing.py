"""Signs commands as the back office does: JWS compact, EdDSA on Ed25519, over the exact bytes."""

from __future__ import annotations

import json
import time
import uuid
import warnings
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import OKPKey

from sim.demo_cloud import encoded

VALID_S = 30  # of an unlock: long enough for a slow line, short enough not to surprise anybody at the door


class Signer:
    """One signing key. `name` and `public` go into the locker's `[security] command_signers`."""

    def __init__(self, name: str) -> None:
        private = Ed25519PrivateKey.generate()
        self.name = name
        self.public = encoded(private.public_key().public_bytes_raw())
        self._key = OKPKey.import_key(
            {"kty": "OKP", "crv": "Ed25519", "x": self.public, "d": encoded(private.private_bytes_raw())}
        )

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

    def signed(self, content: bytes) -> bytes:
        with warnings.catch_warnings():  # the library prefers RFC 9864's name; lockers know it by RFC 8037's
            warnings.simplefilter("ignore", SecurityWarning)
            return jws.serialize_compact({"alg": "EdDSA"}, content, self._key, algorithms=["EdDSA"]).encode()
