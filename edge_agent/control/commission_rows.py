"""The rows of the day a cabinet goes into service: the walk from door to door, and the report that it leaves."""

from __future__ import annotations

from edge_agent.control import commission_types as c
from edge_agent.control.operation import Needs, Operation, Role, Tier

COMMISSION_ROWS: tuple[Operation, ...] = (
    Operation(
        "commission",
        "Go through a new cabinet with a person: boards, every door, scanner; ends in a signed acceptance report.",
        Role.TECHNICIAN,
        Tier.REVERSIBLE,
        Needs.NOTHING,
        c.CommissionArguments,
        c.CommissionItem,
        "lockerctl commission --cycles 3",
        stream=True,
    ),
    Operation(
        "report verify",
        "Say whether an acceptance report is unchanged and signed by this locker.",
        Role.TECHNICIAN,
        Tier.READ,
        Needs.NOTHING,
        c.ReportVerifyArguments,
        c.ReportVerifyResult,
        "lockerctl report verify acceptance.json",
    ),
)
