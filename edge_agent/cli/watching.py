"""`lockerctl doors --watch`: the table of doors, kept fresh on a terminal; one line a change in a pipe."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from time import sleep
from typing import Any

from edge_agent.cli.options import Options
from edge_agent.cli.running import put_json, settled
from edge_agent.cli.show import doors_grid, doors_total
from edge_agent.cli.terminal import Progress, for_person, rich_table
from edge_agent.control import types as t
from edge_agent.control.operations import Operation
from edge_agent.error_table import Exit

FRAME_LINES = 6  # heading, rules, total and the prompt
READ_EVERY_S = 0.5  # a hand on a door is slower


def watch_doors(row: Operation, arguments: Any, options: Options) -> int:
    """Until Ctrl-C, or until the reader of the pipe has gone."""
    try:
        with settled(row, arguments, options, Progress(wanted=False)) as ready:
            samples = _samples(lambda: ready.ask(arguments))
            if for_person() and not options.jsonl:
                _table(samples)
            else:
                _changes(samples, options.jsonl)
    except KeyboardInterrupt:  # how a watch ends
        pass
    return Exit.DONE


def _samples(ask: Any) -> Iterator[t.DoorsResult]:
    while True:  # ends: with the person's Ctrl-C
        yield ask()
        sleep(READ_EVERY_S)


def _table(samples: Iterator[t.DoorsResult]) -> None:
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    with Live(screen=False, auto_refresh=False, vertical_overflow="crop") as live:
        for sample in samples:
            told = [Text(f"{one.code} {one.message}", style="red") for one in sample.troubles]
            grid = rich_table(doors_grid(_fitting(sample, live.console.height - FRAME_LINES)))
            live.update(Group(grid, Text(doors_total(sample)), *told), refresh=True)


def _fitting(sample: t.DoorsResult, lines: int) -> t.DoorsResult:
    """All doors where they fit on the screen, else those that are not closed: the ones a person looks for."""
    if len(sample.doors) <= lines:
        return sample
    ajar = tuple(door for door in sample.doors if door.state != "closed")
    return t.DoorsResult(doors=ajar[: max(lines, 1)], troubles=sample.troubles)


def _changes(samples: Iterator[t.DoorsResult], jsonl: bool) -> None:
    last: dict[str, str] = {}
    for sample in samples:
        for door in sample.doors:
            if last.get(door.number) == door.state:
                continue
            last[door.number] = door.state
            if jsonl:
                put_json(door)
            else:
                at = datetime.now().astimezone().isoformat(timespec="seconds")
                print(f"{at}  door {door.number}  {door.state}", flush=True)
