"""One scanner's conversation, without any I/O: what to send when, and what received bytes become.

Driven by `drivers.scanner_port` (a thread on a descriptor) and by its virtual kind, so that start-up commands, pauses
and idle gaps are the same code in both. `now` is monotonic seconds.
"""

from __future__ import annotations

from collections import deque

from drivers.scanner import Scan, Scanner

# Commands not yet sent: start-up has two, and a person presses no trigger more often than that.
WAITING_MAX = 32


class ScannerLink:
    """Used by one thread at a time."""

    def __init__(self, scanner: Scanner) -> None:
        self.scanner = scanner
        self._waiting: deque[bytes] = deque(maxlen=WAITING_MAX)
        self._send_from = 0.0

    @property
    def wake_at(self) -> float | None:
        """When `due` or `tick` has something to do; None: not before more bytes or commands came."""
        moments = [self.scanner.due_at, self._send_from if self._waiting else None]
        return min((moment for moment in moments if moment is not None), default=None)

    def opened(self, now: float) -> None:
        """The port is open: what was asked before is void, the engine is set up afresh."""
        self._waiting.clear()
        self._waiting.extend(self.scanner.start_commands())
        self._send_from = now

    def trigger_on(self) -> None:
        """Read now. Without effect on an engine that reads always."""
        self._ask(self.scanner.trigger_on())

    def trigger_off(self) -> None:
        self._ask(self.scanner.trigger_off())

    def _ask(self, command: bytes) -> None:
        if command:
            self._waiting.append(command)

    def due(self, now: float) -> bytes:
        """The command to send now, or empty; the next one not before the engine's pause."""
        if not self._waiting or now < self._send_from:
            return b""
        self._send_from = now + self.scanner.pause_s
        return self._waiting.popleft()

    def received(self, data: bytes, now: float) -> list[Scan]:
        return self.scanner.feed(data, now)

    def tick(self, now: float) -> list[Scan]:
        return self.scanner.tick(now)
