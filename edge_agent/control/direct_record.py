"""`direct.jsonl`: the record of unlocks that a technician made without the agent.

Written before the frame leaves and synced, one JSON object a line; the agent imports it at its next start, so that no
door was ever opened without a trace. A line that a power cut left half written is no record: its frame never left.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from edge_agent.control.types import OutcomeWord
from edge_agent.errors import StoreError

RECORD_FILE = "direct.jsonl"
RECORD_BYTES_MAX = 64 << 20  # about 200,000 unlocks; beyond it the file is not ours


class DirectUnlock(msgspec.Struct, frozen=True, kw_only=True, tag="unlock"):
    """Who is about to unlock what, and why. `door` is the printed number, empty for a channel without a door."""

    id: str
    time: datetime
    login: str
    uid: int
    reason: str
    locker: str
    door: str
    board: str
    channel: int


class DirectOutcome(msgspec.Struct, frozen=True, kw_only=True, tag="outcome"):
    """What came of the unlock with that id. Missing where the tool was stopped in between: then it is unknown."""

    id: str
    time: datetime
    outcome: OutcomeWord
    detail: str


Record = DirectUnlock | DirectOutcome


def append(state_dir: Path, record: Record) -> None:
    """Append one record and wait until it is on the disk. Raises StoreError STORE-401."""
    line = msgspec.json.encode(record) + b"\n"
    path = state_dir / RECORD_FILE
    try:
        made = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        try:
            _end_torn_line(descriptor)
            _write_whole(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if made:
            _sync_folder(state_dir)
    except OSError as error:
        raise StoreError("STORE-401", str(path), error.strerror or str(error)) from None


def read(state_dir: Path) -> Iterator[Record]:
    """Every whole record in order; nothing where there is no file. Raises OSError."""
    path = state_dir / RECORD_FILE
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file.read(RECORD_BYTES_MAX).splitlines():
            try:
                yield msgspec.json.decode(line, type=Record)
            except msgspec.MsgspecError:  # torn by a power cut: its frame never left
                continue


def now() -> datetime:
    """The wall clock as it stands: a technician's record has no better one."""
    return datetime.now(UTC)


def _end_torn_line(descriptor: int) -> None:
    """A power cut may have left half a line: end it, so that the next record stands alone."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        os.write(descriptor, b"\n")


def _write_whole(descriptor: int, line: bytes) -> None:
    if os.write(descriptor, line) != len(line):
        raise OSError("the disk took only a part of the record")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
