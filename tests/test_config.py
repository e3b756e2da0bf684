"""`locker.toml`: what a technician gets wrong is refused before any port is opened, all of it at once."""

from __future__ import annotations

import copy
import random
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge_agent.config import Config, decode, load, parse_numbers
from edge_agent.config_bounds import RANGES
from edge_agent.config_reading import Problem, read_text
from edge_agent.config_rules import check, check_drivers, load_checked
from edge_agent.error_table import EXPLANATIONS
from edge_agent.errors import ConfigError

GOOD = """
[locker]
id = "HK-0001"
timezone = "Asia/Hong_Kong"
state_dir = "/var/lib/locker"

[[bus]]
name = "main"
port = "/dev/serial/by-path/one"

[[bus]]
name = "second"
port = "/dev/serial/by-path/two"

[[board]]
name = "A"
bus = "main"
driver = "lock-8a"
address = 1
channels = 24

[[board]]
name = "B"
bus = "second"
driver = "waveshare-relay"
address = 2
channels = 8

[[compartments]]
board = "A"
channels = "1-12"
numbers = "1-12"
size = "S"

[[compartments]]
board = "B"
channels = "1-4"
numbers = "A01-A04"
size = "M"
sensor = { board = "A", senses = "door", channels = "13-16" }

[[compartment]]
board = "A"
channel = 17
number = "17"
size = "M"

[sizes.S]
width_mm = 340
height_mm = 80
depth_mm = 380

[sizes.M]
width_mm = 340
height_mm = 200
depth_mm = 380

[[scanner]]
name = "front"
port = "/dev/serial/by-id/scanner"

[[column]]
name = "1"
doors = ["1-12", "17"]

[[column]]
name = "2"
doors = ["A01-A04"]
screen = true
"""


def problems_of(document: dict[str, Any]) -> list[Problem]:
    return check(decode(document), "locker.toml")


@pytest.fixture
def document() -> dict[str, Any]:
    return tomllib.loads(GOOD)


def test_a_sound_file_becomes_doors_with_their_wires(tmp_path: Path) -> None:
    """Runs, single doors and sensors on another board, in the order of the file."""
    file = tmp_path / "locker.toml"
    file.write_text(GOOD)

    doors = {door.number: door for door in load_checked(file).doors()}

    assert len(doors) == 17
    assert (doors["A03"].board, doors["A03"].channel) == ("B", 3)
    assert (doors["A03"].sensor_board, doors["A03"].sensor_channel, doors["A03"].senses) == ("A", 15, "door")
    assert (doors["17"].board, doors["17"].channel) == ("A", 17)


def _set(document: dict[str, Any], place: str, value: Any) -> None:
    """`_set(d, "board.0.address", 3)`."""
    *way, last = place.split(".")
    at: Any = document
    for step in way:
        at = at[int(step)] if step.isdigit() else at.setdefault(step, {})
    at[int(last) if last.isdigit() else last] = value


BOARD_C = {"name": "C", "bus": "main", "driver": "lock-8a", "address": 3, "channels": 8}
RUN = {"board": "A", "channels": "20-21", "numbers": "20-21", "size": "S"}

WRONG = [
    ("locker.id", "Hafen Straße 1", "CONF-606", "locker.id"),
    ("locker.timezone", "Asia/Hongkong_", "CONF-616", "locker.timezone"),
    ("locker.timezone", "../../etc/passwd", "CONF-616", "locker.timezone"),
    ("locker.state_dir", "state", "CONF-606", "locker.state_dir"),
    ("locker.languages", [], "CONF-606", "locker.languages"),
    ("kiosk.listen", "0.0.0.0:8080", "CONF-617", "kiosk.listen"),
    ("kiosk.listen", "[::]:8080", "CONF-617", "kiosk.listen"),
    ("kiosk.listen", "127.0.0.1", "CONF-617", "kiosk.listen"),
    ("kiosk.listen", "127.0.0.1:http", "CONF-606", "kiosk.listen"),
    ("bus.0.network", "10.0.0.7:4001", "CONF-614", "bus[0]"),
    ("bus.0.port", "", "CONF-614", "bus[0]"),
    ("bus.1.name", "main", "CONF-608", "bus[1].name"),
    ("bus.1.port", "/dev/serial/by-path/one", "CONF-608", "bus[1].port"),
    ("scanner.0.port", "/dev/serial/by-path/one", "CONF-608", "scanner[0].port"),
    ("bus.0.baudrate", 50, "CONF-606", "bus[0].baudrate"),
    ("board.0.bus", "mian", "CONF-607", "board[0].bus"),
    ("board.0.address", 33, "CONF-606", "board[0].address"),
    ("board.1.address", 0, "CONF-606", "board[1].address"),
    ("board.1.name", "A", "CONF-608", "board[1].name"),
    ("board.0.channels", 64, "CONF-606", "board[0].channels"),
    ("board.0.pulse_ms", 5000, "CONF-618", "board[0].pulse_ms"),
    ("board.1.pulse_ms", 60, "CONF-618", "board[1].pulse_ms"),
    ("board.1.options", {"inputs": 0}, None, ""),
    ("board.0.options", {"inputs": 0}, "CONF-612", "compartments[0].sensor"),
    ("compartments.0.size", "XXL", "CONF-607", "compartments[0].size"),
    ("compartments.0.board", "Z", "CONF-607", "compartments[0]"),
    ("compartments.0.channels", "1-11", "CONF-615", "compartments[0]"),
    ("compartments.0.channels", "14-25", "CONF-615", "compartments[0]"),
    ("compartments.0.channels", "12-1", "CONF-615", "compartments[0]"),
    ("compartments.0.channels", "a-b", "CONF-615", "compartments[0]"),
    ("compartments.0.numbers", "1-99999999999", "CONF-615", "compartments[0]"),
    ("compartment.0.number", "12", "CONF-609", "compartment[0]"),
    ("compartment.0.number", "door seventeen", "CONF-615", "compartment[0].number"),
    ("compartment.0.channel", 12, "CONF-611", "compartment[0]"),
    ("compartment.0.sensor", {"board": "B", "senses": "presence"}, "CONF-612", "compartment[0].sensor"),
    ("compartment.0.sensor", {"board": "A", "senses": "presence"}, None, ""),
    ("compartment.0.sensor", {"board": "A", "channels": "3"}, "CONF-611", "compartment[0].sensor"),
    ("compartment.0.sensor", {"board": "Q"}, "CONF-607", "compartment[0].sensor"),
    ("compartments.1.sensor.channels", "13-15", "CONF-615", "compartments[1]"),
    ("compartments.1.sensor.channels", "22-25", "CONF-615", "compartments[1].sensor"),
    ("column.1.doors", ["A01-A03"], "CONF-615", "column"),
    ("column.1.doors", ["A01-A04", "12"], "CONF-615", "column[1].doors"),
    ("column.1.doors", ["A01-A05"], "CONF-607", "column[1].doors"),
    ("sizes.S.height_mm", -80, "CONF-606", "sizes.S.height_mm"),
    ("policy.open_attempts", 50, "CONF-606", "policy.open_attempts"),
    ("policy.ajar_reminders_s", [45, 20], "CONF-606", "policy.ajar_reminders_s"),
    ("security.lockout_steps", [[3, 1]], "CONF-606", "security.lockout_steps[0]"),
    ("storage.stop_deposits_free_mib", 600, "CONF-606", "storage.stop_deposits_free_mib"),
]


@pytest.mark.parametrize(("place", "value", "code", "key"), WRONG)
def test_one_wrong_entry_is_refused_at_its_place(
    document: dict[str, Any], place: str, value: Any, code: str | None, key: str
) -> None:
    """Each figure that cannot work is named by key, with a code that `lockerctl explain` knows."""
    _set(document, place, value)

    found = problems_of(document)

    assert (code, key) in {(problem.code, problem.key) for problem in found} or (code is None and not found)
    assert all(problem.code in EXPLANATIONS and problem.next_step for problem in found)


def test_two_boards_of_one_bus_never_share_an_address(document: dict[str, Any]) -> None:
    """The second board's switch was left as it came."""
    document["board"].append(BOARD_C | {"address": 1})

    assert [(p.code, p.key) for p in problems_of(document)] == [("CONF-610", "board[2].address")]


def test_families_that_hear_each_other_share_one_address_space(document: dict[str, Any]) -> None:
    """Two Modbus boards of different makers on one bus both answer to address 2."""
    document["board"].append(BOARD_C | {"bus": "second", "driver": "modbus-relay", "address": 2})

    assert [(p.code, p.key) for p in problems_of(document)] == [("CONF-610", "board[2].address")]


def test_families_that_do_not_hear_each_other_may_share_a_number(document: dict[str, Any]) -> None:
    """A lock board and a relay board on one bus speak different frames."""
    document["board"].append(BOARD_C | {"driver": "wkly", "address": 1})

    assert problems_of(document) == []


def test_boards_that_a_swapped_cable_would_confuse_are_refused_on_both_sides(
    document: dict[str, Any],
) -> None:
    """The same family and address on two buses: whoever swaps the plugs opens the wrong doors."""
    document["board"].append(BOARD_C | {"bus": "second", "address": 1})

    assert [(p.code, p.key) for p in problems_of(document)] == [
        ("CONF-613", "board[0]"),
        ("CONF-613", "board[2]"),
    ]


def test_declared_twins_need_ports_that_name_the_plug(document: dict[str, Any]) -> None:
    """`twin = true` is believed only with by-path names, which follow the socket and not the adapter."""
    document["board"].append(BOARD_C | {"bus": "second", "address": 1, "twin": True})
    document["board"][0]["twin"] = True

    assert problems_of(document) == []

    document["bus"][1]["port"] = "/dev/ttyUSB1"
    assert [(p.code, p.key) for p in problems_of(document)] == [("CONF-613", "board[2].twin")]


def test_all_problems_come_at_once_and_in_one_error(tmp_path: Path) -> None:
    """Three slips, one run of `config check`: the technician climbs the ladder once."""
    file = tmp_path / "locker.toml"
    file.write_text(
        GOOD.replace("address = 1\n", "address = 99\n").replace('"Asia/Hong_Kong"', '"Mars"')
        + '\n[[compartment]]\nboard = "A"\nchannel = 18\nnumber = "17"\nsize = "M"\n'
    )

    with pytest.raises(ConfigError) as caught:
        load_checked(file)

    assert caught.value.code == "CONF-600"
    for place in ("locker.timezone", "board[0].address", "compartment[1]"):
        assert place in str(caught.value)


def test_a_single_problem_keeps_its_own_code_and_names_file_and_key(tmp_path: Path) -> None:
    """One line says file, key, fact."""
    file = tmp_path / "locker.toml"
    file.write_text(GOOD.replace("address = 1\n", "address = 99\n"))

    with pytest.raises(ConfigError) as caught:
        load_checked(file)

    assert caught.value.code == "CONF-606"
    assert str(caught.value) == f"{file}: board[0].address: 99 is not within 1 to 32 for lock-8a"


def test_a_misspelt_key_is_named_with_the_one_that_was_meant() -> None:
    """`adress` on a board, and a section nobody knows."""
    text = GOOD.replace("address = 1\n", "address = 1\nadress = 2\n") + "\n[colud]\nurls = []\n"

    reading = read_text(text.encode(), "locker.toml")

    assert [(p.code, p.key) for p in reading.problems] == [
        ("CONF-603", "colud"),
        ("CONF-603", "board[0].adress"),
    ]
    assert "did you mean `address`?" in reading.problems[1].reason
    assert reading.config is not None, "the rules still run, so that every problem is told at once"


def test_missing_keys_and_wrong_types_are_all_listed() -> None:
    """No time zone, an address in quotes, a misspelt parity, single brackets around a list."""
    text = (
        GOOD.replace('timezone = "Asia/Hong_Kong"\n', "")
        .replace("address = 1\n", 'address = "1"\n')
        .replace('port = "/dev/serial/by-path/one"', 'port = "/dev/x"\nparity = "odds"')
        .replace("[[scanner]]", "[scanner]")
    )

    reading = read_text(text.encode(), "locker.toml")

    assert {(p.code, p.key) for p in reading.problems} == {
        ("CONF-604", "locker.timezone"),
        ("CONF-605", "board[0].address"),
        ("CONF-605", "bus[0].parity"),
        ("CONF-605", "scanner"),
    }
    assert reading.config is None
    assert "[[scanner]]" in next(p.next_step for p in reading.problems if p.key == "scanner")


def test_a_file_cut_before_its_required_parts_are_whole_is_refused() -> None:
    """The power went while the file was saved by hand: wherever the cut, there is a reason and no exception."""
    text = GOOD.encode()
    required = text.rindex(b"depth_mm")

    for cut in range(required):
        reading = read_text(text[:cut], "locker.toml")
        found = reading.problems or (check(reading.config, "locker.toml") if reading.config else ())
        assert found, text[:cut][-40:]


def test_a_file_that_is_not_there_or_not_text_is_one_problem(tmp_path: Path) -> None:
    """A wrong name, and a picture instead of a configuration."""
    with pytest.raises(ConfigError, match="No such file") as absent:
        load_checked(tmp_path / "nowhere.toml")
    (tmp_path / "picture.toml").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(ConfigError) as picture:
        load_checked(tmp_path / "picture.toml")

    assert absent.value.code == "CONF-601"
    assert picture.value.code == "CONF-602"


def test_a_driver_that_is_not_installed_is_found_on_the_second_look(document: dict[str, Any]) -> None:
    """The configuration knows no drivers; whoever does checks the names."""
    document["board"][0]["driver"] = "lock-8b"

    found = check_drivers(decode(document), ["lock-8a", "waveshare-relay"], ["line"], "locker.toml")

    assert [(p.code, p.key) for p in found] == [("CONF-619", "board[0].driver")]
    assert "lock-8a, waveshare-relay" in found[0].reason


def test_every_range_names_a_key_that_exists_and_its_default_is_inside() -> None:
    """The table of bounds and the types cannot drift apart."""
    config = decode(tomllib.loads(GOOD))

    for bounds in RANGES:
        section = getattr(config, bounds.section)
        if isinstance(section, dict):
            section = next(iter(section.values()))
        one = section[0] if isinstance(section, tuple) else section
        assert bounds.low <= getattr(one, bounds.key) <= bounds.high, bounds


@pytest.mark.parametrize("seed", range(300))
def test_whatever_is_changed_the_answer_is_a_list_of_reasons(seed: int) -> None:
    """A configuration with an impossible map is refused with reasons, and never with an exception."""
    chance = random.Random(seed)
    document = copy.deepcopy(tomllib.loads(GOOD))
    for _ in range(chance.randint(1, 4)):
        _mutate(document, chance)

    reading = read_text(_toml(document), "locker.toml")
    found = list(reading.problems) + (check(reading.config, "locker.toml") if reading.config else [])

    assert all(problem.reason and problem.key and problem.next_step for problem in found)
    if not found and reading.config:
        _assert_possible(reading.config)


def _mutate(document: dict[str, Any], chance: random.Random) -> None:
    """Change one leaf, or repeat, drop or add one entry."""
    name = chance.choice(["board", "bus", "compartments", "compartment", "scanner", "column", "locker"])
    section = document[name]
    entry = chance.choice(section) if isinstance(section, list) and section else section
    if not isinstance(entry, dict) or not entry:
        return
    kind = chance.choice(["value", "drop", "repeat", "swap"])
    key = chance.choice(list(entry))
    if kind == "value":
        entry[key] = chance.choice(
            ["", "1-3", "A", "B", "main", -1, 0, 1, 3, 999, True, [], ["1-99"], "1,1", "-", "٣"]
        )
    elif kind == "drop":
        del entry[key]
    elif kind == "repeat" and isinstance(section, list):
        section.append(copy.deepcopy(entry))
    elif kind == "swap" and isinstance(section, list):
        other = chance.choice(section)
        entry[key], other[key] = other.get(key, 0), entry[key]


def _toml(value: dict[str, Any]) -> bytes:
    """Enough of TOML for the documents here: inline tables everywhere."""
    return "\n".join(f"{key} = {_inline(part)}" for key, part in value.items()).encode()


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_inline(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return msgspec.json.encode(value).decode()


def _assert_possible(config: Config) -> None:
    """What no accepted configuration may have, stated again without the rules' help."""
    doors = config.doors()
    assert doors
    assert len({door.number for door in doors}) == len(doors)
    assert len({(door.board, door.channel) for door in doors}) == len(doors)
    assert len({(door.sensor_board, door.sensor_channel) for door in doors}) == len(doors)
    assert {door.board for door in doors} <= {board.name for board in config.board}
    assert {door.size for door in doors} <= set(config.sizes)


def test_numbers_keep_prefix_and_zeros() -> None:
    """Door numbers are what is printed on the door."""
    assert parse_numbers("A08-A11, 7") == ("A08", "A09", "A10", "A11", "7")
    with pytest.raises(ValueError, match="rising"):
        parse_numbers("5-3")


def test_load_alone_checks_names_and_types(tmp_path: Path) -> None:
    """The simulator reads the same file without the rules."""
    file = tmp_path / "locker.toml"
    file.write_text(GOOD)

    assert load(file).locker.id == "HK-0001"
