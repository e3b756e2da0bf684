"""The second journal (wall 11): intents and outcomes while the ledger cannot commit, on another device.

One JSON line a transaction, appended and synced before anybody acts on it, each line chained to the one before by
SHA-256 and, under a name of its own, to nothing else: the file is whole in itself. When the ledger is back, every
line is imported under the next sequence numbers and the file is set aside. A torn last line (the power went while it
was written) was never confirmed to anybody and is dropped; damage anywhere else is an error.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from edge_agent.store.canonical import GENESIS, canonical_json, chain
from edge_agent.store.errors import SecondJournalBad
from edge_agent.store.files import sync_folder

# A day of pickups at a large locker is below 2 MiB; past this the file is refused, not the device filled.
FILE_MAX_BYTES = 16 << 20
# The only events that may be recorded here: doors and codes, pickups and what is seen of them. No deposit begins.
SURVIVAL_TYPES = frozenset(
    {
        "door.open_requested", "door.opened", "door.not_opened", "door.outcome_unknown", "door.closed",
        "door.left_open", "door.forced", "door.wrong_door", "code.claimed", "code.rearmed", "code.spent",
        "code.failed", "code.locked_out", "parcel.collected", "parcel.refused", "parcel.recalled",
        "deposit.cancelled", "deposit.interrupted", "compartment.contents_unknown", "compartment.suspect",
        "compartment.verified_empty", "compartment.reported", "session.started", "session.ended", "login.failed",
        "board.silent", "board.back", "bus.lost", "bus.back", "fault.opened", "fault.resolved",
    }
)  # fmt: skip


class Line(msgspec.Struct, frozen=True):
    """One transaction: its stamp, and its events as (id in hex, type, version, data)."""

    wall_ms: int
    quality: str
    boot_id: str
    monotonic_ms: int
    txn: str
    events: tuple[tuple[str, str, int, dict[str, Any]], ...]


class SecondJournal:
    """Append-only file of lines. Used on the store's executor only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._link = GENESIS
        self._descriptor = -1
        self._size = 0

    def append(self, line: Line) -> None:
        """Durable when it returns. Raises SecondJournalBad; the line may then not be acted upon."""
        body = canonical_json(msgspec.to_builtins(line))
        try:
            self._open()
            link = chain(self._link, body)
            record = canonical_json({"chainhash": link.hex(), "line": msgspec.Raw(body)}) + b"\n"
            if self._size + len(record) > FILE_MAX_BYTES:
                raise SecondJournalBad(self.path, f"{self._size} bytes found, the bound is {FILE_MAX_BYTES}")
            self._write(record)
        except OSError as error:
            self.close()
            raise SecondJournalBad(self.path, f"{error.strerror}; nothing was recorded") from error
        self._link = link
        self._size += len(record)

    def _open(self) -> None:
        if self._descriptor >= 0:
            return
        lines, sound = self._parse()
        self._link = lines[-1][1] if lines else GENESIS
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(self.path, flags, 0o600)
        os.ftruncate(self._descriptor, sound)  # a torn line must not stand before the next one
        os.lseek(self._descriptor, sound, os.SEEK_SET)
        self._size = sound
        sync_folder(self.path.parent)

    def _write(self, record: bytes) -> None:
        written = os.write(self._descriptor, record)
        if written != len(record):
            raise OSError(28, f"{written} of {len(record)} bytes written")
        os.fsync(self._descriptor)

    def read(self) -> tuple[Line, ...]:
        """Every whole line, oldest first; none where there is no file. Raises SecondJournalBad for a broken chain."""
        return tuple(line for line, _ in self._parse()[0])

    def _parse(self) -> tuple[list[tuple[Line, bytes]], int]:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return [], 0
        except OSError as error:
            raise SecondJournalBad(self.path, f"{error.strerror}; cannot be read") from error
        lines: list[tuple[Line, bytes]] = []
        link, sound = GENESIS, 0
        for number, text in enumerate(content.splitlines(keepends=True), 1):
            whole = text.endswith(b"\n")
            parsed = _parse_line(text, link) if whole else None
            if parsed is None and sound + len(text) == len(content):
                break
            if parsed is None:
                raise SecondJournalBad(self.path, f"line {number} does not follow from the one before")
            lines.append(parsed)
            link, sound = parsed[1], sound + len(text)
        return lines, sound

    def set_aside(self, suffix: str) -> Path | None:
        """After the import: rename, so that nothing is imported twice. None where there was no file."""
        self.close()
        if not self.path.exists():
            return None
        kept = self.path.with_name(f"{self.path.name}.{suffix}")
        os.rename(self.path, kept)
        sync_folder(self.path.parent)
        self._link, self._size = GENESIS, 0
        return kept

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class _Record(msgspec.Struct):
    chainhash: str
    line: msgspec.Raw


def _parse_line(text: bytes, link: bytes) -> tuple[Line, bytes] | None:
    """The line and its hash, or None where it is torn or does not follow from `link`."""
    try:
        record = msgspec.json.decode(text, type=_Record)
        line = msgspec.json.decode(record.line, type=Line)
    except msgspec.DecodeError:
        return None
    found = chain(link, bytes(record.line))
    return (line, found) if found.hex() == record.chainhash else None
