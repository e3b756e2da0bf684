"""The shipped program seen from outside: signals, a second instance, frozen, unplugged, its sockets and files."""

from __future__ import annotations

import re
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from sim.soak.oracle import broken
from tests.power.program import WAIT_S, Site, site
from tests.power.stories import deposit, tell

WATCHDOG_S = 1.5
SILENT_S = 3.0  # twice the manager's patience
DYING = """
import edge_agent.rounds as rounds, edge_agent.main as main
async def dies(self):
    raise RuntimeError("this worker dies at once")
rounds.Rounds.run = dies
main.run()
"""

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One program for whoever only looks at it."""
    with site(tmp_path_factory.mktemp("running"), WATCHDOG_S) as at:
        at.start()
        yield at


def opening(at: Site) -> None:
    """A courier's scan: a door is about to open."""
    story = deposit(at)
    at.happens(next(story))
    next(story)


def types(at: Site) -> list[str]:
    return [event["type"].removeprefix("locker.") for event in at.events()]


# Only looked at


def test_a_second_program_is_refused_and_the_first_is_untouched(running: Site) -> None:
    """F-026: it says who holds the locker, ends with 8 and never opens a port or the ledger."""
    before = running.events()

    second = running.launch()

    assert second.wait(WAIT_S) == 8
    assert running.program is not None
    said = (running.folder / "agent.log").read_text()
    assert f"held by locker-agent (process {running.program.pid})" in said
    assert running.program.poll() is None
    assert running.events()[: len(before)] == before
    assert "bus.lost" not in types(running)


def test_sockets_and_the_address_are_for_their_groups_only(running: Site) -> None:
    """Sockets 0660, the kiosk's address 0640: nobody else of this machine may ask, open or read."""
    modes = {
        name: stat.S_IMODE((running.state / name).stat().st_mode)
        for name in ("control.sock", "bridge.sock", "kiosk.url", "kiosk.boot")
    }

    assert modes == {"control.sock": 0o660, "bridge.sock": 0o660, "kiosk.url": 0o640, "kiosk.boot": 0o600}


def test_nothing_listens_beyond_this_machine(running: Site) -> None:
    """One port, for the page, on loopback."""
    assert running.program is not None
    found = psutil.Process(running.program.pid).net_connections(kind="inet")

    assert [one.laddr.ip for one in found if one.status == psutil.CONN_LISTEN] == ["127.0.0.1"]
    assert [one for one in found if one.raddr and one.raddr.ip != "127.0.0.1"] == []


def test_the_page_without_its_token_only_asks_for_patience(running: Site) -> None:
    """The shell, never a session."""
    address = (running.state / "kiosk.url").read_text().strip()
    bare = re.sub(r"\?token=.*", "", address)

    shown = httpx.get(bare)

    assert shown.status_code == 200
    assert 'data-screen="please-wait"' in shown.text
    assert address.rpartition("=")[2] not in shown.text


def test_the_manager_is_fed_only_while_the_program_works(running: Site) -> None:
    """F-108: pings come; frozen, they stop, so that the manager acts; thawed, they come again."""
    assert running.manager.hears("WATCHDOG=1")

    running.send(signal.SIGSTOP)
    running.manager.forget()
    silent = not running.manager.hears("WATCHDOG=1", within_s=SILENT_S)
    running.send(signal.SIGCONT)

    assert silent
    assert running.manager.hears("WATCHDOG=1")


# Ended, frozen, unplugged


def test_a_worker_that_dies_ends_the_program(tmp_path: Path) -> None:
    """F-109: fail fast, coils off, exit code 1, so that the manager starts it anew."""
    with site(tmp_path) as at:
        at.program = at.launch(DYING)

        assert at.gone() == 1
        assert "worker ended worker=rounds" in (at.folder / "agent.log").read_text()
        at.start()
        stopped = [
            event["data"]["reason"] for event in at.events() if event["type"] == "locker.agent.stopped"
        ]
        assert stopped
        assert stopped[0].startswith("rounds ended")


def test_a_page_address_that_is_taken_ends_the_program_in_order(tmp_path: Path) -> None:
    """One line and exit code 1; the boards' ports are given back and the ledger is closed."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with site(tmp_path, listen=f"127.0.0.1:{port}") as at:
            at.program = at.launch()

            assert at.gone() == 1
            assert "Address already in use" in (at.folder / "agent.log").read_text().splitlines()[-1]
            log_file = at.state / "ledger.db-wal"
            assert not log_file.exists() or log_file.stat().st_size == 0


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_in_the_middle_of_an_opening(tmp_path: Path, end: signal.Signals) -> None:
    """The opening is finished: the sensor's word is in the journal before the program goes, and no coil is on."""
    with site(tmp_path) as at:
        at.start()
        at.accept()
        at.at_next_pulse(lambda: at.send(end))
        opening(at)

        assert at.gone() == 0
        assert not at.energised()
        at.shuts(at.open_door())
        at.start()
        last_run = types(at)[: types(at).index("agent.stopped") + 1]
        assert "door.opened" in last_run
        assert broken(at.evidence()) == []


def test_frozen_in_the_middle_of_a_pulse(tmp_path: Path) -> None:
    """F-041: the board ends the pulse; thawed, the program sees the open door and goes on without another pulse."""
    with site(tmp_path) as at:
        at.start()
        at.accept()
        at.at_next_pulse(lambda: at.send(signal.SIGSTOP))
        after = at.last()
        at.scan("LKB:demo-badge")
        at.happens("session.started", after)
        at.scan("SF1000000000002")
        at.open_door()
        at.until(lambda: not at.energised(), "the board ends the pulse by itself")

        at.send(signal.SIGCONT)

        at.happens("door.opened", after)
        assert len(at.cabinet.coils()) == 1
        assert broken(at.evidence()) == []


def test_unplugged_in_the_middle_of_an_opening(tmp_path: Path) -> None:
    """F-018: nothing is pulsed again; the boards are back by themselves and the open door is known."""
    with site(tmp_path) as at:
        at.start()
        at.accept()
        after = at.last()
        at.at_next_pulse(lambda: at.cabinet.hub.later(lambda: at.cabinet.faults.add("unplug", port="main")))
        opening(at)
        at.happens("board.silent", after)

        at.cabinet.faults.clear()
        at.happens("board.back", after)

        at.happens("door.opened", after)
        assert len(at.cabinet.coils()) == 1
        assert broken(at.evidence()) == []


def test_the_first_scan_after_the_start_opens_a_door(tmp_path: Path) -> None:
    """Ready means ready: nothing is waited for between READY=1 and the courier's badge."""
    with site(tmp_path) as at:
        at.start()
        at.accept()
        at.send(signal.SIGTERM)
        assert at.gone() == 0

        at.start()
        tell(at, deposit)

        assert broken(at.evidence()) == []


def test_a_long_poll_that_hangs_at_the_end_is_answered(tmp_path: Path) -> None:
    """The bridge waits for replies while the agent stops: it is told so, and the log has nothing to say about it."""
    with site(tmp_path) as at, ThreadPoolExecutor(1) as bridge:
        at.start()
        waiting = bridge.submit(at.ask, "bridge.sock", "/replies?after=0&wait=30")
        at.until_asked("bridge.sock")

        at.send(signal.SIGTERM)

        assert at.gone() == 0
        assert waiting.result(WAIT_S)["error"]["code"] == "CTRL-701"
        assert "Exception" not in (at.folder / "agent.log").read_text()


def test_a_wrong_configuration_is_said_in_one_line(tmp_path: Path) -> None:
    """Exit code 9 for a wrong configuration; the line names the key."""
    with site(tmp_path) as at:
        at.config.write_text(at.config.read_text().replace('id = "DEMO-0001"', 'id = "not an id"'))

        done = subprocess.run(at.launch().args, capture_output=True, text=True, timeout=WAIT_S)

        assert done.returncode == 9
        assert "locker.id" in done.stderr
