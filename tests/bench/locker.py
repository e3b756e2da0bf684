"""The whole agent: touch to frame and to answer, idle cost, import and start, each against a yardstick of the same run.

Touches come through the real WebSocket from a client of its own process; boards are pretended by a third process on
ptys. The agent runs in this process on its own loop and threads, so that its commits can be timed in place: "beyond the
commit" is the time from the touch to the first byte on the wire less the one awaited commit of that very transaction.
The prototype is the same way with nothing on it: a bare WebSocket handler, one commit in a thread, one write to a pty.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import psutil

from tests.bench.locker_touch import prototype, touches
from tests.bench.table import Row, show
from tests.power.program import site

BARE, AGENT = (
    "pass",
    "import edge_agent.main, edge_agent.agent",
)  # the second is loaded while the boards answer


def run(quick: bool) -> None:
    _import(rounds=4 if quick else 10)
    _process(starts=2 if quick else 5, idle_s=5.0 if quick else 20.0)
    _touch(count=8 if quick else 40)


def _touch(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        armed = touches(Path(folder) / "armed", count, armed=True)
        scanning = touches(Path(folder) / "scanning", count, armed=False)
        bare = prototype(Path(folder) / "bare", count * 5)
    rows = [
        Row("armed: touch to first byte, less its commit, median", median(armed.beyond_ms), "ms", 1.0),
        Row(
            "armed: the worst of all", max(armed.beyond_ms), "ms", 3.0, note=f"{len(armed.beyond_ms)} touches"
        ),
        Row(
            "  of it, touch to the commit's begin, median",
            median(armed.before_ms),
            "ms",
            note=_parts(bare.before_ms),
        ),
        Row(
            "  of it, commit's end to first byte, median",
            median(armed.after_ms),
            "ms",
            note=_parts(bare.after_ms),
        ),
        Row("scanning without the hint, median", median(scanning.beyond_ms), "ms"),
        Row(
            "scanning without the hint, the worst",
            max(scanning.beyond_ms),
            "ms",
            3.0 + scanning.exchange_ms,
            note=f"one exchange: {scanning.exchange_ms:.1f} ms",
        ),
        Row("touch to answer, less its commit, median", median(armed.answer_ms), "ms", 3.0),
        Row("prototype: touch to first byte, less its commit, median", median(bare.beyond_ms), "ms"),
        Row("prototype: touch to answer, less its commit, median", median(bare.answer_ms), "ms"),
        Row("the commit, median", median(armed.commit_ms), "ms", note=_parts(bare.commit_ms)),
    ]
    show("From a touch to a door", rows)


def _parts(bare_ms: list[float]) -> str:
    return f"prototype {median(bare_ms):.2f} ms"


def _import(rounds: int) -> None:
    ratios, ours = [], []
    _spent(AGENT)  # compiled once, as installed programs are
    for _ in range(rounds):
        bare, mine = _spent(BARE), _spent(AGENT)
        ratios.append(mine / bare)
        ours.append(mine * 1000)
    note = f"CPU time; {median(ours):.0f} ms"
    show(
        "Import",
        [
            Row(
                "edge_agent.main and the agent itself, times a bare interpreter",
                median(ratios),
                "×",
                18.0,
                note=note,
            )
        ],
    )


def _spent(code: str) -> float:
    """CPU seconds of a fresh interpreter: what a busy machine leaves alone."""
    process = subprocess.Popen([sys.executable, "-c", code])
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return usage.ru_utime + usage.ru_stime


def _process(starts: int, idle_s: float) -> None:
    with ExitStack() as stack:
        at = stack.enter_context(site(Path(stack.enter_context(tempfile.TemporaryDirectory()))))
        at.start()
        at.accept()
        at.kill()
        at.start()  # as on any morning: keys and ledger are there
        assert at.program is not None
        process = psutil.Process(at.program.pid)
        before, began = process.cpu_times(), time.monotonic()
        at.passes(idle_s)
        after, wall_s = process.cpu_times(), time.monotonic() - began
        cpu = (after.user + after.system - before.user - before.system) / wall_s * 100
        resident = process.memory_info().rss / 1e6
        at.lockerctl(
            "lists", "import", str(at.folder / "lists.json")
        )  # hashes a courier's and a technician's PIN
        peak = _peak_mb(at.program.pid)
        taken = []
        for _ in range(starts):
            at.kill()
            began = time.monotonic()
            at.start()
            taken.append(time.monotonic() - began)
        boards = len(at.cabinet.config.board)
        show(
            "The process",
            [
                Row(f"idle, {boards} boards read twice a second, of one core", cpu, "%", 2.0),
                Row("resident, idle", resident, "MB", 60.0),
                Row("resident, peak while hashing included", peak, "MB", 60.0),
                Row(
                    "process start to the first door openable",
                    median(taken),
                    "s",
                    1.0,
                    note=f"{starts} starts",
                ),
            ],
        )


def _peak_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6
