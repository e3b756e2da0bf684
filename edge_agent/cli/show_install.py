"""Results of an installation for a person."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from edge_agent.cli.terminal import say, tell
from edge_agent.control import commission_types as c
from edge_agent.control import install_types as t


def setup(result: t.SetupResult) -> None:
    print(f"{result.file}: boards {', '.join(result.boards)}, {result.doors} compartments")
    if result.kept:
        say(f"The earlier file is kept as {result.kept}")
    say("Next: lockerctl unlock --board A --channel 1, then `systemctl start locker.target`")


def commission(item: c.CommissionItem) -> None:
    """One line of the conversation; the question itself stays open for the answer."""
    mark = MARKS.get(item.what, "")
    if item.what == "question":
        print(f"{item.text} ", end="", file=sys.stderr, flush=True)
    elif item.what == "door":
        print(f"door {item.place}: {item.text}", flush=True)
    else:
        tell(
            f"{mark}{item.text}{f' ({item.code})' if item.code else ''}"
            if "\n" not in item.text
            else item.text
        )
    if item.what == "end":
        print(f"report {item.report}\nsha256 {item.digest}", flush=True)
        say(f"Next: lockerctl report verify {item.report}" if item.accepted else "Next: lockerctl commission")


MARKS = {"finding": "FAULT  ", "mended": "mended  "}


def report_verify(result: c.ReportVerifyResult) -> None:
    print(f"{result.file}: {'valid' if result.valid else 'NOT VALID'}; {result.fact}")
    print(f"locker {result.locker}, verdict {result.verdict}, held to the key {result.key}")
    print(f"sha256 {result.digest}")


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
    "commission": commission,
    "report.verify": report_verify,
    "update.state": update_state,
}
