"""What a fleet's run measures: lags, counts, and what broker and office cost the machine, read from /proc."""

from __future__ import annotations

import os
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


@dataclass
class Figures:
    """Counted by the lockers as it happens; all in the loop's thread."""

    online: int = 0
    online_most: int = 0
    connects: int = 0
    events: int = 0
    event_bytes: int = 0
    messages: int = 0
    message_bytes: int = 0
    again: int = 0
    calm: bool = True  # no storm is on
    lags_s: array[float] = field(
        default_factory=lambda: array("d")
    )  # of events made in calm, on a line that stood
    late_s: array[float] = field(
        default_factory=lambda: array("d")
    )  # of events made in a storm, or without a line
    connected_at_s: array[float] = field(default_factory=lambda: array("d"))

    def connected(self) -> None:
        self.online += 1
        self.connects += 1
        self.online_most = max(self.online_most, self.online)
        self.connected_at_s.append(time.monotonic())

    def lost(self) -> None:
        self.online -= 1

    def made(self, length: int) -> None:
        self.events += 1
        self.event_bytes += length

    def sent(self, length: int) -> None:
        self.messages += 1
        self.message_bytes += length

    def repeated(self, events: int) -> None:
        self.again += events

    def acknowledged(self, lag_s: float, calm: bool) -> None:
        (self.lags_s if calm else self.late_s).append(lag_s)

    @property
    def acknowledged_count(self) -> int:
        return len(self.lags_s) + len(self.late_s)

    def connects_per_s(self, since_s: float) -> int:
        """The busiest second since then."""
        seconds: dict[int, int] = {}
        for at_s in self.connected_at_s:
            if at_s >= since_s:
                seconds[int(at_s)] = seconds.get(int(at_s), 0) + 1
        return max(seconds.values(), default=0)


class Meter:
    """CPU seconds and memory of one process, from /proc; of its next life too, if somebody says `follow`."""

    def __init__(self, pid: int) -> None:
        self._began_s, self._used_s, self._last_s = time.monotonic(), 0.0, 0.0
        self.rss_most_mib = 0.0
        self.follow(pid)

    def follow(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")
        self._last_s = self._cpu_s()

    def _cpu_s(self) -> float:
        words = (self._folder / "stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / TICKS_PER_S

    def look(self) -> None:
        """Count what was used since the last look, and remember the highest memory. Look before a process dies."""
        now_s = self._cpu_s()
        self._used_s, self._last_s = self._used_s + now_s - self._last_s, now_s
        status = (self._folder / "status").read_text().splitlines()
        kib = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        self.rss_most_mib = max(self.rss_most_mib, kib / 1024)

    def cpu_percent(self) -> float:
        """Of one core, from the beginning to now."""
        return 100 * self._used_s / max(0.001, time.monotonic() - self._began_s)
