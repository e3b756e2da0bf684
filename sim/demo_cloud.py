"""The demo's back office in small: reads the journal at the agent's bridge socket, acknowledges it, and prints the SMS.

It holds the cloud's private key, so that it alone can open what the locker sealed: no API of the agent returns a code.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from joserfc import jwe
from joserfc.jwk import OKPKey

WAIT_S = 20  # of one long poll
RETRY_S = 0.5  # while the agent is not there (yet)
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


class AgentSocket(http.client.HTTPConnection):
    """HTTP over the agent's Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("agent", timeout=WAIT_S + 10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One question; raises OSError where the agent is not there, RuntimeError with its own words for a refusal."""
        self.request(method, path, json.dumps(body) if body is not None else None)
        answer = self.getresponse()
        content: dict[str, Any] = json.loads(answer.read())
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(str(content))
        return content


class DemoCloud:
    """Polls in a thread of its own until `stop`. `say` prints one line for a person."""

    def __init__(self, bridge_socket: Path, key: CloudKey, say: Callable[[str], None]) -> None:
        self._socket = bridge_socket
        self._key = key
        self._say = say
        self._next = 1
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demo-cloud", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._once()
            except (OSError, http.client.HTTPException, RuntimeError, ValueError):
                self._stopping.wait(RETRY_S)

    def _once(self) -> None:
        agent = AgentSocket(self._socket)
        batch = agent.ask("GET", f"/events?after={self._next - 1}&wait={WAIT_S}")
        for event in batch["events"]:
            self._take(event)
        self._next = batch["first"] + len(batch["events"])
        if batch["events"]:
            agent.ask("POST", "/acks", {"epoch": batch["epoch"], "next": self._next})
        agent.close()

    def _take(self, event: Mapping[str, Any]) -> None:
        data = event["data"]
        kind = event["type"].removeprefix("locker.")
        if kind == "parcel.deposited" and data.get("sealed"):
            told = self._key.open(data["sealed"])["fields"]
            self._say(message_for(data, told))
        elif kind == "parcel.collected":
            self._say(f"cloud: the parcel in door {data['compartment']} was collected")


def message_for(data: Mapping[str, Any], told: Mapping[str, str]) -> str:
    """The SMS to the recipient, as the operator would send it."""
    code = told.get("code", "")
    shown = f"{code[:4]} {code[4:]}" if len(code) == 8 else code  # 8 digits are read as 4 + 4
    phone = told.get("phone", "the recipient")
    return (
        f"SMS to {phone}: your parcel is in door {data['compartment']}. "
        f"Pickup code {shown} (QR text for the scanner: LKT:{told.get('token', '')})"
    )
