"""Every board family passes the one shared suite: over a pty in real time, and in every variant in virtual time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sim.board_suite import Bench, BoardSuite
from sim.plans import BoardPlan
from tests.drivers.benches import pty_bench, virtual_bench

FAMILIES = {
    "lock-8a": BoardPlan("lock-8a"),
    "waveshare-relay": BoardPlan("waveshare-relay"),
    "modbus-relay": BoardPlan("modbus-relay", address=255),
    "kerong-cu16": BoardPlan("kerong-cu16"),
    "kerong-cu48": BoardPlan("kerong-cu48", address=1),
    "wkly": BoardPlan("wkly"),
}
REVERSED = "closed-when-open"
VARIANTS = {
    "lock-8a, one group of eight": BoardPlan("lock-8a", channels=8, address=3),
    "lock-8a, 32 ways": BoardPlan("lock-8a", channels=32, address=32),
    "lock-8a, wired the other way": BoardPlan("lock-8a", feedback=REVERSED),
    "waveshare-relay, 16 ways": BoardPlan("waveshare-relay", channels=16, address=7),
    "waveshare-relay, 32 ways, wired the other way": BoardPlan(
        "waveshare-relay", channels=32, feedback=REVERSED
    ),
    "modbus-relay, 16 ways": BoardPlan("modbus-relay", channels=16, address=2),
    "modbus-relay, flash": BoardPlan("modbus-relay", options={"pulse": "flash", "pulse_base": 0x0200}),
    "modbus-relay, waveshare": BoardPlan("modbus-relay", options={"profile": "waveshare"}),
    "kerong-cu16, wired the other way": BoardPlan("kerong-cu16", address=9, feedback=REVERSED),
    "kerong-cu48, lock first": BoardPlan("kerong-cu48", address=1, options={"order": "lock-board"}),
    "wkly, wired the other way": BoardPlan("wkly", address=31, feedback=REVERSED),
}


@pytest.mark.parametrize("plan", FAMILIES.values(), ids=FAMILIES)
class TestOverAPty(BoardSuite):
    @pytest.fixture
    def bench(self, locker_sim: Any, plan: BoardPlan) -> Iterator[Bench]:
        with pty_bench(locker_sim, plan) as bench:
            yield bench


@pytest.mark.parametrize("plan", VARIANTS.values(), ids=VARIANTS)
class TestInVirtualTime(BoardSuite):
    @pytest.fixture
    def bench(self, plan: BoardPlan) -> Iterator[Bench]:
        with virtual_bench(plan) as bench:
            yield bench


class TestTheGenericDriverOnAWaveshareBoard(BoardSuite):
    """Two drivers, one board: the profile says the same as the family's own driver."""

    @pytest.fixture
    def bench(self) -> Iterator[Bench]:
        with virtual_bench(BoardPlan("waveshare-relay"), driver="modbus-relay", profile="waveshare") as bench:
            yield bench
