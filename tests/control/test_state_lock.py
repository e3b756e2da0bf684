"""The state lock: one owner of hardware and ledger, and whoever comes second learns who the first is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edge_agent.control.state_lock import AGENT, TECHNICIAN, StateLock, holder_of
from edge_agent.errors import ControlError

HOLD = (
    "import sys; from pathlib import Path; from edge_agent.control.state_lock import *;"
    "lock = StateLock.acquire(Path(sys.argv[1]), AGENT, 'a.sock'); print('held', flush=True); sys.stdin.read()"
)


def test_a_second_agent_is_refused_and_the_first_is_named(tmp_path: Path) -> None:
    """Two agents on one bus would answer for each other's doors."""
    with StateLock.acquire(tmp_path, AGENT, "control.sock"):
        with pytest.raises(ControlError) as caught:
            StateLock.acquire(tmp_path, TECHNICIAN)
        held = holder_of(tmp_path)

    assert caught.value.code == "CTRL-703"
    assert f"held by locker-agent (process {os.getpid()})" in str(caught.value)
    assert held is not None
    assert (held.program, held.socket) == (AGENT, "control.sock")
    assert holder_of(tmp_path) is None


def test_a_killed_agent_lets_go(tmp_path: Path) -> None:
    """SIGKILL, and the next one starts at once."""
    agent = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert agent.stdout
    assert agent.stdout.readline() == b"held\n"
    held = holder_of(tmp_path)
    assert held is not None
    assert held.pid == agent.pid

    agent.send_signal(signal.SIGKILL)
    agent.communicate()

    with StateLock.acquire(tmp_path, AGENT):
        assert holder_of(tmp_path) is not None


def test_somebody_who_only_looks_does_not_keep_the_agent_from_starting(tmp_path: Path) -> None:
    """Monitoring asks all the time who holds the locker; the agent starts nevertheless."""
    StateLock.acquire(tmp_path, AGENT).release()
    looking = threading.Event()

    def look() -> None:
        while not looking.is_set():
            holder_of(tmp_path)

    onlooker = threading.Thread(target=look)
    onlooker.start()
    try:
        for _ in range(200):
            StateLock.acquire(tmp_path, AGENT).release()
    finally:
        looking.set()
        onlooker.join()


def test_where_no_agent_ever_ran_nobody_holds_the_locker(tmp_path: Path) -> None:
    """A fresh machine, and a state directory that does not exist yet."""
    assert holder_of(tmp_path) is None
    assert holder_of(tmp_path / "not" / "there") is None
