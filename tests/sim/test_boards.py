"""What the golden bytes do not show: modes, refusals, wiring and running orders of the pretend boards."""

from __future__ import annotations

import pytest

from drivers.lock_board import DoorState
from edge_agent.wiring import lock_board
from sim.checks import crc16_modbus
from sim.plans import BoardPlan
from tests.sim.bench import Bench
from tests.sim.stage import READ_ALL, Stage


def rtu(text: str) -> bytes:
    """A Modbus frame from its hex without the check sum."""
    body = bytes.fromhex(text)
    return body + crc16_modbus(body)


READ_MODES = rtu("01 03 10 00 00 08")
ALL_MODES_0 = rtu("01 03 10" + " 00 00" * 8)


def test_in_linkage_mode_a_door_contact_fires_the_lock() -> None:
    """Why a driver must refuse to arm: shutting the door energises its coil for as long as it is shut."""
    stage = Stage("waveshare-relay")
    stage.cabinet.force("1")

    stage.ask(rtu("01 06 10 00 00 01"), 1.0)
    modes = stage.ask(READ_MODES, 1.0)
    stage.cabinet.hand("1", "close")
    stage.wait(1.0)

    assert modes == rtu("01 03 10 00 01" + " 00 00" * 7)
    [entry] = stage.world.energisings()
    assert (entry.channel, entry.asked_s) == (1, None)


@pytest.mark.parametrize(("mode", "energised"), [(2, 1), (3, 2)])
def test_toggle_and_edge_mode_turn_the_relay_over(mode: int, energised: int) -> None:
    """Toggle: at every closing contact; edge: at every change. Shut, open, shut, open by crowbar."""
    stage = Stage("waveshare-relay")
    stage.world.doors["1"].catches = True
    stage.world.harness.coils.pop(("A", 1))  # the lock's cable is off: only the relay is watched
    stage.ask(rtu(f"01 06 10 00 00 0{mode}"), 1.0)

    for _ in range(2):
        stage.cabinet.force("1")
        stage.wait(1.0)
        stage.world.hand("1", "close")
        stage.wait(1.0)

    assert len(stage.world.energisings("A", 1)) == energised


def test_a_relay_board_without_inputs_refuses_questions_about_them() -> None:
    """Function 2 and the mode registers do not exist there; relays do."""
    bench = Bench("waveshare-relay", 1, 16, inputs=False)

    assert bench.answer(rtu("01 02 00 00 00 10")) == rtu("01 82 01")
    assert bench.answer(READ_MODES) == rtu("01 83 02")
    assert bench.answer(rtu("01 01 00 00 00 10")) == rtu("01 01 02 00 00")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("01 01 00 00 00 09", "01 81 02"),  # nine of eight relays
        ("01 02 00 00 00 00", "01 82 03"),  # none
        ("01 05 00 08 FF 00", "01 85 02"),  # the ninth relay
        ("01 05 02 08 00 05", "01 85 02"),  # pulse of the ninth
        ("01 05 02 00 00 00", "01 85 03"),  # a pulse of nothing
        ("01 05 02 00 80 00", "01 85 03"),  # longer than the board can count
        ("01 04 00 00 00 01", "01 84 01"),  # no input registers
        ("01 03 12 34 00 01", "01 83 02"),
        ("01 06 12 34 00 01", "01 86 02"),
        ("01 06 40 00 00 00", "01 86 03"),  # address 0 is everybody's
        ("01 10 00 00 00 01 02 00 01", "01 90 01"),
        ("01 0F 00 00 00 08 02 FF FF", "01 8F 03"),  # two bytes for eight relays
    ],
)
def test_what_a_waveshare_board_cannot_do_it_declines(question: str, answer: str) -> None:
    """The exception's code tells why; no coil moves."""
    bench = Bench("waveshare-relay", 1, 8)

    assert bench.answer(rtu(question)) == rtu(answer)
    assert bench.energised() == []


def test_the_generic_board_can_wear_another_map() -> None:
    """Profile waveshare: flash pulses, all-off at 00FF, modes at 1000; the bases can be moved."""
    bench = Bench("modbus-relay", 1, 8, profile="waveshare", pulse_base=0x0300)

    assert bench.answer(READ_MODES) == ALL_MODES_0
    assert bench.answer(rtu("01 05 03 02 00 04")) == rtu("01 05 03 02 00 04")
    assert bench.answer(rtu("01 05 00 FF 00 00")) == rtu("01 05 00 FF 00 00")
    assert bench.energised() == [(3, 0.4)]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("FF 10 00 04 00 02 04 00 04 00 05", "FF 90 02"),  # between two relays' registers
        ("FF 10 00 03 00 02 04 00 09 00 05", "FF 90 03"),  # no such scheme
        ("FF 10 00 03 00 02 04 00 04 00 00", "FF 90 03"),  # a pulse of nothing
        ("FF 06 03 E9 00 07", "FF 86 03"),  # no such speed
    ],
)
def test_what_an_lc_board_cannot_do_it_declines(question: str, answer: str) -> None:
    """The same for the word scheme."""
    bench = Bench("modbus-relay", 255, 8)

    assert bench.answer(rtu(question)) == rtu(answer)
    assert bench.energised() == []


def test_settings_of_an_lc_board_are_kept() -> None:
    """Address and speed written, then read; the inverse pulse switches off and on again."""
    bench = Bench("modbus-relay", 255, 8)

    bench.answer(rtu("FF 06 03 E9 00 04"))
    bench.answer(rtu("FF 06 00 00 00 05"))

    assert bench.answer(rtu("05 03 03 E8 00 01")) == rtu("05 03 02 00 04")
    bench.answer(rtu("05 10 00 08 00 02 04 00 02 00 05"))
    assert bench.energised() == [(2, None)]


def test_a_contact_can_be_wired_the_other_way_round() -> None:
    """closed-when-open: every bit of the answer is turned over, the doors are the same."""
    usual, reverse = Stage("lock-8a"), Stage(BoardPlan("lock-8a", feedback="closed-when-open"))

    assert usual.ask(READ_ALL)[2:5] == b"\xff\xff\xff"
    assert reverse.ask(READ_ALL)[2:5] == b"\x00\x00\x00"
    assert {door["sensor"] for door in reverse.cabinet.doors()} == {"closed"}


def test_a_door_can_be_sensed_by_another_boards_input() -> None:
    """Relays on a board without inputs, contacts on a lock board, the third channel on."""
    run = {
        "board": "A",
        "channels": "1-4",
        "numbers": "1-4",
        "size": "M",
        "sensor": {"board": "B", "channels": "3-6"},
    }
    stage = Stage(
        BoardPlan("waveshare-relay", options={"inputs": False}),
        BoardPlan("lock-8a", bus="main"),
        compartments=[run],
    )

    before = stage.ask(READ_ALL)
    stage.ask(rtu("01 05 02 01 00 05"), 2.0)

    assert before == bytes.fromhex("80 01 00 00 3C 33 8E")
    assert stage.ask(READ_ALL) == bytes.fromhex("80 01 00 00 34 33 86")


def test_a_presence_input_follows_the_parcel_and_the_hook_its_door() -> None:
    """Two sensors beside one lock, each with a bit of its own; the agent's board reads them as configured."""
    run = {
        "board": "A",
        "channels": "1-2",
        "numbers": "1-2",
        "size": "M",
        "sensor": {"board": "A", "senses": "presence"},
    }
    stage = Stage("kerong-cu16", compartments=[run])
    config = stage.cabinet.config
    board = lock_board(config, config.board[0])

    def seen() -> tuple[DoorState, bool | None]:
        readings = board.decode_poll(stage.ask(bytes.fromhex("02 00 30 03 35")))
        assert readings.presence[2:] == (None,) * (board.channels - 2)
        return readings.doors[0], readings.presence[0]

    empty = seen()
    stage.cabinet.force("1")
    stage.cabinet.inside("1", "parcel")
    filled = seen()
    stage.cabinet.hand("1", "close")

    assert empty == (DoorState.CLOSED, False)
    assert filled == (DoorState.OPEN, True)
    assert seen() == (DoorState.CLOSED, True)


@pytest.mark.parametrize(
    ("family", "question"),
    [("lock-8a", "8A 01 00 11 9A"), ("kerong-cu16", "02 00 33 03 38"), ("wkly", "57 4B 4C 59 08 00 86 87")],
)
def test_opening_all_goes_one_coil_after_another(family: str, question: str) -> None:
    """Never two at once, every door in the end; the answer, where there is one, comes when the run is over."""
    stage = Stage(family)

    pieces = stage.heard(bytes.fromhex(question))

    count = stage.cabinet.boards["A"].spec.channels
    assert [entry.channel for entry in stage.world.energisings()] == list(range(1, count + 1))
    assert stage.world.supplies["psu-1"].peak == 1
    assert {door["door"] for door in stage.cabinet.doors()} == {"open"}
    if family == "lock-8a":
        assert pieces[0][0] > count * 0.3


def test_a_wkly_board_says_which_channel_it_does_not_have() -> None:
    """Result FF for channel 25 of 24; nothing moves."""
    bench = Bench("wkly", 0, 24)

    answer = bench.answer(bench.board.seal(bytes([0, 0x82, 25])))

    assert answer == bench.board.seal(bytes([0, 0x82, 0xFF, 25, 0]))
    assert bench.energised() == []


def test_a_channel_that_a_board_does_not_have_moves_nothing() -> None:
    """Sixteen doors of a board cut down to eight, a lock number beyond the last."""
    cu16, cu48, lock8a = Bench("kerong-cu16", 0, 8), Bench("kerong-cu48", 0, 8), Bench("lock-8a", 1, 8)

    cu16.hear(cu16.board.seal(bytes.fromhex("02 0F 31")))
    cu48.hear(cu48.board.seal(bytes.fromhex("02 00 2F 61")))
    lock8a.hear(lock8a.board.seal(bytes.fromhex("8A 01 09 11")))

    assert cu16.energised() == cu48.energised() == lock8a.energised() == []
