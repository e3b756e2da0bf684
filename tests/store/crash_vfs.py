"""A disk that forgets: records what SQLite does to its files once, then gives the files of a power cut at any point.

The files are written through as usual; every write, truncation, removal and sync goes on a list. `images` walks
the list and, for each cut, builds what a disk may hold then: everything that was synced, and of the rest any part.
Each unsynced write is split into sectors, each of which survives with probability one half; truncations and removals
that were not followed by a sync survive or not. That drops, tears and reorders.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

SECTOR = 512
KEPT_SIDECARS = ("", "-wal", "-journal")  # the shared-memory index is rebuilt, never read after a cut


@dataclass(frozen=True, slots=True)
class Op:
    """`kind`: write | truncate | sync | delete | ack. An ack is the workload saying what was reported as accepted."""

    kind: str
    name: str = ""
    offset: int = 0
    data: bytes = b""
    count: int = 0


class RecordingVfs(apsw.VFS):
    """Use its `name` with `apsw.Connection(..., vfs=name)`. `fail` may raise before a write or sync is done."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.ops: list[Op] = []
        self.writes = 0
        self.naps = 0
        self.fail_from = 0  # the n-th write or sync from 1; 0 never
        self.fail_until = 0  # the last one that fails; 0: from then on all do
        self.error: type[apsw.Error] = apsw.IOError
        super().__init__(name, "")

    def note(self, op: Op) -> None:
        self.ops.append(op)

    def act(self, what: str) -> None:
        """Count a write or sync, and fail it where that was asked for."""
        self.writes += 1
        if (
            self.fail_from
            and self.writes >= self.fail_from
            and (not self.fail_until or self.writes <= self.fail_until)
        ):
            raise self.error(f"injected failure of write {self.writes} ({what})")

    def xOpen(self, name: Any, flags: Any) -> RecordingFile:
        return RecordingFile(self, name, flags)

    def xSleep(self, microseconds: int) -> int:
        self.naps += 1
        return super().xSleep(microseconds)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        self.note(Op("delete", Path(filename).name))
        if syncdir:
            self.note(Op("sync", Path(filename).name))


class RecordingFile(apsw.VFSFile):
    def __init__(self, vfs: RecordingVfs, name: Any, flags: Any) -> None:
        self._vfs = vfs
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._name = Path(path).name if path else ""
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._vfs.act(f"write {self._name}")
        super().xWrite(data, offset)
        self._vfs.note(Op("write", self._name, offset, bytes(data)))

    def xTruncate(self, size: int) -> None:
        self._vfs.act(f"truncate {self._name}")
        super().xTruncate(size)
        self._vfs.note(Op("truncate", self._name, size))

    def xSync(self, flags: int) -> None:
        self._vfs.act(f"sync {self._name}")
        super().xSync(flags)
        self._vfs.note(Op("sync", self._name))


@dataclass(slots=True)
class _File:
    """What is on the disk for certain, and what may be."""

    durable: bytearray = field(default_factory=bytearray)
    exists: bool = False
    pending: list[Op] = field(default_factory=list)

    def settle(self) -> None:
        for op in self.pending:
            self.exists = _apply(self.durable, op, self.exists, None)
        self.pending.clear()

    def after_cut(self, chance: random.Random) -> bytes | None:
        """One of the contents that a cut may leave; None where there is no file."""
        content, exists = bytearray(self.durable), self.exists
        for op in self.pending:
            exists = _apply(content, op, exists, chance)
        return bytes(content) if exists else None


def _apply(content: bytearray, op: Op, exists: bool, chance: random.Random | None) -> bool:
    """Do one operation, or the part of it that survives. Returns whether the file exists then."""
    if op.kind == "write":
        for at in range(0, len(op.data), SECTOR):
            if chance is None or chance.random() < 0.5:
                _put(content, op.offset + at, op.data[at : at + SECTOR])
        return True
    if chance is not None and chance.random() < 0.5:
        return exists
    if op.kind == "truncate":
        _resize(content, op.offset)
        return exists
    content.clear()
    return False


def _put(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def _resize(content: bytearray, size: int) -> None:
    if len(content) > size:
        del content[size:]
    else:
        content.extend(bytes(size - len(content)))


@dataclass(frozen=True, slots=True)
class Image:
    """The files of one cut, and how much had been reported as accepted before it."""

    cut: int
    accepted: int
    files: dict[str, bytes]

    def write(self, folder: Path) -> None:
        for name, content in self.files.items():
            (folder / name).write_bytes(content)


def images(ops: list[Op], start: dict[str, bytes], base: str, rounds: int, seed: int) -> Iterator[Image]:
    """`rounds` images for each operation of the list: the cut comes right after it. `start`: files at the beginning."""
    names = {base + suffix for suffix in KEPT_SIDECARS}
    files = {name: _File(bytearray(start.get(name, b"")), name in start) for name in names}
    accepted = 0
    for cut, op in enumerate(ops):
        if op.kind == "ack":
            accepted = op.count
        elif op.name in names:
            files[op.name].pending.append(op) if op.kind != "sync" else files[op.name].settle()
        for n in range(rounds):
            chance = random.Random(f"{seed}/{cut}/{n}")
            left = {name: file.after_cut(chance) for name, file in files.items()}
            yield Image(
                cut, accepted, {name: content for name, content in left.items() if content is not None}
            )
