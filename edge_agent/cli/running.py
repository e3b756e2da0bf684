"""One verb from its arguments to its exit code: confirm, run in the right place, show."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from edge_agent.cli.options import Options
from edge_agent.cli.places import agent_socket
from edge_agent.cli.show import SHOW
from edge_agent.cli.terminal import Progress
from edge_agent.control.operations import Operation
from edge_agent.control.types import Result
from edge_agent.error_table import Exit
from edge_agent.errors import ControlError

UNANSWERED = "CTRL-701"
LONG: dict[str, float] = {
    "bus.scan": 900.0,  # every address of every family, one time-out each
    "bus.capture": 3630.0,  # as long as asked, an hour at most
    "journal.verify": 900.0,  # a full journal: a minute or two, more on a worn card
    "journal.export": 900.0,
    "backup.make": 900.0,
    "backup.verify": 900.0,
}
"""Operation key → seconds until its answer is missed, for those that take their time."""


@dataclass(frozen=True, slots=True)
class Ready:
    """An operation with its place settled: `ask` runs it once, `stream` gives its items."""

    ask: Callable[[Any], Any]
    stream: Callable[[Any], Iterator[Any]]


@contextmanager
def settled(row: Operation, arguments: Any, options: Options, progress: Progress) -> Iterator[Ready]:
    """Decide where the operation runs and keep what it opened until the end."""
    socket = agent_socket(row, arguments, options)
    if socket is not None:
        from edge_agent.control.client import ANSWER_WAIT_S, Client

        client = Client(socket, options.timeout or LONG.get(row.key, ANSWER_WAIT_S))
        yield Ready(lambda given: client.ask(row, given), lambda given: client.stream(row, given))
        return
    with here(row, options, progress) as ready:
        yield ready


@contextmanager
def here(row: Operation, options: Options, progress: Progress) -> Iterator[Ready]:
    """The operation in this process, on a bench of its own."""
    from edge_agent.cli.direct import handler
    from edge_agent.cli.direct.bench import Bench

    function = handler(row.key)
    with Bench(options.config, progress) as bench:
        yield Ready(lambda given: function(given, bench), lambda given: function(given, bench))


def run_once(row: Operation, arguments: Any, options: Options) -> int:
    """One question, one result. Errors pass through; progress is wiped before anything else is shown."""
    progress = Progress(wanted=not (options.json or options.jsonl))
    try:
        result = _asked(row, arguments, options, progress)
    finally:
        progress.clear()
    if options.json or options.jsonl:
        put_json(result)
    else:
        SHOW[row.key](result)
    return int(result.exit_code())


def _asked(row: Operation, arguments: Any, options: Options, progress: Progress) -> Any:
    """`doctor` is for the day when nobody answers: then it looks from here."""
    try:
        with settled(row, arguments, options, progress) as ready:
            return ready.ask(arguments)
    except ControlError as error:
        if row.key != "doctor" or error.code != UNANSWERED:
            raise
    with here(row, options, progress) as ready:
        return ready.ask(arguments)


def run_stream(row: Operation, arguments: Any, options: Options) -> int:
    """Items as they come until the stream ends or Ctrl-C; the last one that judges itself is the exit code.

    `--json` keeps them for one document at the end.
    """
    kept: list[Any] = []
    ended: int = Exit.DONE
    progress = Progress(wanted=not (options.json or options.jsonl))
    try:
        with settled(row, arguments, options, progress) as ready:
            for item in ready.stream(arguments):
                progress.clear()
                ended = int(item.exit_code()) if isinstance(item, Result) else ended
                if options.json:
                    kept.append(item)
                elif options.jsonl:
                    put_json(item)
                else:
                    SHOW[row.key](item)
    except KeyboardInterrupt:  # how a person ends a watch: what was seen is still the result
        pass
    finally:
        progress.clear()
    if options.json:
        put_json({"items": kept})
    return ended


def put_json(value: Any) -> None:
    """One document on stdout."""
    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    sys.stdout.buffer.flush()
