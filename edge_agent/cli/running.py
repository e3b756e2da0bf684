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
from edge_agent.error_table import Exit


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
        from edge_agent.control.client import Client

        client = Client(socket)
        yield Ready(lambda given: client.ask(row, given), lambda given: client.stream(row, given))
        return
    from edge_agent.cli.direct import handler
    from edge_agent.cli.direct.bench import Bench

    function = handler(row.key)
    with Bench(options.config, progress) as bench:
        yield Ready(lambda given: function(given, bench), lambda given: function(given, bench))


def run_once(row: Operation, arguments: Any, options: Options) -> int:
    """One question, one result. Errors pass through; progress is wiped before anything else is shown."""
    progress = Progress(wanted=not (options.json or options.jsonl))
    try:
        with settled(row, arguments, options, progress) as ready:
            result = ready.ask(arguments)
    finally:
        progress.clear()
    if options.json or options.jsonl:
        put_json(result)
    else:
        SHOW[row.key](result)
    return int(result.exit_code())


def run_stream(row: Operation, arguments: Any, options: Options) -> int:
    """Items as they come until the stream ends or Ctrl-C. `--json` keeps them for one document at the end."""
    kept: list[Any] = []
    progress = Progress(wanted=not (options.json or options.jsonl))
    try:
        with settled(row, arguments, options, progress) as ready:
            for item in ready.stream(arguments):
                progress.clear()
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
    return Exit.DONE


def put_json(value: Any) -> None:
    """One document on stdout."""
    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    sys.stdout.buffer.flush()
