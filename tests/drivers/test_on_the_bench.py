"""A real board on a real port: `pytest tests/drivers/test_on_the_bench.py --bench /dev/ttyUSB0 --bench-driver lock-8a`.

Skipped without `--bench`. Moves no lock unless `--bench-unlock N` names one; then lock N is pulsed once, and somebody
has to be there to see it. `--bench-address` and `--bench-channels` say which board (1 and 8 if not given).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from drivers.bus import LineSettings
from drivers.lock_board import BoardSettings, DoorState, LockBoard, UnlockSent
from drivers.registry import board_from, lock_board_class
from drivers.serial_bus import SerialBus

OPEN_WITHIN_READINGS = (
    50  # at a reading each 20 to 100 ms: one to five seconds, as long as a stiff latch may need
)


@dataclass
class RealBoard:
    """One board behind one adapter, prepared."""

    board: LockBoard
    bus: SerialBus
    unlock: int

    def doors(self) -> tuple[DoorState, ...]:
        return self.bus.perform_blocking(self.board.read_doors()).doors


@pytest.fixture
def real(request: pytest.FixtureRequest) -> Iterator[RealBoard]:
    option = request.config.getoption
    if not option("--bench"):
        pytest.skip("needs --bench PORT and a board")
    driver = option("--bench-driver")
    settings = BoardSettings("bench", "bench", option("--bench-address"), option("--bench-channels"))
    bus = SerialBus(LineSettings("bench", option("--bench"), lock_board_class(driver).default_baudrate))
    board = board_from(settings, driver)
    bus.start()
    try:
        bus.perform_blocking(board.prepare())
        yield RealBoard(board, bus, option("--bench-unlock"))
        bus.perform_blocking(board.all_off())
    finally:
        bus.stop()


def test_the_board_answers_every_time(real: RealBoard) -> None:
    """Twenty readings in a row: a lost one is a cable, a terminator or another board with the same address."""
    readings = [real.doors() for _ in range(20)]

    assert all(len(reading) == real.board.channels for reading in readings)
    assert real.bus.stats().boards["bench"].silent == 0
    assert real.bus.stats().boards["bench"].bad == 0


def test_doors_that_nobody_touches_do_not_change(real: RealBoard) -> None:
    assert len({real.doors() for _ in range(20)}) == 1


def test_the_named_lock_opens_its_door_and_no_other(real: RealBoard) -> None:
    """Polarity, address and order of the channels in one: only this door changes, and it changes to open."""
    if not real.unlock:
        pytest.skip("needs --bench-unlock N and somebody beside the door")
    before = real.doors()

    report = real.bus.perform_blocking(real.board.unlock(real.unlock))
    after = before
    for _ in range(OPEN_WITHIN_READINGS):
        after = real.doors()
        if after != before:
            break

    moved = [n for n, (was, now) in enumerate(zip(before, after, strict=True), 1) if was is not now]
    assert report.sent is UnlockSent.ACCEPTED
    assert moved == [real.unlock]
    assert after[real.unlock - 1] is DoorState.OPEN
