"""The wire half of the fault catalogue, F-001 to F-016, F-023, F-028, F-029: frames, what is reported, no re-send.

Every family meets every fault on a simulated line in virtual time, with its real bytes and deadlines. The port's own
troubles (F-017 to F-022, F-024 to F-027) are in `test_port_faults`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from drivers.errors import BoardRefused, BoardSilent, BusError
from drivers.lock_board import DoorReadings, DoorState, UnlockSent
from sim.plans import BoardPlan
from tests.drivers.benches import UNCONFIRMED, Stage, virtual_stage

PLANS = {
    "lock-8a": BoardPlan("lock-8a"),
    "waveshare-relay": BoardPlan("waveshare-relay"),
    "modbus-relay": BoardPlan("modbus-relay", address=255),
    "kerong-cu16": BoardPlan("kerong-cu16", address=1),
    "kerong-cu48": BoardPlan("kerong-cu48", address=1),
    "wkly": BoardPlan("wkly"),
}
CHECKED_BY_CRC = ("waveshare-relay", "modbus-relay")
OPEN, CLOSED = DoorState.OPEN, DoorState.CLOSED
CHANNEL = 3


@pytest.fixture(params=PLANS)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """One prepared board of each family."""
    with virtual_stage(PLANS[request.param]) as stage:
        stage.perform(stage.board.prepare())
        yield stage


@pytest.fixture(params=[name for name in PLANS if name != "kerong-cu48"])
def two_questions(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Families that can be asked in two ways. CU48 boards (UNVERIFIED) know one: docs/hardware says what that costs."""
    with virtual_stage(PLANS[request.param]) as stage:
        stage.perform(stage.board.prepare())
        yield stage


def expected_of(stage: Stage) -> UnlockSent:
    """What is known of an unlock without an answer: families that never answer are accepted once the frame has left."""
    return UnlockSent.ACCEPTED if stage.board.family in UNCONFIRMED else UnlockSent.UNKNOWN


def read(stage: Stage, board: Any = None) -> DoorReadings | BusError:
    """One reading, or why there is none."""
    try:
        return stage.perform((board or stage.board).read_doors(), board)  # type: ignore[no-any-return]
    except BusError as error:
        return error


def door(stage: Stage, channel: int = CHANNEL) -> str:
    """The number of the door behind a channel of the first board."""
    return stage.cabinet.world.harness.coils[(stage.board.name, channel)]


def truth(stage: Stage) -> tuple[DoorState, ...]:
    """What the sensors of the first board's doors say at this moment."""
    words = [stage.cabinet.world.reported(door(stage, n)) for n in range(1, stage.board.channels + 1)]
    return tuple(DoorState(word) for word in words)


def believed(stage: Stage, times: int, pause_s: float = 0.2) -> list[DoorReadings]:
    """Readings that were believed in so many attempts; each must be the truth at its moment."""
    found = []
    for _ in range(times):
        reading = read(stage)
        if isinstance(reading, DoorReadings):
            assert reading.doors == truth(stage)
            found.append(reading)
        stage.sleep(pause_s)
    return found


def test_a_lost_answer_to_an_unlock_is_never_sent_again(stage: Stage) -> None:
    """F-001: the answer to OPEN is lost. One frame, one pulse, "unknown"; the door itself says that it opened."""
    stage.cabinet.faults.add("swallow-reply", of="unlock")

    report = stage.perform(stage.board.unlock(CHANNEL))
    stage.sleep(2.0)

    assert report.sent is expected_of(stage)
    assert stage.unlocks() == 1
    assert [entry.channel for entry in stage.cabinet.coils()] == [CHANNEL]
    assert believed(stage, 3)[-1].doors[CHANNEL - 1] is OPEN


def test_with_every_answer_lost_each_unlock_energises_exactly_once(stage: Stage) -> None:
    """F-001: whatever is asked meanwhile, three unlocks of three channels are three pulses."""
    stage.cabinet.faults.add("swallow-reply")

    for channel in (1, 2, 3):
        stage.perform(stage.board.unlock(channel))
        assert isinstance(read(stage), BusError)

    assert [entry.channel for entry in stage.cabinet.coils()] == [1, 2, 3]


def test_a_lost_unlock_frame_is_unknown_and_moves_nothing(stage: Stage) -> None:
    """F-002: OPEN never reaches the board. One frame, no pulse; the reading afterwards says that nothing happened."""
    stage.cabinet.faults.add("swallow-request", of="unlock")

    report = stage.perform(stage.board.unlock(CHANNEL))
    stage.sleep(2.0)

    assert report.sent is expected_of(stage)
    assert stage.cabinet.coils() == []
    assert believed(stage, 3)[-1].doors[CHANNEL - 1] is CLOSED


@pytest.mark.parametrize("late_by", [1.01, 1.1, 1.5])
def test_an_answer_past_its_deadline_is_not_taken_for_the_next_one(stage: Stage, late_by: float) -> None:
    """F-003: an answer comes a little too late; meanwhile the door was forced. The next reading is true."""
    sample = stage.board.poll()
    stage.cabinet.faults.add("late", of="read", count=1, by_s=late_by * (sample.reply_timeout_s + 0.05))
    first = read(stage)
    stage.cabinet.force(door(stage))

    assert isinstance(first, BoardSilent)
    assert stage.board.poll() is None  # until a question of another shape is answered
    assert believed(stage, 3)[-1].doors[CHANNEL - 1] is OPEN


@pytest.mark.parametrize("late_s", [1.0, 3.0, 10.0])
def test_answers_ten_seconds_late_are_never_believed(two_questions: Stage, late_s: float) -> None:
    """F-004: everything comes seconds late, for many questions. Doors are unknown, not old; then all is well."""
    stage = two_questions
    late = stage.cabinet.faults.add("late", of="read", by_s=late_s)
    assert isinstance(read(stage), BusError)
    stage.cabinet.force(door(stage))

    assert believed(stage, times=60) == []
    stage.cabinet.faults.clear(late)
    stage.sleep(late_s)
    assert believed(stage, times=20)[-1].doors[CHANNEL - 1] is OPEN


def test_answers_shifted_by_one_are_seen_through(two_questions: Stage) -> None:
    """F-005: each answer is sent in place of the next. None is believed, and two readings after the end all is well."""
    stage = two_questions
    shift = stage.cabinet.faults.add("shift", of="read")
    first = read(stage)
    stage.cabinet.force(door(stage))

    assert isinstance(first, BusError)
    assert believed(stage, times=40) == []
    stage.cabinet.faults.clear(shift)
    stage.sleep(2.0)
    assert len(believed(stage, times=3)) >= 2


def test_the_answer_of_another_board_is_ignored_and_counted(stage: Stage) -> None:
    """F-006: the neighbour's address stands in the answer, the sum is right."""
    stage.cabinet.faults.add("other-unit")

    reading = read(stage)
    report = stage.perform(stage.board.unlock(CHANNEL))

    assert isinstance(reading, BusError)
    assert report.sent is expected_of(stage)
    assert stage.bus.stats().boards[stage.board.name].foreign >= 1
    assert stage.unlocks() == 1


@pytest.mark.parametrize("how", ["function", "length"])
def test_a_sound_answer_of_the_wrong_kind_is_rejected(stage: Stage, how: str) -> None:
    """F-007: the sum is right, function or length is not.

    An 8A answer about all doors has no byte at a fixed place that names a function: there only the length can be wrong.
    """
    stage.cabinet.faults.add("wrong-function", how=how)
    told_by_function = stage.board.family != "lock-8a" or how == "length"

    reading = read(stage) if told_by_function else stage.board.poll()
    report = stage.perform(stage.board.unlock(CHANNEL))
    stage.sleep(2.0)

    assert isinstance(reading, BusError) == told_by_function
    assert report.sent is expected_of(stage)
    assert len(stage.cabinet.coils()) == 1


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_flipped_bits_cost_readings_but_never_make_a_wrong_one(stage: Stage, share: float) -> None:
    """F-008: one answer in a hundred, ten, two has a flipped bit (three under a CRC). What is believed is true.

    With every second answer spoiled hardly any doors are known; the board is back as soon as the line is.
    """
    bits = 3 if stage.board.family in CHECKED_BY_CRC else 1
    flips = stage.cabinet.faults.add("bit-flips", share=share, bits=bits)
    stage.cabinet.force(door(stage))

    readings = believed(stage, times=60)
    stage.cabinet.faults.clear(flips)

    assert len(readings) >= (0 if share == 0.5 else 40)
    assert believed(stage, times=3)[-1].doors[CHANNEL - 1] is OPEN


@pytest.mark.parametrize("where", ["before", "after"])
def test_bursts_of_noise_around_answers_cost_at_most_that_answer(stage: Stage, where: str) -> None:
    """F-009: random bytes before or after each answer; the frames among them are found."""
    stage.cabinet.faults.add("garbage", where=where, bytes=8)

    readings = believed(stage, times=30)

    assert len(readings) >= 25


def test_an_answer_in_single_bytes_is_put_together(stage: Stage) -> None:
    """F-010: each byte by itself, 1 ms apart, as an adapter with a timer hands them on."""
    stage.cabinet.faults.add("drip", chunk=1, gap_s=0.001)

    assert len(believed(stage, times=5)) == 5


def test_an_answer_in_single_bytes_with_long_pauses_ends_in_a_clean_time_out(stage: Stage) -> None:
    """F-010: half a second between the bytes. No reading, no wrong reading, and afterwards the board is back."""
    drip = stage.cabinet.faults.add("drip", chunk=1, gap_s=0.5)

    assert isinstance(read(stage), BusError)
    stage.cabinet.faults.clear(drip)
    stage.sleep(20.0)
    assert believed(stage, times=5)


@pytest.mark.parametrize("cut", [1, 3])
def test_a_truncated_answer_is_no_answer(stage: Stage, cut: int) -> None:
    """F-011: the end of each answer is missing: time-out, drain, and the next question finds a quiet line."""
    truncate = stage.cabinet.faults.add("truncate", cut=cut)

    assert isinstance(read(stage), BusError)
    report = stage.perform(stage.board.unlock(CHANNEL))
    stage.cabinet.faults.clear(truncate)

    assert report.sent is expected_of(stage)
    assert stage.unlocks() == 1
    assert believed(stage, times=3)


@pytest.mark.parametrize("family", PLANS)
def test_an_adapter_that_echoes_serves(family: str) -> None:
    """F-012: the adapter hands every frame back. The echo is found out with the first answer and taken off."""
    with virtual_stage(PLANS[family], before=lambda cabinet: cabinet.faults.add("echo")) as stage:
        stage.perform(stage.board.prepare())

        report = stage.perform(stage.board.unlock(CHANNEL))
        stage.sleep(2.0)

        assert report.sent is UnlockSent.ACCEPTED
        assert len(stage.cabinet.coils()) == 1
        assert believed(stage, times=3)[-1].doors[CHANNEL - 1] is OPEN


@pytest.mark.parametrize("family", [name for name in PLANS if name not in UNCONFIRMED])
def test_an_echo_does_not_confirm_an_unlock_of_an_absent_board(family: str) -> None:
    """F-012: known clients took their own echo for the answer of a board that was not there."""
    with virtual_stage(PLANS[family], before=lambda cabinet: cabinet.faults.add("echo")) as stage:
        stage.perform(stage.board.prepare())
        stage.cabinet.faults.add("silent")

        assert isinstance(read(stage), BusError)
        assert stage.perform(stage.board.unlock(CHANNEL)).sent is UnlockSent.UNKNOWN


@pytest.mark.parametrize("family", PLANS)
def test_an_echo_a_byte_short_is_reported_as_a_collision_or_refused(family: str) -> None:
    """F-013: the adapter's echo is cut. Nothing is believed that was not answered; nothing is pulsed twice."""
    with virtual_stage(PLANS[family], before=lambda cabinet: cabinet.faults.add("echo")) as stage:
        stage.perform(stage.board.prepare())
        stage.cabinet.faults.clear()
        stage.cabinet.faults.add("partial-echo", cut=1)

        believed(stage, times=3)
        stage.perform(stage.board.unlock(CHANNEL))
        stage.sleep(2.0)

        assert stage.bus.stats().collisions >= 1
        assert len(stage.cabinet.coils()) <= 1
        assert stage.unlocks() <= 1


@pytest.mark.parametrize("family", PLANS)
def test_a_silent_board_is_unknown_and_its_neighbours_are_served(family: str) -> None:
    """F-014: two boards on one line, one stops answering. Its watcher hears that once; the other's goes on."""
    with virtual_stage(BoardPlan(family, address=1), BoardPlan(family, address=2)) as stage:
        first, second = stage.boards
        heard: dict[str, list[Any]] = {first.name: [], second.name: []}
        for board in stage.boards:
            stage.perform(board.prepare(), board)
            stage.bus.watch(board, 0.2, heard[board.name].append)
        stage.sleep(5.0)
        stage.cabinet.faults.add("silent", board=first.name)
        stage.sleep(30.0)
        lost = len(heard[first.name])
        stage.cabinet.force(stage.cabinet.world.harness.coils[(second.name, 2)])
        stage.sleep(30.0)

        assert isinstance(heard[first.name][-1], BoardSilent)
        assert len(heard[first.name]) == lost
        assert heard[second.name][-1].doors[1] is OPEN


def test_a_board_that_comes_and_goes_makes_no_storm_of_reports(stage: Stage) -> None:
    """F-015: gone and back every two seconds for a minute: a handful of reports, not one each time."""
    heard: list[Any] = []
    stage.bus.watch(stage.board, 0.2, heard.append)
    stage.sleep(2.0)
    stage.cabinet.faults.add("flap", period_s=2.0)

    stage.sleep(60.0)

    assert len(heard) <= 10


@pytest.mark.parametrize("family", ["waveshare-relay", "modbus-relay", "wkly"])
def test_a_board_that_declines_is_believed_and_not_asked_again(family: str) -> None:
    """F-016: busy or illegal. A refused unlock energised nothing and is not repeated; a refused reading is one."""
    with virtual_stage(PLANS[family]) as stage:
        stage.perform(stage.board.prepare())
        refusal = stage.cabinet.faults.add("exception", code=6)

        report = stage.perform(stage.board.unlock(CHANNEL))
        reading = read(stage)

        assert (report.sent, report.code) == (UnlockSent.REFUSED, "BUS-112")
        assert isinstance(reading, BoardRefused)
        assert stage.cabinet.coils() == []
        stage.cabinet.faults.clear(refusal)
        assert stage.board.poll() is not None  # a refusal is an answer: nothing is owed
        assert len(believed(stage, times=1)) == 1


@pytest.mark.parametrize("towards", ["boards", "master", "both"])
def test_somebody_elses_bytes_on_the_line_open_nothing_and_say_nothing(stage: Stage, towards: str) -> None:
    """F-023: a modem manager probes with AT twice a second: noise is counted, readings stay true."""
    stage.cabinet.faults.add("foreign-writer", bus=stage.board.settings.bus, towards=towards, every_s=0.5)

    readings = believed(stage, times=40, pause_s=0.13)

    assert len(readings) >= 10
    assert stage.cabinet.coils() == []


def test_two_boards_with_one_address_are_no_reading(stage: Stage) -> None:
    """F-028: both answer at once and garble each other. What is believed is the truth, and most is not believed."""
    stage.cabinet.faults.add("duplicate-address", board=stage.board.name)

    readings = believed(stage, times=30)

    assert len(readings) <= 3


def test_a_swapped_lock_cable_is_shown_by_the_door_that_moves(stage: Stage) -> None:
    """F-029: the cables of two locks are exchanged. The wire reports what moved; the command does not hide it."""
    one, other = door(stage, 1), door(stage, 2)
    stage.cabinet.faults.add("permuted-map", doors=[one, other])

    stage.perform(stage.board.unlock(1))
    stage.sleep(2.0)

    reading = believed_any(stage)
    assert reading.doors[:2] == (CLOSED, OPEN)


def believed_any(stage: Stage) -> DoorReadings:
    for _ in range(5):
        reading = read(stage)
        if isinstance(reading, DoorReadings):
            return reading
    raise AssertionError("no reading in five attempts")
