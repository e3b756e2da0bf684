"""What goes in and out of the operations that print: plain values, as in `types`."""

from __future__ import annotations

from typing import Annotated, Literal

from edge_agent.control.types import Arguments, Result, option


class LabelsArguments(Arguments, frozen=True):
    kind: Annotated[
        Literal["doors", "badges", "cards", "scanner-test"],
        option("What to print: doors, badges, cards or scanner-test.", positional=True, metavar="KIND"),
    ]
    file: Annotated[str, option("The PDF to write.", metavar="FILE")]
    badges: Annotated[str, option("For badges: those to print, with commas.", metavar="LIST")] = ""


class LabelsResult(Result, frozen=True):
    """`labels`: how many were drawn."""

    file: str
    labels: int


class ReceiptArguments(Arguments, frozen=True):
    waybill: Annotated[str, option("The waybill number, as printed or scanned.", positional=True)]
    printer: Annotated[str, option("The printer's device, such as /dev/usb/lp0, or a file.", metavar="PATH")]


class ReceiptResult(Result, frozen=True):
    printer: str
    lines: tuple[str, ...]
