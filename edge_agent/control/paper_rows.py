"""The rows of what is printed."""

from __future__ import annotations

from edge_agent.control import paper_types as p
from edge_agent.control.operation import Needs, Operation, Role, Tier

PAPER_ROWS: tuple[Operation, ...] = (
    Operation(
        "labels",
        "Write a PDF of door labels, badges, command cards or scanner test codes.",
        Role.TECHNICIAN,
        Tier.REVERSIBLE,
        Needs.NOTHING,
        p.LabelsArguments,
        p.LabelsResult,
        "lockerctl labels doors --file doors.pdf",
    ),
    Operation(
        "receipt",
        "Print the slip of a parcel: taken in, handed out, when, where.",
        Role.TECHNICIAN,
        Tier.REVERSIBLE,
        Needs.NOTHING,
        p.ReceiptArguments,
        p.ReceiptResult,
        "lockerctl receipt SF1000000000001 --printer /dev/usb/lp0",
    ),
)
