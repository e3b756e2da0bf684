"""What goes in and out of maintenance, inspections, the device archive, drills, service mode and decommissioning."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from edge_agent.control.door_types import ReasonOption, SiteOption, StaffOption, secret
from edge_agent.control.health_types import Check
from edge_agent.control.types import Arguments, Result, option
from edge_agent.error_table import Exit

DueWord = Literal["due", "soon", "fine"]
VerdictOfLock = Literal["replace", "watch", "fine"]


class MaintenanceDueArguments(Arguments, frozen=True):
    all: Annotated[bool, option("What is not due yet, too.")] = False


class DueRow(msgspec.Struct, frozen=True, kw_only=True):
    """One item of the plan. `used`: share of its period, 1.0 is due; days and cycles left are below zero when late."""

    item: str
    place: str
    says: str
    standing: DueWord
    used: float
    last: str
    days_left: int | None
    cycles_left: int | None


class MaintenanceDueResult(Result, frozen=True):
    """Most overdue first."""

    items: tuple[DueRow, ...]

    def exit_code(self) -> int:
        return Exit.DEGRADED if any(row.standing == "due" for row in self.items) else Exit.DONE


class MaintenanceDoArguments(Arguments, frozen=True):
    item: Annotated[str, option("The item, as `maintenance due` names it.", positional=True)]
    place: Annotated[str, option("The door, for an item about one lock.", metavar="N")] = ""
    result: Annotated[str, msgspec.Meta(description="What was found and done.", max_length=200)] = ""


class MaintenanceDoneResult(Result, frozen=True):
    item: str
    place: str
    cycles: int


class MaintenanceLogArguments(Arguments, frozen=True):
    item: Annotated[str, option("Only this item.", positional=True, metavar="[ITEM]")] = ""


class LogRow(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done: an item of the plan, or an inspection with its count of bad answers."""

    time: str
    what: str
    place: str
    actor: str
    result: str


class MaintenanceLogResult(Result, frozen=True):
    """Oldest first."""

    done: tuple[LogRow, ...]


class WearRow(msgspec.Struct, frozen=True, kw_only=True):
    """One lock. `days_left` until its rated cycles at the present pace; None where that is not to be said yet."""

    door: str
    verdict: VerdictOfLock
    openings: int
    failed_percent: float
    slow_percent: float
    median_ms: int | None
    since: str
    days_left: int | None


class WearArguments(Arguments, frozen=True):
    all: Annotated[bool, option("Locks that are fine, too.")] = False


class WearResult(Result, frozen=True):
    """Worst first. `rated`: the openings that a lock is made for."""

    rated: int
    locks: tuple[WearRow, ...]
    counted: int


class InspectArguments(Arguments, frozen=True):
    checklist: Annotated[
        Literal["monthly", "site", "peak"],
        option("Which list: monthly, site or peak.", positional=True, metavar="[monthly|site|peak]"),
    ] = "monthly"
    answer: Annotated[
        tuple[str, ...],
        option("One answer in a script: QUESTION=good|bad|skipped[:NOTE]; may be given several times."),
    ] = ()


class InspectedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One question. `verdict` is empty where it is only asked yet; `command` shows it live."""

    item: str
    asks: str
    command: str
    verdict: str = ""
    note: str = ""


class InspectResult(Result, frozen=True):
    """`record` is the inspection's id, empty where nothing was recorded because nothing was answered."""

    checklist: str
    record: str
    items: tuple[InspectedRow, ...]

    def exit_code(self) -> int:
        return Exit.DEGRADED if any(row.verdict == "bad" for row in self.items) else Exit.DONE


class ReadinessResult(Result, frozen=True):
    """What a season needs, each well or not."""

    checks: tuple[Check, ...]

    def exit_code(self) -> int:
        wrong = any(check.verdict in ("bad", "attention") for check in self.checks)
        return Exit.DEGRADED if wrong else Exit.DONE


class DeviceListArguments(Arguments, frozen=True):
    place: Annotated[
        str, option("One place with all it ever had, such as 'lock 17'.", positional=True, metavar="[PLACE]")
    ] = ""


class DeviceRow(msgspec.Struct, frozen=True, kw_only=True):
    place: str
    model: str
    serial: str
    firmware: str
    installed: str
    actor: str
    reason: str
    present: bool


class DeviceListResult(Result, frozen=True):
    """What stands at each place now; for one place its whole history, oldest first."""

    devices: tuple[DeviceRow, ...]


class DeviceFitArguments(Arguments, frozen=True):
    place: Annotated[
        str, option("Kind and name: 'board A', 'lock 17', 'scanner front', 'screen'.", positional=True)
    ]
    model: Annotated[str, msgspec.Meta(description="Maker and model.", max_length=80)] = ""
    serial: Annotated[str, msgspec.Meta(description="Serial number.", max_length=80)] = ""
    firmware: Annotated[str, msgspec.Meta(description="Firmware version.", max_length=80)] = ""
    reason: ReasonOption = ""


class DeviceFitResult(Result, frozen=True):
    """`replaces`: the serial number of what stood there before, empty where nothing was known of it."""

    place: str
    serial: str
    replaces: str


class DrillArguments(Arguments, frozen=True):
    reason: ReasonOption = ""


class DrillResult(Result, frozen=True):
    """`going_on`; `events`: what was journalled since its begin, for the report of one that has ended."""

    going_on: bool
    since: str = ""
    actor: str = ""
    reason: str = ""
    events: dict[str, int] = msgspec.field(default_factory=dict)


class ServiceModeArguments(Arguments, frozen=True):
    state: Annotated[
        Literal["on", "off"],
        option(
            "`on`: deposits stop while somebody works here; `off`: they go on.",
            positional=True,
            metavar="on|off",
        ),
    ]
    reason: ReasonOption = ""


class DecommissionArguments(Arguments, frozen=True):
    export: Annotated[str, option("A new file for the whole journal, on another device.", metavar="FILE")]
    first: StaffOption
    second: StaffOption
    reason: ReasonOption = ""
    confirm: SiteOption = ""
    first_pin: Annotated[str, secret("The first person's PIN.", "LOCKER_FIRST_PIN")] = ""
    second_pin: Annotated[str, secret("The second person's PIN.", "LOCKER_SECOND_PIN")] = ""


class DecommissionResult(Result, frozen=True):
    """`digest`: SHA-256 of the exported journal. `wiped`: what is gone for good."""

    events: int
    digest: str
    wiped: tuple[str, ...]
