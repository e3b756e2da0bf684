"""What was found out so far, in one file of the state directory: after a break the walk goes on where it stopped.

Written whole and synced after each door. A door counts as passed only under the wires that it was tried with.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from edge_agent.config import Door
from edge_agent.control.commission_types import DoorTrial, Fault, Finding, ReportedScanner
from edge_agent.errors import StoreError
from edge_agent.store.files import write_durably

PROGRESS_FILE = "commissioning.json"
PROGRESS_BYTES_MAX = 4 << 20  # a thousand doors take 300 KB; more is not ours
CODES: dict[Fault, str] = {
    "port": "BUS-101",
    "board-silent": "BUS-110",
    "duplicate-address": "BUS-111",
    "swapped-harness": "DOOR-205",
    "several-doors": "DOOR-205",
    "wrong-number": "DOOR-205",
    "dead-latch": "DOOR-201",
    "dead-sensor": "DOOR-202",
    "does-not-shut": "DOOR-210",
    "board-refuses": "BUS-112",
    "scanner": "BUS-120",
}
"""Fault → the code that `explain` knows."""


class _Kept(msgspec.Struct, kw_only=True):
    begun: str
    proposed: bool = False
    doors: dict[str, DoorTrial] = {}
    findings: list[Finding] = []
    scanners: dict[str, ReportedScanner] = {}


class Progress:
    """One commissioning, in memory and in its file."""

    def __init__(self, file: Path, kept: _Kept) -> None:
        self._file, self._kept = file, kept

    @classmethod
    def at(cls, state_dir: Path, begun: str, again: bool = False) -> Progress:
        """The one that was begun, else a new one. Raises StoreError for a file that cannot be read."""
        file = state_dir / PROGRESS_FILE
        if again or not file.exists():
            return cls(file, _Kept(begun=begun))
        try:
            with file.open("rb") as opened:
                return cls(file, msgspec.json.decode(opened.read(PROGRESS_BYTES_MAX), type=_Kept))
        except (OSError, msgspec.MsgspecError) as error:
            detail = f"{error}; begin anew with --again"
            raise StoreError("STORE-401", str(file), detail) from None

    @property
    def begun(self) -> str:
        return self._kept.begun

    @property
    def proposed(self) -> bool:
        """Numbers in the configuration are a guess of ours: those on the doors are right."""
        return self._kept.proposed

    def take_proposal(self, found: Iterable[Finding]) -> None:
        """The configuration is proposed; what was found on the way to it."""
        self._kept.proposed = True
        self._kept.findings.extend(found)
        self.keep()

    def renumber(self) -> None:
        """The configuration has the labels' numbers now."""
        there = (one for one in self.trials if one.verdict != "absent")
        named = [msgspec.structs.replace(one, number=one.label or one.number, label="") for one in there]
        self._kept.doors = {one.number: one for one in named}
        self._kept.proposed = False
        self.keep()

    @property
    def trials(self) -> tuple[DoorTrial, ...]:
        return tuple(self._kept.doors.values())

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(self._kept.findings)

    @property
    def open_findings(self) -> tuple[Finding, ...]:
        return tuple(one for one in self._kept.findings if not one.mended)

    @property
    def scanners(self) -> dict[str, ReportedScanner]:
        return self._kept.scanners

    def trial(self, door: Door) -> DoorTrial | None:
        """What came of this door under its present wires."""
        found = self._kept.doors.get(door.number)
        return found if found and (found.board, found.channel) == (door.board, door.channel) else None

    def found(self, fault: Fault, place: str, fact: str, at: str) -> Finding:
        """One fault, noted once a place."""
        made = Finding(fault=fault, code=CODES[fault], place=place, fact=fact, at=at)
        same = [one for one in self.open_findings if (one.fault, one.place) == (fault, place)]
        if not same:
            self._kept.findings.append(made)
            self.keep()
        return made

    def mended(self, place: str) -> list[Finding]:
        """What was wrong there is not any more. Returns what that was."""
        gone = [one for one in self.open_findings if one.place == place]
        self._kept.findings = [
            msgspec.structs.replace(one, mended=True) if one in gone else one for one in self._kept.findings
        ]
        return gone

    def tried(self, trial: DoorTrial) -> None:
        self._kept.doors[trial.number] = trial
        self.keep()

    def scanned(self, scanner: ReportedScanner) -> None:
        self._kept.scanners[scanner.scanner] = scanner
        self.keep()

    def keep(self) -> None:
        """On the disk when it returns. Raises StoreError."""
        try:
            write_durably(self._file, msgspec.json.encode(self._kept), 0o640)
        except OSError as error:
            raise StoreError("STORE-401", str(self._file), error.strerror or str(error)) from None

    def done(self) -> None:
        """The report holds it all now."""
        self._file.unlink(missing_ok=True)
