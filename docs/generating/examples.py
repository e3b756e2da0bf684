"""An example of every message: what it says (`.json`) and, where it is signed or sealed, the bytes on the wire.

The example keys are derived from a sentence, so that signatures are the same at every run. Sealing draws a fresh key
each time: a sealed example that still opens to the same content is kept as it is.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge_agent.cloud.claims import CommandClaims, DocumentClaims
from edge_agent.cloud.papers import PAPERS
from edge_agent.cloud.plans import ORDERS
from edge_agent.domain.events import EVENT_TYPES, PREFIX
from edge_agent.errors import StoreError
from edge_agent.store import jose
from edge_agent.store.cloudevents import CloudEvent
from generating.samples import sample
from generating.schemas import PLAIN

SENTENCE = "An example key of the contract. Never pin it."
PERSONAL = {"personal": "cd" * 32, "sealed": None, "erased": True}
SEALED_KINDS = {"expected", *(f"document.{name}" for name, paper in PAPERS.items() if paper.sealed)}


def contents() -> dict[str, Any]:
    """Stem → content, JSON-ready: for a signed message its claims."""
    made = {name: sample(kind) for name, kind in PLAIN.items()}
    envelope = sample(CloudEvent)
    for name, kind in EVENT_TYPES.items():
        data = sample(kind) | (PERSONAL if name == "parcel.deposited" else {})
        made[f"event.{name}"] = envelope | {"type": PREFIX + name, "data": data}
    made["batch"] = [made["event.door.opened"], _next(made["event.door.closed"])]
    for name, order in ORDERS.items():
        made[f"command.{name}"] = sample(CommandClaims) | {"cmd": name, "args": sample(order.arguments)}
    for name, paper in PAPERS.items():
        made[f"document.{name}"] = sample(DocumentClaims) | {"doc": name, "body": sample(paper.body)}
    return made


def _next(event: dict[str, Any]) -> dict[str, Any]:
    return event | {"sequence": f"{int(event['sequence']) + 1:020d}", "id": event["id"][:-1] + "6"}


def files(folder: Path) -> dict[str, bytes]:
    """File name → bytes of every example; `folder` is where the last ones stand."""
    made: dict[str, bytes] = {}
    for stem, content in contents().items():
        made[f"{stem}.json"] = in_file(content)
        if stem.startswith(("command.", "document.")) or stem == "expected":
            token = signed(msgspec.json.encode(content))
            kept = folder / f"{stem}.jwe"
            if stem in SEALED_KINDS:
                made[kept.name] = _sealed(kept, token)
            else:
                made[f"{stem}.jws"] = token + b"\n"
    return made


def in_file(content: Any) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _seed(of: str) -> bytes:
    return hashlib.sha256(f"{SENTENCE} {of}".encode()).digest()


def signer() -> str:
    """The public half as `[security] command_signers` wants it."""
    return _text(Ed25519PrivateKey.from_private_bytes(_seed("signer")).public_key().public_bytes_raw())


def opening() -> dict[str, str]:
    """The example locker's private opening key, as a JWK."""
    private = X25519PrivateKey.from_private_bytes(_seed("locker"))
    public = _text(private.public_key().public_bytes_raw())
    return {"kty": "OKP", "crv": "X25519", "x": public, "d": _text(private.private_bytes_raw())}


def signed(content: bytes) -> bytes:
    """A compact JWS by the example signer: the same content gives the same bytes."""
    head = f"{_text(json.dumps({'alg': jose.SIGNATURE}).encode())}.{_text(content)}".encode()
    return head + b"." + _text(Ed25519PrivateKey.from_private_bytes(_seed("signer")).sign(head)).encode()


def _sealed(kept: Path, token: bytes) -> bytes:
    try:
        if jose.open_sealed(kept.read_text().strip(), opening()) == token:
            return kept.read_bytes()
    except (OSError, StoreError):
        pass  # not made yet, or of another content
    public = {name: value for name, value in opening().items() if name != "d"}
    return jose.seal(token, public).encode() + b"\n"


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
