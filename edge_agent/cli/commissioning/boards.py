"""Boards during commissioning: who answers on the wires against who should, and one look at every contact at once."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.errors import BusError
from drivers.lock_board import BoardInfo, DoorState, UnlockReport
from drivers.transaction import Priority
from edge_agent.cli.commissioning.progress import Progress
from edge_agent.cli.commissioning.site import Site, Talk, ask, told
from edge_agent.cli.direct import scan
from edge_agent.control import types as t
from edge_agent.control.commission_types import CommissionArguments, CommissionItem, Finding

Place = tuple[str, int]
"""Board and channel."""
LOOKS_MAX = 20  # repairs between two looks; whoever needs more begins anew


@dataclass(frozen=True, slots=True)
class Sample:
    """Every contact as it was read. `faults`: boards that could not be read."""

    doors: dict[Place, DoorState]
    faults: dict[str, BusError]

    def moved_since(self, before: Sample) -> frozenset[Place]:
        """Contacts that say something else now; one that was or is unknown says nothing."""
        unknown = DoorState.UNKNOWN
        return frozenset(
            place
            for place, state in self.doors.items()
            if unknown not in (state, before.doors.get(place, unknown)) and state != before.doors[place]
        )


class Boards:
    """The configured boards, their drivers kept from question to question."""

    def __init__(self, site: Site) -> None:
        self._bench = site.bench
        self._drivers = {board.name: site.bench.board(board) for board in site.bench.config.board}
        self._buses = {board.name: board.bus for board in site.bench.config.board}
        self.unready: dict[str, BusError] = {}
        self.seen: dict[str, BoardInfo] = {}

    def prepare(self) -> None:
        """Each board is the right one, its coils off; who is not stays out of the walk."""
        self.unready.clear()
        for name, driver in self._drivers.items():
            try:
                self.seen[name] = self._bench.bus(self._buses[name]).perform_blocking(driver.prepare())
            except BusError as error:
                self.unready[name] = error

    def sample(self, only: frozenset[str] = frozenset()) -> Sample:
        """Every contact, or those of the boards named."""
        doors: dict[Place, DoorState] = {}
        faults: dict[str, BusError] = {}
        for name, driver in self._drivers.items():
            if name in self.unready or (only and name not in only):
                continue
            try:
                found = self._bench.bus(self._buses[name]).perform_blocking(driver.read_doors())
            except BusError as error:
                faults[name] = error
            else:
                doors.update({(name, channel): state for channel, state in enumerate(found.doors, 1)})
        return Sample(doors, faults)

    def unlock(self, board: str, channel: int) -> UnlockReport:
        """One frame."""
        bus = self._bench.bus(self._buses[board])
        return bus.perform_blocking(self._drivers[board].unlock(channel), Priority.UNLOCK)

    def pulse_ms(self, board: str) -> int:
        return self._drivers[board].pulse_ms


def look(site: Site, asked: CommissionArguments, progress: Progress) -> Talk[None]:
    """Compare the wires with the manifest until nothing is wrong, or the person goes on all the same."""
    for _ in range(LOOKS_MAX):
        yield told("Looking for boards. This takes a minute for each bus.")
        wanted = t.BusScanArguments(family=asked.family, addresses=asked.addresses)
        found = _judged(site, scan.scan(wanted, site.bench), progress)
        for mended in _mended(progress, found):
            yield CommissionItem(what="mended", text=mended.fact, place=mended.place, code=mended.code)
        for one in found:
            yield finding(one)
        if not found:
            yield told(f"All {len(site.bench.config.board)} boards of the configuration answer.")
            return
        question = "Mend it and look [a]gain, or go [o]n without these boards?"
        if (yield from ask("boards", question, ("again", "on"))) == "on":
            return


def finding(one: Finding) -> CommissionItem:
    return CommissionItem(what="finding", text=one.fact, place=one.place, code=one.code)


def _judged(site: Site, scanned: t.BusScanResult, progress: Progress) -> list[Finding]:
    found = []
    for bus in scanned.buses:
        if bus.error:
            found.append(progress.found("port", f"bus {bus.bus}", bus.error.message, site.stamp()))
        garbled = {address_of(one) for one in bus.unsound}
        for address in sorted(garbled):
            found.append(progress.found("duplicate-address", *duplicate(bus.bus, address), site.stamp()))
        for name in bus.missing:
            if site.bench.board_named(name).address not in garbled:
                fact = f"board {name} is in the configuration and does not answer on bus {bus.bus}"
                found.append(progress.found("board-silent", f"board {name}", fact, site.stamp()))
    return found


def _mended(progress: Progress, found: list[Finding]) -> list[Finding]:
    """Faults of boards and ports that this look has not found again."""
    still = {one.place for one in found}
    kinds = ("port", "board-silent", "duplicate-address")
    gone = [one for one in progress.open_findings if one.fault in kinds and one.place not in still]
    return [mended for one in gone for mended in progress.mended(one.place)]


def duplicate(bus: str, address: int) -> tuple[str, str]:
    """Place and fact."""
    fact = (
        f"address {address} on bus {bus} answers, but never soundly: most often two boards have this address. "
        "Take one of them off the bus and look at its switches."
    )
    return f"address {address} on bus {bus}", fact


def address_of(unsound: t.Trouble) -> int:
    """The address that was asked, from `board FAMILY ADDRESS on bus NAME`."""
    return int(unsound.where.split(" on bus ")[0].rpartition(" ")[2])
