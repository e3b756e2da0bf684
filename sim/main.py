"""`locker-sim`: pretend hardware, people and cloud for a terminal or a CI job.

One table of verbs; a verb's module is imported when the verb is used, so that `locker-sim --help` is quick and a verb
costs the others nothing. A new verb is one row here and one click command there.
"""

from __future__ import annotations

import importlib

import click

VERBS = {
    "demo": ("sim.demo:demo", "A whole locker to play with: cabinet, agent and back office."),
    "cloud": ("sim.cloud.command:cloud", "A small back office on an MQTT broker."),
    "fleet": ("sim.fleet.command:fleet", "Many lockers' traffic against a real broker, measured."),
    "load": ("sim.load.command:load", "Peak season at one locker, in real time."),
    "soak": ("sim.soak.command:soak", "Simulated days of the whole locker, judged."),
    "boards": ("sim.boards_command:boards", "Pretend lock boards and scanners on ptys, with a control API."),
}


class _Verbs(click.Group):
    """Shows the table, imports what is asked for."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            return None
        module, _, attribute = VERBS[name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(name, says) for name, (_, says) in VERBS.items()])


@click.command(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
def run() -> None:
    """Pretend hardware, people and cloud."""
