"""The disk under the ledger of a simulated locker: it fills up, fails, and forgets what was not synced.

An SQLite VFS over the real files. While it is `installed` every connection of this process uses it; a sync costs
nothing and is remembered. `power_cut` leaves what a disk may hold then: everything that was synced, and of each later
write any part, sector by sector. A killed process loses nothing of what it has written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import apsw

SECTOR = 512
NAME = "soak-disk"
FORGOTTEN = "-shm"  # the index of the log: made anew by whoever opens it first


@dataclass(frozen=True, slots=True)
class Written:
    """One write since the last sync: the bytes that it replaced (shorter where the file ended) and its own."""

    offset: int
    before: bytes
    data: bytes
    size_before: int


@dataclass(slots=True)
class Disk:
    """`full`, `failing` and `unsynced` (fsync fails) are weather; `fuse` counts writes down to a power cut at 1.

    `writers` are the open handles that have written; two of one file at a time is what must never be.
    """

    full: bool = False
    failing: bool = False
    unsynced: bool = False
    fuse: int = 0
    on_fuse: Callable[[], None] = lambda: None
    dead: bool = False
    pending: dict[str, list[Written]] = field(default_factory=dict)
    writers: dict[str, set[int]] = field(default_factory=dict)
    breaches: list[str] = field(default_factory=list)
    log_bytes: int = 0  # the longest the write-ahead log has been

    def check(self, what: str) -> None:
        """Raises what SQLite's own layer would: the write did not happen."""
        if self.fuse:
            self.fuse -= 1
            if self.fuse == 0:
                self.dead = True
                self.on_fuse()
        if self.dead or self.failing:
            raise apsw.IOError(f"simulated disk: {what}")
        if self.full:
            raise apsw.FullError(f"simulated disk: {what}")

    def power_cut(self, chance: Random) -> None:
        """Forget what was never synced, or parts of it. Every connection must be closed."""
        for path, writes in self.pending.items():
            if Path(path).exists():
                _tear(Path(path), writes, chance)
                Path(path + FORGOTTEN).unlink(missing_ok=True)
        self.revive()

    def revive(self) -> None:
        """A new process on the same files."""
        self.dead, self.fuse = False, 0
        self.pending.clear()
        self.writers.clear()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Every connection opened meanwhile is on this disk."""
        usual = apsw.vfs_names()[0]
        vfs = _Vfs(self, usual)
        apsw.set_default_vfs(NAME)
        try:
            yield
        finally:
            apsw.set_default_vfs(usual)
            vfs.unregister()


def _tear(path: Path, writes: list[Written], chance: Random) -> None:
    content = bytearray(path.read_bytes())
    for one in reversed(writes):
        content[one.offset : one.offset + len(one.data)] = one.before
        del content[one.size_before :]
    for one in writes:
        for at in range(0, len(one.data), SECTOR):
            if chance.random() < 0.5:
                start = one.offset + at
                if len(content) < start:
                    content.extend(bytes(start - len(content)))
                piece = one.data[at : at + SECTOR]
                content[start : start + len(piece)] = piece
    path.write_bytes(content)


class _Vfs(apsw.VFS):
    def __init__(self, disk: Disk, base: str) -> None:
        self.disk, self.base = disk, base
        super().__init__(NAME, base)

    def xOpen(self, name: Any, flags: Any) -> _File:
        return _File(self.disk, self.base, name, flags)


class _File(apsw.VFSFile):
    """One open file."""

    def __init__(self, disk: Disk, base: str, name: Any, flags: Any) -> None:
        self._disk = disk
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._path = str(path or "")
        super().__init__(base, name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        disk, path = self._disk, self._path
        disk.check(f"write of {path}")
        size = super().xFileSize()
        before = b"" if offset >= size else super().xRead(min(len(data), size - offset), offset)
        super().xWrite(data, offset)
        disk.pending.setdefault(path, []).append(Written(offset, before, bytes(data), size))
        self._note_writer()
        disk.log_bytes = max(disk.log_bytes, offset + len(data))

    def xTruncate(self, size: int) -> None:
        """A truncation counts as synced: what SQLite truncates it has moved elsewhere and synced before."""
        self._disk.check(f"truncation of {self._path}")
        super().xTruncate(size)
        self._disk.pending.pop(self._path, None)

    def xSync(self, flags: int) -> None:
        self._disk.check(f"sync of {self._path}")
        if self._disk.unsynced:
            raise apsw.IOError(f"simulated disk: sync of {self._path}")
        self._disk.pending.pop(self._path, None)

    def xClose(self) -> None:
        self._disk.writers.get(self._path, set()).discard(id(self))
        super().xClose()

    def _note_writer(self) -> None:
        writers = self._disk.writers.setdefault(self._path, set())
        if id(self) not in writers:
            writers.add(id(self))
            if len(writers) > 1:
                self._disk.breaches.append(f"{len(writers)} writers of {Path(self._path).name} at one time")
