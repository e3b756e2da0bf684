"""Room on the ledger's device: thresholds, and a reserve file that is given up when it matters.

SQLite cannot free space on a full disk by deleting rows: even a DELETE needs room. So a file of some megabytes is
kept in reserve and removed on alarm, deposits stop before pickups do, and the journal is never dropped.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from edge_agent.store.files import sync_folder

MIB = 1 << 20
RESERVE_NAME = "reserve.bin"


class Room(Enum):
    """`LOW`: warn. `TIGHT`: the reserve is given up and no deposit begins. Pickups go on in all three."""

    PLENTY = "plenty"
    LOW = "low"
    TIGHT = "tight"


class Thresholds(NamedTuple):
    """In MiB of free space, the reserve not counted."""

    warn_mib: int = 512
    stop_deposits_mib: int = 128
    reserve_mib: int = 16


DEFAULTS = Thresholds()


class Reading(NamedTuple):
    room: Room
    free_mib: int
    threshold_mib: int  # the one that was passed; the warning threshold where there is plenty


def free_bytes(folder: Path) -> int:
    """What an unprivileged process may still write here. Raises OSError."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


class DiskGuard:
    """Watches one folder. `free` is a seam for tests; the default asks the file system."""

    def __init__(
        self, folder: Path, thresholds: Thresholds = DEFAULTS, free: Callable[[Path], int] = free_bytes
    ) -> None:
        self._folder = folder
        self._limits = thresholds
        self._free = free
        self._reserve = folder / RESERVE_NAME

    def check(self) -> Reading:
        """Read the room and act on the reserve: given up where it is tight, made again where there is plenty.

        Raises OSError where the folder cannot be asked.
        """
        free_mib = self._free(self._folder) // MIB
        if free_mib < self._limits.stop_deposits_mib:
            self.release()
            return Reading(Room.TIGHT, free_mib, self._limits.stop_deposits_mib)
        if free_mib < self._limits.warn_mib:
            return Reading(Room.LOW, free_mib, self._limits.warn_mib)
        self._keep()
        return Reading(Room.PLENTY, free_mib, self._limits.warn_mib)

    def release(self) -> bool:
        """Give up the reserve. False where it was gone already."""
        try:
            self._reserve.unlink()
        except FileNotFoundError:
            return False
        sync_folder(self._folder)
        return True

    def _keep(self) -> None:
        """Make the reserve in full: real blocks, not a sparse file."""
        wanted = self._limits.reserve_mib * MIB
        if wanted == 0 or (self._reserve.exists() and self._reserve.stat().st_size == wanted):
            return
        descriptor = os.open(self._reserve, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, wanted)
        except OSError:
            self._reserve.unlink(missing_ok=True)  # half a reserve would count as a whole one next time
            raise
        finally:
            os.close(descriptor)
