"""The figures as one HTML file with plots: no script, no remote asset, so that it can be mailed and printed."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from edge_agent.reports.statistics import Figures, Report, table

if TYPE_CHECKING:
    from pygal.graph.graph import Graph

STYLE = """body { font: 15px/1.5 "Noto Sans", "Noto Sans CJK TC", sans-serif; max-width: 1100px; margin: 2em auto;
  padding: 0 1em; color: #1b1b1b }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 13px }
th, td { padding: .3em .5em; text-align: right; border-bottom: 1px solid #ccc }
th:first-child, td:first-child { text-align: left }
figure { margin: 2em 0; break-inside: avoid }
svg { width: 100%; height: auto }"""
HOURS = [f"hour:{hour:02d}" for hour in range(24)]
SIZES = ("XS", "S", "M", "L", "XL")


def page(found: Report, locker: str, before: Report | None = None) -> str:
    """`before`: the period to compare with, of the same length."""
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(locker)}</title><style>{STYLE}</style>",
        f"<h1>Locker {escape(locker)}</h1><p>{found.first} to {found.last}</p>",
        _table(table(found)),
        _compared(found.total, before.total) if before else "",
        *(f"<figure>{plot(found)}</figure>" for plot in (_per_period, _per_hour, _use_by_size, _by_carrier)),
    ]
    return "\n".join(part for part in parts if part)


def _table(lines: list[list[str]]) -> str:
    head, *rows = lines
    heads = "".join(f"<th>{escape(text)}</th>" for text in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def _compared(now: Figures, before: Figures) -> str:
    both = Report(first="", last="", rows=(before, now), total=now, parts={})
    lines = table(both)[:3]
    lines[1][0], lines[2][0] = "before", "now"
    return "<h2>Compared with the period before</h2>" + _table(lines)


def _plot(kind: str, title: str, labels: list[str], series: dict[str, list[Any]], **more: Any) -> str:
    import pygal
    from pygal.style import CleanStyle

    graph: Graph = getattr(pygal, kind)(
        js=[], style=CleanStyle, height=320, width=1000, title=title, disable_xml_declaration=True, **more
    )
    graph.x_labels = labels
    for name, values in series.items():
        graph.add(name, values)
    return _without_scripts(graph)


def _without_scripts(graph: Graph) -> str:
    """pygal writes a script for its tooltips into every drawing."""
    from pygal.etree import etree

    drawing = graph.render_tree()
    for parent in list(drawing.iter()):
        for child in list(parent):
            if str(child.tag).endswith("script"):
                parent.remove(child)
    text: bytes = etree.tostring(drawing)
    return text.decode()


def _per_period(found: Report) -> str:
    rows = found.rows
    series = {"deposits": [row.deposits for row in rows], "pickups": [row.pickups for row in rows]}
    return _plot("Bar", "Deposits and pickups", [row.period for row in rows], series, x_label_rotation=45)


def _per_hour(found: Report) -> str:
    series = {
        name: [found.parts.get(name, {}).get(hour, 0) for hour in HOURS] for name in ("deposits", "pickups")
    }
    return _plot("Bar", "By hour of the day", [hour[-2:] for hour in HOURS], series)


def _use_by_size(found: Report) -> str:
    installed = found.parts.get("door_seconds_installed", {})
    occupied = found.parts.get("door_seconds_occupied", {})
    sizes = [size for size in SIZES if installed.get(f"size:{size}")]
    used = [round(100 * occupied.get(f"size:{size}", 0) / installed[f"size:{size}"], 1) for size in sizes]
    return _plot("Bar", "Use by size, per cent", sizes, {"used": used}, range=(0, 100))


def _by_carrier(found: Report) -> str:
    deposits = found.parts.get("deposits", {})
    carriers = [part.removeprefix("carrier:") for part in deposits if part.startswith("carrier:")]
    return _plot(
        "HorizontalBar",
        "Deposits by carrier",
        carriers,
        {"deposits": [deposits[f"carrier:{c}"] for c in carriers]},
    )
