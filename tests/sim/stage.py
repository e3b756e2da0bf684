"""A pretend cabinet under a clock that only moves when told: for claims about wires, doors and faults."""

from __future__ import annotations

from typing import Any

from sim.cabinet import SimCabinet
from sim.plans import BoardPlan, document

OPEN_1 = bytes.fromhex("8A 01 01 11 9B")
READ_1 = bytes.fromhex("80 01 01 33 B3")
READ_ALL = bytes.fromhex("80 01 00 33 B2")
LONG_S = 30.0  # longer than anything a board does by itself


class Stage:
    """One cabinet; `ask` plays the master and lets time run until all is quiet."""

    def __init__(self, *boards: str | BoardPlan, seed: int = 0, **sections: Any) -> None:
        self.now_s = 100.0
        paper = document(boards or ("lock-8a",), **sections)
        self.cabinet = SimCabinet.of_document(paper, lambda: self.now_s, seed)
        self.world = self.cabinet.world
        self.faults = self.cabinet.faults
        self.line = self.cabinet.lines["main"]

    def ask(self, request: bytes, within_s: float = LONG_S) -> bytes:
        """Send, and collect everything that comes back within the time."""
        return b"".join(data for _, data in self.heard(request, within_s))

    def heard(self, request: bytes, within_s: float = LONG_S) -> list[tuple[float, bytes]]:
        """The same with the moment of each piece, counted from the sending."""
        start_s = self.now_s
        if request:
            self.line.write(request, start_s)
        pieces = []
        while (due_s := self.line.next_due_s()) is not None and due_s <= start_s + within_s:
            self.now_s = max(self.now_s, due_s)
            arrived = self.line.read(self.now_s)
            if arrived:
                pieces.append((self.now_s - start_s, arrived))
        self.now_s = start_s + within_s
        return pieces

    def wait(self, seconds: float) -> bytes:
        """Let time pass; what reached the master meanwhile."""
        return self.ask(b"", seconds)

    def unlock_first(self) -> bytes:
        """One unlock of door 1 (lock-8a), run to its end."""
        return self.ask(OPEN_1, 2.0)

    def sensor(self, number: str) -> str:
        reported: str = self.cabinet.door_json(number)["sensor"]
        return reported
