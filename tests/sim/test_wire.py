"""A half-duplex line: one talker at a time, and every character takes its time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.firmware import FAMILIES
from sim.plans import BAUDRATES, BoardPlan
from sim.trace import TO_BOARD, TO_HOST
from tests.sim.bench import VECTORS, Bench
from tests.sim.stage import OPEN_1, READ_1, READ_ALL, Stage

STATUS_CU16 = bytes.fromhex("02 00 30 03 35")


@pytest.mark.parametrize("baudrate", [1200, 9600, 19200, 115200])
def test_an_exchange_takes_its_characters_and_the_turn_round(baudrate: int) -> None:
    """Five bytes out, seven back, ten bits each, and the board's own time between."""
    stage = Stage("lock-8a", baudrates={"main": baudrate})

    [(at_s, reply)] = stage.heard(READ_ALL)

    assert len(reply) == 7
    turn_round_s = stage.cabinet.boards["A"].turn_round_s
    assert at_s == pytest.approx((5 + 7) * 10 / baudrate + turn_round_s)


def test_parity_and_a_second_stop_bit_cost_a_bit_each() -> None:
    """Eleven and twelve bits a character."""
    bus = {"name": "main", "port": "/nowhere/main", "baudrate": 9600, "parity": "even"}

    with_parity = Stage("lock-8a", bus=[bus])
    with_both = Stage("lock-8a", bus=[{**bus, "stopbits": 2}])

    assert with_parity.line.char_s == pytest.approx(11 / 9600)
    assert with_both.line.char_s == pytest.approx(12 / 9600)


def test_an_absent_board_is_silent() -> None:
    """Address 9 is on nobody's switches."""
    stage = Stage("lock-8a")

    assert stage.ask(bytes.fromhex("80 09 00 33 BA")) == b""


def test_requests_written_together_leave_one_after_another() -> None:
    """The adapter's buffer: the second frame waits for the first, and both are answered."""
    stage = Stage("kerong-cu16")
    stage.cabinet.boards["A"].turn_round_s = 0.02

    stage.line.write(STATUS_CU16, stage.now_s)
    pieces = stage.heard(STATUS_CU16)

    assert [len(data) for _, data in pieces] == [9, 9]
    assert all(data == pieces[0][1] for _, data in pieces)


def test_talking_over_an_answer_garbles_both() -> None:
    """Half duplex: a master that does not wait hears rubbish and is not heard."""
    stage = Stage("lock-8a")
    stage.line.write(READ_ALL, stage.now_s)
    stage.now_s += 5 * stage.line.char_s + 0.007
    sound = Stage("lock-8a").ask(READ_ALL)

    heard = stage.ask(READ_ALL)

    assert sound not in heard
    assert any(frame.meaning.startswith("collision") for frame in stage.cabinet.trace())


def test_a_question_to_everybody_is_answered_in_turn() -> None:
    """The golden bus-wide status of two boards: one frame each, no collision."""
    vector = next(one for one in VECTORS if one["name"] == "query_all_boards_two_present")
    stage = Stage("kerong-cu16", "kerong-cu16")
    for door in stage.world.doors.values():
        door.stuck = "open"

    assert stage.ask(bytes.fromhex(vector["request_hex"])) == bytes.fromhex(vector["reply_hex"])


def test_two_boards_at_one_address_answer_rubbish() -> None:
    """What a commissioning scan must notice: bytes, but no sound frame."""
    stage = Stage("lock-8a")
    sound = stage.ask(READ_ALL)
    stage.faults.add("duplicate-address", board="A")

    assert stage.ask(READ_ALL) not in (sound, b"")


def test_boards_of_other_families_do_not_mind_each_other() -> None:
    """A lock board and a relay board on one line: each answers its own frames only."""
    stage = Stage("lock-8a", BoardPlan("waveshare-relay", bus="main"))

    assert stage.ask(READ_ALL)[:2] == bytes.fromhex("80 01")
    assert stage.ask(bytes.fromhex("01 02 00 00 00 08 79 CC"))[:3] == bytes.fromhex("01 02 01")
    assert stage.world.energisings() == []


def test_the_trace_tells_direction_time_and_meaning() -> None:
    """What a technician reads: request, answer, in this order, with words."""
    stage = Stage("lock-8a")
    stage.unlock_first()
    stage.ask(b"\x00\x01\x02", 1.0)

    request, answer, noise = stage.cabinet.trace()

    assert (request.direction, request.data, request.meaning) == (
        TO_BOARD,
        OPEN_1,
        "unlock channel 1 of board 1",
    )
    assert (answer.direction, answer.board) == (TO_HOST, "A")
    assert answer.at_s - request.at_s == pytest.approx(0.3 + 0.005 + 5 * stage.line.char_s)
    assert noise.meaning == "incomplete or noise"
    stage.faults.add("silent")
    stage.ask(READ_ALL, 1.0)
    assert stage.cabinet.trace()[-1].meaning == "read request that reached no board"
    assert [frame.number for frame in stage.cabinet.trace(after=request.number)] == [2, 3, 4]


def test_wkly_tells_of_a_door_by_itself_between_request_and_answer() -> None:
    """The pushed frame of the opening door comes before the answer that waits for the end of the pulse."""
    stage = Stage("wkly")

    pieces = stage.heard(bytes.fromhex("57 4B 4C 59 09 00 82 01 83"))
    stage.cabinet.hand("1", "close")
    closing = stage.wait(1.0)

    pushed, answer = (data for _, data in pieces)
    assert pushed == bytes.fromhex("57 4B 4C 59 0A 00 85 01 00 87")
    assert answer == bytes.fromhex("57 4B 4C 59 0B 00 82 00 01 00 81")
    assert closing == bytes.fromhex("57 4B 4C 59 0A 00 85 01 01 86")


def test_the_same_seed_repeats_the_same_noise() -> None:
    """Chance is the cabinet's, and it is repeatable."""

    def noisy(seed: int) -> list[bytes]:
        stage = Stage("lock-8a", seed=seed)
        stage.faults.add("bit-flips", bits=3, share=0.5)
        return [stage.ask(READ_ALL, 1.0) for _ in range(20)]

    assert noisy(7) == noisy(7)
    assert noisy(7) != noisy(8)


REQUESTS = {
    family: [
        bytes.fromhex(one["request_hex"]) for one in VECTORS if one["request_hex"] and one["family"] == named
    ]
    for named, family in {
        "lock_8a_xor": "lock-8a",
        "kerong_cu16": "kerong-cu16",
        "kerong_cu48": "kerong-cu48",
        "wkly": "wkly",
        "waveshare_modbus_relay": "waveshare-relay",
        "lc_modbus_relay": "modbus-relay",
    }.items()
}


@pytest.mark.parametrize("family", sorted(FAMILIES))
@settings(max_examples=60)
@given(data=st.data())
def test_any_way_of_cutting_requests_is_heard_the_same(family: str, data: st.DataObject) -> None:
    """Frames one after another, cut anywhere: the same frames are found."""
    frames = data.draw(st.lists(st.sampled_from(REQUESTS[family]), min_size=1, max_size=6))
    stream = b"".join(frames)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(stream) - 1), max_size=10)))
    bench, heard = Bench(family, 1, 8), []

    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        heard += bench.hear(stream[start:end])

    assert [one.frame for one in heard] == frames


@pytest.mark.parametrize("family", sorted(FAMILIES))
@settings(max_examples=100)
@given(pieces=st.lists(st.binary(max_size=80), max_size=12), sound=st.booleans())
def test_no_bytes_whatever_upset_a_board(family: str, pieces: list[bytes], sound: bool) -> None:
    """Noise, and noise with a right check sum: the board goes on living and answers a proper question."""
    bench = Bench(family, 1, 8)
    question = bench.board.seal(bytes.fromhex("80 01 00 33")) if family == "lock-8a" else REQUESTS[family][0]

    for piece in pieces:
        bench.now_s += 0.01
        bench.say(bench.hear(bench.board.seal(piece) if sound and len(piece) > 2 else piece))
    bench.now_s += 60.0

    assert [one.frame for one in bench.hear(question)] == [question]


def test_half_a_frame_is_forgotten_after_a_silence() -> None:
    """The rest of a request that comes a second later is no request."""
    bench = Bench("lock-8a", 1, 8)

    bench.hear(READ_1[:3])
    bench.now_s += 1.0

    assert bench.hear(READ_1[3:]) == []
    assert [one.frame for one in bench.hear(READ_1)] == [READ_1]


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_each_family_has_its_usual_line(family: str) -> None:
    """The plan gives every family a legal board at its usual speed."""
    stage = Stage(family)

    assert stage.line.char_s == pytest.approx(10 / BAUDRATES.get(family, 9600))
    assert stage.cabinet.boards["A"].spec.channels == len(stage.world.doors)
