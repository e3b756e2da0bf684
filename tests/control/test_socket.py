"""The operations over a real Unix socket: who may connect, what is answered, and how failures are told."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import stat
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.errors import BoardSilent
from edge_agent.control import types as t
from edge_agent.control.client import Client
from edge_agent.control.operations import BY_NAME, Role
from edge_agent.control.server import (
    CONNECTIONS_MAX,
    Caller,
    ControlServer,
    ThreadedServer,
    bind_socket,
    create_app,
)
from edge_agent.errors import AgentError, ControlError

CALLERS: list[Caller] = []


async def doors(asked: t.DoorsArguments, caller: Caller) -> t.DoorsResult:
    CALLERS.append(caller)
    row = t.DoorRow(
        number="A07",
        state="closed",
        size="M",
        height="middle",
        board=asked.board or "A",
        channel=7,
        sensor_board="A",
        sensor_channel=7,
        senses="latch",
    )
    return t.DoorsResult(doors=(row,))


async def unlock(asked: t.UnlockArguments, caller: Caller) -> t.UnlockResult:
    raise BoardSilent(f"board {asked.board} on bus main", "silent for 300 ms (1 try)")


async def board_info(asked: t.BoardInfoArguments, caller: Caller) -> t.BoardInfoResult:
    raise RuntimeError("code 12345678 of a recipient")


async def bus_watch(asked: t.BusWatchArguments, caller: Caller) -> AsyncIterator[t.Frame]:
    for at_s in (0.0, 0.5):
        yield t.Frame(at_s=at_s, bus="main", direction="sent", hex="80 01 00 33 B2", meaning="read all")
    raise BoardSilent("bus main", "unplugged")


HANDLERS: dict[str, Any] = {
    "doors": doors,
    "unlock": unlock,
    "board.info": board_info,
    "bus.watch": bus_watch,
}


@pytest.fixture(scope="module")
def control_socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("state") / "control.sock"
    with ThreadedServer(create_app(Role.TECHNICIAN, HANDLERS), path):
        yield path


def test_an_answer_crosses_the_socket_as_its_own_type(control_socket: Path) -> None:
    """`lockerctl doors` asks the agent for one board and gets the row back as it was."""
    answer = Client(control_socket).ask(BY_NAME["doors"], t.DoorsArguments(board="B"))

    assert answer.doors[0].number == "A07"
    assert answer.doors[0].board == "B"


def test_the_socket_is_for_owner_and_group_only(control_socket: Path) -> None:
    """Nobody outside the locker's group can even connect."""
    assert stat.S_IMODE(control_socket.stat().st_mode) == 0o660


def test_the_kernel_says_who_asks(control_socket: Path) -> None:
    """A handler knows the process at the other end without believing a word of the request."""
    CALLERS.clear()

    Client(control_socket).ask(BY_NAME["doors"], t.DoorsArguments())

    assert CALLERS[0].role is Role.TECHNICIAN
    assert (CALLERS[0].peer.pid, CALLERS[0].peer.uid) == (os.getpid(), os.getuid())


def test_a_silent_board_keeps_its_code_across_the_socket(control_socket: Path) -> None:
    """The technician reads the same code as on the wire, with the same place and fact."""
    with pytest.raises(AgentError) as caught:
        Client(control_socket).ask(BY_NAME["unlock"], t.UnlockArguments(board="A", channel=7))

    assert caught.value.code == "BUS-110"
    assert str(caught.value) == "board A on bus main: silent for 300 ms (1 try)"


def test_a_strange_failure_tells_its_kind_and_no_secret(control_socket: Path) -> None:
    """An exception nobody foresaw may carry a pickup code in its text: only its kind goes out."""
    with pytest.raises(AgentError) as caught:
        Client(control_socket).ask(BY_NAME["board info"], t.BoardInfoArguments())

    assert caught.value.code == "CTRL-700"
    assert "12345678" not in str(caught.value)


def test_a_stream_ends_with_the_failure_that_ended_it(control_socket: Path) -> None:
    """Two frames pass, then the bus is gone: the watcher sees both, and why no more come."""
    frames: list[t.Frame] = []

    with pytest.raises(AgentError) as caught:
        frames.extend(Client(control_socket).stream(BY_NAME["bus watch"], t.BusWatchArguments()))

    assert [frame.at_s for frame in frames] == [0.0, 0.5]
    assert caught.value.code == "BUS-110"


def test_a_value_out_of_bounds_is_refused_by_the_agent_too(control_socket: Path) -> None:
    """A client of another kind asks for channel 0: the agent does not lean on the tool's own check."""
    with pytest.raises(AgentError) as caught:
        Client(control_socket).ask(BY_NAME["unlock"], t.UnlockArguments(board="A", channel=0))

    assert caught.value.code == "CTRL-706"


def test_an_operation_the_agent_does_not_have_is_named(control_socket: Path) -> None:
    """A newer tool asks an older agent."""
    with pytest.raises(AgentError) as caught:
        Client(control_socket).ask(BY_NAME["scanner trigger"], t.ScannerTriggerArguments())

    assert caught.value.code == "CTRL-707"
    assert caught.value.where == "scanner trigger"


def test_nobody_at_the_socket_is_said_at_once(tmp_path: Path) -> None:
    """The agent died and left no socket."""
    with pytest.raises(ControlError) as caught:
        Client(tmp_path / "control.sock").ask(BY_NAME["doors"], t.DoorsArguments())

    assert caught.value.code == "CTRL-701"


def test_a_hung_agent_is_given_up_after_the_bound(tmp_path: Path) -> None:
    """The socket takes the connection and nothing ever answers."""
    path = tmp_path / "control.sock"
    with bind_socket(path), pytest.raises(ControlError) as caught:
        Client(path, wait_s=0.05).ask(BY_NAME["doors"], t.DoorsArguments())

    assert caught.value.code == "CTRL-701"
    assert "no answer within 0.05 s" in str(caught.value)


def test_something_else_at_the_socket_is_not_taken_for_the_agent(tmp_path: Path) -> None:
    """Another program answers in another language."""
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def speak() -> None:
            connected, _ = listener.accept()
            with connected:
                connected.recv(65536)
                connected.sendall(b"220 mail ready\r\n\r\n")

        other = threading.Thread(target=speak)
        other.start()
        with pytest.raises(ControlError) as caught:
            Client(path).ask(BY_NAME["doors"], t.DoorsArguments())
        other.join()

    assert caught.value.code == "CTRL-701"


def test_a_stale_socket_file_does_not_stop_a_start(control_socket: Path, tmp_path: Path) -> None:
    """The last agent was killed and its socket file is still there: the next one takes the place."""
    stale = tmp_path / "stale.sock"
    stale.touch()

    with ThreadedServer(create_app(Role.TECHNICIAN, HANDLERS), stale):
        answer = Client(stale).ask(BY_NAME["doors"], t.DoorsArguments())

    assert answer.doors
    assert not stale.exists()


async def test_signals_stay_the_agents_own(tmp_path: Path) -> None:
    """The server runs in the agent's loop; whoever handled SIGTERM and SIGINT before still does."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    path = tmp_path / "control.sock"
    server = ControlServer(create_app(Role.TECHNICIAN, HANDLERS), bind_socket(path))
    serving = asyncio.create_task(server.serve())

    answer = await asyncio.to_thread(Client(path).ask, BY_NAME["doors"], t.DoorsArguments())
    during = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    server.should_exit = True
    await serving

    assert answer.doors
    assert during == before
    assert not path.exists()


def test_an_agent_with_too_many_callers_says_so(tmp_path: Path) -> None:
    """Sixty-four connections hang on the socket; the next caller is told that, not that it is no agent."""
    path = tmp_path / "control.sock"
    with ThreadedServer(create_app(Role.TECHNICIAN, HANDLERS), path), contextlib.ExitStack() as held:
        for _ in range(CONNECTIONS_MAX):
            held.enter_context(socket.socket(socket.AF_UNIX)).connect(str(path))
        with pytest.raises(ControlError, match="too many questions at once") as caught:
            Client(path).ask(BY_NAME["doors"], t.DoorsArguments())

    assert caught.value.code == "CTRL-701"
