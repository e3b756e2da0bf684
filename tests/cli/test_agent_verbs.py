"""`lockerctl` beside an agent: asked over its socket, refused around it, and one line when it is dead or hung."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.control import types as t
from edge_agent.control.operations import Role
from edge_agent.control.server import Caller, ThreadedServer, bind_socket, create_app
from edge_agent.control.state_lock import AGENT, StateLock
from tests.cli.conftest import Technician
from tests.test_config import GOOD

UNLOCKS: list[t.UnlockArguments] = []


async def doors(asked: t.DoorsArguments, caller: Caller) -> t.DoorsResult:
    row = t.DoorRow(
        number="1",
        state="open",
        size="S",
        height="middle",
        board="A",
        channel=1,
        sensor_board="A",
        sensor_channel=1,
        senses="latch",
    )
    return t.DoorsResult(doors=(row,))


async def unlock(asked: t.UnlockArguments, caller: Caller) -> t.UnlockResult:
    UNLOCKS.append(asked)
    return t.UnlockResult(
        outcome="opened",
        board=asked.board,
        channel=asked.channel,
        door="7",
        sent="accepted",
        detail="after 0.2 s",
        opened_after_ms=200,
        recorded=True,
    )


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


@pytest.fixture
def technician(tmp_path: Path, state_dir: Path) -> Technician:
    config = tmp_path / "locker.toml"
    config.write_text(GOOD.replace("/var/lib/locker", str(state_dir)))
    return Technician(config)


@pytest.fixture
def agent_lock(state_dir: Path) -> Iterator[StateLock]:
    """An agent of which only the lock is seen."""
    with StateLock.acquire(state_dir, AGENT, str(state_dir / "control.sock")) as lock:
        yield lock


@pytest.fixture
def agent(agent_lock: StateLock, state_dir: Path) -> Iterator[Path]:
    """An agent that answers; the path of its socket."""
    UNLOCKS.clear()
    handlers: dict[str, Callable[..., Any]] = {"doors": doors, "unlock": unlock}
    path = state_dir / "control.sock"
    with ThreadedServer(create_app(Role.TECHNICIAN, handlers), path):
        yield path


def test_a_verb_asks_the_agent_that_holds_the_locker(agent: Path, technician: Technician) -> None:
    """No port of this configuration exists: only the agent can have answered."""
    ran = technician.types("doors", "--json")

    assert ran.code == 0
    assert ran.json["doors"][0]["state"] == "open"


def test_an_unlock_goes_through_the_agent_with_its_reason(agent: Path, technician: Technician) -> None:
    """The agent, not the tool, keeps the record then."""
    ran = technician.types("unlock", "--board", "A", "--channel", "7", "--yes", "--reason", "trial")

    assert ran.code == 0
    assert ran.out == "door 7 (board A, channel 7): opened; after 0.2 s\n"
    assert [(asked.board, asked.channel, asked.reason) for asked in UNLOCKS] == [("A", 7, "trial")]


def test_a_socket_can_be_named_instead_of_a_configuration(agent: Path) -> None:
    """A support person knows the socket only."""
    ran = Technician().types("--socket", str(agent), "doors")

    assert ran.code == 0
    assert "1 doors: 1 open" in ran.out


def test_direct_is_refused_while_the_agent_runs(agent: Path, technician: Technician) -> None:
    """Two masters on one bus would open wrong doors."""
    ran = technician.types("--direct", "unlock", "--board", "A", "--channel", "7", "--yes", "--json")

    assert ran.code == 8
    assert ran.json["error"]["code"] == "CTRL-703"
    assert "held by locker-agent" in ran.json["error"]["message"]
    assert UNLOCKS == []


def test_an_operation_that_this_agent_lacks_is_named(agent: Path, technician: Technician) -> None:
    """Another version."""
    ran = technician.types("board", "info")

    assert ran.code == 3
    assert ran.err.startswith("CTRL-707 board info: this agent has no such operation.")


def test_a_dead_socket_is_one_line(agent_lock: StateLock, technician: Technician) -> None:
    """The agent holds the lock and its socket is gone."""
    ran = technician.types("doors")

    assert ran.code == 5
    assert ran.err.startswith("CTRL-701 socket ")
    assert "systemctl status locker-agent" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_an_agent_that_dies_while_asked_is_one_line(
    agent_lock: StateLock, state_dir: Path, technician: Technician
) -> None:
    """The connection is taken and broken off without an answer."""
    with bind_socket(state_dir / "control.sock") as listener:

        def take_and_drop() -> None:
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.close()

        dying = threading.Thread(target=take_and_drop)
        dying.start()
        ran = technician.types("doors", "--json")
        dying.join()

    assert ran.code == 5
    assert ran.json["error"]["code"] == "CTRL-701"


def test_a_lock_left_by_a_killed_agent_holds_nobody_up(state_dir: Path, technician: Technician) -> None:
    """SIGKILL leaves the file with a name in it, but the kernel has let the lock go."""
    (state_dir / "agent.lock").write_text('{"program": "locker-agent", "pid": 1, "socket": ""}')

    ran = technician.types("doors", "--json")

    assert {trouble["code"] for trouble in ran.json["troubles"]} == {"BUS-101"}, "it went to the ports itself"
