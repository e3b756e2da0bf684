"""The kiosk's display: how bright, and dark when nobody is there. Through /sys/class/backlight, or through a command.

Displays differ: a DSI panel has a backlight in /sys, an HDMI one only a power state that the display server sets. Both
are optional; a locker without either keeps its screen on, and nobody loses a pickup by it.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

BACKLIGHTS = Path("/sys/class/backlight")
COMMAND_MAX_S = 5.0  # display servers answer in milliseconds; a hung one must not hold up the caller's thread
FULL = 100  # percent


class ScreenError(Exception):
    """The display did not take an order; the text names the file or the command and says why."""


@dataclass(frozen=True, slots=True)
class Backlight:
    """One display under /sys. Blocking file writes: call from a worker thread."""

    folder: Path

    def set_percent(self, percent: int) -> None:
        """0 is dark, 100 is full. Raises ScreenError."""
        if not 0 <= percent <= FULL:
            raise ValueError(f"brightness {percent} %: 0 to 100")
        try:
            most = int((self.folder / "max_brightness").read_text())
            (self.folder / "brightness").write_text(str(round(most * percent / FULL)))
        except (OSError, ValueError) as error:
            raise ScreenError(f"backlight {self.folder.name}: {error}") from error

    def on(self) -> None:
        self.set_percent(FULL)

    def off(self) -> None:
        self.set_percent(0)


@dataclass(frozen=True, slots=True)
class CommandScreen:
    """A display that commands switch on and off, as ("wlopm", "--off", "*"). Blocking: call from a worker thread."""

    on_command: tuple[str, ...]
    off_command: tuple[str, ...]

    def on(self) -> None:
        """Raises ScreenError."""
        self._run(self.on_command)

    def off(self) -> None:
        """Raises ScreenError."""
        self._run(self.off_command)

    @staticmethod
    def _run(command: tuple[str, ...]) -> None:
        try:
            subprocess.run(  # noqa: S603 - the words come from the configuration, no shell reads them
                command, check=True, capture_output=True, timeout=COMMAND_MAX_S
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise ScreenError(f"{command[0]}: {error}") from error


def backlights(under: Path = BACKLIGHTS) -> tuple[Backlight, ...]:
    """Every backlight of this machine, by name; none is a fact, not a failure."""
    return tuple(Backlight(folder) for folder in sorted(under.iterdir())) if under.is_dir() else ()
