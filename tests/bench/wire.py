"""The serial bus against other people's clients, on one neutral board in one run.

Each client is a fresh process against a fresh board, all clients once per round in shuffled order; a ratio is taken
inside its round, the median over the rounds is printed. The counterpart is a C program, its own service time is shown.
"""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from drivers.bus import SILENCE_CHARS
from tests.bench.board import Board, build_board, build_libmodbus
from tests.bench.table import Row, ratio, show
from tests.bench.wire_clients import CHARACTER_BITS, EXCHANGE, WATCH

LIBMODBUS = "C libmodbus"
RUN_MAX_S = 60.0
SPIN_US = 50  # between exchanges without wire time: long enough for the bus's own silence there, too short to cool down
EXCHANGES = {0: 600, 9600: 20, 19200: 35, 115200: 120}
SPEEDS = (0, 9600, 19200, 115200)
EXCHANGE_TARGETS = {  # times libmodbus
    "bus, in its thread": {0: 1.6, 9600: 1.02, 19200: 1.02, 115200: 1.03},
    "bus, from asyncio": {0: 3.0, 9600: 1.03, 19200: 1.03, 115200: 1.08},
}
WATCH_BAUD = 19200
SCAN_TARGETS = {9600: 98.0, 19200: 96.0, 115200: 92.0}  # per cent of the wire's ideal
READING_CHARS = 15  # 8 asked, 7 answered

Found = dict[str, dict[str, float]]


def run(quick: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        program = build_board(Path(folder))
        yardstick = build_libmodbus(Path(folder))
        if yardstick is None:
            print("skipped: libmodbus is not installed (Debian: libmodbus-dev), so there is no ratio to it")
        _exchanges(program, yardstick, rounds=1 if quick else 4)
        _watching(program, yardstick, rounds=1 if quick else 3, seconds=3.0 if quick else 5.0)
        _bus_alone(program, seconds=1.5 if quick else 3.0)


def _silence_us(baud: int) -> int:
    """What every client leaves between two requests, a little more than the line's own silence."""
    if not baud:
        return SPIN_US
    return int(max(SILENCE_CHARS * CHARACTER_BITS / baud, 0.00175 if baud > 19200 else 0.0) * 1e6) + 200


def _turnaround_us(baud: int) -> int:
    return int(SILENCE_CHARS * CHARACTER_BITS / baud * 1e6) if baud else 0


def _client(
    client: str, yardstick: Path | None, port: str, baud: int, task: str, amount: float
) -> dict[str, float]:
    tail = [port, str(baud), task, f"{amount:g}", str(_silence_us(baud))]
    if client == LIBMODBUS:
        return _json_of([str(yardstick), *tail])
    return _json_of([sys.executable, "-m", "tests.bench.wire_clients", client, *tail])


def _json_of(command: Sequence[str]) -> dict[str, float]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_MAX_S, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _round(
    clients: list[str],
    program: Path,
    yardstick: Path | None,
    baud: int,
    task: str,
    amount: float,
    service: list[float],
) -> Found:
    found: Found = {}
    random.shuffle(clients)
    for client in clients:
        board = Board(program, baud, _turnaround_us(baud))
        try:
            found[client] = _client(client, yardstick, board.path, baud, task, amount)
        finally:
            service.append(board.stop()["service_us"])
    return found


def _names(of: Sequence[str], yardstick: Path | None) -> list[str]:
    return [*of, *([LIBMODBUS] if yardstick else [])]


def _exchanges(program: Path, yardstick: Path | None, rounds: int) -> None:
    for baud in SPEEDS:
        service: list[float] = []
        clients = _names(list(EXCHANGE), yardstick)
        found = [
            _round(clients, program, yardstick, baud, "exchange", EXCHANGES[baud], service)
            for _ in range(rounds)
        ]
        title = f"One reading of 16 inputs, {baud} baud" if baud else "One reading of 16 inputs, no wire time"
        rows = [_exchange_row(found, client, baud) for client in _names(list(EXCHANGE), yardstick)]
        rows.append(Row("the board's own service time", median(service), "µs"))
        show(f"{title} (× {LIBMODBUS})", rows)


def _exchange_row(found: list[Found], client: str, baud: int) -> Row:
    times = [one[client] for one in found]
    typical, worst = median(t["median_us"] for t in times), median(t["p99_us"] for t in times)
    note = f"median {typical:.0f} µs, p99 {worst:.0f} µs"
    if baud:
        ideal_us = (READING_CHARS + SILENCE_CHARS) * CHARACTER_BITS / baud * 1e6
        note += f", {typical / ideal_us:.3f} × ideal"
    times_libmodbus = ratio(found, client, LIBMODBUS, "median_us")
    target = EXCHANGE_TARGETS.get(client, {}).get(baud)
    return Row(client, times_libmodbus, "×", None if math.isnan(times_libmodbus) else target, note=note)


def _watching(program: Path, yardstick: Path | None, rounds: int, seconds: float) -> None:
    service: list[float] = []
    clients = _names(list(WATCH), yardstick)
    found = [
        _round(clients, program, yardstick, WATCH_BAUD, "watch", seconds, service) for _ in range(rounds)
    ]
    rows = [
        Row(
            client,
            median(one[client]["cpu_us"] for one in found),
            "µs",
            note=f"{ratio(found, client, LIBMODBUS, 'cpu_us'):.2f} × libmodbus",
        )
        for client in _names(list(WATCH), yardstick)
    ]
    ours = "bus, watch"
    against = ratio(found, ours, LIBMODBUS, "cpu_us")
    if not math.isnan(against):
        rows.append(Row("bus / libmodbus", against, "×", 3.0))
    for peer in ("pymodbus async", "pymodbus sync"):
        rows.append(Row(f"bus / {peer}", ratio(found, ours, peer, "cpu_us"), "×", 0.25))
    show(f"CPU of one look: 4 boards every 100 ms at {WATCH_BAUD} baud, silences kept by all", rows)


def _bus_alone(program: Path, seconds: float) -> None:
    rows = []
    for baud, target in SCAN_TARGETS.items():
        found = _task("scan", program, baud, seconds)
        note = f"{found['doors_per_s']:.0f} doors a second"
        rows.append(
            Row(f"scan rate of the ideal, {baud} baud", found["share"], "%", target, at_least=True, note=note)
        )
    for baud in (9600, 19200):
        rows.extend(_unlock_rows(program, baud, 40 if seconds > 2 else 15))
    silent = _task("silent", program, 9600, 10)
    rows.append(Row("unlock behind an absent board, 9600 baud", silent["worst_ms"], "ms", 100.0))
    for outage_s in (0.3, 2.0):
        found = _task("unplug", program, 115200, outage_s)
        rows.append(Row(f"unplug seen, outage {outage_s} s", found["seen_ms"], "ms", 20.0, note="worst of 3"))
        rows.append(Row("service back after replug", found["back_ms"], "ms", 500.0, note="worst of 3"))
    found = _task("busy", program, 19200, 60)
    note = f"with the interpreter's default {found['default_ms']:.1f} ms"
    rows.append(Row("busy Python thread, switch interval 0.5 ms", found["short_ms"], "ms", 1.0, note=note))
    show("The bus alone", rows)


def _unlock_rows(program: Path, baud: int, count: int) -> list[Row]:
    found = _task("unlock", program, baud, count)
    exchange_ms = (READING_CHARS + SILENCE_CHARS) * CHARACTER_BITS / baud * 1e3
    limit_ms = exchange_ms + SILENCE_CHARS * CHARACTER_BITS / baud * 1e3 + 2.0
    note = f"median {found['scan_median_ms']:.1f} ms"
    return [
        Row(f"unlock while scanning, p99, {baud} baud", found["scan_p99_ms"], "ms", limit_ms, note=note),
        Row("... other frames before it", found["frames_between"], "", 0.0),
        Row("... after an armed hint, median", found["armed_median_ms"], "ms", 1.0),
    ]


def _task(task: str, program: Path, baud: int, amount: float) -> dict[str, float]:
    return _json_of(
        [sys.executable, "-m", "tests.bench.wire_tasks", task, str(program), str(baud), f"{amount:g}"]
    )
