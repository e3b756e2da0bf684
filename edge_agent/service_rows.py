"""What service mode shows: doors, boards, scanners and faults, one line each, with what may be done about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from drivers.bus import Bus
from drivers.errors import BusError
from drivers.scanner_port import ScannerState
from edge_agent.domain.state import LockerState
from edge_agent.kiosk.door_row import door_row
from edge_agent.kiosk.screen_parts import ServiceRow


class ServiceRows:
    """The `Prober` of the session: every section is a look at what the rooms know already; no frame is sent for it."""

    def __init__(
        self,
        state: Callable[[], LockerState],
        buses: Mapping[str, Bus],
        scanners: Mapping[str, ScannerState],
    ) -> None:
        self._state = state
        self._buses = buses
        self._scanners = scanners

    async def section(self, name: str) -> tuple[Any, ...]:
        """Rows of one section; none for a section that is only a test picture."""
        return SECTIONS.get(name, _nothing)(self)

    def doors(self) -> tuple[ServiceRow, ...]:
        return tuple(door_row(row) for row in self._state().compartment.values())

    def boards(self) -> tuple[ServiceRow, ...]:
        found = [(bus, name, info) for bus in self._buses.values() for name, info in bus.boards().items()]
        return tuple(_board(bus, name, info) for bus, name, info in found)

    def scanners(self) -> tuple[ServiceRow, ...]:
        return tuple(
            ServiceRow(
                name,
                name,
                "" if state.open else str(state.error or ""),
                () if state.open else ("not-open",),
                "good" if state.open else "bad",
            )
            for name, state in self._scanners.items()
        )

    def faults(self) -> tuple[ServiceRow, ...]:
        return tuple(
            ServiceRow(fault.id, f"{fault.code} {fault.place}", fault.detail, state="bad")
            for fault in self._state().fault.values()
        )


def _nothing(_: ServiceRows) -> tuple[ServiceRow, ...]:
    return ()


SECTIONS: dict[str, Callable[[ServiceRows], tuple[ServiceRow, ...]]] = {
    "doors": ServiceRows.doors,
    "boards": ServiceRows.boards,
    "scanner": ServiceRows.scanners,
    "faults": ServiceRows.faults,
}


def _board(bus: Bus, name: str, info: object) -> ServiceRow:
    label = f"{name} ({bus.name})"
    if info is None:
        return ServiceRow(name, label, words=("preparing",), state="attention")
    if isinstance(info, BusError):
        return ServiceRow(name, label, str(info), state="bad")
    counters = bus.stats().boards.get(name)
    value = f"{counters.answered}/{counters.sent}" if counters else ""
    return ServiceRow(name, label, value, state="good")
