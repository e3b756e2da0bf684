"""The outermost layer of `lockerctl`: from the command line to an exit code, every failure in one line."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from edge_agent.cli.commands import root
from edge_agent.cli.options import Options
from edge_agent.error_table import EXPLANATIONS, Exit, exit_code_of


def run() -> None:
    """The program."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run one command line; returns the exit code of contract section 1."""
    options = Options()
    as_json = "--json" in arguments or "--jsonl" in arguments
    try:
        ended = root().main(arguments, "lockerctl", standalone_mode=False, obj=options)
        sys.stdout.flush()  # here, where a reader that has gone is still ours to handle
        return int(ended or Exit.DONE)
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        return Exit.USAGE
    except click.UsageError as error:
        return _usage(error, as_json)
    except (KeyboardInterrupt, click.Abort):
        return Exit.INTERRUPTED
    except (
        BrokenPipeError,
        SystemExit,
    ):  # the reader of our pipe has seen enough (click makes it a SystemExit)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    except Exception as error:  # the outermost place: a technician gets a line, not a traceback
        return _failed(error, as_json)


def _usage(error: click.UsageError, as_json: bool) -> int:
    where = error.ctx.command_path if error.ctx else "lockerctl"
    if as_json:
        _put_error("CTRL-706", where, error.format_message())
    else:
        print(f"{where}: {error.format_message()} See `{where} --help`.", file=sys.stderr)
    return Exit.USAGE


def _failed(error: Exception, as_json: bool) -> int:
    from edge_agent.control.problem import trouble_of

    told = trouble_of(error)
    if as_json:
        _put_error(told.code, told.where, told.detail)
    else:
        fact = "; ".join(line.strip() for line in told.message.splitlines()[:2])
        print(f"{told.code} {fact}{'' if fact.endswith('.') else '.'} {told.next_step}", file=sys.stderr)
    if told.code == "CTRL-700" and os.environ.get("LOCKER_DEBUG"):
        raise error
    return exit_code_of(told.code)


def _put_error(code: str, where: str, detail: str) -> None:
    from edge_agent.cli.running import put_json
    from edge_agent.control.problem import trouble

    document: dict[str, Any] = {"error": trouble(code, where, detail)}
    assert code in EXPLANATIONS
    put_json(document)
