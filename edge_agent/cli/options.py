"""The options that every verb takes, before or after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click


@dataclass(slots=True)
class Options:
    """What was given on the command line beside the verb and its arguments."""

    config: str = ""
    socket: str = ""
    direct: bool = False
    json: bool = False
    jsonl: bool = False
    timeout: float = 0.0


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """The later one of two wins; an option that was not given leaves what was given before the verb."""
    if value:
        options = context.find_root().ensure_object(Options)
        setattr(options, str(parameter.name), value)


def _option(name: str, text: str, **more: Any) -> click.Option:
    return click.Option([f"--{name}"], help=text, expose_value=False, is_eager=True, callback=_keep, **more)


def global_options() -> list[click.Parameter]:
    """A fresh set: click parameters belong to one command each."""
    config = "The locker's configuration; default: LOCKER_CONFIG, else /etc/locker/locker.toml."
    return [
        _option("config", config, metavar="FILE"),
        _option("socket", "The agent's socket, where it is not in its usual place.", metavar="PATH"),
        _option("direct", "Talk to the hardware from here; refused while the agent runs.", is_flag=True),
        _option("json", "Print one JSON document and nothing else.", is_flag=True),
        _option(
            "timeout",
            "How long to wait for the agent's answer; default: 30 seconds.",
            type=click.FloatRange(0.1, 600),
            metavar="SECONDS",
        ),
        _option("jsonl", "Print one JSON object a line, as they come.", is_flag=True),
    ]
