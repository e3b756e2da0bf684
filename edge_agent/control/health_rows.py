"""The rows that answer "is it well?" and keep the tickets."""

from __future__ import annotations

from edge_agent.control import health_types as h
from edge_agent.control import types as t
from edge_agent.control.operation import Needs, Operation, Role, Tier

HEALTH_ROWS: tuple[Operation, ...] = (
    Operation(
        "status",
        "Say on one screen whether the locker is well, and what to type where it is not.",
        Role.TECHNICIAN,
        Tier.READ,
        Needs.AGENT,
        t.Nothing,
        h.StatusResult,
        "lockerctl status",
    ),
    Operation(
        "doctor",
        "Check everything from the supply to the certificates, each with its next step.",
        Role.TECHNICIAN,
        Tier.READ,
        Needs.LEDGER,
        h.DoctorArguments,
        h.DoctorResult,
        "lockerctl doctor disk",
    ),
    Operation(
        "fault list",
        "List the open fault tickets with their clocks.",
        Role.TECHNICIAN,
        Tier.READ,
        Needs.AGENT,
        t.Nothing,
        h.FaultListResult,
        "lockerctl fault list",
    ),
    Operation(
        "fault ack",
        "Take a fault on: from now on it has your name.",
        Role.TECHNICIAN,
        Tier.REVERSIBLE,
        Needs.AGENT,
        h.FaultAckArguments,
        h.FaultResult,
        "lockerctl fault ack BUS-110@A",
    ),
    Operation(
        "fault resolve",
        "Say that a fault is mended, and how; where it is not, it opens again by itself.",
        Role.TECHNICIAN,
        Tier.CONFIRM,
        Needs.AGENT,
        h.FaultResolveArguments,
        h.FaultResult,
        "lockerctl fault resolve BUS-110@A --reason 'plug was loose'",
    ),
)
