"""What the machine under the locker says of itself: supply, temperature, memory, its disk. Files under /sys and /proc.

A reading that this machine does not offer is None, and nothing is concluded from it. `root` is a seam: tests lay out
files of their own. Everything here may block for milliseconds: call it off the loop.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

UNDER_VOLTAGE_NOW, UNDER_VOLTAGE_SEEN = 1 << 0, 1 << 16  # of the Raspberry Pi firmware's get_throttled
FIRMWARE = "sys/devices/platform/soc/soc:firmware/get_throttled"
SUPPLY_ALARMS = "sys/class/hwmon/hwmon*/in0_lcrit_alarm"  # the kernel's own watch on the same line
ZONES = "sys/class/thermal/thermal_zone*/temp"
KIB = 1024
WRITE_PROBE = ".doctor"  # written, synced and removed: whether the disk takes anything


@dataclass(frozen=True, slots=True)
class Supply:
    """Whether the supply is too low now, and whether it ever was since the last start."""

    low_now: bool
    low_before: bool


@dataclass(frozen=True, slots=True)
class Memory:
    """In MiB."""

    free_mib: int
    whole_mib: int


@dataclass(frozen=True, slots=True)
class Machine:
    """The readings."""

    root: Path = Path("/")

    def supply(self) -> Supply | None:
        """The firmware's flags, or the kernel's alarm."""
        text = self._text(FIRMWARE)
        if text is not None:
            flags = int(text, 16)
            return Supply(bool(flags & UNDER_VOLTAGE_NOW), bool(flags & UNDER_VOLTAGE_SEEN))
        alarms = [path.read_text().strip() for path in sorted(self.root.glob(SUPPLY_ALARMS))]
        return Supply("1" in alarms, False) if alarms else None

    def hottest_c(self) -> float | None:
        """The hottest zone in degrees Celsius."""
        found = []
        for path in self.root.glob(ZONES):
            try:
                found.append(int(path.read_text()) / 1000)
            except (OSError, ValueError):  # a zone that is switched off answers with an error
                continue
        return max(found, default=None)

    def memory(self) -> Memory | None:
        """What programs may still take, without anything being pushed out."""
        text = self._text("proc/meminfo")
        if text is None:
            return None
        lines = {line.split(":")[0]: int(line.split()[1]) for line in text.splitlines() if ":" in line}
        return Memory(lines.get("MemAvailable", 0) // KIB, lines.get("MemTotal", 0) // KIB)

    def _text(self, path: str) -> str | None:
        try:
            return (self.root / path).read_text()
        except OSError:
            return None


def takes_a_write(folder: Path) -> None:
    """Write a few bytes, sync them, remove them. Raises OSError with the reason why not."""
    probe = folder / WRITE_PROBE
    descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, b"doctor\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
        probe.unlink(missing_ok=True)


def largest(folder: Path, count: int) -> list[tuple[str, int]]:
    """The entries of `folder` that take the most room, in bytes, largest first."""
    sizes = [(path.name, _size(path)) for path in folder.iterdir()]
    return sorted(sizes, key=lambda pair: -pair[1])[:count]


def sized(count: int) -> str:
    """`3_500_000` bytes → "3.3 MiB"."""
    return f"{count / KIB / KIB:.1f} MiB" if count >= KIB * KIB else f"{count / KIB:.0f} KiB"


def _size(path: Path) -> int:
    try:
        if path.is_dir() and not path.is_symlink():
            return sum(_size(inner) for inner in path.iterdir())
        return path.lstat().st_blocks * 512
    except OSError:  # gone meanwhile, or not ours to read
        return 0
