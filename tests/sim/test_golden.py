"""The pretend boards speak the golden bytes: the simulator's direction of `tests/golden/protocol_vectors.json`.

Each vector of a built family is heard by a pretend board; where the vector has an answer the board gives exactly that.
Frames that a driver must never send are understood all the same, and do what they say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.sim.bench import FAMILY_OF, VECTORS, Bench

Setting = Callable[[Bench], object]


def shorted(*channels: int) -> Setting:
    return lambda bench: bench.only_shorted(channels)


def jammed(bench: Bench) -> None:
    for door in bench.world.doors.values():
        door.jammed = True


def holding(channel: int) -> Setting:
    return lambda bench: bench.world.hold("A", channel, bench.now_s)


def with_parcel(channel: int) -> Setting:
    return lambda bench: setattr(bench.world.doors[str(channel)], "parcel", True)


# (address, channels, what the cabinet looks like): the circumstances in which the vectors were noted
PLACES: dict[str, tuple[int, int]] = {
    "lock-8a": (1, 24),
    "kerong-cu16": (0, 16),
    "kerong-cu48": (0, 48),
    "wkly": (0, 4),
    "waveshare-relay": (1, 8),
    "modbus-relay": (255, 8),
}
CIRCUMSTANCES: dict[str, dict[str, Any]] = {
    "open_b1_l1_contact_short": {"look": jammed},
    "open_b2_l1": {"address": 2, "look": jammed},
    "query_one_open": {"look": shorted()},
    "query_all_24ch_none": {"channels": 8, "look": shorted()},
    "query_all_24ch_1_9_17": {"look": shorted(1, 9, 17)},
    "query_all_32ch": {"channels": 32},
    "query_all_16bit_order": {"address": 2, "channels": 16, "look": shorted(1, 2, 9, 11), "status_bytes": 2},
    "query_board0_lock1_open": {"look": shorted(*range(2, 17))},
    "query_board0_item_in_3": {"look": with_parcel(3)},
    "query_board1": {"address": 1, "look": shorted()},
    "open_board1_lock1": {"address": 1},
    "open_board0_lock2_lock_first": {"order": "lock-board"},
    "open_b1_l1": {"address": 1},
    "open_b10_l1": {"address": 10},
    "open_b1_l4": {"address": 1},
    "query_one": {"look": shorted()},
    "query_all_4ch": {"look": shorted(2, 3)},
    "query_all_24ch_open": {"channels": 24, "look": shorted()},
    "flash_on_relay16_400ms": {"channels": 16},
    "read_relays_1": {"look": holding(1)},
    "read_inputs_none": {"look": shorted()},
    "read_inputs_1": {"look": shorted(1)},
    "read_inputs": {"look": shorted(1)},
    "read_relays": {"look": holding(1)},
}
BUILT = [vector for vector in VECTORS if vector["family"] in FAMILY_OF and vector["request_hex"]]
TOLD_ELSEWHERE = {"query_all_boards_two_present"}  # needs two boards on a wire: see test_wire


def bench_for(vector: dict[str, Any]) -> Bench:
    family = FAMILY_OF[vector["family"]]
    address, channels = PLACES[family]
    around = dict(CIRCUMSTANCES.get(vector["name"], {}))
    look = around.pop("look", None)
    bench = Bench(family, around.pop("address", address), around.pop("channels", channels), **around)
    if look is not None:
        look(bench)
    return bench


def identifier(vector: dict[str, Any]) -> str:
    return f"{vector['family']}-{vector['name']}"


ANSWERED = [vector for vector in BUILT if vector["reply_hex"] and vector["name"] not in TOLD_ELSEWHERE]


@pytest.mark.parametrize("vector", ANSWERED, ids=identifier)
def test_a_pretend_board_answers_the_golden_bytes(vector: dict[str, Any]) -> None:
    """Request in, the very answer out, in the circumstances the vector describes."""
    bench = bench_for(vector)

    answer = bench.answer(bytes.fromhex(vector["request_hex"]))

    assert answer == bytes.fromhex(vector["reply_hex"])


@pytest.mark.parametrize("vector", ANSWERED, ids=identifier)
def test_the_same_bytes_one_at_a_time_are_the_same_request(vector: dict[str, Any]) -> None:
    """A UART delivers single bytes."""
    bench = bench_for(vector)
    heard = []

    for byte in bytes.fromhex(vector["request_hex"]):
        heard += bench.hear(bytes([byte]))

    assert bench.say(heard) == bytes.fromhex(vector["reply_hex"])


@pytest.mark.parametrize("vector", BUILT, ids=identifier)
def test_garbage_around_a_request_does_not_hide_it(vector: dict[str, Any]) -> None:
    """Noise before, noise after: exactly one request is heard."""
    bench = bench_for(vector)
    request = bytes.fromhex(vector["request_hex"])

    heard = bench.hear(b"\x13\x37\xfe" + request + b"\x55\xaa")

    assert [one.frame for one in heard] == [request]


@pytest.mark.parametrize("vector", BUILT, ids=identifier)
def test_a_cut_request_is_no_request(vector: dict[str, Any]) -> None:
    """Every shorter beginning moves nothing and is answered by nothing."""
    request = bytes.fromhex(vector["request_hex"])

    for length in range(len(request)):
        assert bench_for(vector).hear(request[:length]) == []


@pytest.mark.parametrize("vector", BUILT, ids=identifier)
def test_a_wrong_check_sum_is_no_request(vector: dict[str, Any]) -> None:
    """Each single turned bit makes the frame unsound, or at least another frame."""
    request = bytes.fromhex(vector["request_hex"])

    for index in range(len(request)):
        for bit in range(8):
            turned = bytearray(request)
            turned[index] ^= 1 << bit
            assert request not in [one.frame for one in bench_for(vector).hear(bytes(turned))]
    last = request[:-1] + bytes([request[-1] ^ 0x01])
    assert bench_for(vector).hear(last) == []


UNLOCKS = {
    ("lock_8a_xor", "open_b1_l2"): [(2, 0.3)],
    ("lock_8a_xor", "open_timed_3s"): [(1, 3.0)],
    ("lock_8a_xor", "open_all_b1"): [(n, 0.3) for n in range(1, 25)],
    ("lock_8a_xor", "open_batch_1_9_17"): [(1, 0.3), (9, 0.3), (17, 0.3)],
    ("lock_8a_xor", "sequential_test_9d"): [(n, 0.3) for n in range(1, 25)],
    ("lock_8a_xor", "hold_on_9a"): [(1, None)],
    ("lock_8a_xor", "query_all_24ch_none"): [],
    ("kerong_cu16", "open_board0_lock16"): [(16, 0.5)],
    ("kerong_cu16", "open_board1_lock1"): [(1, 0.5)],
    ("kerong_cu16", "open_all_board0"): [(n, 0.5) for n in range(1, 17)],
    ("kerong_cu48", "open_board0_lock1"): [(1, 0.5)],
    ("kerong_cu48", "open_board0_lock2_addr_first"): [(2, 0.5)],
    ("kerong_cu48", "open_board0_lock2_lock_first"): [(2, 0.5)],
    ("wkly", "open_b10_l1"): [(1, 0.35)],
    ("wkly", "open_b1_l4"): [(4, 0.35)],
    ("wkly", "open_all"): [(n, 0.35) for n in range(1, 5)],
    ("wkly", "open_many_sequential"): [(n, 0.35) for n in (1, 2, 3)],
    ("wkly", "open_many_at_once"): [(n, 0.35) for n in (1, 2, 3)],
    ("wkly", "hold_on"): [(1, None)],
    ("wkly", "led_flash"): [],
    ("waveshare_modbus_relay", "relay1_on"): [(1, None)],
    ("waveshare_modbus_relay", "relay1_toggle"): [(1, None)],
    ("waveshare_modbus_relay", "all_on"): [(n, None) for n in range(1, 9)],
    ("waveshare_modbus_relay", "write_all_on"): [(n, None) for n in range(1, 9)],
    ("waveshare_modbus_relay", "flash_on_relay1_700ms"): [(1, 0.7)],
    ("waveshare_modbus_relay", "flash_on_relay16_400ms"): [(16, 0.4)],
    ("waveshare_modbus_relay", "flash_off_relay1_700ms"): [(1, None)],
    ("waveshare_modbus_relay", "exception_bad_value"): [],
    ("lc_modbus_relay", "relay1_on"): [(1, None)],
    ("lc_modbus_relay", "pulse_relay1_2s"): [(1, 2.0)],
    ("lc_modbus_relay", "pulse_relay1_500ms"): [(1, 0.5)],
}


@pytest.mark.parametrize(("family", "name"), UNLOCKS, ids=lambda part: part)
def test_coils_do_what_the_bytes_say_the_forbidden_ones_too(family: str, name: str) -> None:
    """A frame that no driver may send is understood by the pretend board and shows in its coil log."""
    vector = next(one for one in VECTORS if (one["family"], one["name"]) == (family, name))
    bench = bench_for(vector)

    bench.hear(bytes.fromhex(vector["request_hex"]))

    assert bench.energised() == UNLOCKS[(family, name)]


def test_a_released_coil_is_off() -> None:
    """Hold, then release: the log shows how long the coil was on."""
    for family, hold, release in (
        ("lock-8a", "9A 01 01 10 8A", "9B 01 01 10 8B"),
        ("waveshare-relay", "01 05 00 00 FF 00 8C 3A", "01 05 00 FF 00 00 FD FA"),
    ):
        bench = Bench(family, 1, 8)
        bench.hear(bytes.fromhex(hold))
        bench.now_s = 1.5
        bench.hear(bytes.fromhex(release))

        assert [entry.length_s for entry in bench.world.energisings()] == [1.5]


def test_a_set_pulse_time_is_used_from_then_on() -> None:
    """CU16: 37 with 0x0032 means 500 ms; a fifth of it means 100 ms."""
    bench = Bench("kerong-cu16", 0, 16)

    bench.hear(bytes.fromhex("02 00 37 00 0A 03 46"))
    bench.hear(bytes.fromhex("02 00 31 03 36"))

    assert bench.energised() == [(1, 0.1)]


def test_a_new_address_is_obeyed_at_once() -> None:
    """Broadcast 4000 = 2: the board answers to 2 and no longer to 1."""
    bench = Bench("waveshare-relay", 1, 8)

    bench.hear(bytes.fromhex("00 06 40 00 00 02 1C 1A"))

    assert bench.answer(bytes.fromhex("00 03 40 00 00 01 90 1B"))[:5] == bytes.fromhex("02 03 02 00 02")
    assert bench.answer(bytes.fromhex("01 01 00 00 00 08 3D CC")) == b""


@pytest.mark.parametrize("family", sorted(PLACES))
def test_a_board_of_another_address_says_nothing(family: str) -> None:
    """The same golden questions, asked to a board that is set to another number."""
    address, channels = PLACES[family]
    named = next(key for key, value in FAMILY_OF.items() if value == family)
    questions = [v for v in BUILT if v["family"] == named and "address" not in v["name"]]

    for vector in questions:
        bench = Bench(family, address - 1 if address else 7, channels)
        if (
            vector["request_hex"].startswith(("00", "02 F0"))
            or "_b1_" in vector["name"]
            or "board1" in vector["name"]
        ):
            continue  # asked to everybody, or to a neighbour
        assert bench.answer(bytes.fromhex(vector["request_hex"])) == b""
        assert bench.energised() == []
