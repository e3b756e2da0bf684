"""Every golden frame of the built board families, both ways: what we send, and what we understand of the answers."""

from __future__ import annotations

import pytest

from drivers.lock_boards import (
    commissioning,
    kerong_cu16,
    kerong_cu48,
    kerong_frames,
    lock_8a,
    modbus_frames,
    modbus_relay,
    wkly,
)
from drivers.lock_boards.modbus_frames import BitQuery, Bits, CoilOff, Flash, Function, WordQuery, Words
from drivers.transaction import Recognise, Sight
from tests.drivers.golden import SOUND, Vector, spoiled, vectors_of

FAMILIES = ("lock_8a_xor", "kerong_cu16", "kerong_cu48", "wkly", "waveshare_modbus_relay", "lc_modbus_relay")
COILS, INPUTS = Function.READ_COILS, Function.READ_INPUTS

# What each golden request is in our words. A request that only shows how a board refuses it is no word of ours.
REQUESTS = {
    "lock_8a_xor/open_b1_l1_contact_open": lock_8a.Unlock(1, 1),
    "lock_8a_xor/open_b1_l1_contact_short": lock_8a.Unlock(1, 1),
    "lock_8a_xor/open_b1_l2": lock_8a.Unlock(1, 2),
    "lock_8a_xor/open_b2_l1": lock_8a.Unlock(2, 1),
    "lock_8a_xor/query_one_short": lock_8a.DoorQuery(1, 1),
    "lock_8a_xor/query_one_open": lock_8a.DoorQuery(1, 1),
    "lock_8a_xor/query_all_24ch_none": lock_8a.BoardQuery(1),
    "lock_8a_xor/query_all_24ch_1_9_17": lock_8a.BoardQuery(1),
    "lock_8a_xor/query_all_32ch": lock_8a.BoardQuery(1),
    "lock_8a_xor/query_all_16bit_order": lock_8a.BoardQuery(2),
    "lock_8a_xor/hold_off_9b": commissioning.Release8A(1, 1),
    "kerong_cu16/open_board0_lock1": kerong_cu16.Unlock(0, 1),
    "kerong_cu16/open_board0_lock16": kerong_cu16.Unlock(0, 16),
    "kerong_cu16/open_board1_lock1": kerong_cu16.Unlock(1, 1),
    "kerong_cu16/query_board0_all_closed": kerong_cu16.StatusQuery(0),
    "kerong_cu16/query_board0_lock1_open": kerong_cu16.StatusQuery(0),
    "kerong_cu16/query_board0_item_in_3": kerong_cu16.StatusQuery(0),
    "kerong_cu16/query_board1": kerong_cu16.StatusQuery(1),
    "kerong_cu16/query_all_boards_two_present": commissioning.EveryCu16Query(),
    "kerong_cu16/query_via_32_single_board": kerong_cu16.StatusQuery(0, kerong_cu16.Command.STATUS_OTHER),
    "kerong_cu48/query_board0": kerong_cu48.StatusQuery(0),
    "kerong_cu48/open_board0_lock1": kerong_cu48.Unlock(0, 1),
    "kerong_cu48/open_board0_lock2_addr_first": kerong_cu48.Unlock(0, 2),
    "kerong_cu48/open_board0_lock2_lock_first": kerong_cu48.Unlock(0, 2, kerong_cu48.Order.LOCK_BOARD),
    "wkly/open_b0_l1": wkly.Unlock(0, 1),
    "wkly/open_b1_l1": wkly.Unlock(1, 1),
    "wkly/open_b10_l1": wkly.Unlock(10, 1),
    "wkly/open_b1_l4": wkly.Unlock(1, 4),
    "wkly/query_one": wkly.DoorQuery(0, 1),
    "wkly/query_one_closed": wkly.DoorQuery(0, 1),
    "wkly/query_all_4ch": wkly.BoardQuery(0),
    "wkly/query_all_24ch_open": wkly.BoardQuery(0),
    "wkly/led_flash": commissioning.BlinkWkly(0, 1),
    "wkly/hold_off": commissioning.ReleaseWkly(0, 1),
    "waveshare_modbus_relay/relay1_off": CoilOff(1, 0),
    "waveshare_modbus_relay/all_off": CoilOff(1, 0x00FF),
    "waveshare_modbus_relay/flash_on_relay1_700ms": Flash(1, 0x0200, 7),
    "waveshare_modbus_relay/flash_on_relay2_800ms": Flash(1, 0x0201, 8),
    "waveshare_modbus_relay/flash_on_relay1_500ms": Flash(1, 0x0200, 5),
    "waveshare_modbus_relay/flash_on_relay16_400ms": Flash(1, 0x020F, 4),
    "waveshare_modbus_relay/read_relays_none": BitQuery(1, COILS, 0, 8),
    "waveshare_modbus_relay/read_relays_1": BitQuery(1, COILS, 0, 8),
    "waveshare_modbus_relay/read_inputs_none": BitQuery(1, INPUTS, 0, 8),
    "waveshare_modbus_relay/read_inputs_1": BitQuery(1, INPUTS, 0, 8),
    "waveshare_modbus_relay/set_address_1": commissioning.WaveshareAddress(1),
    "waveshare_modbus_relay/set_address_2": commissioning.WaveshareAddress(2),
    "waveshare_modbus_relay/read_address": commissioning.AddressQuery(commissioning.AddressQuery.WAVESHARE),
    "waveshare_modbus_relay/read_version": WordQuery(1, 0x8000, 1),
    "lc_modbus_relay/relay1_off": CoilOff(255, 0),
    "lc_modbus_relay/read_relays": BitQuery(255, COILS, 0, 8),
    "lc_modbus_relay/read_inputs": BitQuery(255, INPUTS, 0, 8),
    "lc_modbus_relay/pulse_relay1_2s": modbus_relay.LcPulse(255, 3, 20),
    "lc_modbus_relay/pulse_relay1_500ms": modbus_relay.LcPulse(255, 3, 5),
    "lc_modbus_relay/read_address_any": commissioning.AddressQuery(commissioning.AddressQuery.LC),
}
NO_WORD_OF_OURS = {"waveshare_modbus_relay/exception_bad_value"}

# What each golden answer means. Answers that repeat their request, and those of commissioning, are told by their bytes.
ANSWERS = {
    "lock_8a_xor/open_b1_l1_contact_open": lock_8a.ContactReport(lock_8a.Head.UNLOCK, 1, 1, False),
    "lock_8a_xor/open_b1_l1_contact_short": lock_8a.ContactReport(lock_8a.Head.UNLOCK, 1, 1, True),
    "lock_8a_xor/open_b2_l1": lock_8a.ContactReport(lock_8a.Head.UNLOCK, 2, 1, True),
    "lock_8a_xor/query_one_short": lock_8a.ContactReport(lock_8a.Head.READ, 1, 1, True),
    "lock_8a_xor/query_one_open": lock_8a.ContactReport(lock_8a.Head.READ, 1, 1, False),
    "lock_8a_xor/query_all_24ch_none": lock_8a.BoardReport(1, bytes(3)),
    "lock_8a_xor/query_all_24ch_1_9_17": lock_8a.BoardReport(1, bytes((1, 1, 1))),
    "lock_8a_xor/query_all_32ch": lock_8a.BoardReport(1, bytes((0xFF,) * 4)),
    "lock_8a_xor/query_all_16bit_order": lock_8a.BoardReport(2, bytes((5, 3))),
    "kerong_cu16/query_board0_all_closed": kerong_cu16.Status(
        0, kerong_cu16.Command.STATUS_ANSWER, 0xFFFF, 0
    ),
    "kerong_cu16/query_board0_lock1_open": kerong_cu16.Status(
        0, kerong_cu16.Command.STATUS_ANSWER, 0xFFFE, 0
    ),
    "kerong_cu16/query_board0_item_in_3": kerong_cu16.Status(0, kerong_cu16.Command.STATUS_ANSWER, 0xFFFF, 4),
    "kerong_cu16/query_board1": kerong_cu16.Status(1, kerong_cu16.Command.STATUS_ANSWER, 0, 0),
    "kerong_cu16/query_via_32_single_board": kerong_cu16.Status(
        0, kerong_cu16.Command.STATUS_OTHER_ANSWER, 0xFFFF, 0
    ),
    "kerong_cu48/query_board0": kerong_cu48.Status(0, 0xFFFFFFFFFFFF, bytes(6)),
    "wkly/open_b0_l1": wkly.DoorReport(wkly.Command.UNLOCK, 0, 0, 1, 0),
    "wkly/open_b1_l4": wkly.DoorReport(wkly.Command.UNLOCK, 1, 0, 4, 0),
    "wkly/query_one": wkly.DoorReport(wkly.Command.READ_ONE, 0, 0, 1, 0),
    "wkly/query_one_closed": wkly.DoorReport(wkly.Command.READ_ONE, 0, 0, 1, 1),
    "wkly/query_all_4ch": wkly.BoardReport(0, 0, bytes((0, 1, 1, 0))),
    "wkly/query_all_24ch_open": wkly.BoardReport(0, 0, bytes(24)),
    "wkly/door_event": wkly.DoorChanged(0, 1, 1),
    "waveshare_modbus_relay/read_relays_none": Bits(1, COILS, b"\x00"),
    "waveshare_modbus_relay/read_relays_1": Bits(1, COILS, b"\x01"),
    "waveshare_modbus_relay/read_inputs_none": Bits(1, INPUTS, b"\x00"),
    "waveshare_modbus_relay/read_inputs_1": Bits(1, INPUTS, b"\x01"),
    "waveshare_modbus_relay/read_version": Words(1, (200,)),
    "lc_modbus_relay/read_relays": Bits(255, COILS, b"\x01"),
    "lc_modbus_relay/read_inputs": Bits(255, INPUTS, b"\x01"),
}
ADDRESSES = {"waveshare_modbus_relay/read_address": 1, "lc_modbus_relay/read_address_any": 255}
REFUSALS = {"waveshare_modbus_relay/exception_bad_value"}
PUSHES = {"wkly/door_event"}

BOARDS = [vector for vector in vectors_of(*FAMILIES) if not vector.forbidden]


def recogniser(vector: Vector) -> Recognise:
    """How a driver waits for this vector's answer."""
    value = REQUESTS.get(str(vector))
    match value:
        case lock_8a.Unlock(board, lock):
            return lock_8a.recognise_contact(lock_8a.Head.UNLOCK, board, lock)
        case lock_8a.DoorQuery(board, lock):
            return lock_8a.recognise_contact(lock_8a.Head.READ, board, lock)
        case lock_8a.BoardQuery(board):
            return lock_8a.recognise_board(board, range(1, 5))
        case kerong_cu16.StatusQuery(board, command):
            prefix = kerong_cu16.Status(board, kerong_cu16.ANSWERS[command], 0, 0).encode()[:3]
            return kerong_frames.recognise_frame(prefix, 9, (9, 5))
        case kerong_cu48.StatusQuery():
            return kerong_frames.recognise_frame(bytes.fromhex("02 00 00 75"), 18, (18, 6))
        case wkly.Unlock(board, channel):
            return wkly.recognise_answer(board, wkly.Command.UNLOCK, channel, range(3, 4))
        case wkly.DoorQuery(board, channel):
            return wkly.recognise_answer(board, wkly.Command.READ_ONE, channel, range(3, 4))
        case wkly.BoardQuery(board):
            return wkly.recognise_answer(board, wkly.Command.READ_ALL, 0, range(2, 35))
        case None if vector.family == "wkly":
            return wkly.recognise_answer(0, wkly.Command.READ_ALL, 0, range(2, 35))
        case _:
            return modbus_frames.recognise_reply(vector.request)


COMMISSIONING = tuple(
    name for name, value in REQUESTS.items() if type(value).__module__ == commissioning.__name__
)
ANSWERED = [
    vector
    for vector in BOARDS
    if vector.reply
    and str(vector) not in COMMISSIONING
    and (vector.confidence in SOUND or str(vector) in ANSWERS)
]


def sight(vector: Vector) -> Sight:
    if str(vector) in REFUSALS:
        return Sight.REFUSAL
    return Sight.PUSHED if str(vector) in PUSHES else Sight.REPLY


def test_no_golden_frame_of_a_built_family_is_left_out() -> None:
    """A vector added to the file without a word here must be noticed, not skipped."""
    sound = [vector for vector in BOARDS if vector.confidence in SOUND]

    without_word = {str(v) for v in sound if v.request} - set(REQUESTS) - NO_WORD_OF_OURS
    unread = {str(v) for v in ANSWERED if v.reply != v.request} - set(ANSWERS) - REFUSALS
    written = {
        "lc_modbus_relay/pulse_relay1_2s",
        "lc_modbus_relay/pulse_relay1_500ms",
    }  # an answer without content

    assert without_word == set()
    assert unread - written == set()


@pytest.mark.parametrize("vector", [v for v in BOARDS if str(v) in REQUESTS], ids=str)
def test_what_we_send_is_the_golden_request(vector: Vector) -> None:
    assert REQUESTS[str(vector)].encode() == vector.request


@pytest.mark.parametrize(
    "vector", [v for v in BOARDS if str(v) in set(REQUESTS) - set(COMMISSIONING)], ids=str
)
def test_a_golden_request_is_read_back_as_what_it_means(vector: Vector) -> None:
    """Frames of commissioning are only ever sent."""
    value = REQUESTS[str(vector)]

    if isinstance(value, kerong_cu48.Unlock):
        assert kerong_cu48.Unlock.decode(vector.request, value.order) == value
    else:
        assert type(value).decode(vector.request) == value


@pytest.mark.parametrize("vector", [v for v in BOARDS if str(v) in ANSWERS], ids=str)
def test_a_golden_answer_is_read_as_what_it_means(vector: Vector) -> None:
    value = ANSWERS[str(vector)]

    assert type(value).decode(vector.reply) == value
    assert value.encode() == vector.reply


@pytest.mark.parametrize("vector", [v for v in BOARDS if str(v) in ADDRESSES], ids=str)
def test_a_lone_boards_address_is_read(vector: Vector) -> None:
    assert commissioning.address_in(vector.reply) == ADDRESSES[str(vector)]


@pytest.mark.parametrize("vector", ANSWERED, ids=str)
def test_the_answer_is_known_whole(vector: Vector) -> None:
    seen = recogniser(vector)(vector.reply)

    assert seen is not None
    assert (seen.sight, seen.start, seen.end) == (sight(vector), 0, len(vector.reply))


@pytest.mark.parametrize("vector", ANSWERED, ids=str)
def test_the_answer_is_known_when_it_comes_byte_by_byte_and_not_before_its_end(vector: Vector) -> None:
    recognise = recogniser(vector)

    early = [recognise(vector.reply[:length]) for length in range(len(vector.reply))]

    assert early == [None] * len(vector.reply)
    assert recognise(vector.reply) is not None


@pytest.mark.parametrize(
    "noise", [b"\x00", b"\xff", b"\x01\x02", b"\x80\x8a", b"\x57\x4b", bytes(range(0x20, 0x60))]
)
@pytest.mark.parametrize("vector", ANSWERED, ids=str)
def test_the_answer_is_known_among_garbage(vector: Vector, noise: bytes) -> None:
    """One noise byte made a known client drop whole buffers; here it costs that byte."""
    seen = recogniser(vector)(noise + vector.reply + noise)

    assert seen is not None
    assert seen.sight is sight(vector)
    assert (noise + vector.reply + noise)[seen.start : seen.end] == vector.reply


@pytest.mark.parametrize("vector", ANSWERED, ids=str)
def test_a_wrong_check_sum_is_no_answer(vector: Vector) -> None:
    seen = recogniser(vector)(spoiled(vector.reply))

    assert seen is None or seen.sight is Sight.FOREIGN


@pytest.mark.parametrize("vector", ANSWERED, ids=str)
def test_a_spoiled_answer_does_not_hide_the_sound_one_behind_it(vector: Vector) -> None:
    recognise = recogniser(vector)
    buffer = spoiled(vector.reply) + vector.reply
    seen = recognise(buffer)
    while seen is not None and seen.sight is Sight.FOREIGN:  # ends: each one shortens the buffer
        buffer = buffer[seen.end :]
        seen = recognise(buffer)

    assert seen is not None
    assert buffer[seen.start : seen.end] == vector.reply
