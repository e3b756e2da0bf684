"""What stands on a sheet of paper, before anybody knows how it is printed: headings, words, tables, codes.

Reports build a `Paper`; `pdf` turns it into a PDF in a process of its own. Lengths are millimetres.
"""

from __future__ import annotations

from typing import Literal

import msgspec

PAGES = {"A4": (210.0, 297.0), "A6": (105.0, 148.0)}


class Heading(msgspec.Struct, frozen=True, tag="heading"):
    text: str
    level: Literal[1, 2] = 1


class Words(msgspec.Struct, frozen=True, tag="words"):
    """A paragraph."""

    text: str


class Table(msgspec.Struct, frozen=True, tag="table"):
    """`columns`: their heads. Every row has as many cells. `widths`: of the columns, as shares; () for equal ones."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...] = ()


class Label(msgspec.Struct, frozen=True):
    """A cell with a code, a large title and a small line under it; `code` may be empty."""

    title: str
    line: str = ""
    code: str = ""
    kind: Literal["code128", "qr"] = "qr"


class Labels(msgspec.Struct, frozen=True, tag="labels"):
    """A grid of equal cells. `height`: of one cell, with room for the scissors."""

    labels: tuple[Label, ...]
    across: int
    height: float


class Break(msgspec.Struct, frozen=True, tag="break"):
    """The next block starts on a new page."""


Block = Heading | Words | Table | Labels | Break


class Paper(msgspec.Struct, frozen=True):
    """`footer` stands on every page beside its number."""

    title: str
    blocks: tuple[Block, ...]
    page: Literal["A4", "A6"] = "A4"
    footer: str = ""
