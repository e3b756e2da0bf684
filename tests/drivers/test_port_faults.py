"""The port half of the fault catalogue, F-017 to F-022 and F-024 to F-027: boards behind ports that come and go.

On real pseudo-terminals, because what an operating system says of a lost port cannot be pretended; F-024 in virtual
time, because tests may run as root, whom no file mode stops.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any

import pytest

from drivers.bus import BusState
from drivers.errors import BusError, PortForbidden, PortHeld, PortLost, PortMissing
from drivers.lock_board import BoardInfo, DoorState, UnlockSent
from drivers.registry import scanner_from
from drivers.scanner import Scan, ScannerSettings
from drivers.scanner_port import ScannerPort, ScannerState
from drivers.serial_bus import SerialBus
from sim.plans import BoardPlan, ScannerPlan
from tests.drivers.benches import Stage, driver_of, line_of, virtual_stage

WAIT_MAX_S = 6.0  # only a failing test waits so long
CYCLES = [100, pytest.param(1000, marks=pytest.mark.soak)]
OPEN, CLOSED = DoorState.OPEN, DoorState.CLOSED
FAMILIES = ("lock-8a", "waveshare-relay", "kerong-cu16", "wkly")
PLANS = {name: BoardPlan(name, address=1, channels=8) for name in FAMILIES}


class Watcher:
    """Collects what a listener hears; `until` waits for the first item that fits."""

    def __init__(self) -> None:
        self.queue: SimpleQueue[Any] = SimpleQueue()
        self.heard: list[Any] = []

    def __call__(self, item: Any) -> None:
        self.queue.put(item)

    def until(self, fits: Any) -> Any:
        while True:  # ends: an empty queue raises after WAIT_MAX_S
            try:
                item = self.queue.get(timeout=WAIT_MAX_S)
            except Empty:
                raise AssertionError(f"never heard; only {self.heard[-5:]}") from None
            self.heard.append(item)
            if fits(item):
                return item


@contextmanager
def pty_stage(locker_sim: Any, *plans: BoardPlan, scanners: tuple[Any, ...] = ()) -> Iterator[Stage]:
    """Boards behind real ptys, attached to their buses (which prepare them at every opening)."""
    cabinet = locker_sim(*plans, scanners=scanners)
    buses = {one.name: SerialBus(line_of(cabinet, one.name)) for one in cabinet.config.bus}
    boards = [driver_of(config) for config in cabinet.config.board]
    for bus in buses.values():
        bus.start()
    for board in boards:
        buses[board.settings.bus].attach(board)

    def run(procedure: Any) -> Any:
        raise NotImplementedError("use perform")

    stage = Stage(cabinet, buses, boards, run, lambda seconds: None)
    try:
        yield stage
    finally:
        for bus in buses.values():
            bus.stop()


def perform(stage: Stage, procedure: Any, board: Any = None) -> Any:
    return stage.buses[(board or stage.board).settings.bus].perform_blocking(procedure)


def watch(stage: Stage, board: Any = None) -> Watcher:
    """A listener on the board's doors."""
    watcher, board = Watcher(), board or stage.board
    stage.buses[board.settings.bus].watch(board, 0.05, watcher)
    return watcher


def not_served(stage: Stage, board: Any) -> bool:
    """The port is open, and the board that belongs here has not been found behind it."""
    bus = stage.buses[board.settings.bus]
    return bus.state.open and isinstance(bus.boards()[board.name], BusError)


def pull_and_plug(stage: Stage, *ports: str) -> None:
    """A link that leads elsewhere is followed at the next opening."""
    pulled = [stage.cabinet.faults.add("unplug", port=port) for port in ports]
    for fault in pulled:
        stage.cabinet.faults.clear(fault)


def doors_are(*wanted: DoorState) -> Any:
    return lambda sample: not isinstance(sample, BusError) and sample.doors[: len(wanted)] == wanted


def is_error(sample: Any) -> bool:
    return isinstance(sample, BusError)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_unplugged_idle_port_comes_back_with_its_board_prepared_and_read_anew(
    locker_sim: Any, family: str
) -> None:
    """F-017: pulled while nothing was asked; a door was opened by hand meanwhile. The next reading is a new one."""
    with pty_stage(locker_sim, PLANS[family]) as stage:
        watcher = watch(stage)
        watcher.until(doors_are(CLOSED, CLOSED))

        stage.cabinet.faults.add("unplug", port=stage.board.settings.bus)
        watcher.until(is_error)
        stage.cabinet.force("2")
        stage.cabinet.faults.clear()

        watcher.until(doors_are(CLOSED, OPEN))
        assert isinstance(stage.bus.boards()[stage.board.name], BoardInfo)
        assert stage.bus.stats().port_openings == 2


@pytest.mark.parametrize("family", FAMILIES)
def test_a_port_that_goes_between_unlock_and_answer_leaves_the_outcome_unknown(
    locker_sim: Any, family: str
) -> None:
    """F-018: one frame, one pulse, "unknown"; after the replug the sensor says what happened. Nobody sends again."""
    with pty_stage(locker_sim, PLANS[family]) as stage:
        watcher = watch(stage)
        watcher.until(doors_are(CLOSED))
        stage.bus.unwatch(stage.board)

        fault = stage.cabinet.faults.add("unplug-on-frame", board=stage.board.name, of="unlock")
        report = perform(stage, stage.board.unlock(1))
        stage.cabinet.faults.clear(fault)

        again = watch(stage)
        again.until(doors_are(OPEN))
        assert report.sent in (UnlockSent.UNKNOWN, UnlockSent.ACCEPTED)
        assert report.sent is UnlockSent.UNKNOWN or family == "kerong-cu16"
        assert [entry.channel for entry in stage.cabinet.coils()] == [1]
        assert stage.unlocks() == 1


def test_a_device_that_comes_back_under_another_name_is_the_same_board(locker_sim: Any) -> None:
    """F-019: the link points to a new device; the board behind it is recognised and served."""
    with pty_stage(locker_sim, PLANS["waveshare-relay"]) as stage:
        watcher = watch(stage)
        watcher.until(doors_are(CLOSED))
        stage.cabinet.faults.add("rename", port=stage.board.settings.bus)
        watcher.until(is_error)
        watcher.until(doors_are(CLOSED))

        assert perform(stage, stage.board.unlock(1)).sent is UnlockSent.ACCEPTED


def test_swapped_adapters_serve_nobody_until_they_are_put_right(locker_sim: Any) -> None:
    """F-020: each bus finds the other's board. Neither is used; no frame for a door leaves; put right, both serve."""
    one, other = BoardPlan("waveshare-relay", address=1), BoardPlan("lock-8a", address=1)
    with pty_stage(locker_sim, one, other) as stage:
        watchers = [watch(stage, board) for board in stage.boards]
        for watcher in watchers:
            watcher.until(doors_are(CLOSED))
        names = [board.settings.bus for board in stage.boards]

        swap = stage.cabinet.faults.add("swap", port=names[0], other=names[1])
        pull_and_plug(stage, *names)
        for watcher in watchers:
            watcher.until(is_error)
        wait_until(lambda: all(not_served(stage, board) for board in stage.boards))
        reports = [perform(stage, board.unlock(1), board) for board in stage.boards]
        stage.cabinet.faults.clear(swap)
        pull_and_plug(stage, *names)
        for watcher in watchers:
            watcher.until(doors_are(CLOSED))

        assert all(report.sent is not UnlockSent.ACCEPTED for report in reports)
        assert stage.cabinet.coils() == []


def test_a_scanner_behind_a_buss_link_is_no_board(locker_sim: Any) -> None:
    """F-021: the bus's link points to the scanner. Codes scanned there are noise to the bus; nothing is unlocked."""
    with pty_stage(locker_sim, PLANS["lock-8a"], scanners=(ScannerPlan("front"),)) as stage:
        watcher = watch(stage)
        watcher.until(doors_are(CLOSED))

        swap = stage.cabinet.faults.add("swap", port=stage.board.settings.bus, other="front")
        pull_and_plug(stage, stage.board.settings.bus, "front")
        watcher.until(is_error)
        stage.cabinet.scan("front", "SF1234567890123")
        wait_until(lambda: not_served(stage, stage.board))
        report = perform(stage, stage.board.unlock(1))
        stage.cabinet.faults.clear(swap)
        pull_and_plug(stage, stage.board.settings.bus, "front")
        watcher.until(doors_are(CLOSED))

        assert report.sent is not UnlockSent.ACCEPTED
        assert stage.cabinet.coils() == []


def test_a_port_that_another_program_holds_is_refused_by_name(locker_sim: Any) -> None:
    """F-022 and F-026: a second owner of the same port is told so; the first one never notices."""
    with pty_stage(locker_sim, PLANS["lock-8a"]) as stage:
        watcher = watch(stage)
        watcher.until(doors_are(CLOSED))
        states = Watcher()
        second = SerialBus(line_of(stage.cabinet, stage.board.settings.bus))
        second.on_state(states)
        second.start()

        refused: BusState = states.until(lambda state: state.error is not None)
        second.stop()

        assert isinstance(refused.error, PortHeld)
        assert perform(stage, stage.board.unlock(1)).sent is UnlockSent.ACCEPTED
        assert stage.bus.stats().port_losses == 0


def test_a_second_reader_on_the_port_makes_no_wrong_state(locker_sim: Any) -> None:
    """F-022: a careless program takes part of the bytes. Readings are lost, none is wrong, no pulse is repeated."""
    with pty_stage(locker_sim, PLANS["waveshare-relay"]) as stage:
        watcher = watch(stage)
        watcher.until(doors_are(CLOSED))
        stage.bus.unwatch(stage.board)

        thief = stage.cabinet.faults.add("second-reader", port=stage.board.settings.bus)
        for _ in range(10):
            try:
                assert perform(stage, stage.board.read_doors()).doors == (CLOSED,) * 8
            except BusError:
                continue
        stage.cabinet.faults.clear(thief)

        watch(stage).until(doors_are(CLOSED))
        assert stage.cabinet.coils() == []


def test_a_forbidden_port_is_named_and_tried_again() -> None:
    """F-024: the system refuses this user; once permission is given the board serves without anybody's doing."""
    with virtual_stage(
        PLANS["lock-8a"], before=lambda cabinet: cabinet.faults.add("permission", port="main")
    ) as stage:
        stage.sleep(1.0)
        refused = stage.bus.state.error
        report = stage.perform(stage.board.unlock(1))
        stage.cabinet.faults.clear()
        stage.sleep(1.0)

        assert isinstance(refused, PortForbidden)
        assert report.sent is UnlockSent.NOT_SENT
        assert stage.perform(stage.board.read_doors()).doors == (CLOSED,) * 8


def test_a_port_that_takes_no_bytes_ends_in_a_deadline(locker_sim: Any) -> None:
    """F-027: the peer stops reading. Whoever asks gets an answer in bounded time, and the bus can still be stopped."""
    with pty_stage(locker_sim, PLANS["waveshare-relay"]) as stage:
        watch(stage).until(doors_are(CLOSED))

        deaf = stage.cabinet.faults.add("write-block", port=stage.board.settings.bus)
        report = perform(stage, stage.board.unlock(1))
        with pytest.raises(BusError):
            perform(stage, stage.board.read_doors())
        stage.cabinet.faults.clear(deaf)

        assert report.sent is not UnlockSent.ACCEPTED


# A scanner's port: the same troubles, one owner as well.


@contextmanager
def scanner_stage(
    locker_sim: Any, driver: str, trigger: str = "always"
) -> Iterator[tuple[Any, ScannerPort, Watcher, Watcher]]:
    cabinet = locker_sim("lock-8a", scanners=(ScannerPlan("front", driver, trigger),))
    scans, states = Watcher(), Watcher()
    scanner = scanner_from(ScannerSettings("front", trigger=trigger), driver)  # type: ignore[arg-type]
    line = line_of(cabinet, cabinet.config.bus[0].name, port=str(cabinet.ports["front"]))
    port = ScannerPort(line, scanner, scans, states)
    port.start()
    try:
        states.until(lambda state: state.open)
        yield cabinet, port, scans, states
    finally:
        port.stop()


def is_scan(text: str) -> Any:
    return lambda scan: scan == Scan(text)


@pytest.mark.parametrize("driver", ["line", "grow", "honeywell", "newland"])
def test_a_code_shown_to_a_scanner_arrives(locker_sim: Any, driver: str) -> None:
    with scanner_stage(locker_sim, driver) as (cabinet, _, scans, _states):
        cabinet.scan("front", "SF1234567890123")

        scans.until(is_scan("SF1234567890123"))


@pytest.mark.parametrize("driver", ["grow", "honeywell", "newland"])
def test_a_commanded_scanner_reads_after_its_trigger(locker_sim: Any, driver: str) -> None:
    """Start-up commands are acknowledged, the trigger switches the light on, the code comes without its answers."""
    with scanner_stage(locker_sim, driver, trigger="command") as (cabinet, port, scans, _):
        port.trigger_on()
        wait_until(lambda: cabinet.scan("front", "SF1234567890123"))

        scans.until(is_scan("SF1234567890123"))
        assert port.scanner.answers["ok"] >= (2 if driver != "honeywell" else 1)


def test_a_lost_scanner_is_told_once_and_serves_again_after_the_replug(locker_sim: Any) -> None:
    with scanner_stage(locker_sim, "line") as (cabinet, _, scans, states):
        unplug = cabinet.faults.add("unplug", port="front")
        lost: ScannerState = states.until(lambda state: not state.open)
        cabinet.faults.clear(unplug)
        states.until(lambda state: state.open)
        cabinet.scan("front", "SF1")

        scans.until(is_scan("SF1"))
        assert isinstance(lost.error, PortLost | PortMissing)
        assert [state.open for state in states.heard] == [True, False, True]


@pytest.mark.parametrize("cycles", CYCLES)
def test_many_unplugs_of_a_scanner_leave_nothing_behind(locker_sim: Any, cycles: int) -> None:
    """F-025 for scanners: descriptors and threads stay as many as they were."""
    with scanner_stage(locker_sim, "grow") as (cabinet, _, scans, states):
        cabinet.scan("front", "FIRST")
        scans.until(is_scan("FIRST"))
        before = (len(os.listdir("/proc/self/fd")), threading.active_count())

        for _ in range(cycles):
            unplug = cabinet.faults.add("unplug", port="front")
            states.until(lambda state: not state.open)
            cabinet.faults.clear(unplug)
            states.until(lambda state: state.open)

        assert (len(os.listdir("/proc/self/fd")), threading.active_count()) == before


def wait_until(happened: Any) -> None:
    """Ask again and again, up to a bound: for what only another thread can make true."""
    for _ in range(2000):
        if happened():
            return
        threading.Event().wait(0.01)
    raise AssertionError("never happened")
