"""The golden vectors, and a few ways to spoil bytes; shared by the driver tests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

VECTORS = Path(__file__).parent.parent / "golden" / "protocol_vectors.json"
SOUND = ("high", "medium")


@dataclass(frozen=True)
class Vector:
    family: str
    name: str
    request: bytes
    reply: bytes
    confidence: str
    forbidden: bool

    def __str__(self) -> str:
        return f"{self.family}/{self.name}"


def vectors() -> list[Vector]:
    return [
        Vector(
            family=row["family"],
            name=row["name"],
            request=bytes.fromhex(row["request_hex"] or ""),
            reply=bytes.fromhex(row["reply_hex"] or ""),
            confidence=row["confidence"],
            forbidden=row["driver"] == "forbidden",
        )
        for row in json.loads(VECTORS.read_text())
    ]


def vectors_of(*families: str) -> list[Vector]:
    return [vector for vector in vectors() if vector.family in families]


def spoiled(frame: bytes) -> bytes:
    """The frame with a wrong check sum."""
    return frame[:-1] + bytes((frame[-1] ^ 0x5A,))
