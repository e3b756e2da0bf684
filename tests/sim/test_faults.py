"""Every named fault of the table does what its name says: on the wire, on boards, on doors. Ports: `test_ports`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from sim.fault_table import TABLE
from sim.faults import UnknownFault
from sim.plans import BoardPlan
from tests.sim.stage import OPEN_1, READ_1, READ_ALL, Stage

STATUS_CU16 = bytes.fromhex("02 00 30 03 35")
INPUTS = bytes.fromhex("01 02 00 00 00 08 79 CC")
FLASH_1 = bytes.fromhex("01 05 02 00 00 05 0C 71")
ALL_CLOSED = bytes.fromhex("80 01 FF FF FF 33 4D")
SHUT_1 = bytes.fromhex("80 01 01 11 91")

PLAYED: set[str] = set()
ON_PORTS = {
    "unplug",
    "unplug-on-frame",
    "rename",
    "swap",
    "held",
    "second-reader",
    "permission",
    "write-block",
}
ABOUT_PROGRAMS = {  # rows of the catalogue that are about processes, commands or the machine, not wire, board or door
    "F-026": "a second agent is started",
    "F-040": "the agent is killed between two frames",
    "F-041": "the agent hangs between two frames",
    "F-042": "somebody asks to open all doors",
    "F-044": "somebody opens one door again and again",
    "F-045": "the machine's own undervoltage flag",
}


def plays(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Notes which faults a test shows, so that none is left without one."""
    PLAYED.update(names)
    return lambda test: test


@plays("swallow-reply")
def test_a_lost_answer_leaves_the_door_open() -> None:
    """The board acted: one coil, one open door, no answer; the next unlock is answered again."""
    stage = Stage()
    stage.faults.add("swallow-reply", of="unlock", count=1)

    assert stage.unlock_first() == b""
    assert len(stage.world.energisings()) == 1
    assert stage.sensor("1") == "open"
    assert stage.unlock_first() == bytes.fromhex("8A 01 01 00 8A")


@plays("swallow-request")
def test_a_lost_request_moves_nothing() -> None:
    """Nothing reached the board; reads still do, because only unlocks are swallowed."""
    stage = Stage()
    stage.faults.add("swallow-request", of="unlock")

    assert stage.unlock_first() == b""
    assert stage.world.energisings() == []
    assert stage.ask(READ_ALL) == ALL_CLOSED


@plays("late")
def test_late_answers_come_that_much_later() -> None:
    """Ten seconds late, same bytes."""
    on_time, late = Stage(), Stage()
    late.faults.add("late", by_s=10.0)

    [(usual_s, usual)] = on_time.heard(READ_ALL)
    [(delayed_s, same)] = late.heard(READ_ALL)

    assert same == usual
    assert delayed_s - usual_s == pytest.approx(10.0)


@plays("shift")
def test_shifted_answers_belong_to_the_question_before() -> None:
    """The first question gets nothing, the second the first one's answer."""
    stage = Stage()
    stage.faults.add("shift")

    assert stage.ask(READ_ALL) == b""
    assert stage.ask(READ_1) == ALL_CLOSED
    assert stage.ask(READ_1) == SHUT_1


@plays("other-unit")
@pytest.mark.parametrize(
    ("family", "request_frame", "sound", "foreign"),
    [
        ("lock-8a", READ_1, "80 01 01 11 91", "80 02 01 11 92"),
        ("kerong-cu16", STATUS_CU16, "02 00 35 FF FF 00 00 03 38", "02 10 35 FF FF 00 00 03 48"),
        ("waveshare-relay", INPUTS, "01 02 01 FF E1 C8", "02 02 01 FF E1 8C"),
    ],
)
def test_the_neighbour_answers(family: str, request_frame: bytes, sound: str, foreign: str) -> None:
    """Another address in the answer, and a right check sum over it."""
    stage = Stage(family)
    usual = stage.ask(request_frame)
    stage.faults.add("other-unit")

    assert usual == bytes.fromhex(sound)
    assert stage.ask(request_frame) == bytes.fromhex(foreign)


@plays("wrong-function")
def test_a_right_check_sum_over_a_wrong_answer() -> None:
    """Another function, or one byte too many: sound to whoever looks at the sum only."""
    stage = Stage("waveshare-relay")
    stage.faults.add("wrong-function", how="function", count=1)
    stage.faults.add("wrong-function", how="length", skip=1)
    seal = stage.cabinet.boards["A"].seal

    assert stage.ask(INPUTS) == seal(bytes.fromhex("01 06 01 FF"))
    assert stage.ask(INPUTS) == seal(bytes.fromhex("01 02 01 FF 00"))


@plays("bit-flips")
def test_flipped_bits_strike_their_share_of_answers() -> None:
    """Half of a hundred answers, each with exactly one bit turned."""
    stage = Stage()
    stage.faults.add("bit-flips", share=0.5)

    differences = [
        sum(
            (left ^ right).bit_count()
            for left, right in zip(stage.ask(READ_ALL, 1.0), ALL_CLOSED, strict=True)
        )
        for _ in range(100)
    ]

    assert set(differences) == {0, 1}
    assert 30 < sum(differences) < 70


@plays("garbage")
def test_garbage_stands_before_or_after_the_answer() -> None:
    """The answer is whole, the noise is eight bytes."""
    before, after = Stage(), Stage()
    before.faults.add("garbage", where="before")
    after.faults.add("garbage", where="after")

    assert before.ask(READ_ALL)[8:] == ALL_CLOSED
    assert after.ask(READ_ALL)[:7] == ALL_CLOSED
    assert len(after.ask(READ_ALL)) == 15


@plays("drip")
def test_a_dripping_answer_comes_byte_by_byte() -> None:
    """Seven pieces with pauses, together the answer."""
    stage = Stage()
    stage.faults.add("drip", chunk=1, gap_s=0.02)

    pieces = stage.heard(READ_ALL)

    assert [len(data) for _, data in pieces] == [1] * 7
    assert b"".join(data for _, data in pieces) == ALL_CLOSED
    assert pieces[1][0] - pieces[0][0] == pytest.approx(0.02 + stage.line.char_s)


@plays("truncate")
def test_a_truncated_answer_misses_its_end() -> None:
    """Two bytes short; cut to nothing it is silence."""
    stage = Stage()
    stage.faults.add("truncate", cut=2, count=1)
    stage.faults.add("truncate", cut=99, skip=1)

    assert stage.ask(READ_ALL) == ALL_CLOSED[:-2]
    assert stage.ask(READ_ALL) == b""


@plays("echo", "partial-echo")
def test_an_adapter_echoes_whole_or_one_short() -> None:
    """The master hears itself before it hears the board."""
    full, partial = Stage(), Stage()
    full.faults.add("echo")
    partial.faults.add("partial-echo", cut=1)

    assert full.ask(READ_ALL) == READ_ALL + ALL_CLOSED
    assert partial.ask(READ_ALL) == READ_ALL[:-1] + ALL_CLOSED


@plays("silent")
def test_a_silent_board_neither_hears_nor_speaks_and_its_neighbour_does() -> None:
    """Board A is mute, board B on the same line is served."""
    stage = Stage("lock-8a", "lock-8a")
    stage.faults.add("silent", board="A")

    assert stage.unlock_first() == b""
    assert stage.world.energisings() == []
    assert stage.ask(bytes.fromhex("80 02 00 33 B1"))[:2] == bytes.fromhex("80 02")
    assert stage.faults.clear("silent") == 1
    assert stage.ask(READ_ALL) == ALL_CLOSED


def test_a_silent_board_does_not_tell_of_its_doors_either() -> None:
    """WKLY pushes nothing while it is mute."""
    stage = Stage("wkly")
    stage.faults.add("silent", board="A")

    stage.cabinet.force("1")
    silent = stage.wait(1.0)
    stage.faults.clear()
    stage.cabinet.force("2")

    assert silent == b""
    assert stage.wait(1.0) == bytes.fromhex("57 4B 4C 59 0A 00 85 02 00 84")


def test_a_fault_may_be_named_as_people_write_it() -> None:
    """Spaces and underscores, numbers for doors."""
    stage = Stage()

    stage.faults.add("stuck sensor", door=1, reads="open")
    stage.faults.add("permuted_map", doors=[2, 3])

    assert [fault.name for fault in stage.faults.active()] == ["stuck-sensor", "permuted-map"]


@plays("flap")
def test_a_flapping_board_comes_and_goes() -> None:
    """Asked each second with a period of two: gone twice, there twice."""
    stage = Stage()
    stage.faults.add("flap", period_s=2.0)

    answered = [bool(stage.ask(READ_ALL, 1.0)) for _ in range(8)]

    assert answered == [False, False, True, True, False, False, True, True]


@plays("exception")
def test_a_board_declines() -> None:
    """Modbus says busy, WKLY says failed; the coil stays cold and the next request is obeyed."""
    modbus, wkly = Stage("waveshare-relay"), Stage("wkly")
    modbus.faults.add("exception", of="unlock", code=6, count=1)
    wkly.faults.add("exception", count=1)

    assert modbus.ask(FLASH_1)[:3] == bytes.fromhex("01 85 06")
    assert wkly.ask(bytes.fromhex("57 4B 4C 59 09 00 82 01 83")) == bytes.fromhex(
        "57 4B 4C 59 0B 00 82 FF 01 00 7E"
    )
    assert modbus.world.energisings() == wkly.world.energisings() == []
    assert modbus.ask(FLASH_1) == FLASH_1


@plays("foreign-writer")
def test_a_foreign_writer_is_heard_by_boards_or_master() -> None:
    """A modem probe every half second, until the fault is cleared."""
    stage = Stage()
    fault = stage.faults.add("foreign-writer", bus="main", towards="both")

    heard = stage.wait(1.7)
    stage.faults.clear(fault)

    assert heard == b"AT\r" * 4
    assert stage.wait(5.0) == b""
    assert [frame.data for frame in stage.cabinet.trace() if frame.direction == ">"] == [b"AT\r"] * 4


@plays("duplicate-address")
def test_two_boards_can_be_set_to_one_address() -> None:
    """B is switched to A's address: both open a door, and the answers collide."""
    stage = Stage("lock-8a", "lock-8a")
    stage.faults.add("duplicate-address", board="A", other="B")

    answer = stage.unlock_first()

    assert {entry.board for entry in stage.world.energisings()} == {"A", "B"}
    assert answer != bytes.fromhex("8A 01 01 00 8A")
    stage.faults.clear()
    assert stage.ask(READ_1) == bytes.fromhex("80 01 01 00 80")


@plays("reset")
def test_a_board_that_loses_its_power_is_deaf_for_a_moment() -> None:
    """Held coils drop, questions go unanswered until it is back."""
    stage = Stage("waveshare-relay")
    stage.ask(bytes.fromhex("01 05 00 00 FF 00 8C 3A"), 1.0)
    stage.faults.add("reset", board="A", for_s=2.0)

    assert stage.ask(INPUTS, 1.0) == b""
    assert stage.world.energisings()[0].length_s is not None
    stage.wait(2.0)
    assert stage.ask(INPUTS) != b""


@plays("reset")
def test_a_board_greets_when_its_power_comes_back() -> None:
    """LC boards print a line over whatever is asked just then."""
    stage = Stage("modbus-relay")
    stage.faults.add("reset", board="A", for_s=1.0)

    [(at_s, greeting)] = stage.heard(b"", 3.0)

    assert at_s > 1.0
    assert greeting.endswith(b"\r\n")
    assert stage.faults.active() == []


@plays("coil-stuck")
def test_a_stuck_coil_stays_on_whatever_the_board_believes() -> None:
    """The board's record says off after 500 ms; the current flows until the relay is freed."""
    stage = Stage("waveshare-relay")
    stage.faults.add("coil-stuck", board="A", channel=1)

    stage.ask(FLASH_1, 5.0)
    stage.ask(bytes.fromhex("01 05 00 FF 00 00 FD FA"), 1.0)

    [entry] = stage.world.energisings()
    assert entry.length_s is None
    assert (entry.board_says_on, entry.board_length_s) == (False, pytest.approx(0.5))
    assert not stage.cabinet.hand("1", "close")
    stage.faults.clear()
    assert stage.world.energisings()[0].length_s == pytest.approx(6.0, abs=0.1)


@plays("brown-out")
def test_a_weak_supply_restarts_its_boards_when_two_coils_pull() -> None:
    """One coil at a time works; two at once and every board of the supply is gone for a second."""
    stage = Stage("wkly")
    stage.faults.add("brown-out", supply="psu-1", coils=1)

    alone = stage.ask(bytes.fromhex("57 4B 4C 59 09 00 82 01 83"), 2.0)
    together = stage.ask(bytes.fromhex("57 4B 4C 59 0C 00 80 03 01 02 03 86"), 0.5)
    asleep = stage.ask(bytes.fromhex("57 4B 4C 59 08 00 84 85"), 0.4)
    stage.wait(1.0)

    assert alone.endswith(bytes.fromhex("57 4B 4C 59 0B 00 82 00 01 00 81"))
    assert bytes.fromhex("57 4B 4C 59 09 00 80") not in together
    assert asleep == b""
    assert stage.ask(bytes.fromhex("57 4B 4C 59 08 00 84 85")) != b""
    assert stage.world.supplies["psu-1"].sags == 1


@plays("permuted-map")
def test_swapped_lock_cables_move_the_wrong_door() -> None:
    """Channel 1 commands door 2, and the sensors tell the truth about it."""
    stage = Stage()
    stage.faults.add("permuted-map", doors=["1", "2"])

    stage.unlock_first()

    assert (stage.sensor("1"), stage.sensor("2")) == ("closed", "open")
    stage.faults.clear()
    assert [entry.door for entry in stage.world.energisings()] == ["2"]


@plays("permuted-map")
def test_swapped_lock_and_sensor_cables_cannot_be_seen_on_the_wire() -> None:
    """Channel 1 reports open, and it is door 2 that stands open."""
    stage = Stage()
    stage.faults.add("permuted-map", doors=["1", "2"], contacts=True)

    stage.unlock_first()

    assert stage.ask(READ_1) == bytes.fromhex("80 01 01 00 80")
    assert not stage.world.doors["2"].shut


@plays("jam")
def test_a_jammed_door_stays_shut_and_its_coil_is_logged() -> None:
    """The answer says: contact still shorted."""
    stage = Stage()
    stage.faults.add("jam", door="1")

    assert stage.unlock_first() == OPEN_1
    assert stage.sensor("1") == "closed"
    assert len(stage.world.pulses_of("1")) == 1


@plays("opens-on-nth")
def test_a_stiff_door_opens_on_the_third_pulse() -> None:
    """Two pulses in vain, the third frees it; after a closing it counts anew."""
    stage = Stage()
    stage.faults.add("opens-on-nth", door="1", n=3)

    seen = []
    for _ in range(3):
        stage.unlock_first()
        seen.append(stage.sensor("1"))
    stage.cabinet.hand("1", "close")
    stage.unlock_first()

    assert seen == ["closed", "closed", "open"]
    assert stage.sensor("1") == "closed"


@plays("stuck-sensor")
def test_a_stuck_sensor_says_one_thing_only() -> None:
    """The door moves, the report does not; both ways."""
    stage = Stage()
    stage.faults.add("stuck-sensor", door="1", reads="closed")
    stage.faults.add("stuck-sensor", door="2", reads="open")

    assert stage.unlock_first() == OPEN_1
    assert not stage.world.doors["1"].shut
    assert (stage.sensor("1"), stage.sensor("2")) == ("closed", "open")


@plays("chatter")
def test_a_fluttering_contact_changes_between_any_two_looks() -> None:
    """Fifty times a second, while the door stands still."""
    stage = Stage()
    stage.faults.add("chatter", door="1", hz=50.0)

    looks = []
    for _ in range(100):
        stage.now_s += 0.003
        looks.append(stage.sensor("1"))

    changes = sum(left != right for left, right in pairwise(looks))
    assert 25 <= changes <= 32


@plays("delayed-sensor")
def test_a_delayed_sensor_follows_later() -> None:
    """Two seconds behind the door, opening and closing."""
    stage = Stage()
    stage.faults.add("delayed-sensor", door="1", by_s=2.0)

    stage.unlock_first()
    soon = stage.sensor("1")
    stage.wait(1.0)
    later = stage.sensor("1")
    stage.cabinet.hand("1", "close")

    assert (soon, later, stage.sensor("1")) == ("closed", "open", "open")
    stage.wait(2.5)
    assert stage.sensor("1") == "closed"


@plays("slam")
def test_a_door_that_is_slammed_is_open_for_that_long_only() -> None:
    """Open 400 ms, then shut by a hand; the log still has one pulse."""
    stage = Stage()
    stage.faults.add("slam", door="1", after_s=0.4)

    stage.ask(OPEN_1, 0.3)
    during = stage.sensor("1")
    stage.wait(0.5)

    assert (during, stage.sensor("1")) == ("open", "closed")
    assert len(stage.world.energisings()) == 1


@plays("ajar")
def test_a_worn_latch_leaves_the_door_ajar() -> None:
    """A hand shuts it, it does not stay."""
    stage = Stage()
    stage.faults.add("ajar", door="1")
    stage.unlock_first()

    assert not stage.cabinet.hand("1", "close")
    assert stage.sensor("1") == "open"


@plays("forced", "burst")
def test_doors_open_without_any_command() -> None:
    """One by crowbar, then many at once: open doors, cold coils."""
    stage = Stage()

    stage.faults.add("forced", door="3")
    one = [door["number"] for door in stage.cabinet.doors() if door["sensor"] == "open"]
    stage.faults.add("burst", doors=["5", "6", "7"])
    some = [door["number"] for door in stage.cabinet.doors() if door["sensor"] == "open"]
    stage.faults.add("burst")

    assert (one, some) == (["3"], ["3", "5", "6", "7"])
    assert {door["sensor"] for door in stage.cabinet.doors()} == {"open"}
    assert stage.world.energisings() == []


def test_faults_end_when_they_are_cleared() -> None:
    """By id, by name, or all of them; what they bent is straight again."""
    stage = Stage()
    first = stage.faults.add("jam", door="1")
    stage.faults.add("jam", door="2")
    stage.faults.add("stuck-sensor", door="3", reads="open")

    assert stage.faults.clear(first.id) == 1
    assert [fault["door"] for fault in stage.faults.active("jam")] == ["2"]
    assert stage.faults.clear() == 2
    stage.unlock_first()
    assert (stage.sensor("1"), stage.sensor("3")) == ("open", "closed")


@pytest.mark.parametrize(
    ("name", "params", "expected"),
    [
        ("gremlin", {}, "no fault 'gremlin'"),
        ("jam", {}, r"needs \['door'\]"),
        ("jam", {"door": "99"}, "there is no '99'"),
        ("jam", {"door": "1", "colour": "red"}, "not \\['colour'\\]"),
        ("late", {"by_s": "soon"}, "expected float"),
        ("silent", {"board": "Z"}, "there is no 'Z'"),
        ("unplug", {"port": "main"}, "no ports"),
        ("foreign-writer", {"bus": "main", "every_s": 0.0}, "expected 0.01 to"),
        ("late", {"by_s": float("nan")}, "expected 0 to"),
        ("exception", {"code": 300}, "expected 1 to 255"),
        ("stuck-sensor", {"door": "1", "reads": "opened"}, "one of open, closed"),
        ("permuted-map", {"doors": ["1"]}, "at least two doors"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_a_sentence(
    name: str, params: dict[str, str], expected: str
) -> None:
    """The message names what was wrong and what there is; nothing is left half begun."""
    stage = Stage()

    with pytest.raises(UnknownFault, match=expected):
        stage.faults.add(name, **params)

    assert stage.faults.active() == []
    assert stage.ask(READ_ALL) == ALL_CLOSED


def test_a_wire_fault_strikes_only_where_it_is_aimed() -> None:
    """One board of two, after the first chance, twice."""
    stage = Stage("lock-8a", BoardPlan("lock-8a"))
    fault = stage.faults.add("swallow-reply", board="A", of="read", skip=1, count=2)

    answered = [bool(stage.ask(READ_ALL, 1.0)) for _ in range(5)]

    assert answered == [True, False, False, True, True]
    assert stage.ask(bytes.fromhex("80 02 00 33 B1")) != b""
    assert fault.uses == 2


def test_every_fault_of_the_table_has_its_test() -> None:
    """A new row brings its test here, or in the ports' file."""
    assert set(TABLE) == PLAYED | ON_PORTS


def test_every_row_about_wire_port_board_or_door_has_a_fault() -> None:
    """F-001 to F-045, except the rows about programs and commands."""
    played = {row for kind in TABLE.values() for row in kind.rows}

    assert {f"F-{number:03}" for number in range(1, 46)} - played == ABOUT_PROGRAMS.keys()
