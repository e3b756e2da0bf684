"""Verbs that ask for more than a yes: the site code, two PINs, and a person's word on what is inside."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge_agent.cli.commands import secret_of
from edge_agent.control import door_types as d
from edge_agent.control.operations import OPERATIONS, Operation, Role, Tier
from edge_agent.control.server import Caller, ThreadedServer, create_app
from edge_agent.control.state_lock import AGENT, StateLock
from tests.cli.conftest import CTRL_C, PATIENCE_S, Technician
from tests.test_config import GOOD

OPENED_ALL: list[d.OpenAllArguments] = []
VERIFIED: list[d.CompartmentVerifyArguments] = []
STOPPED = threading.Event()
OPEN_ALL = ("emergency", "open-all", "--first", "t1", "--second", "t2")


async def open_all(asked: d.OpenAllArguments, caller: Caller) -> AsyncIterator[d.OpenAllItem]:
    OPENED_ALL.append(asked)
    yield d.OpenAllItem(door="1", place=1, of=2, outcome="opened")
    if asked.reason == "endless":
        try:
            await asyncio.Event().wait()
        finally:
            STOPPED.set()
    yield d.OpenAllItem(
        door="2", place=2, of=2, outcome=None, code="FLOW-312", detail="the board of door 2 is silent"
    )


async def verify(asked: d.CompartmentVerifyArguments, caller: Caller) -> d.CompartmentVerifyResult:
    VERIFIED.append(asked)
    outcome = None if asked.found else "opened"
    contents = "empty" if asked.found == "empty" else "unknown"
    return d.CompartmentVerifyResult(number=asked.number, outcome=outcome, contents=contents)  # type: ignore[arg-type]


@pytest.fixture
def technician(tmp_path: Path) -> Iterator[Technician]:
    """Somebody beside an agent that answers these two verbs."""
    OPENED_ALL.clear()
    VERIFIED.clear()
    state_dir = tmp_path / "state"
    state_dir.mkdir()
    config = tmp_path / "locker.toml"
    config.write_text(GOOD.replace("/var/lib/locker", str(state_dir)))
    handlers: dict[str, Callable[..., Any]] = {"emergency.open-all": open_all, "compartment.verify": verify}
    path = state_dir / "control.sock"
    with (
        StateLock.acquire(state_dir, AGENT, str(path)),
        ThreadedServer(create_app(Role.TECHNICIAN, handlers), path),
    ):
        yield Technician(config)


def fields_of(row: Operation) -> tuple[msgspec.inspect.Field, ...]:
    described = msgspec.inspect.type_info(row.arguments)
    assert isinstance(described, msgspec.inspect.StructType)
    return described.fields


@pytest.mark.parametrize("row", [row for row in OPERATIONS if row.tier is Tier.SITE_CODE], ids=str)
def test_the_gravest_rows_want_the_site_code_and_a_reason(row: Operation) -> None:
    """Tier 3: the arguments carry both to the agent, which decides; no secret of theirs has a place to stay."""
    fields = {field.name: field for field in fields_of(row)}

    assert {"confirm", "reason"} <= set(fields)
    assert all(secret_of(field) for name, field in fields.items() if "pin" in name)


def test_pins_come_through_a_pipe_in_a_script(technician: Technician) -> None:
    """F-042: a line each; every door is shown as it gets its turn."""
    ran = technician.types(*OPEN_ALL, "--confirm", "HK-0001", "--reason", "drill", answers="4711\n0815\n")

    assert ran.code == 0
    assert ran.out.splitlines() == [
        "1/2 door 1: opened",
        "2/2 door 2: not tried, FLOW-312 the board of door 2 is silent",
    ]
    [asked] = OPENED_ALL
    assert (asked.first_pin, asked.second_pin, asked.confirm) == ("4711", "0815", "HK-0001")


def test_pins_come_from_the_environment(technician: Technician, monkeypatch: pytest.MonkeyPatch) -> None:
    """F-042: for whoever cannot feed a pipe."""
    monkeypatch.setenv("LOCKER_FIRST_PIN", "4711")
    monkeypatch.setenv("LOCKER_SECOND_PIN", "0815")

    ran = technician.types(*OPEN_ALL, "--confirm", "HK-0001", "--reason", "drill")

    assert ran.code == 0
    assert (OPENED_ALL[0].first_pin, OPENED_ALL[0].second_pin) == ("4711", "0815")


@pytest.mark.parametrize("words", [("--first_pin", "4711"), ("--first-pin", "4711"), ("--yes",)])
def test_what_may_not_stand_on_a_command_line_is_no_option(
    technician: Technician, words: tuple[str, ...]
) -> None:
    """Any user of the machine reads another's command line; and a yes is not enough here."""
    ran = technician.types(*OPEN_ALL, "--confirm", "HK-0001", "--reason", "drill", *words)

    assert ran.code == 2
    assert OPENED_ALL == []


def test_without_the_site_code_and_a_terminal_nothing_happens(technician: Technician) -> None:
    """F-042: at once, never a hanging question."""
    ran = technician.types(*OPEN_ALL, "--reason", "drill")

    assert ran.code == 4
    assert "no site code was given" in ran.err
    assert OPENED_ALL == []


def test_two_persons_at_a_terminal_are_asked_one_after_the_other(technician: Technician) -> None:
    """F-042: site code, reason, and two PINs that nobody sees on the screen."""
    ran = technician.types_at_a_terminal(
        *OPEN_ALL,
        steps=[
            ("type the site code: ", "HK-0001\n"),
            ("for the record? ", "drill\n"),
            ("First pin: ", "4711\n"),
            ("Second pin: ", "0815\n"),
        ],
    )

    assert ran.code == 0
    assert "Open every door of this locker, whatever is inside." in ran.out
    assert "4711" not in ran.out
    assert "0815" not in ran.out
    assert (OPENED_ALL[0].second_pin, OPENED_ALL[0].reason) == ("0815", "drill")


def test_ctrl_c_reaches_the_agent(technician: Technician) -> None:
    """F-042: who stops the tool stops the opening, not only its own view of it."""
    ran = technician.types_at_a_terminal(
        *OPEN_ALL,
        "--confirm",
        "HK-0001",
        "--reason",
        "endless",
        steps=[("First pin: ", "4711\n"), ("Second pin: ", "0815\n"), ("door 1: opened", CTRL_C)],
    )

    assert STOPPED.wait(PATIENCE_S)
    assert "2/2" not in ran.out


def test_whoever_looked_is_asked_what_is_inside(technician: Technician) -> None:
    """Opened, looked, shut; the answer is the second question to the agent."""
    ran = technician.types_at_a_terminal(
        "compartment",
        "verify",
        "7",
        "--yes",
        "--reason",
        "unknown",
        steps=[("[e]mpty or [o]ccupied? ", "e\n")],
    )

    assert ran.code == 0
    assert [asked.found for asked in VERIFIED] == ["", "empty"]
    assert "compartment 7: contents empty" in ran.out


def test_no_answer_leaves_it_unknown(technician: Technician) -> None:
    """Walked away: nothing is claimed, and how to answer later is said."""
    ran = technician.types_at_a_terminal(
        "compartment", "verify", "7", "--yes", "--reason", "unknown", steps=[("[o]ccupied? ", "\n")]
    )

    assert [asked.found for asked in VERIFIED] == [""]
    assert "--found empty|occupied" in ran.out


def test_an_answer_that_is_neither_is_refused(technician: Technician) -> None:
    """In a script a typing error is a usage error, before anything is asked of the agent."""
    ran = technician.types("compartment", "verify", "7", "--found", "emtpy", "--yes")

    assert ran.code == 2
    assert VERIFIED == []
