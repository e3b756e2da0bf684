"""The agent dead, hung, of another version, or not for this person: one line that says so, and the right exit code.

For every verb that needs the agent, in the test's own process; the agent is a socket that misbehaves.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge_agent.cli.commands import VERBS
from edge_agent.cli.main import main
from edge_agent.control import health_types as h
from edge_agent.control import types as t
from edge_agent.control.operations import Needs, Operation, Role, Tier
from edge_agent.control.server import Caller, ThreadedServer, bind_socket, create_app
from edge_agent.control.state_lock import AGENT, StateLock
from tests.test_config import GOOD

AGENT_VERBS = [name for name, row in VERBS.items() if row.needs is Needs.AGENT]
NOBODY = 65534

Refused = Callable[..., tuple[int, str, str]]


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    (tmp_path / "locker.toml").write_text(GOOD.replace("/var/lib/locker", str(folder)))
    return folder


@pytest.fixture
def held(state_dir: Path) -> Iterator[Path]:
    """An agent of which the lock is seen; where its socket would be."""
    path = state_dir / "control.sock"
    with StateLock.acquire(state_dir, AGENT, str(path)):
        yield path


@pytest.fixture
def types(state_dir: Path, capfdbinary: Any, monkeypatch: pytest.MonkeyPatch) -> Refused:
    monkeypatch.setenv("LOCKER_CONFIG", str(state_dir.parent / "locker.toml"))
    monkeypatch.setattr("sys.stdin", (state_dir / "nothing").open("w+"))

    def type_(verb: str, *more: str) -> tuple[int, str, str]:
        row = VERBS[verb]
        sure = ["--yes"] if row.tier is Tier.CONFIRM else []
        sure += ["--reason", "test"] if "reason" in row.arguments.__struct_fields__ else []
        code = main([*verb.split(), *_needed(row), *sure, *more])
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return type_


def _needed(row: Operation) -> list[str]:
    """What the verb will not start without: any word that its argument takes."""
    described = msgspec.inspect.type_info(row.arguments)
    assert isinstance(described, msgspec.inspect.StructType)
    words: list[str] = ["--confirm", "HK-0001"] if row.tier is Tier.SITE_CODE else []
    for field in filter(lambda one: one.required, described.fields):
        assert isinstance(field.type, msgspec.inspect.Metadata)
        kind = field.type.type
        word = str(kind.values[0]) if isinstance(kind, msgspec.inspect.LiteralType) else "1"
        words += [word] if (field.type.extra or {}).get("positional") else [f"--{field.name}", word]
    return words


@pytest.mark.parametrize("verb", AGENT_VERBS)
def test_no_agent_is_one_line(state_dir: Path, types: Refused, verb: str) -> None:
    """Stopped, or never started."""
    code, out, err = types(verb)

    assert (code, out, len(err.splitlines())) == (5, "", 1), err
    assert err.startswith("CTRL-701 locker state in ")


@pytest.mark.parametrize("verb", AGENT_VERBS)
def test_a_dead_agent_is_one_line(held: Path, types: Refused, verb: str) -> None:
    """Its lock is there, its socket is gone."""
    code, out, err = types(verb)

    assert (code, out, len(err.splitlines())) == (5, "", 1), err
    assert err.startswith("CTRL-701 socket ")


@pytest.mark.parametrize("verb", AGENT_VERBS)
def test_a_hung_agent_is_one_line_within_the_time_that_was_given(
    held: Path, types: Refused, verb: str
) -> None:
    """It takes the connection and says nothing."""
    with bind_socket(held):
        code, out, err = types(verb, "--timeout", "0.1")

    assert (code, out, len(err.splitlines())) == (5, "", 1), err
    assert "no answer within 0.1 s" in err


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An agent that has none of the operations: one of another version."""
    path = tmp_path_factory.mktemp("older") / "control.sock"
    with ThreadedServer(create_app(Role.TECHNICIAN, {}), path):
        yield path


@pytest.mark.parametrize("verb", AGENT_VERBS)
def test_an_agent_of_another_version_is_one_line(
    older: Path, state_dir: Path, types: Refused, verb: str
) -> None:
    code, out, err = types(verb, "--socket", str(older))

    assert (code, out, len(err.splitlines())) == (3, "", 1), err
    assert err.startswith("CTRL-707 ")
    assert "this agent has no such operation" in err


def test_doctor_looks_from_here_when_nobody_answers(held: Path, types: Refused) -> None:
    """The verb for the day when nothing works."""
    with bind_socket(held):
        code, out, _ = types("doctor", "disk", "--timeout", "0.1")
        whole, said, _ = types("doctor", "--timeout", "0.1")

    assert (code, whole) == (0, 10)
    assert "MiB free" in out
    assert "CTRL-701  agent" in said


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_somebody_without_the_right_is_told_so_in_one_line(older: Path) -> None:
    """A login outside the locker's group, at a socket of owner and group. It asks once as root: all code is loaded."""
    program = (
        f"import os, sys; from edge_agent.cli.main import main; ask = ['status', '--socket', {str(older)!r}];"
        "main(ask); sys.stderr.flush(); print('---', file=sys.stderr, flush=True);"
        f"os.setgid({NOBODY}); os.setuid({NOBODY}); sys.exit(main(ask))"
    )
    for folder in (older.parent, *older.parent.parents):
        if folder.stat().st_uid == os.getuid() and folder.is_relative_to("/tmp/pytest-of-root"):
            folder.chmod(0o755)

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)

    told = ran.stderr.partition("---\n")[2]
    assert (ran.returncode, len(told.splitlines())) == (4, 1), ran.stderr
    assert told.startswith("CTRL-702 socket ")


def test_an_agent_that_falls_silent_in_a_stream_ends_it(held: Path, types: Refused) -> None:
    """Half an answer, and then the process hangs."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n"
    item = b'{"sequence": 1, "time": "2026-03-01T08:00:00.000Z", "type": "agent.started", "data": {}}\n'
    with bind_socket(held) as listener:
        done = threading.Event()

        def begin_and_hang() -> None:
            connection: socket.socket = listener.accept()[0]
            connection.recv(65536)
            connection.sendall(head + f"{len(item):x}\r\n".encode() + item + b"\r\n")
            done.wait(20)
            connection.close()

        hanging = threading.Thread(target=begin_and_hang)
        hanging.start()
        code, out, err = types("events", "-f", "--timeout", "0.3")
        done.set()
        hanging.join()

    assert code == 5
    assert "agent.started" in out, "what came is shown"
    assert "no answer within 0.3 s" in err


async def other_status(asked: t.Nothing, caller: Caller) -> h.StatusResult:
    standing = h.Standing(
        installed=1, offered=1, occupied=0, unknown=0, set_aside=0, unreachable=0, doors={"closed": 1}
    )
    return h.StatusResult(
        locker="HK-0001",
        name="",
        version="0.0.1",
        up_s=5.0,
        clock="synced",
        deposits="on",
        accepted=True,
        compartments=standing,
        parcels=0,
        events_waiting=0,
        drill=False,
        tickets=0,
        findings=(),
    )


def test_an_agent_that_was_not_restarted_after_an_update_is_named(held: Path, types: Refused) -> None:
    """It answers, so the answer is shown; beside it stands which version is which."""
    with ThreadedServer(create_app(Role.TECHNICIAN, {"status": other_status}), held):
        code, out, err = types("status")

    assert code == 0
    assert out.startswith("HK-0001: well\n")
    assert err.startswith("HOST-706 the agent is version 0.0.1, this tool is ")
