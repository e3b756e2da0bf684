"""The questions of `lockerctl setup`: only at a terminal, only what was not given; Enter takes the bracket."""

from __future__ import annotations

import socket
import sys

import msgspec

from edge_agent.control import install_types as i


def filled_in(asked: i.SetupArguments) -> i.SetupArguments:
    """The arguments with a person's answers. Without a terminal they stay as they are."""
    if not sys.stdin.isatty():
        return asked
    from edge_agent.cli.direct.setup import LANGUAGES, machine_timezone, ports

    found = ports()
    for place, port in enumerate(found, 1):
        print(f"  {place}  {port}", file=sys.stderr)
    questions = (
        ("id", "Locker's id", socket.gethostname()),
        ("name", "Its name or street", ""),
        ("timezone", "Time zone", machine_timezone()),
        ("hotline", "Hotline on the help screen", ""),
        ("languages", "Languages, first shown first", LANGUAGES),
        ("port", "Port of the lock boards (number or path)", found[0] if found else ""),
    )
    answers = {
        name: _answer(question, default) for name, question, default in questions if not getattr(asked, name)
    }
    if answers.get("port", "").isdecimal() and 1 <= int(answers["port"]) <= len(found):
        answers["port"] = found[int(answers["port"]) - 1]
    return msgspec.structs.replace(asked, **answers)


def _answer(question: str, default: str) -> str:
    shown = f" [{default}]" if default else ""
    print(f"{question}{shown}: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip() or default
