"""The manual as tests read it: commands behind a dollar sign, and under each the lines that it must print."""

from __future__ import annotations

import re
from pathlib import Path

MANUAL = Path(__file__).parents[2] / "docs" / "manual"
PROMPT = "$ lockerctl "

Step = tuple[str, list[str]]


def page(name: str) -> str:
    return (MANUAL / name).read_text()


def steps_of(text: str) -> list[Step]:
    """Each command without `lockerctl`, with the lines under it, over all console blocks of a text."""
    block = "\n".join(re.findall(r"```console\n(.*?)```", text, re.DOTALL))
    steps: list[Step] = []
    for line in block.splitlines():
        if line.startswith(PROMPT):
            steps.append((line.removeprefix(PROMPT), []))
        elif line.strip():
            steps[-1][1].append(line)
    return steps


def check(command: str, lines: list[str], printed: str) -> None:
    """Every line was printed; an ellipsis in it stands for what differs from day to day."""
    said = flat(printed)
    for line in lines:
        position = 0
        for part in filter(None, map(flat, line.split("…"))):
            assert part in said[position:], f"after {command!r} expected {part!r} in:\n{printed}"
            position = said.index(part, position)


def flat(text: str) -> str:
    return " ".join(text.split())
