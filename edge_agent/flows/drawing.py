"""Draws the tables: a Mermaid diagram and a restart table for each flow, as they stand in docs/flows.md.

python -m edge_agent.flows.drawing docs/flows.md        # redraws the part between the marks
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from edge_agent.flows.catalogue import FLOWS
from edge_agent.flows.effects import End, Go, Show
from edge_agent.flows.events import Answer, Card, Done, Entered, Event, Refused, ScannedBadge, TimedOut, Touch
from edge_agent.flows.table import Flow, Key, Rule

BEGIN, END_MARK = "<!-- drawn from the tables: begin -->", "<!-- drawn from the tables: end -->"
LABELS_MAX = 4  # on one arrow; what else leads the same way is counted


def label(key: Key) -> str:
    """A key in a few characters, as it can be read on an arrow."""
    if not isinstance(key, Event):
        return key.__name__
    if isinstance(key, Touch):
        return f"touch {key.action}"
    if isinstance(key, TimedOut):
        return f"{key.timer} over"
    if isinstance(key, Card):
        return f"card {key.command}"
    if isinstance(key, ScannedBadge):
        return "own badge"
    if isinstance(key, Entered):
        return f"enter {key.way}".strip()
    return _answer(key) if isinstance(key, Answer) else type(key).__name__


def _answer(key: Answer) -> str:
    said = getattr(key, "outcome", "") or getattr(key, "code", "")
    mark = "no" if isinstance(key, Refused) else "yes" if isinstance(key, Done) else "broken"
    return f"{key.decision} {said or mark}"


def target(flow: Flow, rule: Rule) -> str:
    """Where an arrow goes: a state, another flow, or the end of the session."""
    for effect in rule[1]:
        if isinstance(effect, Go):
            return f"to_{effect.flow}".replace("-", "_")
        if isinstance(effect, End):
            return "[*]"
    return rule[0].name


def diagram(flow: Flow) -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"  [*] --> {flow.initial.name}"
    for state, row in flow.table.items():
        arrows: dict[str, list[str]] = {}
        for key, rule in row.items():
            to = target(flow, rule)
            if to != state.name:  # what keeps the state is read in the table
                arrows.setdefault(to, []).append(label(key))
        for to, labels in arrows.items():
            more = [f"+{len(labels) - LABELS_MAX}"] if len(labels) > LABELS_MAX else []
            yield f"  {state.name} --> {to}: {', '.join([*labels[:LABELS_MAX], *more])}"
    yield "```"


def screens_of(flow: Flow, state: object) -> str:
    """The screens that bring a state up."""
    shown = {
        effect.screen
        for row in flow.table.values()
        for to, effects in row.values()
        if to is state
        for effect in effects
        if isinstance(effect, Show) and effect.screen != "warn-timeout"
    }
    return ", ".join(f"`{name}`" for name in sorted(shown))


def restart_table(flow: Flow) -> Iterator[str]:
    yield "| state | screens | durable situation | after a power cut |"
    yield "|---|---|---|---|"
    for state in flow.table:
        situation = flow.situations[state]
        yield f"| {state.name} | {screens_of(flow, state)} | {situation.value} | {flow.on_restart[situation]} |"


def drawn() -> str:
    """The whole drawn part of the document."""
    lines = [BEGIN, ""]
    for flow in FLOWS.values():
        lines += [f"## {flow.name}", "", flow.story, "", *diagram(flow), "", *restart_table(flow), ""]
    return "\n".join([*lines, END_MARK])


def redraw(text: str) -> str:
    """The document with its drawn part made anew. Raises ValueError where the marks are missing."""
    before, after = text.index(BEGIN), text.index(END_MARK) + len(END_MARK)
    return text[:before] + drawn() + text[after:]


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(redraw(path.read_text()))
