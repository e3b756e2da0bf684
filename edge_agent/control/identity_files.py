"""The locker's identity on the line: two places for key and certificate, so that the old pair outlives a bad new one.

`lockerctl provision` fills the waiting place (`.next` beside each file), the bridge tries it at its next connection: a
broker that greets it confirms it, and the waiting pair takes the place of the old one; a broker that refuses it leaves
the old one where it is. Key and certificate cannot be replaced in one step, so the key goes first, and a certificate
that waits alone is the sign of a power cut in between.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

WAITING = ".next"


@dataclass(frozen=True, slots=True)
class Pair:
    """One key and its certificate, PEM each."""

    cert: Path
    key: Path

    @property
    def whole(self) -> bool:
        return self.cert.is_file() and self.key.is_file()


class IdentityFiles:
    """The two places of one locker, named after `[cloud] cert_file` and `key_file`."""

    def __init__(self, cert_file: str, key_file: str) -> None:
        self.present = Pair(Path(cert_file), Path(key_file))
        self.waiting = Pair(Path(cert_file + WAITING), Path(key_file + WAITING))

    def settle(self) -> None:
        """Finish a change that a power cut has halved. Raises OSError."""
        if self.waiting.cert.is_file() and not self.waiting.key.is_file():
            os.replace(self.waiting.cert, self.present.cert)
            self._sync()

    def confirm(self) -> None:
        """The waiting pair is the locker's from here on; the old key is gone. Raises OSError."""
        os.replace(self.waiting.key, self.present.key)
        self._sync()
        os.replace(self.waiting.cert, self.present.cert)
        self._sync()

    def _sync(self) -> None:
        for folder in {self.present.key.parent, self.present.cert.parent}:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
