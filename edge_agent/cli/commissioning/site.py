"""What commissioning works with: bench, clock, a scanner's next code, a press for the PDF; tests hand in others."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import TypeVar

from edge_agent.cli.direct.bench import Bench
from edge_agent.config import Scanner
from edge_agent.control import types as t
from edge_agent.control.commission_types import Asks, CommissionItem
from edge_agent.reports import pdf
from edge_agent.reports.paper import Paper

T = TypeVar("T")
Talk = Generator[CommissionItem, str, T]
"""A part of the conversation: yields items, is sent a line for each question, returns what it found out."""

ASKED_MAX = 5  # an answer that is none of the words is asked for again so often, then taken as the last word


@dataclass(frozen=True, slots=True)
class Site:
    """`scan`: a scanner's next code within so many seconds, "" for none. `now` counts seconds and never jumps."""

    bench: Bench
    scan: Callable[[Scanner, float], str]
    now: Callable[[], float] = monotonic
    rest: Callable[[float], None] = sleep
    wall: Callable[[], datetime] = lambda: datetime.now(UTC)
    print_pdf: Callable[[Paper, Path], None] = pdf.write

    def stamp(self) -> str:
        """RFC 3339, UTC, whole seconds."""
        return self.wall().strftime("%Y-%m-%dT%H:%M:%SZ")


def real_site(bench: Bench) -> Site:
    """The one at a cabinet."""
    return Site(bench, lambda section, seconds: _scanned(bench, section, seconds))


def _scanned(bench: Bench, section: Scanner, seconds: float) -> str:
    from edge_agent.cli.direct.scanning import trigger

    found = trigger(t.ScannerTriggerArguments(scanner=section.name, seconds=seconds), bench).scan
    return found.text if found else ""


def told(text: str, place: str = "") -> CommissionItem:
    return CommissionItem(what="told", text=text, place=place)


def ask(
    asks: Asks, text: str, answers: tuple[str, ...] = (), place: str = "", secret: bool = False
) -> Talk[str]:
    """One question. Of `answers` a first letter will do; the last one is taken where nothing else is understood."""
    item = CommissionItem(what="question", text=text, asks=asks, answers=answers, place=place, secret=secret)
    for _ in range(ASKED_MAX):
        typed = (yield item).strip()
        if not answers:
            return typed
        found = [word for word in answers if typed and word.startswith(typed.lower())]
        if found:
            return found[0]
        yield told(f"One of {', '.join(answers)} is expected.")
    return answers[-1]
