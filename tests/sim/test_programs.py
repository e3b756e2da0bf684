"""`locker-sim boards` as a program of its own, and the pytest fixture as other projects use it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import httpx
import pytest

from sim.plans import ScannerPlan, document
from sim.toml_text import dumps
from tests.sim.host import Host
from tests.sim.stage import OPEN_1

SIM = [sys.executable, "-c", "from sim.main import run; run()"]
START_S = 30.0  # a loaded machine


def start(folder: Path, *options: str) -> tuple[subprocess.Popen[str], list[str]]:
    """The program, and what it printed until it was ready."""
    config = folder / "in.toml"
    config.write_text(dumps(document(["lock-8a", "wkly"], [ScannerPlan()], folder)), encoding="utf-8")
    command = [*SIM, "boards", "--config", str(config), "--control", "127.0.0.1:0", *options]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert program.stdout is not None
    printed = []
    for line in program.stdout:
        printed.append(line.strip())
        if line.startswith("control"):
            break
    return program, printed


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_boards_verb_serves_until_it_is_told_to_end(tmp_path: Path, end: signal.Signals) -> None:
    """Links, rewritten configuration, API; a door opens by bytes; Ctrl-C leaves no link behind and exits with 0."""
    ports = tmp_path / "ports"
    program, printed = start(tmp_path, "--ports", str(ports))
    url = next(line for line in printed if line.startswith("control")).split()[4]

    with Host(ports / "main") as bus:
        answer = bus.ask(OPEN_1, 5)
    door = httpx.get(f"{url}doors/1").json()
    rewritten = tomllib.loads((ports / "locker.toml").read_text(encoding="utf-8"))
    program.send_signal(end)
    rest, complaints = program.communicate(timeout=START_S)

    assert answer == bytes.fromhex("8A 01 01 00 8A")
    assert door["door"] == "open"
    assert [bus["port"] for bus in rewritten["bus"]] == [str(ports / "main"), str(ports / "bus2")]
    assert (program.returncode, rest, complaints) == (0, "stopped; links removed\n", "")
    assert os.listdir(ports) == ["locker.toml"]


def test_a_place_that_is_taken_ends_the_program_with_a_sentence(tmp_path: Path) -> None:
    """No stack of calls: one line that says what stands there."""
    (tmp_path / "main").write_text("mine")
    program, _ = start(tmp_path)
    _, complaints = program.communicate(timeout=START_S)

    assert program.returncode == 1
    assert complaints == f"Error: {tmp_path / 'main'} exists; links are made only where nothing stands\n"


def test_a_configuration_that_is_wrong_is_named(tmp_path: Path) -> None:
    """The key stands in the message."""
    config = tmp_path / "locker.toml"
    config.write_text("[locker]\nid = 7\n")

    done = subprocess.run(
        [*SIM, "boards", "--config", str(config)], capture_output=True, text=True, timeout=START_S
    )

    assert done.returncode == 1
    assert "locker.id" in done.stderr


def test_the_fixture_costs_a_test_run_nothing_until_it_is_used() -> None:
    """Loading the plugin imports neither the simulator nor a web server."""
    heavy = ("sim.cabinet", "starlette", "uvicorn", "msgspec")
    code = f"import sys, sim.pytest_plugin; print([name for name in {heavy} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=START_S)

    assert done.stdout.strip() == "[]"


def test_a_foreign_project_gets_a_cabinet_in_one_line(tmp_path: Path) -> None:
    """A test file elsewhere, no import of ours: the installed plugin alone."""
    (tmp_path / "test_foreign.py").write_text(
        "def test_it(locker_sim):\n"
        "    cabinet = locker_sim('kerong-cu16', scanners=['honeywell'], control=True)\n"
        "    assert cabinet.ports['main'].exists() and cabinet.config_path.exists()\n"
        "    assert cabinet.control_url.startswith('http://127.0.0.1:')\n"
        "    assert len(cabinet.doors()) == 16 and cabinet.trace() == [] and cabinet.coils() == []\n"
        "    cabinet.faults.add('jam', door='3')\n"
        "    assert cabinet.world.doors['3'].jammed\n"
    )

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=START_S,
    )

    assert done.returncode == 0, done.stdout
