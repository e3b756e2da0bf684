"""No driver can send a frame that holds a coil on, opens more than one door, or rewrites a board.

The whole parameter space of every encoder is walked and compared with every golden frame marked forbidden, and with
what such frames look like in general.
"""

from __future__ import annotations

import ast
import pkgutil
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from drivers import lock_boards
from drivers.lock_boards import (
    commissioning,
    kerong_cu16,
    kerong_cu48,
    lock_8a,
    modbus_frames,
    modbus_relay,
    wkly,
)
from drivers.lock_boards.modbus_frames import BitQuery, CoilOff, Flash, Function, WordQuery
from drivers.registry import LOCK_BOARDS, board_from, known
from tests.drivers.golden import vectors
from tests.drivers.procedures import arm, requests_of, settings_for

FORBIDDEN = {vector.request for vector in vectors() if vector.forbidden}
PARITY_UNITS = range(1, 256)


def requests() -> Iterator[bytes]:
    """Every request that the public encoders can make (registers: all that differ in kind)."""
    registers = (*range(0x0100), *range(0x01F0, 0x0230), 0x1000, 0x4000, 0x8000, 0xFFFF)
    spaces: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
        (lock_8a.Unlock, (lock_8a.BOARDS, lock_8a.LOCKS)),
        (lock_8a.DoorQuery, (lock_8a.BOARDS, lock_8a.LOCKS)),
        (lock_8a.BoardQuery, (lock_8a.BOARDS,)),
        (wkly.Unlock, (wkly.BOARDS, wkly.CHANNELS)),
        (wkly.DoorQuery, (wkly.BOARDS, wkly.CHANNELS)),
        (wkly.BoardQuery, (wkly.BOARDS,)),
        (kerong_cu16.Unlock, (kerong_cu16.BOARDS, kerong_cu16.LOCKS)),
        (kerong_cu16.StatusQuery, (kerong_cu16.BOARDS, kerong_cu16.ANSWERS)),
        (kerong_cu48.Unlock, (kerong_cu48.BOARDS, kerong_cu48.LOCKS, kerong_cu48.Order)),
        (kerong_cu48.StatusQuery, (kerong_cu48.BOARDS, kerong_cu48.Order)),
        (CoilOff, ((1, 2, 255), registers)),
        (Flash, ((1, 255), registers, range(1, modbus_frames.PULSE_STEPS_MAX + 1))),
        (BitQuery, ((1, 255), (Function.READ_COILS, Function.READ_INPUTS), (0, 1), range(1, 65))),
        (WordQuery, ((1, 255), registers, (1, 8))),
        (modbus_relay.LcPulse, ((1, 255), range(3, 170), range(1, modbus_frames.PULSE_STEPS_MAX + 1))),
    ]
    for make, ranges in spaces:
        yield from (make(*values).encode() for values in product(*ranges))


def test_no_encoder_can_make_a_forbidden_golden_frame() -> None:
    made = set(requests())

    assert made & FORBIDDEN == set()
    assert len(made) > 20_000  # the walk did walk


def test_no_modbus_request_switches_on_toggles_or_writes_to_every_unit() -> None:
    """A coil write carries 0 or a number of steps; FF00 and 5500 hold and toggle, unit 0 is everybody."""
    for frame in requests():
        if len(frame) != 8 or modbus_frames.crc16_modbus(frame):
            continue
        assert frame[0] != 0
        assert frame[1] in (
            Function.READ_COILS,
            Function.READ_INPUTS,
            Function.READ_WORDS,
            Function.WRITE_COIL,
        )
        if frame[1] == Function.WRITE_COIL:
            assert int.from_bytes(frame[4:6], "big") <= modbus_frames.PULSE_STEPS_MAX


@pytest.mark.parametrize("driver", known(LOCK_BOARDS))
def test_one_unlock_is_one_frame_for_one_channel(driver: str) -> None:
    """Walks every channel and pulse a board takes: one actuating frame each, all different, none forbidden."""
    board = board_from(settings_for(driver), driver)
    arm(board)

    frames = [list(requests_of(board.unlock(channel))) for channel in range(1, board.channels + 1)]

    assert all(len(sent) == 1 and sent[0].actuates and not sent[0].resends for sent in frames)
    assert len({sent[0].request for sent in frames}) == board.channels
    assert {sent[0].request for sent in frames} & FORBIDDEN == set()


def test_board_drivers_do_not_know_the_commissioning_frames() -> None:
    """Frames that set addresses or speak to all boards exist, for a technician; no driver can reach them."""
    for module in pkgutil.iter_modules(lock_boards.__path__):
        if module.name == "commissioning":
            continue
        source = Path(lock_boards.__path__[0], f"{module.name}.py").read_text()
        imported = {
            name
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.ImportFrom | ast.Import)
            for name in (*(alias.name for alias in node.names), getattr(node, "module", "") or "")
        }
        assert not any("commissioning" in name for name in imported), module.name


def test_the_commissioning_frames_are_not_forbidden_ones_either() -> None:
    for unit in PARITY_UNITS:
        assert commissioning.WaveshareAddress(unit).encode() not in FORBIDDEN
    for board, lock in product(lock_8a.BOARDS, lock_8a.LOCKS):
        assert commissioning.Release8A(board, lock).encode() not in FORBIDDEN
    for board, channel in product(wkly.BOARDS, wkly.CHANNELS):
        assert commissioning.ReleaseWkly(board, channel).encode() not in FORBIDDEN
        assert commissioning.BlinkWkly(board, channel).encode() not in FORBIDDEN


def test_every_driver_module_is_walked() -> None:
    """A new family must be added to the walk above."""
    walked = {"lock_8a", "wkly", "kerong_cu16", "kerong_cu48", "modbus_frames", "modbus_relay"}
    plain = {
        "kerong_frames",
        "relay_board",
        "waveshare_relay",
        "commissioning",
    }  # no frames of their own, or above

    found = {module.name for module in pkgutil.iter_modules(lock_boards.__path__)}

    assert found == walked | plain
