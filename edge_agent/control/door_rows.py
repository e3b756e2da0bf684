"""The rows about compartments, deposits and emergencies: what a person decides about doors beside opening one."""

from __future__ import annotations

from edge_agent.control import door_types as d
from edge_agent.control import types as t
from edge_agent.control.operation import Needs, Operation, Role, Tier


def _row(
    name: str,
    summary: str,
    tier: Tier,
    arguments: type[t.Arguments],
    result: type,
    example: str,
    stream: bool = False,
) -> Operation:
    example = f"lockerctl {name} {example}"
    return Operation(name, summary, Role.TECHNICIAN, tier, Needs.AGENT, arguments, result, example, stream)


DOOR_ROWS: tuple[Operation, ...] = (
    _row(
        "compartment block",
        "Take a compartment out of service; a parcel inside keeps its code, and its time stands still.",
        Tier.CONFIRM,
        d.CompartmentBlockArguments,
        d.CompartmentResult,
        "7 --reason 'door bent'",
    ),
    _row(
        "compartment unblock",
        "Put a compartment back in service: its failures, reports and open faults end.",
        Tier.CONFIRM,
        d.CompartmentUnblockArguments,
        d.CompartmentResult,
        "7 --reason 'latch replaced'",
    ),
    _row(
        "compartment verify",
        "Open a compartment, look, and say whether it is empty or occupied.",
        Tier.CONFIRM,
        d.CompartmentVerifyArguments,
        d.CompartmentVerifyResult,
        "7 --reason 'contents unknown'",
    ),
    _row(
        "deposits stop",
        "Take no more parcels; pickups go on.",
        Tier.CONFIRM,
        d.DepositsStopArguments,
        d.DepositsResult,
        "--reason 'water in the cabinet'",
    ),
    _row(
        "deposits resume",
        "Take parcels again, after tampering too.",
        Tier.CONFIRM,
        d.DepositsResumeArguments,
        d.DepositsResult,
        "--reason 'all doors looked at'",
    ),
    _row(
        "emergency stop-deposits",
        "Take no more parcels; the same as `deposits stop`.",
        Tier.CONFIRM,
        d.DepositsStopArguments,
        d.DepositsResult,
        "--reason 'flood warning'",
    ),
    _row(
        "emergency open-all",
        "Open every door, one after another: two persons of the staff list, their PINs, and the site code.",
        Tier.SITE_CODE,
        d.OpenAllArguments,
        d.OpenAllItem,
        "--first t1 --second t2 --reason 'evacuation'",
        stream=True,
    ),
)
