"""Paper as PDF. `write` is what others call; `python -m edge_agent.reports.pdf` is the process that does the work.

fpdf2 and its fonts take 50 MB and half a second: neither the agent nor a quick verb should carry that, so it lives and
dies in a process of its own. It embeds the glyphs that are used, Chinese ones too; codes are drawn as rectangles, which
stay sharp at any size.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from edge_agent.errors import ControlError
from edge_agent.reports import codes
from edge_agent.reports.paper import PAGES, Break, Heading, Label, Labels, Paper, Table, Words

if TYPE_CHECKING:
    from fpdf import FPDF

TIME_LIMIT_S = 60  # a thousand labels take two seconds
MARGIN = 10.0  # millimetres; most printers reach that far
FONTS = (  # the first that is there; the number picks Traditional Chinese out of a collection
    (
        "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
        "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",
        3,
    ),
    (
        "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
        "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf",
        0,
    ),
)
FAMILY = "paper"
BODY, SMALL, HEAD, SUBHEAD = 10.0, 8.0, 18.0, 13.0  # points
TITLES = (24.0, 18.0, 13.0, 10.0)  # points; a door's number is read from two metres away
LINE = 5.0  # millimetres between base lines of the body
CODE128_HEIGHT = 15.0
QR_SIDE = 28.0


def write(paper: Paper, out: Path) -> None:
    """Write the PDF. Raises ControlError CTRL-708 for a place that cannot be written, CTRL-709 for what went wrong."""
    command = [sys.executable, "-m", "edge_agent.reports.pdf"]
    done = subprocess.run(  # noqa: S603 - our own module under our own interpreter
        command, input=msgspec.json.encode(paper), capture_output=True, timeout=TIME_LIMIT_S, check=False
    )
    if done.returncode != 0:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise ControlError("CTRL-709", str(out), words[-1] if words else f"exit code {done.returncode}")
    try:
        out.write_bytes(done.stdout)
    except (OSError, ValueError) as error:
        raise ControlError("CTRL-708", str(out), str(error)) from None


def render(paper: Paper) -> bytes:
    """The PDF's bytes, made in this process."""
    from fpdf import FPDF

    class Numbered(FPDF):
        def footer(self) -> None:
            self.set_y(-MARGIN)
            self.set_font(FAMILY, size=SMALL)
            self.cell(0, LINE, f"{paper.footer}   {self.page_no()}/{{nb}}", align="R")

    pdf = Numbered(unit="mm", format=PAGES[paper.page])
    pdf.set_margin(MARGIN)
    pdf.set_auto_page_break(True, margin=1.5 * MARGIN)
    pdf.set_title(paper.title)
    _load_fonts(pdf)
    pdf.add_page()
    for block in paper.blocks:
        _DRAW[type(block)](pdf, block)
    return bytes(pdf.output())


def _load_fonts(pdf: FPDF) -> None:
    for regular, bold, number in FONTS:
        if Path(regular).exists() and Path(bold).exists():
            pdf.add_font(FAMILY, "", regular, collection_font_number=number)
            pdf.add_font(FAMILY, "B", bold, collection_font_number=number)
            return
    raise SystemExit("no font to print with: install fonts-noto-cjk")


def _heading(pdf: FPDF, block: Heading) -> None:
    pdf.set_font(FAMILY, "B", HEAD if block.level == 1 else SUBHEAD)
    pdf.multi_cell(0, LINE * 1.8, block.text, new_x="LMARGIN", new_y="NEXT")


def _words(pdf: FPDF, block: Words) -> None:
    pdf.set_font(FAMILY, size=BODY)
    pdf.multi_cell(0, LINE, block.text, new_x="LMARGIN", new_y="NEXT")
    pdf.ln(LINE / 2)


def _table(pdf: FPDF, block: Table) -> None:
    pdf.set_font(FAMILY, size=SMALL)
    widths = block.widths or None
    with pdf.table(
        line_height=LINE, text_align="LEFT", first_row_as_headings=True, col_widths=widths
    ) as table:
        for row in (block.columns, *block.rows):
            table.row(row)
    pdf.ln(LINE)


def _labels(pdf: FPDF, block: Labels) -> None:
    width = pdf.epw / block.across
    for number, label in enumerate(block.labels):
        column = number % block.across
        if column == 0 and pdf.will_page_break(block.height):
            pdf.add_page()
        left, top = pdf.l_margin + column * width, pdf.get_y()
        pdf.set_draw_color(200)
        pdf.rect(left, top, width, block.height)
        _label(pdf, label, left, top, width, block.height)
        last = column == block.across - 1 or number == len(block.labels) - 1
        pdf.set_xy(pdf.l_margin, top + block.height if last else top)


def _label(pdf: FPDF, label: Label, left: float, top: float, width: float, height: float) -> None:
    below = top + height
    if label.code:
        drawn = codes.draw(label.kind, label.code)
        side = min(QR_SIDE, height - 18)
        size = (side, side) if label.kind == codes.QR else (width - 6, min(CODE128_HEIGHT, height - 18))
        _code(pdf, drawn, left + (width - size[0]) / 2, top + 2, *size)
    pdf.set_xy(left, below - 15)
    _largest_that_fits(pdf, label.title, width - 4)
    pdf.cell(width, 8, label.title, align="C")
    pdf.set_xy(left, below - 7)
    pdf.set_font(FAMILY, size=SMALL)
    pdf.cell(width, LINE, label.line, align="C")


def _largest_that_fits(pdf: FPDF, text: str, width: float) -> None:
    for size in TITLES:
        pdf.set_font(FAMILY, "B", size)
        if pdf.get_string_width(text) <= width:
            return


def _code(pdf: FPDF, code: codes.Code, left: float, top: float, width: float, height: float) -> None:
    """Runs of dark modules as rectangles."""
    pdf.set_fill_color(0)
    across, down = width / code.width, height / len(code.rows)
    for y, row in enumerate(code.rows):
        start = None
        for x, module in enumerate(row + "0"):
            if module == "1" and start is None:
                start = x
            elif module == "0" and start is not None:
                pdf.rect(left + start * across, top + y * down, (x - start) * across, down, style="F")
                start = None


def _break(pdf: FPDF, block: Break) -> None:
    pdf.add_page()


_DRAW: dict[type, Callable[[FPDF, Any], None]] = {
    Heading: _heading,
    Words: _words,
    Table: _table,
    Labels: _labels,
    Break: _break,
}


def main() -> None:
    """A `Paper` as JSON comes in, a PDF goes out."""
    paper = msgspec.json.decode(sys.stdin.buffer.read(), type=Paper)
    sys.stdout.buffer.write(render(paper))


if __name__ == "__main__":
    main()
