"""What each board family makes of answers: doors, identities, pulses, refusals. Procedures run by hand, no bus."""

from __future__ import annotations

from typing import Any

import pytest

from drivers.errors import (
    BadReply,
    BoardRefused,
    BoardSilent,
    BusBusy,
    NotArmed,
    PortLost,
    PortMissing,
    WrongBoard,
)
from drivers.lock_board import BoardSettings, DoorPushed, DoorState, Feedback, UnlockSent
from drivers.lock_boards import kerong_cu16, lock_8a, modbus_frames, wkly
from drivers.lock_boards.modbus_frames import Words
from drivers.registry import LOCK_BOARDS, UnknownDriver, board_from, known, lock_board_class, scanner_class
from tests.drivers.procedures import arm, reply_to, requests_of, settings_for

OPEN, CLOSED, UNKNOWN = DoorState.OPEN, DoorState.CLOSED, DoorState.UNKNOWN
RELAYS = ("waveshare-relay", "modbus-relay")
COILS_OFF, OFF = bytes.fromhex("01 01 01 00 51 88"), bytes.fromhex("01 05 00 FF 00 00 FD FA")
VERSION = bytes.fromhex("01 03 02 00 C8 B9 D2")


def board_of(driver: str, **changes: Any) -> Any:
    return board_from(settings_for(driver, **changes), driver)


def result_of(procedure: Any, *replies: bytes | Exception) -> Any:
    """Run a procedure on the given answers; the rest are answered with zeros."""
    waiting = list(replies)
    try:
        transaction = next(procedure)
        while True:
            reply = waiting.pop(0) if waiting else reply_to(transaction)
            transaction = procedure.throw(reply) if isinstance(reply, Exception) else procedure.send(reply)
    except StopIteration as end:
        return end.value


def test_every_installed_board_has_the_name_it_says() -> None:
    for driver in known(LOCK_BOARDS):
        assert lock_board_class(driver).family == driver


def test_an_unknown_driver_is_named_with_those_that_exist() -> None:
    with pytest.raises(UnknownDriver, match=r"'lock-9b'.*lock-8a"):
        lock_board_class("lock-9b")
    with pytest.raises(UnknownDriver, match=r"'lnie'.*line"):
        scanner_class("lnie")


@pytest.mark.parametrize(
    ("driver", "changes", "says"),
    [
        ("lock-8a", {"address": 33}, "address 33"),
        ("lock-8a", {"channels": 33}, "33 channels"),
        ("kerong-cu16", {"address": 10}, "address 10"),
        ("kerong-cu16", {"channels": 17}, "17 channels"),
        ("wkly", {"address": 32}, "address 32"),
        ("waveshare-relay", {"address": 0}, "address 0"),
        ("modbus-relay", {"pulse_ms": 0}, "pulse of 0 ms"),
        ("modbus-relay", {"options": {"profile": "eletechsup"}}, "profile 'eletechsup'"),
        ("modbus-relay", {"options": {"pulse": "host"}}, "time their own pulse"),
        ("modbus-relay", {"options": {"coil_base": -1}}, "coil_base -1"),
        ("kerong-cu48", {"options": {"order": "sideways"}}, "order 'sideways'"),
    ],
)
def test_a_setting_that_a_family_cannot_have_is_refused_by_name(
    driver: str, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        board_of(driver, **changes)


@pytest.mark.parametrize("driver", known(LOCK_BOARDS))
@pytest.mark.parametrize("channel", [0, -1, 9])
def test_a_channel_that_the_board_does_not_have_is_refused_before_any_byte(driver: str, channel: int) -> None:
    with pytest.raises(ValueError, match="channels 1 to 8"):
        board_of(driver).unlock(channel)


ALL_SHORT_BUT_3 = {
    "lock-8a": lock_8a.BoardReport(1, bytes((0, 0, 0b11111011))).encode(),
    "kerong-cu16": kerong_cu16.Status(0, kerong_cu16.Command.STATUS_ANSWER, 0xFFFB, 0).encode(),
    "wkly": wkly.BoardReport(0, 0, bytes((1, 1, 0, 1, 1, 1, 1, 1))).encode(),
    "waveshare-relay": modbus_frames.Bits(
        1, modbus_frames.Function.READ_INPUTS, bytes((0b11111011,))
    ).encode(),
    "modbus-relay": modbus_frames.Bits(1, modbus_frames.Function.READ_INPUTS, bytes((0b11111011,))).encode(),
}


@pytest.mark.parametrize("driver", ALL_SHORT_BUT_3)
def test_the_wiring_decides_what_a_shorted_contact_means(driver: str) -> None:
    """All contacts but channel 3's are shorted: locked in the usual wiring, open in the other, and per channel."""
    reply = ALL_SHORT_BUT_3[driver]
    usual = board_of(driver)
    other = board_of(driver, feedback=Feedback.CLOSED_WHEN_OPEN)
    mixed = board_of(driver, feedback_by_channel={1: Feedback.CLOSED_WHEN_OPEN})

    assert usual.decode_poll(reply).doors == (CLOSED, CLOSED, OPEN, CLOSED, CLOSED, CLOSED, CLOSED, CLOSED)
    assert other.decode_poll(reply).doors == (OPEN, OPEN, CLOSED, OPEN, OPEN, OPEN, OPEN, OPEN)
    assert mixed.decode_poll(reply).doors == (OPEN, CLOSED, OPEN, CLOSED, CLOSED, CLOSED, CLOSED, CLOSED)


def test_a_cu48_reads_48_hooks() -> None:
    board = board_of("kerong-cu48", channels=48)

    readings = board.decode_poll(bytes.fromhex("02 00 00 75 FE FF FF FF FF 7F 00 00 00 00 00 00 03 F3"))

    assert [n for n, door in enumerate(readings.doors, 1) if door is OPEN] == [1, 48]


def test_unwired_presence_inputs_are_not_read_as_empty_compartments() -> None:
    """CU16 boards have the inputs, most lockers not the sensors: they count only where the configuration says so."""
    reply = kerong_cu16.Status(0, kerong_cu16.Command.STATUS_ANSWER, 0xFFFF, 0b100).encode()

    assert board_of("kerong-cu16").decode_poll(reply).presence == ()
    wired = board_of("kerong-cu16", presence=frozenset({1, 3})).decode_poll(reply)
    assert wired.presence == (False, None, True, None, None, None, None, None)


@pytest.mark.parametrize("driver", ["lock-8a", "kerong-cu48", "wkly", "waveshare-relay", "modbus-relay"])
def test_a_board_without_presence_inputs_refuses_to_have_any(driver: str) -> None:
    """Or a door would count as empty on the word of an input that is not there."""
    with pytest.raises(ValueError, match=r"board A: .* has no inputs for presence sensors"):
        board_of(driver, presence=frozenset({1}))


def test_an_unheard_of_wkly_state_is_unknown_and_not_open() -> None:
    reply = wkly.BoardReport(0, 0, bytes((0, 1, 2, 0x7F, 0xFF, 1, 1, 1))).encode()

    assert board_of("wkly").decode_poll(reply).doors[:5] == (OPEN, CLOSED, UNKNOWN, UNKNOWN, UNKNOWN)


def test_a_pushed_door_is_this_boards_or_nobodys() -> None:
    board = board_of("wkly", address=2)

    assert board.decode_push(wkly.DoorChanged(2, 7, 0).encode()) == DoorPushed(7, OPEN)
    assert board.decode_push(wkly.DoorChanged(3, 7, 0).encode()) is None
    assert board.decode_push(wkly.DoorChanged(2, 9, 0).encode()) is None  # has eight doors
    assert board.decode_push(b"noise") is None
    assert board_of("lock-8a").decode_push(wkly.DoorChanged(1, 7, 0).encode()) is None


def test_a_waveshare_board_without_inputs_knows_no_door() -> None:
    """Its doors are sensed elsewhere; its relays are still asked, so that silence is noticed."""
    board = board_of("waveshare-relay", options={"inputs": False})

    readings = result_of(board.read_doors())

    assert readings.doors == (UNKNOWN,) * 8
    assert board.poll().request[1] == modbus_frames.Function.READ_COILS


# Preparing


@pytest.mark.parametrize("driver", known(LOCK_BOARDS))
def test_a_prepared_board_tells_who_it_is(driver: str) -> None:
    board = board_of(driver)

    info = result_of(board.prepare())

    assert (info.family, info.address) == (driver, board.settings.address)
    assert info.channels >= board.channels


@pytest.mark.parametrize("driver", RELAYS)
def test_relay_boards_are_switched_off_once_they_have_answered(driver: str) -> None:
    """The first question is a reading: a write's answer could be the adapter's own echo."""
    sent = list(requests_of(board_of(driver).prepare()))

    assert sent[0].request[1] == modbus_frames.Function.READ_COILS
    writes = [one for one in sent if one.request[1] == modbus_frames.Function.WRITE_COIL]
    assert writes
    assert all(one.request[4:6] == bytes(2) and not one.actuates for one in writes)


def test_waveshare_all_off_is_the_one_frame_that_every_map_agrees_on() -> None:
    frames = [transaction.request for transaction in requests_of(board_of("waveshare-relay").all_off())]

    assert frames == [bytes.fromhex("01 05 00 FF 00 00 FD FA")]


def test_a_board_without_an_all_off_switches_each_coil_off() -> None:
    frames = list(requests_of(board_of("modbus-relay", address=255).all_off()))

    assert len(frames) == 8
    assert frames[0].request == bytes.fromhex("FF 05 00 00 00 00 D8 14")


def test_a_waveshare_board_whose_inputs_drive_relays_is_not_armed() -> None:
    """Input 3 is in linkage mode: a door contact would fire a lock. Nothing is unlocked until it is put right."""
    board = board_of("waveshare-relay")

    with pytest.raises(NotArmed, match="inputs 3 drive relays"):
        result_of(board.prepare(), COILS_OFF, VERSION, OFF, Words(1, (0, 0, 1, 0, 0, 0, 0, 0)).encode())

    report = result_of(board.unlock(1))
    assert (report.sent, report.code) == (UnlockSent.NOT_SENT, "BUS-115")
    arm(board)
    assert result_of(board.unlock(1)).sent is UnlockSent.ACCEPTED


def test_a_waveshare_board_that_does_not_tell_its_modes_is_not_armed() -> None:
    board = board_of("waveshare-relay")

    with pytest.raises(NotArmed, match="does not tell its input modes"):
        result_of(board.prepare(), COILS_OFF, VERSION, OFF, BoardRefused("board A", "unknown address"))


def test_losing_the_port_disarms_a_relay_board_until_it_is_prepared_again() -> None:
    board = board_of("waveshare-relay")
    arm(board)

    again = board.prepare()
    next(again)

    assert result_of(board.unlock(1)).sent is UnlockSent.NOT_SENT


@pytest.mark.parametrize(
    ("driver", "reply"),
    [
        ("lock-8a", lock_8a.BoardReport(1, bytes(1)).encode()),
        ("wkly", wkly.BoardReport(0, 0, bytes(8)).encode()),
    ],
)
def test_a_board_with_fewer_channels_than_configured_is_the_wrong_board(driver: str, reply: bytes) -> None:
    """Two adapters were swapped (F-020): the board that answers here is smaller than the one that belongs here."""
    board = board_of(driver, channels=16)
    before = [lock_8a.ContactReport(lock_8a.Head.READ, 1, 1, False).encode()] if driver == "lock-8a" else []

    with pytest.raises(WrongBoard, match="16 are configured"):
        result_of(board.prepare(), *before, reply)


def test_an_old_waveshare_board_without_a_version_register_still_serves() -> None:
    board = board_of("waveshare-relay", options={"inputs": False})

    assert result_of(board.prepare(), COILS_OFF, BoardSilent("board A", "silent")).firmware == ""
    assert result_of(board.prepare(), COILS_OFF, VERSION).firmware == "2.00"


def test_an_8a_board_learns_how_long_its_answers_are() -> None:
    """Two status bytes and what follows may look like three: after `prepare` only the learnt length is an answer."""
    board = board_of("lock-8a", channels=8)
    one = lock_8a.ContactReport(lock_8a.Head.READ, 1, 1, False).encode()

    info = result_of(board.prepare(), one, lock_8a.BoardReport(1, bytes(3)).encode())

    assert info.channels == 24
    shorter = board.poll().recognise(lock_8a.BoardReport(1, bytes(1)).encode())
    assert shorter is None or shorter.sight.name == "FOREIGN"
    assert board.poll().recognise(lock_8a.BoardReport(1, bytes(3)).encode()).sight.name == "REPLY"


# Unlocking


@pytest.mark.parametrize("driver", known(LOCK_BOARDS))
def test_an_answered_unlock_is_accepted_and_nothing_more(driver: str) -> None:
    board = board_of(driver)
    arm(board)

    assert result_of(board.unlock(3)).sent is UnlockSent.ACCEPTED


@pytest.mark.parametrize("driver", known(LOCK_BOARDS))
@pytest.mark.parametrize(
    ("error", "known_as"),
    [
        (BoardSilent("board A on bus main", "silent for 1.5 s"), UnlockSent.UNKNOWN),
        (BadReply("board A on bus main", "7 bytes, no answer"), UnlockSent.UNKNOWN),
        (PortLost("bus main", "hung up"), UnlockSent.UNKNOWN),
        (PortLost("bus main", "closed", bytes_left=False), UnlockSent.NOT_SENT),
        (PortMissing("bus main", "no such device"), UnlockSent.NOT_SENT),
        (BusBusy("bus main", "queue full"), UnlockSent.NOT_SENT),
        (BoardRefused("board A on bus main", "bad value"), UnlockSent.REFUSED),
    ],
)
def test_an_unlock_never_raises_and_never_claims_more_than_is_known(
    driver: str, error: Exception, known_as: UnlockSent
) -> None:
    """Once a byte may have left, silence is no "it did not open"."""
    board = board_of(driver)
    arm(board)

    report = result_of(board.unlock(3), error)

    assert (report.sent, report.code) == (known_as, error.code)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("asked_ms", "steps"), [(1, 1), (100, 1), (101, 2), (350, 4), (1000, 10), (5000, 10)]
)
def test_a_pulse_is_rounded_up_to_tenths_and_capped_at_a_second(asked_ms: int, steps: int) -> None:
    waveshare, lc = (board_of(driver, pulse_ms=asked_ms) for driver in RELAYS)
    arm(waveshare)
    arm(lc)

    assert next(waveshare.unlock(1)).request[4:6] == bytes((0, steps))
    assert next(lc.unlock(1)).request[7:11] == bytes((0, 4, 0, steps))
    assert waveshare.pulse_ms == lc.pulse_ms == steps * 100


def test_families_that_time_their_own_pulse_say_how_long_it_is_at_most() -> None:
    assert board_of("lock-8a", pulse_ms=900).pulse_ms == 300
    assert board_of("wkly", pulse_ms=900).pulse_ms == 350
    assert board_of("kerong-cu16", pulse_ms=5000).pulse_ms == 1000


def test_the_lc_profile_writes_its_word_and_the_waveshare_profile_its_flash() -> None:
    lc = board_of("modbus-relay", address=255, pulse_ms=500)
    waveshare = board_of("modbus-relay", address=1, pulse_ms=500, options={"profile": "waveshare"})
    arm(lc)
    arm(waveshare)

    assert next(lc.unlock(1)).request == bytes.fromhex("FF 10 00 03 00 02 04 00 04 00 05 05 93")
    assert next(lc.unlock(2)).request[2:4] == bytes((0, 8))
    assert next(waveshare.unlock(1)).request == bytes.fromhex("01 05 02 00 00 05 0C 71")


def test_a_custom_map_moves_every_base() -> None:
    numbers = {"profile": "lc", "coil_base": 16, "input_base": 32, "pulse_base": 100}
    board = board_of("modbus-relay", options=numbers)
    arm(board)

    assert board.poll().request[2:4] == bytes((0, 32))
    assert next(board.coils_on()).request[2:4] == bytes((0, 16))
    assert next(board.unlock(2)).request[2:4] == bytes((0, 105))


@pytest.mark.parametrize("driver", RELAYS)
def test_a_relay_that_stayed_on_is_named(driver: str) -> None:
    reply = modbus_frames.Bits(1, modbus_frames.Function.READ_COILS, bytes((0b00000100,))).encode()

    assert result_of(board_of(driver).coils_on(), reply) == frozenset({3})


def test_families_without_a_look_at_their_coils_say_so() -> None:
    assert result_of(board_of("lock-8a").coils_on()) is None
    assert list(requests_of(board_of("wkly").all_off())) == []


def test_a_modbus_board_that_is_absent_costs_less_than_a_tenth_of_a_second() -> None:
    """What waits behind it waits for its deadline and the drain after it, and no longer."""
    for driver in RELAYS:
        board = board_of(driver)
        arm(board)
        for transaction in (board.poll(), next(board.unlock(1)), *board.probes()):
            assert transaction.reply_timeout_s + transaction.drain_s <= 0.1


def test_a_kerong_unlock_waits_for_no_answer_and_tolerates_one() -> None:
    board = board_of("kerong-cu16", address=1)
    transaction = next(board.unlock(1))

    assert not transaction.replies
    seen = transaction.recognise(kerong_cu16.Status(1, kerong_cu16.Command.STATUS_ANSWER, 0, 0).encode())
    assert seen.sight.name == "REPLY"


def test_settings_reach_the_transactions() -> None:
    board = board_from(BoardSettings("B7", "main", 3, 8), "lock-8a")

    assert board.poll().board == "B7"
    assert board.poll().request[1] == 3
