"""A backlog as compressed batches: zlib of a JSON array of CloudEvents, within the contract's two bounds."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

WIRE_MAX = 64 * 1024  # bytes of one batch on the wire
INFLATED_MAX = 1 << 20  # bytes of one batch inflated
LEVEL = 1  # events repeat their keys: higher levels cost three times the processor for a tenth of the bytes


def batch_of(events: Sequence[bytes]) -> tuple[bytes, int]:
    """The longest front of `events` (half steps) that fits a batch: its bytes on the wire and how many events it holds.

    Holds at least one event: one that alone breaks a bound is for the caller to send singly.
    """
    count = _within_inflated(events)
    while True:
        wire = zlib.compress(b"[" + b",".join(events[:count]) + b"]", LEVEL)
        if len(wire) <= WIRE_MAX or count == 1:
            return wire, count
        count = max(1, count // 2)


def _within_inflated(events: Sequence[bytes]) -> int:
    size = 2
    for index, event in enumerate(events):
        size += len(event) + 1
        if size > INFLATED_MAX:
            return max(1, index)
    return len(events)
