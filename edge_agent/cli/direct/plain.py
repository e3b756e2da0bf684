"""Operations that need neither agent nor hardware: checking a file, explaining a code, telling the version."""

from __future__ import annotations

import difflib
import platform
from pathlib import Path

from edge_agent.cli.direct.bench import Bench
from edge_agent.control import config_types as c
from edge_agent.control import types as t
from edge_agent.errors import ControlError
from edge_agent.version import VERSION


def config_check(asked: t.ConfigCheckArguments, bench: Bench) -> t.ConfigCheckResult:
    """Every problem of one file, the drivers' names included. Opens no port."""
    from edge_agent.config_reading import read
    from edge_agent.config_rules import check
    from edge_agent.wiring import second_look

    reading = read(Path(asked.file))
    problems, config = list(reading.problems), reading.config
    if config:
        problems += check(config, asked.file) + second_look(config, asked.file)
    return t.ConfigCheckResult(
        file=asked.file,
        ok=not problems,
        doors=len(config.doors()) if config and not problems else 0,
        boards=len(config.board) if config else 0,
        buses=len(config.bus) if config else 0,
        problems=tuple(
            t.ConfigProblem(code=p.code, file=p.file, key=p.key, reason=p.reason, next_step=p.next_step)
            for p in problems
        ),
    )


def explain(asked: t.ExplainArguments, bench: Bench) -> t.ExplainResult:
    """One row of the table of errors; CTRL-705 for a code that does not exist."""
    from edge_agent.error_table import EXPLANATIONS
    from edge_agent.error_table import explain as look_up

    row = look_up(asked.id)
    if row is None:
        nearest = difflib.get_close_matches(asked.id.upper(), EXPLANATIONS, n=3, cutoff=0.5)
        there = (
            f"unknown; the nearest are {', '.join(nearest)}"
            if nearest
            else "unknown; codes look like BUS-110"
        )
        raise ControlError("CTRL-705", f"code {asked.id}", there)
    return t.ExplainResult(
        code=row.code, english=row.english, chinese=row.chinese, cause=row.cause, next_step=row.next_step
    )


def version(asked: c.VersionArguments, bench: Bench) -> c.VersionsResult:
    made = None
    if asked.sbom:
        from edge_agent.cli.direct.sbom import document

        made = document()
    return c.VersionsResult(version=VERSION, python=platform.python_version(), sbom=made)


def completion(asked: c.CompletionArguments, bench: Bench) -> c.CompletionResult:
    """click's own script for this shell: it asks `lockerctl` itself for the words."""
    from click.shell_completion import get_completion_class

    from edge_agent.cli.commands import root

    kind = get_completion_class(asked.shell)
    assert kind is not None, "click knows these three"
    made = kind(root(), {}, "lockerctl", "_LOCKERCTL_COMPLETE")
    return c.CompletionResult(shell=asked.shell, script=made.source())  # nosec B604 - a shell's name, none runs
