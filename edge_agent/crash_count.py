"""How often in a row the agent was started without having worked: longer pauses, and in the end safe mode.

The count lies in the run-time folder, which the service manager keeps between two starts and the machine forgets at a
reboot. Each start adds one; a run that lasted, or ended as it was asked to, sets it back. Without a manager nobody
starts the agent again, so nothing is counted.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

COUNT_FILE = "starts"
SETTLED_S = 120.0  # a run of two minutes has opened its ledger, seen its doors and served
PAUSES_S = (
    0.0,
    0.0,
    2.0,
    5.0,
    10.0,
)  # before each start, by the starts in vain before it: a card is not worn out
SAFE_AFTER = len(PAUSES_S)  # starts in vain; the next one is in safe mode
SAFE_FOR_S = (
    600.0  # then one more ordinary start is tried: a hub that was changed or a disk that was freed is enough
)


@dataclass(frozen=True, slots=True)
class Starts:
    """`in_vain`: starts before this one that came to nothing."""

    path: Path | None
    in_vain: int

    @property
    def safe(self) -> bool:
        """Whether this start is to be one in safe mode."""
        return self.in_vain >= SAFE_AFTER

    @property
    def pause_s(self) -> float:
        """How long to wait before anything is opened, in seconds."""
        return 0.0 if self.safe else PAUSES_S[self.in_vain]

    def worked(self) -> None:
        """This run lasted or ended in order: the next one starts at once."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def excused(self) -> None:
        """This start came to nothing for no fault of the program's: it does not count."""
        if self.path is not None:
            self.path.write_text(str(self.in_vain))

    def try_again(self) -> None:
        """Safe mode has lasted long enough: one ordinary start, and back here if it is in vain too."""
        if self.path is not None:
            self.path.write_text(str(SAFE_AFTER - 1))


def begun() -> Starts:
    """Count this start. Raises OSError where the run-time folder cannot be written."""
    folder = os.environ.get("RUNTIME_DIRECTORY", "")
    if not folder:
        return Starts(None, 0)
    path = Path(folder) / COUNT_FILE
    try:
        in_vain = int(path.read_text())
    except (FileNotFoundError, ValueError):  # a torn file says nothing
        in_vain = 0
    path.write_text(str(in_vain + 1))
    return Starts(path, max(in_vain, 0))
