"""`locker-sim demo` as a person meets it: a parcel pre-advised in the office, a door opened from afar, Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from click.testing import CliRunner, Result

from sim.demo import BADGE, LOCKER
from sim.main import run as locker_sim
from tests.bridge.stage import until

DEMO = [sys.executable, "-c", "from sim.main import run; run()", "demo", "--no-open"]
ANY = "127.0.0.1:0"
READY = "Ctrl-C ends everything"
START_S, STOP_S = 60.0, 15.0
OTHER_DOOR = "60"  # the coil that has just pulled must rest
WAYBILL = "SF1000000000077"


@dataclass
class Demo:
    """The program, what it printed, and its three pages."""

    process: subprocess.Popen[bytes]
    file: Path

    @property
    def printed(self) -> str:
        return self.file.read_text()

    def page(self, name: str) -> str:
        found = re.search(rf"^  {name} +(http://\S+?)/", self.printed, re.MULTILINE)
        assert found is not None
        return found[1]

    def panel(self, path: str, **body: str) -> dict[str, Any]:
        return dict(httpx.post(f"{self.page('panel')}/{path}", json=body).json())

    def doors(self, state: str) -> list[str]:
        doors = httpx.get(f"{self.page('panel')}/doors").json()["doors"]
        return [door["number"] for door in doors if door["door"] == state]

    def view(self) -> dict[str, Any]:
        return dict(httpx.get(f"{self.page('office')}/view", params={"locker": LOCKER}).json()["view"])

    def stay(self) -> dict[str, Any]:
        """The parcel that this test deposits, as the office sees it."""
        return next((one for one in self.view()["picture"]["stays"] if one["waybill"] == WAYBILL), {})

    def told(self, event: str) -> bool:
        """The journal's tail in the office has it."""
        return any(event in f"{one['type']} {one['says']}" for one in self.view()["picture"]["tail"])

    def office(self, *words: str) -> Result:
        address = self.page("office").removeprefix("http://")
        return CliRunner().invoke(locker_sim, ["cloud", "--page", address, *words])


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Demo]:
    """Just begun."""
    file = tmp_path / "printed"
    command = [*DEMO, "--kiosk", ANY, "--panel", ANY, "--office", ANY]
    with file.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    yield Demo(process, file)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def demo(started: Demo) -> Demo:
    """Ready to be played with."""
    ended = started.process.poll
    until(lambda: READY in started.printed or ended() is not None, "the demo is ready", START_S)
    return started


def ends_at_ctrl_c(demo: Demo) -> None:
    """A terminal's Ctrl-C reaches every program of the group; none of them is left."""
    os.killpg(demo.process.pid, signal.SIGINT)
    assert demo.process.wait(STOP_S) == 0
    assert demo.printed.splitlines()[-1] == "demo ended; nothing is left behind"
    assert "Traceback" not in demo.printed
    with pytest.raises(ProcessLookupError):
        os.killpg(demo.process.pid, 0)


def test_a_parcel_goes_from_the_office_to_the_door_and_the_demo_ends_cleanly(demo: Demo) -> None:
    """Pre-advise, deposit, see it appear, open its door from afar; Ctrl-C leaves no process of the group."""
    advised = demo.office("expect", LOCKER, WAYBILL, "--carrier", "SF", "--size", "M", "--phone", "95551234")
    assert advised.exit_code == 0, advised.output

    asked = demo.office("send", LOCKER, "ping")  # an answer from behind the step
    assert asked.exit_code == 0, asked.output

    demo.panel("scanners/front", text=BADGE)
    until(lambda: demo.told("session.started"), "the courier is greeted")
    demo.panel("scanners/front", text=WAYBILL)
    until(lambda: len(demo.doors("open")) == 1, "a door opens for the courier")
    door = demo.doors("open")[0]
    until(lambda: demo.told(f"door.opened door {door}"), "the locker has seen it open")
    until(lambda: demo.panel(f"doors/{door}", inside="parcel", hand="close")["moved"], "the door is shut")
    until(lambda: demo.stay().get("status") == "stored", "the office sees the parcel")
    assert (demo.stay()["compartment"], demo.stay()["phone"]) == (door, "1234")
    assert f"SMS to 95551234: your parcel is in door {door}" in demo.printed

    opened = demo.office(
        "send", LOCKER, "unlock", f"compartment={OTHER_DOOR}", "reason=test", "case=C-1", "operator=op-1"
    )
    assert (opened.exit_code, json.loads(opened.stdout)["status"]) == (0, "opened")
    assert demo.doors("open") == [OTHER_DOOR]
    until(lambda: demo.view()["picture"]["applied"].get("couriers") == 1, "the courier list is applied")

    ends_at_ctrl_c(demo)


def test_ctrl_c_while_the_agent_starts_ends_it_too(started: Demo) -> None:
    """Nobody has to wait until everything runs to be allowed to stop it."""
    programs = psutil.Process(started.process.pid)
    until(
        lambda: any("locker-agent" in " ".join(one.cmdline()) for one in programs.children()),
        "the agent is starting",
        START_S,
    )

    ends_at_ctrl_c(started)


def test_a_place_that_is_taken_is_named_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        done = subprocess.run(
            [*DEMO, "--kiosk", ANY, "--panel", ANY, "--office", place],
            capture_output=True,
            text=True,
            timeout=START_S,
        )

    assert done.returncode == 1
    assert f"office cannot be served at {place}" in done.stderr
    assert "--office 127.0.0.1:0" in done.stderr


def test_a_verb_without_an_office_says_where_it_looked() -> None:
    done = CliRunner().invoke(locker_sim, ["cloud", "--page", "127.0.0.1:1", "lockers"])

    assert done.exit_code == 1
    assert "no back office answers at 127.0.0.1:1" in done.output
