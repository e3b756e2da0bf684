"""Which of the two pairs of key and certificate is shown: the waiting one at the next dial, else the present one.

A waiting pair counts as refused only when the present one is greeted right after it failed: otherwise the broker or the
line is away, and both are tried in turn. What the broker greets is confirmed and takes the place of the old one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from cloud_bridge import words as w
from cloud_bridge.paho_transport import Identity
from edge_agent.control.identity_files import IdentityFiles
from edge_agent.logs import fields

log = logging.getLogger(__name__)

LOOK_S = 20.0  # a new pair is tried within a minute, the back-off of one dial included


class IdentityWatch:
    """`identity` for each dial, `heard` for what came of it, `look` now and then. Times are monotonic seconds."""

    def __init__(self, identity: Identity, alarm: Callable[[w.Alarm], None] = lambda alarm: None) -> None:
        self._identity = identity
        self._files = IdentityFiles(identity.cert_file, identity.key_file) if identity.cert_file else None
        self._alarm = alarm
        self._trying = False  # the last dial showed the waiting pair
        self._failed = False  # it came to nothing; the present pair says whose fault that was
        self._refused: tuple[int, int] | None = None  # a waiting pair that is not tried again
        self._looked_at = float("-inf")

    def identity(self) -> Identity:
        """What the next dial shows."""
        self._trying = not self._failed and self._waits()
        if self._files is None or not self._trying:
            return self._identity
        waiting = self._files.waiting
        return replace(self._identity, cert_file=str(waiting.cert), key_file=str(waiting.key))

    def heard(self, heard: w.Heard) -> bool:
        """What became of the dial; True where a new pair has taken the old one's place."""
        if isinstance(heard, w.Connected):
            return self._greeted()
        if isinstance(heard, w.Refused):
            self._failed = self._trying
        return False

    def look(self, now: float) -> bool:
        """True once for a pair that has come while the line stands: then the line is to be made anew."""
        if self._files is None or now - self._looked_at < LOOK_S:
            return False
        self._looked_at = now
        return not self._trying and not self._failed and self._waits()

    def _greeted(self) -> bool:
        if self._trying:
            self._trying = False
            return self._confirmed()
        if self._failed:
            self._failed, self._refused = False, self._stamp()
            self._tell("refused, while the present one is greeted")
        return False

    def _confirmed(self) -> bool:
        assert self._files is not None
        try:
            self._files.confirm()
        except OSError as error:
            self._refused = self._stamp()
            self._tell(f"greeted by the broker, but not put in place: {error.strerror}")
            return False
        log.info("new certificate confirmed", extra=fields(file=str(self._files.present.cert)))
        return True

    def _tell(self, detail: str) -> None:
        assert self._files is not None
        self._alarm(w.Alarm("CLOUD-565", f"certificate {self._files.waiting.cert}", detail))

    def _waits(self) -> bool:
        if self._files is None:
            return False
        try:
            self._files.settle()
        except OSError as error:
            log.warning("certificate not put in place", extra=fields(error=str(error)))
        return self._files.waiting.whole and self._stamp() != self._refused

    def _stamp(self) -> tuple[int, int]:
        """Another file, another stamp."""
        assert self._files is not None
        seen = self._files.waiting.cert.stat()
        return seen.st_mtime_ns, seen.st_ino
