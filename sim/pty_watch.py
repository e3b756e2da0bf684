"""Tells when the other end of a pty is opened and closed (Linux inotify), so that nobody has to poll for it.

A pty outlives its last user: exclusive mode and unread bytes of a killed program would stay behind, which a real serial
device forgets. `PtyWatch` calls back when the last user has gone, and the port tidies up.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Callable

IN_CLOSE_WRITE, IN_CLOSE_NOWRITE, IN_OPEN = 0x08, 0x10, 0x20
EVENT = struct.Struct("iIII")
READ_SIZE = 4_096


class PtyWatch:
    """One inotify descriptor for all ptys of a hub. `fileno` becomes readable when somebody opened or closed."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor: int = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1 failed")
        self._open: dict[int, int] = {}
        self._gone: dict[int, Callable[[], None]] = {}

    def fileno(self) -> int:
        return self._descriptor

    def add(self, path: str, last_gone: Callable[[], None]) -> int:
        """Watch one device; returns the watch for `remove`. Those who have it open already do not count."""
        mask = IN_OPEN | IN_CLOSE_WRITE | IN_CLOSE_NOWRITE
        watch: int = self._libc.inotify_add_watch(self._descriptor, path.encode(), mask)
        if watch < 0:
            raise OSError(ctypes.get_errno(), f"inotify_add_watch of {path} failed")
        self._open[watch], self._gone[watch] = 0, last_gone
        return watch

    def remove(self, watch: int) -> None:
        self._libc.inotify_rm_watch(self._descriptor, watch)
        self._open.pop(watch, None)
        self._gone.pop(watch, None)

    def take(self) -> None:
        """Read what happened; call back for each device whose last user has gone."""
        touched = set()
        for watch, mask in self._events():
            if watch in self._open:
                self._open[watch] += (
                    1 if mask & IN_OPEN else -1 if mask & (IN_CLOSE_WRITE | IN_CLOSE_NOWRITE) else 0
                )
                touched.add(watch)
        for watch in touched:
            if self._open[watch] <= 0:
                self._gone[watch]()

    def close(self) -> None:
        os.close(self._descriptor)

    def _events(self) -> list[tuple[int, int]]:
        try:
            data = os.read(self._descriptor, READ_SIZE)
        except BlockingIOError:
            return []
        events, offset = [], 0
        while offset < len(data):
            watch, mask, _, name_length = EVENT.unpack_from(data, offset)
            events.append((watch, mask))
            offset += EVENT.size + name_length
        return events
