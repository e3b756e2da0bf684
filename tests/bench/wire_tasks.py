"""What only the bus itself is asked, one task in a fresh process each; prints one JSON line.

`python -m tests.bench.wire_tasks TASK BOARD_PROGRAM BAUD AMOUNT`; tasks: scan, unlock, silent, unplug, busy.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from drivers.bus import ADAPTER_LATENCY_S, BusState
from drivers.bus_stats import Direction, TraceEntry
from drivers.errors import BusError
from drivers.lock_board import BoardInfo
from drivers.serial_bus import SWITCH_INTERVAL_S, SerialBus
from drivers.transaction import Priority, Procedure, Transaction
from tests.bench.board import Board
from tests.bench.wire_clients import (
    CHARACTER_BITS,
    INPUTS,
    PATIENCE_S,
    answered,
    board,
    line,
    question,
    summary,
)

SCANNED = 7  # what 9600 baud can read in the 200 ms that the policy asks for
ABSENT_UNIT = 40  # the board program is units 1 to 32
WAIT_MAX_S = 10.0
ARMED_HOLD_S = 0.4
HOP_MAX_S = 0.001  # a question begun while the call is still on its way to the bus was not in front of it
READING_CHARS = 15  # 8 asked, 7 answered

Result = dict[str, float]


@contextmanager
def running(
    program: str, baud: int, turnaround_us: int | None = None, latency_s: float = PATIENCE_S
) -> Iterator[SerialBus]:
    settings = line("", baud)
    turnaround = 3.5 * settings.char_s * 1e6 if turnaround_us is None else turnaround_us
    with Board(program, baud, int(turnaround)) as wire:
        bus = SerialBus(line(wire.path, baud, latency_s))
        bus.start()
        try:
            yield bus
        finally:
            bus.stop()


def once(asked: Transaction) -> Procedure[bytes]:
    return (yield asked)


def scan(program: str, baud: int, seconds: float) -> Result:
    """Doors a second against the wire's ideal: both silences kept, the board answers at once."""
    silence_s = line("", baud).silence_s
    with running(program, baud, int(silence_s * 1e6)) as bus:
        for unit in range(1, SCANNED + 1):
            bus.watch(board(unit), 0.0, lambda sample: None)
        time.sleep(0.5)
        before, began = answered(bus), time.monotonic()
        time.sleep(seconds)
        looks, took = answered(bus) - before, time.monotonic() - began
    ideal_s = READING_CHARS * CHARACTER_BITS / baud + 2 * silence_s
    return {"doors_per_s": looks * INPUTS / took, "share": looks * ideal_s / took * 100}


def unlock(program: str, baud: int, count: float) -> Result:
    """An unlock asked from asyncio while four boards are scanned without a pause: until its frame is on the wire."""
    order = next(frame for frame in _prepared_unlock())
    with running(program, baud) as bus:
        return asyncio.run(_unlocks(bus, order, int(count)))


def _prepared_unlock() -> Iterator[Transaction]:
    """The frame of a real unlock; the driver refuses to build one before it has seen the board's modes."""
    relay = board()
    preparing = relay.prepare()
    try:
        asked = next(preparing)
        while True:
            asked = preparing.send(_answer(asked.request))
    except StopIteration as end:
        if not isinstance(end.value, BoardInfo):
            raise RuntimeError("the board could not be prepared") from end
    yield next(relay.unlock(7))


def _answer(request: bytes) -> bytes:
    from drivers.lock_boards.modbus_frames import seal

    if request[1] == 5:
        return request
    count = int.from_bytes(request[4:6], "big")
    length = count * 2 if request[1] == 3 else (count + 7) // 8
    return seal(request[:2] + bytes([length]) + bytes(length))


async def _unlocks(bus: SerialBus, order: Transaction, count: int) -> Result:
    chance, sent = random.Random(7), list[TraceEntry]()
    bus.on_trace(lambda entry: sent.append(entry) if entry.direction is Direction.SENT else None)
    await bus.perform(once(question()))
    for unit in range(1, 5):
        bus.watch(board(unit), 0.0, lambda sample: None)
    between = 0

    async def delay() -> float:
        nonlocal between
        before, asked = len(sent), time.monotonic()
        await bus.perform(once(order), Priority.UNLOCK)
        entry = next(one for one in sent[before:] if one.data == order.request)
        overtook = [one for one in sent[before:] if asked + HOP_MAX_S < one.at_s < entry.at_s]
        between = max(between, len(overtook))
        return entry.at_s - asked

    scanning, armed = list[float](), list[float]()
    for _ in range(count):
        await asyncio.sleep(0.05 + chance.random() * 0.03)
        scanning.append(await delay())
    for _ in range(count // 4):
        await asyncio.sleep(ARMED_HOLD_S + 0.1)  # the scan has begun again
        bus.armed(ARMED_HOLD_S)
        await asyncio.sleep(0.08)
        armed.append(await delay())
    found = summary([int(delay * 1e9) for delay in scanning])
    quiet = summary([int(delay * 1e9) for delay in armed])
    return {
        "scan_median_ms": found["median_us"] / 1e3,
        "scan_p99_ms": found["p99_us"] / 1e3,
        "armed_median_ms": quiet["median_us"] / 1e3,
        "frames_between": between,
    }


def silent(program: str, baud: int, count: float) -> Result:
    """The question to an absent board has just left when the unlock is asked: how long until its frame."""
    order, nobody = next(frame for frame in _prepared_unlock()), question(ABSENT_UNIT)

    async def run(bus: SerialBus) -> float:
        sent, worst = list[TraceEntry](), 0.0
        await bus.perform(once(question()))
        bus.on_trace(lambda entry: sent.append(entry) if entry.direction is Direction.SENT else None)
        for _ in range(int(count)):
            waiting = asyncio.ensure_future(_ignored(bus, nobody))
            await asyncio.sleep(0.02)
            asked = time.monotonic()
            await bus.perform(once(order), Priority.UNLOCK)
            worst = max(worst, sent[-1].at_s - asked + 0.02)
            await waiting
        return worst

    with running(program, baud, latency_s=ADAPTER_LATENCY_S) as bus:
        return {"worst_ms": asyncio.run(run(bus)) * 1e3}


async def _ignored(bus: SerialBus, asked: Transaction) -> None:
    try:
        await bus.perform(once(asked), Priority.POLL)
    except BusError:  # nobody there: that is the point
        pass


def unplug(program: str, baud: int, outage_s: float) -> Result:
    """The board's program is killed, and later another one stands behind the same link."""
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / "port"
        seen, back = list[float](), list[float]()
        wire = Board(program, baud, 0)
        link.symlink_to(wire.path)
        bus, changed = SerialBus(line(str(link), baud)), threading.Event()
        bus.start()
        bus.perform_blocking(once(question()))
        for _ in range(3):
            _one_outage(bus, link, wire, outage_s, seen, changed)
            wire = Board(program, baud, 0)
            back.append(_replugged(bus, link, wire, changed))
        bus.stop()
        wire.stop()
    return {"seen_ms": max(seen) * 1e3, "back_ms": max(back) * 1e3}


def _one_outage(
    bus: SerialBus, link: Path, wire: Board, outage_s: float, seen: list[float], changed: threading.Event
) -> None:
    def on_state(state: BusState) -> None:
        if not state.open and not changed.is_set():
            seen.append(time.monotonic() - began)
            changed.set()

    changed.clear()
    unsubscribe = bus.on_state(on_state)
    link.unlink()
    began = time.monotonic()
    wire.kill()
    assert changed.wait(WAIT_MAX_S)
    unsubscribe()
    time.sleep(outage_s)


def _replugged(bus: SerialBus, link: Path, wire: Board, changed: threading.Event) -> float:
    changed.clear()
    unsubscribe = bus.on_state(lambda state: changed.set() if state.open else None)
    began = time.monotonic()
    link.symlink_to(wire.path)
    assert changed.wait(WAIT_MAX_S)
    bus.perform_blocking(once(question()))
    unsubscribe()
    return time.monotonic() - began


def busy(program: str, baud: int, count: float) -> Result:
    """A Python thread that computes, in the same process: what it adds to an exchange."""
    times: dict[str, list[int]] = {"quiet": [], "default": [], "short": []}
    asked, ended = question(), threading.Event()

    def many(kind: str) -> Procedure[None]:
        for _ in range(int(count)):
            time.sleep(0.003)
            began = time.perf_counter_ns()
            yield asked
            times[kind].append(time.perf_counter_ns() - began)

    def compute() -> None:
        while not ended.is_set():
            sum(range(1000))

    with running(program, baud) as bus:
        bus.perform_blocking(many("quiet"))
        thread = threading.Thread(target=compute)
        thread.start()
        bus.perform_blocking(many("default"))
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        bus.perform_blocking(many("short"))
        ended.set()
        thread.join()
    medians = {kind: summary(found)["median_us"] / 1e3 for kind, found in times.items()}
    return {
        "short_ms": medians["short"] - medians["quiet"],
        "default_ms": medians["default"] - medians["quiet"],
    }


TASKS: dict[str, Callable[[str, int, float], Result]] = {
    "scan": scan,
    "unlock": unlock,
    "silent": silent,
    "unplug": unplug,
    "busy": busy,
}


def main() -> None:
    task, program, baud, amount = sys.argv[1:]
    print(json.dumps(TASKS[task](program, int(baud), float(amount))))


if __name__ == "__main__":
    main()
