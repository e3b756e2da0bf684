"""All chance goes through one port, so that a seed repeats a year. Failure of the system's source is an error, never
a weaker source."""

from __future__ import annotations

import random
import secrets
from datetime import datetime
from typing import Protocol
from uuid import UUID


class Randomness(Protocol):
    """What flows and store are given; kinds: `SystemRandomness`, `SeededRandomness`."""

    def token_bytes(self, count: int) -> bytes: ...

    def below(self, bound: int) -> int: ...


class SystemRandomness:
    """The operating system's cryptographic source."""

    def token_bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)

    def below(self, bound: int) -> int:
        return secrets.randbelow(bound)


class SeededRandomness:
    """Repeatable, for simulation and tests only; the shipped programs never build one."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatability is the point

    def token_bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)

    def below(self, bound: int) -> int:
        return self._random.randrange(bound)


def uuid7(wall: datetime, chance: Randomness) -> str:
    """RFC 9562 version 7: 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = int(wall.timestamp() * 1000) & ((1 << 48) - 1)
    tail = int.from_bytes(chance.token_bytes(10), "big")
    value = (
        (milliseconds << 80)
        | (0x7 << 76)
        | ((tail >> 62 & 0xFFF) << 64)
        | (0b10 << 62)
        | (tail & ((1 << 62) - 1))
    )
    return str(UUID(int=value))
