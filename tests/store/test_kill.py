"""SIGKILL of a real writing process at random points: what it said is there, and the next start goes on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge_agent.store import upkeep
from edge_agent.store.connection import open_reader
from edge_agent.store.journal import verify
from tests.store.locker import SOURCE, opened, settings, wait

KILLED_WITHIN_ACKS = (
    40  # transactions of one run: the kill falls on a random one, at a random moment after it
)


def one_life(state_dir: Path, run: int, chance: random.Random) -> tuple[int, int]:
    """Start a writer, kill it. Returns the last number it said, and the number it began with."""
    command = [sys.executable, "-m", "tests.store.writer", str(state_dir), str(run)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    assert writer.stdout is not None
    began = last = int(writer.stdout.readline())
    for _ in range(chance.randrange(KILLED_WITHIN_ACKS)):
        last = int(writer.stdout.readline())
    _spin(chance.random() * 0.003)
    os.kill(writer.pid, signal.SIGKILL)
    said = writer.stdout.read().split(b"\n")[:-1]  # a line that was cut was not said
    writer.wait()
    writer.stdout.close()
    return (int(said[-1]) if said else last), began


def _spin(seconds: float) -> None:
    """Part of a transaction's length: the kill has to fall inside one too."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def check_kills(tmp_path: Path, kills: int, seed: int) -> None:
    at = settings(tmp_path)
    wait(opened(at).ledger.close())
    chance, said = random.Random(seed), 0
    for run in range(kills):
        last, began = one_life(at.state_dir, run, chance)
        assert began >= said, f"kill {run}, seed {seed}: {said} were accepted, {began} came back"
        said = last
        if run % 20 == 0:
            reader = open_reader(at.ledger)
            assert verify(reader, SOURCE).last_sequence >= said
            reader.close()
    assert upkeep.check(at.ledger, SOURCE) == ()
    after = opened(at)
    assert (after.restored, after.ledger.last_sequence >= said) == ("", True)
    wait(after.ledger.close())


@pytest.mark.timeout(300)
def test_a_killed_process_loses_nothing_that_it_reported(tmp_path: Path) -> None:
    check_kills(tmp_path, kills=100, seed=11)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_process_killed_a_thousand_times_loses_nothing(tmp_path: Path) -> None:
    check_kills(tmp_path, kills=1000, seed=12)
