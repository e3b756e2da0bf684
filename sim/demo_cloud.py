"""The back office's key, which alone opens what a locker sealed, and the SMS that it sends.

No API of the agent returns a code: what the recipient gets is made here, from the sealed part of an event.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from joserfc import jwe
from joserfc.jwk import OKPKey

REGISTRY = jwe.JWERegistry(algorithms=["ECDH-ES", "A256GCM"])


def encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


class CloudKey:
    """A key pair, made for this run or kept in a file. `public` goes into the locker's configuration."""

    def __init__(self, raw: bytes = b"") -> None:
        private = X25519PrivateKey.from_private_bytes(raw) if raw else X25519PrivateKey.generate()
        self._raw = private.private_bytes_raw()
        self.public = encoded(private.public_key().public_bytes_raw())
        jwk: dict[str, str | list[str]] = {
            "kty": "OKP",
            "crv": "X25519",
            "x": self.public,
            "d": encoded(private.private_bytes_raw()),
        }
        self._key = OKPKey.import_key(jwk)

    @classmethod
    def of_file(cls, file: Path) -> CloudKey:
        """The key in `file` (hex); made there when it is not."""
        if file.exists():
            return cls(bytes.fromhex(file.read_text().strip()))
        key = cls()
        file.touch(mode=0o600)
        file.write_text(key._raw.hex())
        return key

    def open(self, sealed: str) -> dict[str, Any]:
        """The personal data of one event."""
        plain = jwe.decrypt_compact(sealed, self._key, registry=REGISTRY).plaintext
        opened: dict[str, Any] = json.loads(plain or b"{}")
        return opened


def message_for(data: Mapping[str, Any], told: Mapping[str, str]) -> str:
    """The SMS to the recipient, as the operator would send it."""
    code = told.get("code", "")
    shown = f"{code[:4]} {code[4:]}" if len(code) == 8 else code  # 8 digits are read as 4 + 4
    phone = told.get("phone", "the recipient")
    return (
        f"SMS to {phone}: your parcel is in door {data['compartment']}. "
        f"Pickup code {shown} (QR text for the scanner: LKT:{told.get('token', '')})"
    )
