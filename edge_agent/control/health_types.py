"""What goes in and out of `status`, `doctor` and the fault verbs: what is well, what is not, and what to type next."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from edge_agent.control.types import Arguments, Result, option
from edge_agent.error_table import Exit

VerdictWord = Literal["well", "attention", "bad", "skipped"]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at. `command`: what to type next, empty where it is well; `skipped` says why."""

    area: str
    place: str
    verdict: VerdictWord
    fact: str
    code: str = ""
    next_step: str = ""
    command: str = ""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Compartments by what may be done with them; `doors` by what their sensors say."""

    installed: int
    offered: int
    occupied: int
    unknown: int
    set_aside: int
    unreachable: int
    doors: dict[str, int]


class StatusResult(Result, frozen=True):
    """`findings`: what is not well, gravest first. `version` is the agent's; `clock`: synced, floor or unset."""

    locker: str
    name: str
    version: str
    up_s: float
    clock: str
    deposits: str
    accepted: bool
    compartments: Standing
    parcels: int
    events_waiting: int
    drill: bool
    tickets: int
    findings: tuple[Check, ...]

    def exit_code(self) -> int:
        return Exit.DEGRADED if self.findings else Exit.DONE


AREAS = (
    "agent, power, temperature, memory, disk, ledger, clock, bus, board, scanner, "
    "screen, certificate, cloud, backup"
)


class DoctorArguments(Arguments, frozen=True):
    area: Annotated[
        str, option(f"Only this: {AREAS}. Default: everything.", positional=True, metavar="[AREA]")
    ] = ""


class DoctorResult(Result, frozen=True):
    """Everything that was looked at, in the order of the areas. `version`: who looked."""

    version: str
    checks: tuple[Check, ...]

    def exit_code(self) -> int:
        wrong = any(check.verdict in ("bad", "attention") for check in self.checks)
        return Exit.DEGRADED if wrong else Exit.DONE


class ClockRow(msgspec.Struct, frozen=True, kw_only=True):
    """One clock of a ticket. `left_s` is below zero once it has run out; `stopped`: somebody came in time or late."""

    clock: Literal["acknowledge", "on_site", "restore"]
    stopped: bool
    left_s: int
    escalated: bool


class TicketRow(msgspec.Struct, frozen=True, kw_only=True):
    """One open fault. `clocks` is empty where nothing was promised for its severity."""

    fault: str
    code: str
    place: str
    severity: str
    opened: str
    age_s: int
    detail: str
    owner: str
    clocks: tuple[ClockRow, ...]
    next_step: str


class FaultListResult(Result, frozen=True):
    """Open faults, gravest and oldest first."""

    faults: tuple[TicketRow, ...]


FaultName = Annotated[
    str, option("The fault as `fault list` names it, such as BUS-110@A.", positional=True, metavar="FAULT")
]


class FaultAckArguments(Arguments, frozen=True):
    fault: FaultName


class FaultResolveArguments(Arguments, frozen=True):
    fault: FaultName
    reason: Annotated[str, msgspec.Meta(description="What was wrong and what was done.", max_length=200)] = ""


class FaultResult(Result, frozen=True):
    """The fault as it stands now: `open`, `acknowledged` or `resolved`."""

    fault: str
    standing: Literal["open", "acknowledged", "resolved"]
    owner: str = ""
