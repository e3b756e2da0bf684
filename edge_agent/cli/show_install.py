"""Results of an installation for a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edge_agent.cli.terminal import say
from edge_agent.control import install_types as t


def setup(result: t.SetupResult) -> None:
    print(f"{result.file}: boards {', '.join(result.boards)}, {result.doors} compartments")
    if result.kept:
        say(f"The earlier file is kept as {result.kept}")
    say("Next: lockerctl unlock --board A --channel 1, then `systemctl start locker.target`")


def coils_off(result: t.CoilsOffResult) -> None:
    for board in result.told:
        print(f"board {board}: all coils off")
    for trouble in result.silent:
        say(f"{trouble.code} {trouble.message}. {trouble.next_step}")


def update_state(result: t.UpdateStateResult) -> None:
    print(f"version {result.version}{', on trial' if result.trial else ''}")
    if result.desired:
        print(f"wanted  {result.desired['version']}")
    if result.last:
        told = (str(result.last[name]) for name in ("outcome", "version", "reason"))
        print(f"last    {' '.join(told).rstrip()}")
    print("now     an update may begin" if result.idle else f"now     not: {result.why}")


SHOW: dict[str, Callable[[Any], None]] = {
    "setup": setup,
    "coils.off": coils_off,
    "update.state": update_state,
}
