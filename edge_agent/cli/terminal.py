"""How things are put on the terminal: tables in colour for a person, plain columns for a pipe, progress on stderr."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.table import Table

COLOURS = {
    "open": "bold yellow",
    "unknown": "bold red",
    "silent": "bold red",
    "closed": "green",
    "answers": "green",
}
ERASE_LINE = "\r\x1b[K"


@dataclass(frozen=True, slots=True)
class Grid:
    """A table before it is drawn. `right` names the columns of figures."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[str] = ()


def for_person() -> bool:
    """Whether somebody looks at stdout; a pipe gets plain text."""
    return sys.stdout.isatty()


def show(grid: Grid) -> None:
    """Draw one table on stdout."""
    if not for_person():
        for line in plain(grid):
            print(line)
        return
    columns = shutil.get_terminal_size((100, 24)).columns
    fixed, last = _widths(grid)
    if fixed + GAP * len(grid.columns) + min(last, LAST_MIN) > columns:
        closer = fixed + PLAIN_GAP * len(grid.columns) + last <= columns
        head, *rest = plain(grid) if closer else stacked(grid, columns)
        for line in (paint(head, "bold"), *rest):
            print(line)
        return
    from rich.console import Console

    Console(width=columns).print(rich_table(grid))


def rich_table(grid: Grid) -> Table:
    """The table in colour; states are marked by word and colour, never by colour alone."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in grid.columns:
        side: Literal["left", "right"] = "right" if column in grid.right else "left"
        table.add_column(column, justify=side, no_wrap=column != grid.columns[-1])
    for row in grid.rows:
        table.add_row(*(Text(text, style=COLOURS.get(text, "")) for text in row))
    return table


def _widths(grid: Grid) -> tuple[int, int]:
    """Of all columns but the last together, and of the last, which may wrap."""
    lines = [grid.columns, *grid.rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(grid.columns))]
    return sum(widths[:-1]), widths[-1]


def stacked(grid: Grid, columns: int) -> list[str]:
    """For a narrow terminal: the last column stands under its row, wrapped, instead of beside it in shreds."""
    right = [name for name in grid.right if name != grid.columns[-1]]
    above = Grid(grid.columns[:-1], [row[:-1] for row in grid.rows], right)
    head, *rows = plain(above)
    lines = [head]
    for line, row in zip(rows, grid.rows, strict=True):
        told = row[-1] if row[-1] not in ("", "-") else ""
        lines += [
            line,
            *(f"{INDENT}{part}" for part in textwrap.wrap(told, max(WIDTH_MIN, columns) - len(INDENT))),
        ]
    return lines


def plain(grid: Grid) -> list[str]:
    """Columns two spaces apart, heading included: easy for a person, `awk` and `cut`."""
    lines = [grid.columns, *grid.rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(grid.columns))]
    return ["  ".join(_fit(line, widths, grid)).rstrip() for line in lines]


def _fit(line: Sequence[str], widths: Sequence[int], grid: Grid) -> list[str]:
    return [
        text.rjust(width) if column in grid.right else text.ljust(width)
        for text, width, column in zip(line, widths, grid.columns, strict=True)
    ]


CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}  # ANSI
LAST_MIN = 24  # columns that the last one wants beside the others; with less it goes beneath
GAP, PLAIN_GAP = 3, 2  # between two columns as rich draws them, and as `plain` does
INDENT = " " * 4
WIDTH_MIN, WIDTH_MAX = 40, 120  # narrower cannot be read anyway; longer lines lose the eye


def paint(text: str, style: str) -> str:
    """The text in colour for a person whose terminal wants it (NO_COLOR says no); plain in a pipe. Words, no rich."""
    if not for_person() or "NO_COLOR" in os.environ:
        return text
    return f"\x1b[{';'.join(CODES[word] for word in style.split())}m{text}\x1b[0m"


def width() -> int:
    """Columns to write in."""
    return min(WIDTH_MAX, max(WIDTH_MIN, shutil.get_terminal_size((100, 24)).columns))


def tell(text: str, indent: str = "") -> None:
    """A sentence on stdout: broken between words for a person, further lines indented; one line in a pipe."""
    if not for_person():
        print(text, flush=True)
        return
    for line in textwrap.wrap(text, width(), subsequent_indent=indent, break_long_words=False) or [""]:
        print(line, flush=True)


def say(text: str) -> None:
    """Talk that is not the result: to stderr."""
    print(text, file=sys.stderr)


class Progress:
    """One line on stderr that is written over, and gone at the end. Silent where nobody looks."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted and sys.stderr.isatty()
        self._shown = False

    def __call__(self, text: str) -> None:
        if self._wanted:
            print(f"{ERASE_LINE}{text}", end="", file=sys.stderr, flush=True)
            self._shown = True

    def clear(self) -> None:
        if self._shown:
            print(ERASE_LINE, end="", file=sys.stderr, flush=True)
            self._shown = False
