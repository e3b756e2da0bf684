"""Commissioning at a terminal or by a script: a line out for each item, a line in for each question."""

from __future__ import annotations

import contextlib
import sys

from edge_agent.cli.commissioning.conversation import commission
from edge_agent.cli.commissioning.ending import left_to_owner
from edge_agent.cli.commissioning.site import real_site
from edge_agent.cli.direct.bench import Bench
from edge_agent.cli.options import Options
from edge_agent.cli.running import put_json
from edge_agent.cli.show import SHOW
from edge_agent.cli.terminal import Progress
from edge_agent.control.commission_types import CommissionArguments, CommissionItem
from edge_agent.error_table import Exit
from edge_agent.errors import ConfigError, ControlError


def talk(asked: CommissionArguments, options: Options) -> int:
    """Exit code of the last item. Raises ControlError CTRL-704 where nobody answers any more, and what may go wrong."""
    progress = Progress(wanted=not (options.json or options.jsonl))
    ended, kept, answer = int(Exit.DONE), [], None
    with Bench(options.config, progress) as bench:
        going = commission(asked, real_site(bench))
        try:
            while True:  # ends: with the conversation, whose loops are bounded, or with the answers
                item = going.send(answer) if answer is not None else next(going)
                progress.clear()
                kept.append(item)
                ended = item.exit_code()
                _put(item, options)
                answer = _answered(item) if item.what == "question" else ""
        except StopIteration:
            pass
        finally:
            progress.clear()
            with contextlib.suppress(ConfigError):  # before there was one, nothing was kept either
                left_to_owner(bench.state_dir)
    if options.json:
        put_json({"items": kept})
    return ended


def _put(item: CommissionItem, options: Options) -> None:
    if options.jsonl:
        put_json(item)
    elif not options.json:
        SHOW["commission"](item)


def _answered(item: CommissionItem) -> str:
    if item.secret and sys.stdin.isatty():
        from getpass import getpass

        return getpass("")
    line = sys.stdin.readline()
    if not line:
        raise ControlError(
            "CTRL-704", "commission", f"nobody answers: {item.text} What was found out is kept; run it again"
        )
    return line.rstrip("\n")
