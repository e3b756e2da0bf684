"""The page of all verbs of `lockerctl`, made from the table of operations; the man page is the same text."""

from __future__ import annotations

from collections.abc import Iterator

import click

from edge_agent.cli.commands import VERBS, command
from edge_agent.cli.options import global_options
from edge_agent.control.operations import Needs, Operation, Tier

HEAD = """# All verbs

Made from the table of operations. What each verb needs: **agent** the running agent; **hardware** and **ledger** the
agent, or the thing itself while no agent runs; **nothing** works anywhere. Verbs that open doors or change what people
may do ask first and want a reason; the gravest want the site code and two persons.
"""
ASKS = {Tier.READ: "looks only", Tier.REVERSIBLE: "does it at once", Tier.CONFIRM: "asks first",
        Tier.SITE_CODE: "wants the site code typed"}  # fmt: skip
NEEDS = {Needs.NOTHING: "nothing", Needs.AGENT: "agent", Needs.HARDWARE: "hardware", Needs.LEDGER: "ledger"}


def page() -> str:
    """The whole of verbs.md."""
    everywhere = "\n".join(_option(one) for one in global_options() if isinstance(one, click.Option))
    parts = [HEAD, f"## Options of every verb\n\n{everywhere}\n"]
    parts += [_verb(name, row) for name, row in sorted(VERBS.items())]
    return "\n".join(parts)


def _verb(name: str, row: Operation) -> str:
    made = command(row)
    own = len(made.params) - len(global_options())
    usage = " ".join(["lockerctl", name, *_words(made.params[:own])])
    lines = [f"## {name}\n", f"{row.summary}\n", f"`{usage}`\n"]
    options = [_option(one) for one in made.params[:own] if isinstance(one, click.Option)]
    if options:
        lines.append("\n".join(options) + "\n")
    lines.append(f"Needs {NEEDS[row.needs]}; {ASKS[row.tier]}. Example: `{row.example}`\n")
    return "\n".join(lines)


def _words(params: list[click.Parameter]) -> Iterator[str]:
    for one in params:
        if isinstance(one, click.Argument):
            name = (one.name or "").upper()
            yield name if one.required else f"[{name}]"
    if any(isinstance(one, click.Option) for one in params):
        yield "[OPTIONS]"


def _option(one: click.Option) -> str:
    metavar = "" if one.is_flag else f" {one.metavar or (one.name or '').upper()}"
    return f"- `{', '.join(one.opts)}{metavar}`: {one.help or ''}"
