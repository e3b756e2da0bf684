"""Looking into a compartment: it is opened, a person looks and shuts it, and then says what was inside."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from edge_agent.cli.options import Options
from edge_agent.cli.running import run_once
from edge_agent.cli.terminal import say
from edge_agent.control.operations import Operation

WORDS = {"e": "empty", "empty": "empty", "o": "occupied", "occupied": "occupied"}


def open_and_answer(row: Operation, arguments: Any, options: Options) -> int:
    """Exit code of the last step. Without a terminal the answer is a command of its own, with `--found`."""
    ended = run_once(row, arguments, options)
    if ended:
        return ended
    later = f"lockerctl compartment verify {arguments.number} --found empty|occupied --yes"
    if not sys.stdin.isatty() or options.json or options.jsonl:
        say(f"Look, shut the door, then: {later}")
        return ended
    print("Look and shut the door. Is it [e]mpty or [o]ccupied? ", end="", file=sys.stderr, flush=True)
    found = WORDS.get(sys.stdin.readline().strip().lower())
    if found is None:
        say(f"No answer: its contents stay unknown. Later: {later}")
        return ended
    return run_once(row, msgspec.structs.replace(arguments, found=found), options)
