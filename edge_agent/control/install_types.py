"""What goes in and out of the operations of an installation: plain values, as in `types`."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from edge_agent.control.types import Arguments, BaudOption, PortOption, Result, Trouble, option
from edge_agent.error_table import Exit

# coils


class CoilsOffResult(Result, frozen=True):
    """Boards by name. `silent`: those that did not confirm; their coils end with the board's own pulse time."""

    told: tuple[str, ...]
    silent: tuple[Trouble, ...] = ()

    def exit_code(self) -> int:
        if not self.silent:
            return Exit.DONE
        return Exit.PARTLY if self.told else Exit.SILENT


# setup


class SetupArguments(Arguments, frozen=True):
    """Empty text is asked for at a terminal, and else has its default."""

    id: Annotated[str, option("The locker's id, such as HK-0001.", metavar="ID")] = ""
    name: Annotated[str, option("Its name or street, as people call it.", metavar="TEXT")] = ""
    timezone: Annotated[str, option("Such as Asia/Hong_Kong; default: this machine's.", metavar="ZONE")] = ""
    hotline: Annotated[str, option("The phone number on the help screen.", metavar="NUMBER")] = ""
    languages: Annotated[
        str, option("Of the screen, the first is shown first: zh-Hant, zh-Hans, en.", metavar="LIST")
    ] = ""
    port: PortOption = ""
    baudrate: BaudOption = 0
    family: Annotated[str, option("Ask only for boards of this family.", metavar="FAMILY")] = ""
    addresses: Annotated[str, option("Ask only these addresses, such as 1-8.", metavar="RANGE")] = ""
    channels: Annotated[
        int,
        msgspec.Meta(
            description="Doors on each board; 0: as many as the board says.",
            ge=0,
            le=64,
            extra={"metavar": "N"},
        ),
    ] = 0
    size: Annotated[str, option("Size of the compartments: S, M, L or XL.", metavar="SIZE")] = "M"
    scanner: Annotated[str, option("The barcode scanner's port.", metavar="PORT")] = ""
    file: Annotated[str, option("Where to write; default: where --config says.", metavar="FILE")] = ""
    force: Annotated[bool, option("Replace a file that is there; it is kept beside as .old.")] = False


class SetupResult(Result, frozen=True):
    """What was written. `kept`: where the earlier file lies now, "" where there was none."""

    file: str
    boards: tuple[str, ...]
    doors: int
    kept: str = ""


# update


class UpdateStateResult(Result, frozen=True):
    """What `locker-update` asks before it touches anything, and what became of its last try.

    `idle`: nobody is at the screen, no door is open or about to open, no freeze; `why` says what keeps it from that.
    `well`: every thread answers. `desired`: the back office's `update` document; `last`: outcome, version and reason.
    """

    version: str
    idle: bool
    well: bool
    trial: bool
    why: str = ""
    desired: Any = None
    last: Any = None
