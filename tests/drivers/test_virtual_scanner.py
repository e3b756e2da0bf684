"""A scanner under a virtual clock: the same callbacks as on a port, driven by the simulated engine's own wire time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from drivers.registry import scanner_from
from drivers.scanner import REPEAT_S, Scan, ScannerSettings
from drivers.scanner_port import ScannerState, VirtualScanner
from sim.cabinet import SimCabinet
from sim.plans import BoardPlan, ScannerPlan, document
from sim.virtual_time import VirtualLoop


@dataclass
class Desk:
    """One engine, its driver, and what the driver told."""

    cabinet: SimCabinet
    loop: VirtualLoop
    driver: str
    trigger: str
    scans: list[Scan] = field(default_factory=list)
    states: list[ScannerState] = field(default_factory=list)

    def start(self) -> VirtualScanner:
        settings = ScannerSettings("front", trigger=self.trigger)  # type: ignore[arg-type]
        wire = self.cabinet.open_virtual(self.loop).wires["front"]
        scanner = scanner_from(settings, self.driver)
        self.port = VirtualScanner(scanner, wire, self.loop, self.scans.append, self.states.append)
        self.port.start()
        self.pass_time(1.0)
        return self.port

    def show(self, code: str) -> bool:
        shown = self.cabinet.scan("front", code)
        self.pass_time(0.5)
        return shown

    def pass_time(self, seconds: float) -> None:
        self.loop.run_until_complete(asyncio.sleep(seconds))


@pytest.fixture
def desk_of() -> Iterator[Any]:
    loops: list[VirtualLoop] = []

    def make(driver: str, trigger: str = "always") -> Desk:
        loops.append(VirtualLoop())
        paper = document([BoardPlan("lock-8a")], [ScannerPlan("front", driver, trigger)])
        return Desk(SimCabinet.of_document(paper, now=loops[-1].time), loops[-1], driver, trigger)

    yield make
    for loop in loops:
        loop.close()


@pytest.mark.parametrize("driver", ["line", "grow", "honeywell", "newland"])
def test_a_code_arrives_once_however_long_it_is_held(desk_of: Any, driver: str) -> None:
    """Shown twice within the repeat window and once more after it: two scans."""
    desk = desk_of(driver)
    desk.start()

    desk.show("SF1234567890123")
    desk.show("SF1234567890123")
    desk.pass_time(REPEAT_S + 1)
    desk.show("SF1234567890123")

    assert desk.scans == [Scan("SF1234567890123")] * 2
    assert desk.states == [ScannerState(open=True)]


@pytest.mark.parametrize("driver", ["grow", "honeywell", "newland"])
def test_a_commanded_engine_is_dark_until_it_is_triggered(desk_of: Any, driver: str) -> None:
    desk = desk_of(driver, trigger="command")
    port = desk.start()

    before = desk.show("SF1")
    port.trigger_on()
    desk.pass_time(0.5)
    during = desk.show("SF2")
    after = desk.show("SF3")

    assert (before, during, after) == (False, True, False)
    assert desk.scans == [Scan("SF2")]


@pytest.mark.parametrize("driver", ["honeywell", "newland"])
def test_a_trigger_can_be_taken_back(desk_of: Any, driver: str) -> None:
    desk = desk_of(driver, trigger="command")
    port = desk.start()

    port.trigger_on()
    port.trigger_off()
    desk.pass_time(0.5)

    assert not desk.show("SF1")


def test_start_commands_keep_their_distance(desk_of: Any) -> None:
    """Two commands at once would be one garbled command to the engine."""
    desk = desk_of("newland", trigger="command")
    desk.start()

    assert list(desk.cabinet.scanners["front"].commands) == list(desk.port.scanner.start_commands())
    assert desk.port.scanner.answers["ok"] == 2


def test_a_lost_scanner_is_told_once_and_set_up_again_when_it_is_back(desk_of: Any) -> None:
    desk = desk_of("newland")
    desk.start()

    desk.cabinet.faults.add("unplug", port="front")
    desk.pass_time(10.0)
    desk.cabinet.faults.clear()
    desk.pass_time(3.0)
    desk.show("SF1")

    assert [state.open for state in desk.states] == [True, False, True]
    assert desk.scans == [Scan("SF1")]
    assert desk.port.scanner.answers["ok"] == 4  # two start-up commands at each opening


def test_a_stopped_scanner_says_so_and_hears_nothing_more(desk_of: Any) -> None:
    desk = desk_of("line")
    port = desk.start()

    port.stop()
    desk.show("SF1")

    assert desk.states[-1] == ScannerState(open=False)
    assert desk.scans == []
