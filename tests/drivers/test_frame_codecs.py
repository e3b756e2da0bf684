"""Codecs under any input: round trips, sums, and decoders that never break on what a line may carry."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.checksums import crc16_modbus, crc16_xmodem, sum8, xor8
from drivers.lock_boards import (
    kerong_cu16,
    kerong_cu48,
    kerong_frames,
    lock_8a,
    modbus_frames,
    modbus_relay,
    wkly,
)
from drivers.lock_boards.modbus_frames import BitQuery, Bits, CoilOff, Flash, Function, WordQuery, Words
from drivers.scanners.grow import Type, ZoneFrame
from drivers.transaction import Recognise

WORDS = st.integers(0, 0xFFFF)
UNITS = st.sampled_from(modbus_frames.UNITS)
STEPS = st.integers(1, modbus_frames.PULSE_STEPS_MAX)
A8_BOARDS, A8_LOCKS = st.sampled_from(lock_8a.BOARDS), st.sampled_from(lock_8a.LOCKS)
WK_BOARDS, WK_CHANNELS = st.sampled_from(wkly.BOARDS), st.sampled_from(wkly.CHANNELS)
CU16_BOARDS, CU16_LOCKS = st.sampled_from(kerong_cu16.BOARDS), st.sampled_from(kerong_cu16.LOCKS)
CU48_BOARDS, CU48_LOCKS = st.sampled_from(kerong_cu48.BOARDS), st.sampled_from(kerong_cu48.LOCKS)
BYTE = st.integers(0, 255)

VALUES = st.one_of(
    st.builds(lock_8a.Unlock, A8_BOARDS, A8_LOCKS),
    st.builds(lock_8a.DoorQuery, A8_BOARDS, A8_LOCKS),
    st.builds(lock_8a.ContactReport, st.sampled_from(lock_8a.Head), A8_BOARDS, A8_LOCKS, st.booleans()),
    st.builds(lock_8a.BoardQuery, A8_BOARDS),
    st.builds(lock_8a.BoardReport, A8_BOARDS, st.binary(min_size=1, max_size=4)),
    st.builds(wkly.Unlock, WK_BOARDS, WK_CHANNELS),
    st.builds(wkly.DoorQuery, WK_BOARDS, WK_CHANNELS),
    st.builds(
        wkly.DoorReport,
        st.sampled_from((wkly.Command.UNLOCK, wkly.Command.READ_ONE)),
        WK_BOARDS,
        BYTE,
        WK_CHANNELS,
        BYTE,
    ),
    st.builds(wkly.BoardQuery, WK_BOARDS),
    st.builds(wkly.BoardReport, WK_BOARDS, BYTE, st.binary(max_size=32)),
    st.builds(wkly.DoorChanged, WK_BOARDS, WK_CHANNELS, BYTE),
    st.builds(kerong_cu16.Unlock, CU16_BOARDS, CU16_LOCKS),
    st.builds(kerong_cu16.StatusQuery, CU16_BOARDS, st.sampled_from(list(kerong_cu16.ANSWERS))),
    st.builds(
        kerong_cu16.Status, CU16_BOARDS, st.sampled_from(list(kerong_cu16.ANSWERS.values())), WORDS, WORDS
    ),
    st.builds(kerong_cu48.Unlock, CU48_BOARDS, CU48_LOCKS),
    st.builds(kerong_cu48.StatusQuery, CU48_BOARDS),
    st.builds(kerong_cu48.Status, CU48_BOARDS, st.integers(0, 2**48 - 1), st.binary(min_size=6, max_size=6)),
    st.builds(
        BitQuery,
        UNITS,
        st.sampled_from((Function.READ_COILS, Function.READ_INPUTS)),
        WORDS,
        st.integers(1, 64),
    ),
    st.builds(WordQuery, UNITS, WORDS, st.integers(1, 64)),
    st.builds(CoilOff, UNITS, WORDS),
    st.builds(Flash, UNITS, WORDS, STEPS),
    st.builds(
        Bits,
        UNITS,
        st.sampled_from((Function.READ_COILS, Function.READ_INPUTS)),
        st.binary(min_size=1, max_size=8),
    ),
    st.builds(Words, UNITS, st.lists(WORDS, min_size=1, max_size=64).map(tuple)),
    st.builds(modbus_relay.LcPulse, UNITS, WORDS, STEPS),
    st.builds(
        ZoneFrame, st.sampled_from((Type.WRITE, Type.SAVE)), WORDS, st.binary(min_size=1, max_size=255)
    ),
    st.builds(ZoneFrame, st.just(Type.READ), WORDS, st.binary(min_size=1, max_size=1)),
)
DECODERS = (
    lock_8a.Unlock, lock_8a.DoorQuery, lock_8a.ContactReport, lock_8a.BoardQuery, lock_8a.BoardReport,
    wkly.Unlock, wkly.DoorQuery, wkly.DoorReport, wkly.BoardQuery, wkly.BoardReport, wkly.DoorChanged,
    kerong_cu16.Unlock, kerong_cu16.StatusQuery, kerong_cu16.Status,
    kerong_cu48.Unlock, kerong_cu48.StatusQuery, kerong_cu48.Status,
    BitQuery, WordQuery, CoilOff, Flash, Bits, Words, modbus_relay.LcPulse, ZoneFrame,
)  # fmt: skip
RECOGNISERS: dict[str, Recognise] = {
    "8a one": lock_8a.recognise_contact(lock_8a.Head.READ, 1, 3),
    "8a unlock": lock_8a.recognise_contact(lock_8a.Head.UNLOCK, 1, 3),
    "8a all": lock_8a.recognise_board(1, range(1, 5)),
    "wkly one": wkly.recognise_answer(0, wkly.Command.READ_ONE, 1, range(3, 4)),
    "wkly all": wkly.recognise_answer(0, wkly.Command.READ_ALL, 0, range(2, 35)),
    "cu16": kerong_frames.recognise_frame(bytes.fromhex("02 00 35"), 9, (9, 5)),
    "cu16 unlock": kerong_frames.recognise_any(lambda frame: frame[1] >> 4 == 0, (5, 9)),
    "cu48": kerong_frames.recognise_frame(bytes.fromhex("02 00 00 75"), 18, (18, 6)),
    "modbus bits": modbus_frames.recognise_reply(BitQuery(1, Function.READ_INPUTS, 0, 16).encode()),
    "modbus words": modbus_frames.recognise_reply(WordQuery(1, 0x1000, 8).encode()),
    "modbus pulse": modbus_frames.recognise_reply(Flash(1, 0x0200, 3).encode()),
    "lc pulse": modbus_frames.recognise_reply(modbus_relay.LcPulse(1, 3, 3).encode()),
}
FAMILY_BYTES = bytes.fromhex(
    "00 01 02 03 05 0F 10 11 30 31 33 35 36 57 4B 4C 59 60 75 80 8A 81 82 83 84 85 FF 08 0B"
)
LINE = st.one_of(
    st.binary(max_size=64),
    st.lists(st.sampled_from(FAMILY_BYTES), max_size=64).map(bytes),
    st.lists(VALUES.map(lambda value: value.encode()), max_size=5).map(b"".join),
)


def decode(kind: Any, frame: bytes) -> Any:
    """The value, or None for bytes that are no such frame."""
    try:
        return kind.decode(frame)
    except ValueError:
        return None


@given(VALUES)
def test_every_frame_is_read_back_as_what_was_written(value: Any) -> None:
    assert decode(type(value), value.encode()) == value


@given(VALUES, st.data())
def test_one_flipped_bit_never_reads_as_the_same_frame(value: Any, data: st.DataObject) -> None:
    """Every family's sum sees a single flipped bit; Grow frames may say that nobody should check."""
    frame = value.encode()
    bit = data.draw(st.integers(0, 8 * len(frame) - 1))
    flipped = bytearray(frame)
    flipped[bit // 8] ^= 1 << bit % 8

    assert decode(type(value), bytes(flipped)) is None


@pytest.mark.parametrize(
    "kind", DECODERS, ids=lambda kind: f"{kind.__module__.rsplit('.', 1)[-1]}.{kind.__name__}"
)
@settings(max_examples=100)
@given(frame=LINE)
def test_a_decoder_reads_or_refuses_and_never_breaks(kind: Any, frame: bytes) -> None:
    value = decode(kind, frame)

    assert value is None or value.encode() == frame


@pytest.mark.parametrize("name", RECOGNISERS)
@settings(max_examples=150)
@given(buffer=LINE)
def test_a_recogniser_names_a_piece_of_the_buffer_or_nothing(name: str, buffer: bytes) -> None:
    """Called again after each find it reaches the end: no byte is handed out twice, none makes it stop."""
    recognise, rest, finds = RECOGNISERS[name], buffer, 0
    while (seen := recognise(rest)) is not None:
        assert 0 <= seen.start < seen.end <= len(rest)
        rest, finds = rest[seen.end :], finds + 1

    assert finds <= len(buffer)


@pytest.mark.soak
@settings(max_examples=20_000, deadline=None)
@given(kind=st.sampled_from(DECODERS), frame=LINE)
def test_decoders_stand_a_long_run_of_noise(kind: Any, frame: bytes) -> None:
    value = decode(kind, frame)

    assert value is None or value.encode() == frame


@pytest.mark.soak
@settings(max_examples=20_000, deadline=None)
@given(name=st.sampled_from(sorted(RECOGNISERS)), buffer=LINE)
def test_recognisers_stand_a_long_run_of_noise(name: str, buffer: bytes) -> None:
    seen = RECOGNISERS[name](buffer)

    assert seen is None or 0 <= seen.start < seen.end <= len(buffer)


@given(UNITS, st.integers(0, 0x0FFF), st.integers(1, 64))
def test_pymodbus_writes_the_same_readings_as_our_own_codec(unit: int, first: int, count: int) -> None:
    """Two codecs nobody copied from each other agree."""
    assert (
        modbus_relay.read_coils(unit, first, count)
        == BitQuery(unit, Function.READ_COILS, first, count).encode()
    )
    assert (
        modbus_relay.read_inputs(unit, first, count)
        == BitQuery(unit, Function.READ_INPUTS, first, count).encode()
    )
    assert modbus_relay.read_words(unit, first, count) == WordQuery(unit, first, count).encode()


@given(UNITS, st.binary(min_size=1, max_size=8), st.lists(WORDS, min_size=1, max_size=16).map(tuple))
def test_pymodbus_reads_the_same_answers_as_our_own_codec(
    unit: int, data: bytes, words: tuple[int, ...]
) -> None:
    bits = Bits(unit, Function.READ_INPUTS, data)

    assert modbus_relay.bits_of(bits.encode()) == bits.values
    assert modbus_relay.words_of(Words(unit, words).encode()) == words


def test_the_check_sums_agree_with_the_worked_examples() -> None:
    assert xor8(bytes.fromhex("8A 01 01 11")) == 0x9B
    assert xor8(bytes.fromhex("57 4B 4C 59 09 00 82 01")) == 0x83
    assert sum8(bytes.fromhex("02 10 31 03")) == 0x46
    assert crc16_modbus(bytes.fromhex("01 05 02 00 00 07")).to_bytes(2, "little") == bytes.fromhex("8D B0")
    assert crc16_xmodem(bytes.fromhex("07 01 00 2A 02")) == 0xD80F


@pytest.mark.parametrize(
    "make",
    [
        lambda: lock_8a.Unlock(1, 0),
        lambda: lock_8a.Unlock(33, 1),
        lambda: lock_8a.BoardReport(1, bytes(5)),
        lambda: wkly.Unlock(0, 0),
        lambda: wkly.Unlock(32, 1),
        lambda: wkly.DoorReport(wkly.Command.READ_ALL, 0, 0, 1, 0),
        lambda: kerong_cu16.Unlock(0, 17),
        lambda: kerong_cu16.Unlock(15, 1),
        lambda: kerong_cu16.StatusQuery(0, kerong_cu16.Command.UNLOCK),
        lambda: kerong_cu48.Unlock(0, 49),
        lambda: CoilOff(0, 0),
        lambda: Flash(1, 0x0200, 0),
        lambda: Flash(1, 0x0200, 0xFF00),
        lambda: modbus_relay.LcPulse(0, 3, 1),
        lambda: BitQuery(1, Function.WRITE_COIL, 0, 8),
    ],
)
def test_a_frame_out_of_its_familys_range_cannot_be_made(make: Any) -> None:
    """Lock 0 would mean all locks, unit 0 and board F every board, a value of FF00 a coil held on."""
    with pytest.raises(ValueError):
        make()
