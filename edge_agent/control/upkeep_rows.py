"""The rows for keeping a cabinet in order: maintenance, inspections, devices, drills, and the end of a locker."""

from __future__ import annotations

from edge_agent.control import door_types as d
from edge_agent.control import types as t
from edge_agent.control import upkeep_types as u
from edge_agent.control.operation import Needs, Operation, Role, Tier


def _row(
    name: str,
    summary: str,
    tier: Tier,
    arguments: type[t.Arguments],
    result: type,
    example: str = "",
    needs: Needs = Needs.AGENT,
) -> Operation:
    words = f"lockerctl {name} {example}".strip()
    return Operation(name, summary, Role.TECHNICIAN, tier, needs, arguments, result, words)


UPKEEP_ROWS: tuple[Operation, ...] = (
    _row(
        "maintenance due",
        "List what the maintenance plan wants now or soon, by calendar and by openings.",
        Tier.READ,
        u.MaintenanceDueArguments,
        u.MaintenanceDueResult,
        "--all",
    ),
    _row(
        "maintenance do",
        "Record that an item of the plan was done.",
        Tier.REVERSIBLE,
        u.MaintenanceDoArguments,
        u.MaintenanceDoneResult,
        "scanner-window --result 'clean, reads well'",
    ),
    _row(
        "maintenance log",
        "Show what was maintained and inspected here, oldest first.",
        Tier.READ,
        u.MaintenanceLogArguments,
        u.MaintenanceLogResult,
        "lock",
    ),
    _row(
        "maintenance wear",
        "Forecast which locks wear out: openings, failures, slow ones, and the days that are left.",
        Tier.READ,
        u.WearArguments,
        u.WearResult,
        "--all",
    ),
    _row(
        "inspect",
        "Go through a checklist on site and record it; at a terminal each question is asked.",
        Tier.REVERSIBLE,
        u.InspectArguments,
        u.InspectResult,
        "monthly",
    ),
    _row(
        "readiness",
        "Check before the peak season whether everything is ready, with a list of what is not.",
        Tier.READ,
        t.Nothing,
        u.ReadinessResult,
    ),
    _row(
        "device list",
        "Show the device archive: what stands where, since when; with a place all it ever had.",
        Tier.READ,
        u.DeviceListArguments,
        u.DeviceListResult,
        "'lock 17'",
    ),
    _row(
        "device fit",
        "Record that a device was fitted or swapped, with its serial number.",
        Tier.REVERSIBLE,
        u.DeviceFitArguments,
        u.DeviceFitResult,
        "'lock 17' --serial L-2231 --reason 'coil burnt'",
    ),
    _row(
        "drill start",
        "Begin a drill: service work from now on is practice and stays out of the figures.",
        Tier.CONFIRM,
        u.DrillArguments,
        u.DrillResult,
        "--reason 'evacuation, spring'",
    ),
    _row(
        "drill end",
        "End the drill and say what was done in it.",
        Tier.REVERSIBLE,
        u.DrillArguments,
        u.DrillResult,
        "--reason 'everybody is back'",
    ),
    _row(
        "service-mode",
        "Say that somebody works at the cabinet: deposits stop, pickups go on.",
        Tier.CONFIRM,
        u.ServiceModeArguments,
        d.DepositsResult,
        "on --reason 'new latch at door 17'",
    ),
    _row(
        "cabinet decommission",
        "Take the locker out of use for good: write the journal out, then wipe keys and personal data.",
        Tier.SITE_CODE,
        u.DecommissionArguments,
        u.DecommissionResult,
        "--export /media/stick/journal.jsonl --first t1 --second t2 --reason 'scrapped'",
        needs=Needs.LEDGER,
    ),
)
