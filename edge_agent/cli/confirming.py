"""Asking before something happens. Without a terminal and without `--yes` the answer is no, at once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import msgspec

from edge_agent.control.operations import Operation
from edge_agent.errors import ControlError


def _unlock_effect(arguments: Any) -> str:
    return f"Unlock board {arguments.board}, channel {arguments.channel}: the door opens, whatever is inside."


def _accept_effect(arguments: Any) -> str:
    return "Accept the cabinet: every compartment without a parcel counts as empty and may be offered."


def _restore_effect(arguments: Any) -> str:
    return f"Make {arguments.file} the ledger: codes are spent and contents unknown until the back office reconciles."


EFFECTS: dict[str, Callable[[Any], str]] = {
    "unlock": _unlock_effect,
    "cabinet.accept": _accept_effect,
    "backup.restore": _restore_effect,
}
"""Operation key → what will happen, for the question."""


def confirmed(row: Operation, arguments: Any) -> Any:
    """Ask the person; the arguments, with the reason filled in. Raises ControlError CTRL-704 for a no."""
    if not sys.stdin.isatty():
        raise ControlError("CTRL-704", row.name, "not confirmed: there is no terminal to ask at")
    print(f"{EFFECTS[row.key](arguments)} Go on? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise ControlError("CTRL-704", row.name, "not confirmed: the answer was no")
    if getattr(arguments, "reason", True) or getattr(arguments, "bench", False):
        return arguments
    print("Why, for the record? ", end="", file=sys.stderr, flush=True)
    reason = sys.stdin.readline().strip()
    if not reason:
        raise ControlError("CTRL-704", row.name, "not confirmed: no reason was given")
    return msgspec.structs.replace(arguments, reason=reason)
