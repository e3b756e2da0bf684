"""The other end of a pretend port, as a program without any driver sees it: open, write, read, time-outs."""

from __future__ import annotations

import os
import select
import time
from pathlib import Path


class Host:
    """One opened device."""

    def __init__(self, path: Path | str) -> None:
        self.descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def ask(self, request: bytes, length: int, within_s: float = 2.0) -> bytes:
        """Write, then read until `length` bytes are there or the time is over."""
        if request:
            os.write(self.descriptor, request)
        return self.read(length, within_s)

    def read(self, length: int, within_s: float = 2.0) -> bytes:
        data, until_s = b"", time.monotonic() + within_s
        while len(data) < length and (left_s := until_s - time.monotonic()) > 0:
            if select.select([self.descriptor], [], [], left_s)[0]:
                try:
                    data += os.read(self.descriptor, 4096)
                except BlockingIOError:
                    continue  # another reader was faster
        return data

    def hung_up(self, within_s: float = 2.0) -> bool:
        """True once the device is gone: reading says so."""
        until_s = time.monotonic() + within_s
        while time.monotonic() < until_s:
            select.select([self.descriptor], [], [], 0.05)
            try:
                if os.read(self.descriptor, 4096) == b"":
                    return True
            except BlockingIOError:
                continue
            except OSError:
                return True
        return False

    def fill(self) -> None:
        """Write until the kernel takes no more. Raises BlockingIOError then."""
        for _ in range(10_000):
            os.write(self.descriptor, bytes(100))

    def close(self) -> None:
        os.close(self.descriptor)

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
