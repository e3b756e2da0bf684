"""Paper as one HTML page that needs nothing else: for whoever reads a report on a screen."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from edge_agent.reports.paper import Break, Heading, Labels, Paper, Table, Words

STYLE = (
    "body{font-family:sans-serif;margin:2em}td,th{border:1px solid #bbb;padding:.2em .5em;text-align:left}"
)


def page(paper: Paper) -> str:
    """The whole document. Labels are for paper only: a code on a screen is not what is scanned."""
    blocks = "\n".join(_DRAW[type(block)](block) for block in paper.blocks)
    head = f'<meta charset="utf-8"><title>{escape(paper.title)}</title><style>{STYLE}</style>'
    return f"<!doctype html>\n<html><head>{head}</head>\n<body>{blocks}<p>{escape(paper.footer)}</p></body></html>\n"


def _heading(block: Heading) -> str:
    return f"<h{block.level}>{escape(block.text)}</h{block.level}>"


def _words(block: Words) -> str:
    return f"<p>{escape(block.text).replace(chr(10), '<br>')}</p>"


def _table(block: Table) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in block.columns)
    rows = ("".join(f"<td>{escape(one)}</td>" for one in row) for row in block.rows)
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def _nothing(block: Labels | Break) -> str:
    return ""


_DRAW: dict[type, Callable[[Any], str]] = {
    Heading: _heading,
    Words: _words,
    Table: _table,
    Labels: _nothing,
    Break: _nothing,
}
