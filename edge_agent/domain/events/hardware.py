"""Events about boards, buses, scanners and coils."""

from __future__ import annotations

from typing import ClassVar

from edge_agent.domain.events.base import Event


class BoardSilent(Event, frozen=True):
    """`doors` cannot be reached now; retention of their stays stands still from `service_ms` on."""

    TYPE: ClassVar[str] = "board.silent"
    board: str
    doors: tuple[str, ...]
    service_ms: int
    fact: str = ""


class BoardBack(Event, frozen=True):
    TYPE: ClassVar[str] = "board.back"
    board: str
    doors: tuple[str, ...]
    service_ms: int


class BusLost(Event, frozen=True):
    TYPE: ClassVar[str] = "bus.lost"
    bus: str
    fact: str = ""


class BusBack(Event, frozen=True):
    TYPE: ClassVar[str] = "bus.back"
    bus: str


class ScannerLost(Event, frozen=True):
    TYPE: ClassVar[str] = "scanner.lost"
    scanner: str
    fact: str = ""


class ScannerBack(Event, frozen=True):
    TYPE: ClassVar[str] = "scanner.back"
    scanner: str


class CoilStuck(Event, frozen=True):
    """The board says that a coil stays on: no further unlock there before a person has looked."""

    TYPE: ClassVar[str] = "coil.stuck"
    compartment: str
    service_ms: int
    fact: str = ""


class SupplyLow(Event, frozen=True):
    TYPE: ClassVar[str] = "supply.low"
    supply: str
    millivolts: int = 0


EVENTS: tuple[type[Event], ...] = (
    BoardSilent,
    BoardBack,
    BusLost,
    BusBack,
    ScannerLost,
    ScannerBack,
    CoilStuck,
    SupplyLow,
)
