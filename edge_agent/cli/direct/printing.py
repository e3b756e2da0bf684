"""What is printed: labels as a PDF, slips on a receipt printer."""

from __future__ import annotations

from pathlib import Path

from edge_agent.cli.direct.bench import Bench
from edge_agent.cli.direct.elsewhere import asked_where_the_ledger_is
from edge_agent.control import bench_types as b
from edge_agent.control import paper_types as p
from edge_agent.errors import ControlError


def labels(asked: p.LabelsArguments, bench: Bench) -> p.LabelsResult:
    """Raises ControlError CTRL-706 for badges without a list, CTRL-708 for a file that cannot be written."""
    from edge_agent.reports import labels as sheets
    from edge_agent.reports import pdf
    from edge_agent.reports.paper import Labels

    names = [name.strip() for name in asked.badges.split(",") if name.strip()]
    if asked.kind == "badges" and not names:
        raise ControlError("CTRL-706", "labels badges", "no badge is named; use --badges A,B")
    paper = sheets.KINDS[asked.kind](bench.config, names)
    pdf.write(paper, Path(asked.file))
    drawn = sum(len(block.labels) for block in paper.blocks if isinstance(block, Labels))
    return p.LabelsResult(file=asked.file, labels=drawn)


def receipt(asked: p.ReceiptArguments, bench: Bench) -> p.ReceiptResult:
    """The newest stay of that number, asked of the agent or read here; drawn in this process, as pictures need memory.

    Raises ControlError CTRL-705, CTRL-708, Refusal FLOW-317.
    """
    from edge_agent.reports import codes, escpos
    from edge_agent.reports.receipt import lines

    stays = asked_where_the_ledger_is("parcel", b.ParcelArguments(waybill=asked.waybill), bench).stays
    if not stays:
        raise ControlError("CTRL-705", "parcel", "no parcel of that number was here, or its data is erased")
    printed = tuple(lines(bench.config, stays[-1]))
    code = codes.draw(codes.QR, f"locker:{bench.config.locker.id}/stay:{stays[-1].stay}")
    escpos.send(escpos.picture(printed, code), Path(asked.printer))
    return p.ReceiptResult(printer=asked.printer, lines=printed)
