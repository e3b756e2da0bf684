"""The row of what is sent to whoever helps from afar."""

from __future__ import annotations

from edge_agent.control import support_types as s
from edge_agent.control.operation import Needs, Operation, Role, Tier

SUPPORT_ROWS: tuple[Operation, ...] = (
    Operation(
        "support-bundle",
        "Gather figures, faults, events and logs into one file for support, without personal data.",
        Role.TECHNICIAN,
        Tier.REVERSIBLE,
        Needs.NOTHING,
        s.SupportBundleArguments,
        s.SupportBundleResult,
        "lockerctl support-bundle door-17.tar.gz",
    ),
)
