"""One pretend locker's journal: events as the contract writes them, kept until the cloud has them. Sans-I/O.

Times are handed in as seconds of the Unix clock. What a parcel's turn looks like (which events, how long) is the
shipped agent's; the sealed part is made once and for all, because nobody opens it here.
"""

from __future__ import annotations

import hashlib
import json
import random
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from typing import Any

KEPT_MAX = 100_000  # events that wait for the cloud: two months of one a minute
SEALED = urlsafe_b64encode(bytes(510)).decode()  # as long as the shipped agent's JWE of phone, code and token
HASH = "0" * 64
TURN: tuple[tuple[str, dict[str, Any]], ...] = (
    ("session.started", {"flow": "deposit", "actor": "courier:1001"}),
    ("deposit.reserved", {"carrier": "SF", "courier": "1001", "waybill_hash": HASH, "phone_hash": HASH}),
    ("door.open_requested", {"cause": "deposit", "actor": "courier:1001", "attempt": 1, "pulse_ms": 300}),
    ("door.opened", {}),
    ("door.closed", {"open_ms": 5400}),
    ("parcel.deposited", {"carrier": "SF", "courier": "1001", "code_hash": HASH, "sealed": SEALED}),
    ("session.ended", {"reason": "finished"}),
    ("code.claimed", {"by": "code", "scopes": ["keypad"]}),
    ("door.open_requested", {"cause": "pickup", "actor": "recipient", "attempt": 1, "pulse_ms": 300}),
    ("door.opened", {}),
    ("code.spent", {"reason": "opened"}),
    ("door.closed", {"open_ms": 7300}),
    ("parcel.collected", {"basis": "recipient", "method": "code", "open_ms": 7300}),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that the cloud does not have yet; `calm`: its line stood, and no storm was on."""

    made_s: float
    calm: bool
    body: bytes


class Journal:
    """Events of `locker`, numbered from 1 in an epoch of their own."""

    def __init__(self, locker: str, dice: random.Random) -> None:
        self.epoch = _identity(dice)
        self.made = 0
        self.acknowledged = 0
        self._locker, self._dice = locker, dice
        self._boot, self._chain = _identity(dice), HASH
        self._turn: Iterator[tuple[str, dict[str, Any]]] = cycle(TURN)
        self._stay = ""
        self._kept: dict[int, Waiting] = {}

    def happen(self, now_s: float, *, calm: bool = True) -> bytes:
        """The next event, as it goes on the line. Raises OverflowError behind a cloud that never answers."""
        if len(self._kept) >= KEPT_MAX:
            raise OverflowError(f"{self._locker}: {KEPT_MAX} events wait for the cloud")
        kind, data = next(self._turn)
        if kind == TURN[0][0]:
            self._stay = _identity(self._dice)
        self.made += 1
        body = json.dumps(self._event(kind, data, now_s)).encode()
        self._chain = hashlib.sha256(body).hexdigest()
        self._kept[self.made] = Waiting(now_s, calm, body)
        return body

    def _event(self, kind: str, data: dict[str, Any], now_s: float) -> dict[str, Any]:
        wall = datetime.fromtimestamp(now_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {
            "specversion": "1.0",
            "id": _identity(self._dice),
            "source": f"/lockers/{self._locker}",
            "type": f"locker.{kind}",
            "datacontenttype": "application/json",
            "dataversion": 1,
            "time": wall,
            "sequence": f"{self.made:020d}",
            "epoch": self.epoch,
            "clockquality": "synced",
            "bootid": self._boot,
            "monotonicms": str(int(now_s * 1000) % 10_000_000),
            "txnid": _identity(self._dice),
            "data": {"compartment": "17", "stay": self._stay, "intent": self._stay, **data},
            "chainhash": self._chain,
        }

    def hello(self) -> dict[str, Any]:
        return {
            "epoch": self.epoch,
            "first": self.acknowledged + 1 if self._kept else 1,
            "last": self.made,
            "next": self.acknowledged + 1,
        }

    def taken(self, following: int) -> list[Waiting]:
        """The cloud has everything before `following`: these events. Beyond the last + 1: ignored."""
        if following > self.made + 1:
            return []
        gone = range(self.acknowledged + 1, following)
        self.acknowledged = max(self.acknowledged, following - 1)
        return [self._kept.pop(sequence) for sequence in gone]

    def waiting(self, most: int = KEPT_MAX) -> list[bytes]:
        """What the cloud does not have yet, oldest first."""
        return [one.body for one in islice(self._kept.values(), most)]

    @property
    def waiting_count(self) -> int:
        return len(self._kept)

    def oldest_s(self, now_s: float) -> float:
        """For how long the oldest event has waited; 0 where none does."""
        first = next(iter(self._kept.values()), None)
        return now_s - first.made_s if first else 0.0


def _identity(dice: random.Random) -> str:
    text = f"{dice.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
