"""Asking before something happens. Without a terminal and without `--yes` the answer is no, at once.

The gravest operations want the site code typed instead (`--confirm SITE` in scripts, `--yes` is not enough); whether
it is the right one is the agent's to say. What is secret is asked for without an echo, or taken from the environment,
or read from a pipe, a line each; on a command line every process of the machine could read it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
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


def _block_effect(arguments: Any) -> str:
    return f"Take compartment {arguments.number} out of service: it opens for nobody but you until you unblock it."


def _unblock_effect(arguments: Any) -> str:
    return f"Put compartment {arguments.number} back in service: its faults count as mended."


def _verify_effect(arguments: Any) -> str:
    if arguments.found:
        return f"Compartment {arguments.number} counts as {arguments.found} from now on, on your word."
    return f"Open compartment {arguments.number}: stand before it, and say afterwards what is inside."


def _stop_effect(arguments: Any) -> str:
    return "Take no more parcels; pickups go on."


def _resume_effect(arguments: Any) -> str:
    return "Take parcels again: you have looked, and the cabinet is safe."


def _open_all_effect(arguments: Any) -> str:
    return "Open every door of this locker, whatever is inside."


def _door_effect(arguments: Any) -> str:
    return f"Unlock door {arguments.number}: it opens, whatever is inside."


def _test_effect(arguments: Any) -> str:
    times = "once" if arguments.cycles == 1 else f"{arguments.cycles} times"
    return f"Open door {arguments.number} {times}: stand before it and shut it each time."


def _forget_effect(arguments: Any) -> str:
    told = "Have this locker's certificate revoked" if arguments.url else "Tell nobody"
    return (
        f"{told} and throw its keys away: the cloud hears nothing more from it until it is provisioned again."
    )


def _drill_effect(arguments: Any) -> str:
    return (
        "Begin a drill: service work from now on stays out of the figures until it ends, four hours at most."
    )


def _service_effect(arguments: Any) -> str:
    return "Stop deposits while you work." if arguments.state == "on" else "Let deposits go on."


def _config_effect(arguments: Any) -> str:
    return f"Make {arguments.file} the configuration; it counts from the agent's next start."


def _decommission_effect(arguments: Any) -> str:
    return "Take this locker out of use for good: its keys and all personal data are wiped and cannot be brought back."


def _resolve_effect(arguments: Any) -> str:
    return f"Fault {arguments.fault} counts as mended, on your word."


EFFECTS: dict[str, Callable[[Any], str]] = {
    "unlock": _unlock_effect,
    "cabinet.accept": _accept_effect,
    "backup.restore": _restore_effect,
    "compartment.block": _block_effect,
    "compartment.unblock": _unblock_effect,
    "compartment.verify": _verify_effect,
    "deposits.stop": _stop_effect,
    "deposits.resume": _resume_effect,
    "emergency.stop-deposits": _stop_effect,
    "emergency.open-all": _open_all_effect,
    "fault.resolve": _resolve_effect,
    "identity.forget": _forget_effect,
    "door.unlock": _door_effect,
    "door.test": _test_effect,
    "drill.start": _drill_effect,
    "service-mode": _service_effect,
    "config.apply": _config_effect,
    "cabinet.decommission": _decommission_effect,
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
    return msgspec.structs.replace(
        arguments, reason=_asked(row, "Why, for the record? ", "no reason was given")
    )


def site_code_typed(row: Operation, arguments: Any) -> Any:
    """Ask for the site code and a reason where they were not given. Raises ControlError CTRL-704 for a no."""
    given = {}
    if not arguments.confirm:
        question = f"{EFFECTS[row.key](arguments)} To go on, type the site code: "
        given["confirm"] = _asked(
            row, question, "no site code was given; --confirm SITE does that in scripts"
        )
    if not arguments.reason:
        given["reason"] = _asked(row, "Why, for the record? ", "no reason was given")
    return msgspec.structs.replace(arguments, **given)


def with_secrets(arguments: Any, secrets: Mapping[str, str]) -> Any:
    """Fill in what never stands on a command line; `secrets` maps an argument to its environment variable."""
    return msgspec.structs.replace(
        arguments, **{name: os.environ.get(variable) or _secret(name) for name, variable in secrets.items()}
    )


def _secret(name: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    from getpass import getpass

    return getpass(f"{name.replace('_', ' ').capitalize()}: ")


def _asked(row: Operation, question: str, refusal: str) -> str:
    """One line from the person at the terminal. Raises ControlError CTRL-704 without a terminal or an answer."""
    answer = ""
    if sys.stdin.isatty():
        print(question, end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline().strip()
    if not answer:
        raise ControlError("CTRL-704", row.name, f"not confirmed: {refusal}")
    return answer
