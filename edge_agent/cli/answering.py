"""Verbs that talk with the person who stands at the cabinet: look and say, answer a checklist, take stock.

Without a terminal, or in JSON, each of them is one question and one answer, and says which command goes on.
"""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from edge_agent.cli.options import Options
from edge_agent.cli.places import agent_socket
from edge_agent.cli.running import run_once
from edge_agent.cli.terminal import say
from edge_agent.control.client import Client
from edge_agent.control.door_types import CompartmentVerifyArguments
from edge_agent.control.operations import BY_NAME, Operation
from edge_agent.error_table import Exit

WORDS = {"e": "empty", "empty": "empty", "o": "occupied", "occupied": "occupied"}


def open_and_answer(row: Operation, arguments: Any, options: Options) -> int:
    """Exit code of the last step. Without a terminal the answer is a command of its own, with `--found`."""
    if arguments.found:
        return run_once(row, arguments, options)
    ended = run_once(row, arguments, options)
    if ended:
        return ended
    later = f"lockerctl compartment verify {arguments.number} --found empty|occupied --yes"
    if not _talks(options):
        say(f"Look, shut the door, then: {later}")
        return ended
    found = WORDS.get(_asked("Look and shut the door. Is it [e]mpty or [o]ccupied? "))
    if found is None:
        say(f"No answer: its contents stay unknown. Later: {later}")
        return ended
    return run_once(row, msgspec.structs.replace(arguments, found=found), options)


VERDICTS = {"g": "good", "good": "good", "b": "bad", "bad": "bad", "": "skipped", "s": "skipped"}


def ask_each_question(row: Operation, arguments: Any, options: Options) -> int:
    """The checklist, question by question; the record is made at the end, of everything that was answered."""
    if arguments.answer or not _talks(options):
        return run_once(row, arguments, options)
    socket = agent_socket(row, arguments, options)
    assert socket is not None, "this row needs the agent"
    asked = Client(socket).ask(row, arguments)
    answers = []
    for number, one in enumerate(asked.items, 1):
        live = f" ({one.command})" if one.command else ""
        verdict = VERDICTS.get(
            _asked(f"{number}/{len(asked.items)} {one.asks}{live} [g]ood, [b]ad, [s]kip: "), ""
        )
        note = _asked("   What is wrong? ", lower=False) if verdict == "bad" else ""
        answers.append(f"{one.item}={verdict or 'skipped'}{':' + note if note else ''}")
    return run_once(row, msgspec.structs.replace(arguments, answer=tuple(answers)), options)


def door_by_door(row: Operation, arguments: Any, options: Options) -> int:
    """Every compartment in doubt is opened, looked into and answered for; q stops, what was answered stays."""
    if not _talks(options):
        return run_once(row, arguments, options)
    socket = agent_socket(row, arguments, options)
    assert socket is not None, "this row needs the agent"
    asked = Client(socket).ask(row, arguments)
    verify, done = BY_NAME["compartment verify"], 0
    for number, one in enumerate(asked.compartments, 1):
        print(f"{number}/{len(asked.compartments)} door {one.number}: ledger says {one.contents}, {one.why}")
        wish = _asked("   [o]pen it, [s]kip, [q]uit: ")
        if wish in ("q", "quit"):
            break
        if wish in ("o", "open"):
            looked = CompartmentVerifyArguments(number=one.number, reason="stock-taking")
            done += open_and_answer(verify, looked, options) == Exit.DONE
    print(f"{done} of {len(asked.compartments)} compartments answered for; {asked.sound} were not in doubt")
    return Exit.DONE if done == len(asked.compartments) else Exit.PARTLY


def talk_through(row: Operation, arguments: Any, options: Options) -> int:
    """Commissioning, in this process: items go out, answers come in, a line each; in a script as at a terminal.

    Raises ControlError CTRL-704 where the answers end before the conversation; what was found out stays.
    """
    from edge_agent.cli.commissioning.talk import talk

    return talk(arguments, options)


def _talks(options: Options) -> bool:
    return sys.stdin.isatty() and not (options.json or options.jsonl)


def _asked(question: str, *, lower: bool = True) -> str:
    print(question, end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline().strip()
    return answer.lower() if lower else answer
