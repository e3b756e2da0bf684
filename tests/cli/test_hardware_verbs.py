"""`lockerctl` on the hardware itself: real ptys, real frames, every way in which a port or board can be wrong."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import serial

from edge_agent.cli.main import main
from tests.cli.conftest import CTRL_C, Ran, Site, Technician

AtSite = Callable[..., Site]


def one_line(ran: Ran) -> str:
    """What a technician reads: exactly one line, with a code and a next step."""
    lines = ran.err.splitlines()
    assert len(lines) == 1, ran.err
    return lines[0]


def test_a_scan_finds_every_board_and_names_the_configured_ones(at_site: AtSite) -> None:
    """Two families on two buses: both answer, with response time and errors counted."""
    site = at_site("lock-8a", "waveshare-relay")

    ran = site.technician.types("bus", "scan", "--addresses", "1", "--json")

    found = {board["configured"]: board for bus in ran.json["buses"] for board in bus["boards"]}
    assert ran.code == 0
    assert {(name, board["family"], board["address"]) for name, board in found.items()} == {
        ("A", "lock-8a", 1),
        ("B", "waveshare-relay", 1),
    }
    assert all(board["errors"] == 0 and board["round_trip_ms"] > 0 for board in found.values())
    assert all(bus["unsound"] == [] for bus in ran.json["buses"])


def test_a_scan_needs_no_configuration(at_site: AtSite, technician: Technician) -> None:
    """Somebody with an adapter and a board, and nothing else."""
    site = at_site("kerong-cu16")

    ran = technician.types("bus", "scan", "--port", str(site.cabinet.ports["main"]), "--addresses", "0")

    assert ran.code == 0
    assert "kerong-cu16" in ran.out
    assert "not configured" in ran.out
    assert "Next:" in ran.err


def test_a_scan_says_which_configured_board_is_missing(at_site: AtSite) -> None:
    """Board A has no power: the other one is listed, A is named, and the scan ends as partly done."""
    site = at_site("lock-8a", "waveshare-relay")
    site.cabinet.faults.add("silent", board="A")

    ran = site.technician.types("bus", "scan", "--addresses", "1")

    assert ran.code == 7
    assert "missing: board A is configured here and does not answer (BUS-110)" in ran.out


def test_nobody_on_the_bus_is_a_silent_device(at_site: AtSite) -> None:
    """The cable is off at the cabinet's end."""
    site = at_site("lock-8a")
    site.cabinet.faults.add("silent", bus="main")

    ran = site.technician.types("bus", "scan", "--family", "lock-8a", "--addresses", "1-2", "--json")

    assert ran.code == 6
    assert ran.json["buses"][0]["missing"] == ["A"]


def test_damaged_answers_are_not_taken_for_a_board(at_site: AtSite) -> None:
    """Every answer has a flipped bit: no board is reported, and the place is named as unsound or missing."""
    site = at_site("waveshare-relay")
    site.cabinet.faults.add("bit-flips", bus="main")

    ran = site.technician.types("bus", "scan", "--family", "waveshare-relay", "--addresses", "1", "--json")

    assert ran.json["buses"][0]["boards"] == []
    assert ran.json["buses"][0]["missing"] == ["A"]


def test_two_boards_with_one_address_are_noticed(at_site: AtSite) -> None:
    """A second board was added and its switch left as it came: the scan does not call that place well."""
    site = at_site("lock-8a")
    site.cabinet.faults.add("duplicate-address", board="A")

    ran = site.technician.types("bus", "scan", "--family", "lock-8a", "--addresses", "1", "--json")

    bus = ran.json["buses"][0]
    assert bus["unsound"] or bus["missing"] or any(board["errors"] for board in bus["boards"]), bus


def test_doors_show_what_the_sensors_say(at_site: AtSite) -> None:
    """Door 3 stands open, all others are closed."""
    site = at_site("lock-8a")
    site.cabinet.force("3")

    ran = site.technician.types("doors", "--json")

    states = {door["number"]: door["state"] for door in ran.json["doors"]}
    assert ran.code == 0
    assert [number for number, state in states.items() if state == "open"] == ["3"]
    assert len(states) == 24


def test_doors_of_a_silent_board_are_unknown_and_never_closed(at_site: AtSite) -> None:
    """A has no power: its doors are unknown, B's are told, and the line says which board and what to do."""
    site = at_site("lock-8a", "waveshare-relay")
    site.cabinet.faults.add("silent", board="A")

    ran = site.technician.types("doors")

    assert ran.code == 7
    assert "32 doors: 8 closed, 24 unknown" in ran.out
    assert one_line(ran).startswith("BUS-110 board A")


def test_doors_for_a_person_are_a_table_in_colour_and_for_a_pipe_plain_columns(at_site: AtSite) -> None:
    """The same verb at a terminal and in a pipe."""
    site = at_site("waveshare-relay")

    piped = site.technician.types("doors")
    seen = site.technician.types_at_a_terminal("doors")

    assert piped.out.splitlines()[0].split() == [
        "Door",
        "State",
        "Size",
        "Height",
        "Board",
        "Channel",
        "Sensor",
    ]
    assert "\x1b" not in piped.out
    assert "\x1b[" in seen.out
    assert "8 doors: 8 closed" in seen.out


def test_watching_doors_shows_a_hand_at_work(at_site: AtSite) -> None:
    """Door 2 opens while the technician looks; Ctrl-C ends the watch without a complaint."""
    site = at_site("waveshare-relay")

    seen = site.technician.types_at_a_terminal(
        "doors",
        "--watch",
        steps=[("8 closed", lambda: site.cabinet.force("2")), ("7 closed, 1 open", CTRL_C)],
    )

    assert seen.code == 0
    assert "Traceback" not in seen.out


def test_board_info_tells_who_answers(at_site: AtSite) -> None:
    """Firmware where the board tells it, response time, the configured place."""
    site = at_site("waveshare-relay")

    ran = site.technician.types("board", "info", "A", "--json")

    board = ran.json["boards"][0]
    assert ran.code == 0
    assert (board["answers"], board["firmware"], board["driver"]) == (True, "2.00", "waveshare-relay")
    assert board["round_trip_ms"] > 0


def test_bus_watch_decodes_what_passes(at_site: AtSite) -> None:
    """Question and answer, both in the trade's words, with the bytes beside."""
    site = at_site("lock-8a")
    site.cabinet.force("5")

    ran = site.technician.types("bus", "watch", "--seconds", "0.8", "--json")

    frames = ran.json["items"]
    assert [frame["direction"] for frame in frames[:2]] == ["sent", "received"]
    assert frames[0]["hex"] == "80 01 00 33 B2"
    assert frames[1]["meaning"] == "board A: open: 5"


def test_a_scanner_is_watched_and_hostile_codes_are_only_counted(at_site: AtSite) -> None:
    """A waybill is shown; a set-up barcode is named as dropped and its text is not."""
    site = at_site("lock-8a", scanners=["line"])

    seen = site.technician.types_at_a_terminal(
        "scanner",
        "watch",
        steps=[
            ("show it a code", lambda: site.cabinet.scan("front", "SF1234567890123")),
            ("SF1234567890123", lambda: site.cabinet.scan("front", "SCNMOD0;")),
            ("dropped: set up", CTRL_C),
        ],
    )

    assert seen.code == 0
    assert "SCNMOD" not in seen.out


def test_a_trigger_without_a_code_says_so(at_site: AtSite) -> None:
    """Nobody held anything before the window."""
    site = at_site("lock-8a", scanners=["line"])

    ran = site.technician.types("scanner", "trigger", "--seconds", "0.3")

    assert ran.code == 6
    assert "no code was read" in ran.out


# What is wrong with a port


def test_a_missing_port_is_named_with_what_to_do(technician: Technician) -> None:
    """The adapter is not plugged in."""
    ran = technician.types("bus", "scan", "--port", "/dev/ttyUSB99")

    assert ran.code == 3
    assert one_line(ran).startswith("BUS-101 bus ttyUSB99, port /dev/ttyUSB99: cannot open: No such file")
    assert "Plug the adapter in" in ran.err


def test_a_file_is_not_a_port(technician: Technician, tmp_path: Path) -> None:
    """A wrong path was typed."""
    (tmp_path / "notes.txt").touch()

    ran = technician.types("bus", "scan", "--port", str(tmp_path / "notes.txt"), "--json")

    assert ran.code == 3
    assert ran.json["error"]["code"] == "BUS-105"


def test_a_port_held_by_somebody_else_is_busy(at_site: AtSite) -> None:
    """A terminal program has the port; nothing is sent, and `fuser` is the next step."""
    site = at_site("lock-8a")

    with serial.Serial(str(site.cabinet.ports["main"]), exclusive=True):
        read = site.technician.types("doors", "--json")
        unlocked = site.technician.types("unlock", "--board", "A", "--channel", "7", "--yes")

    assert read.json["troubles"][0]["code"] == "BUS-103"
    assert unlocked.code == 8
    assert one_line(unlocked) == (
        "BUS-103 See who holds it with `fuser -v PORT`, end that program, and try again."
    )
    assert site.energised("A", 7) == 0


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody without rights")
def test_a_port_without_permission_is_not_allowed(at_site: AtSite) -> None:
    """The technician is not in the device's group."""
    site = at_site("lock-8a")
    port = site.cabinet.ports["main"].resolve()
    port.chmod(0o600)

    child = os.fork()
    if child == 0:
        code = 99
        try:
            main(["bus", "scan", "--port", "/nowhere"])  # loads the modules that nobody else may read
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            code = main(["bus", "scan", "--port", str(port), "--addresses", "1"])
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 4


def test_the_lock_of_the_locker_keeps_two_hands_apart(at_site: AtSite) -> None:
    """Another lockerctl is at work with --direct: the second one says who it is and changes nothing."""
    site = at_site("lock-8a")
    site.state_dir.mkdir(parents=True)
    with (site.state_dir / "agent.lock").open("w") as held:
        held.write('{"program": "lockerctl", "pid": 4711, "socket": ""}')
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        ran = site.technician.types("unlock", "--board", "A", "--channel", "7", "--yes")

    assert ran.code == 8
    assert "held by lockerctl (process 4711)" in one_line(ran)
    assert site.energised("A", 7) == 0


# Names that do not exist


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("board", "info", "Z"), 3, "CTRL-705 board Z: there are: A."),
        (("bus", "scan", "--bus", "left"), 3, "CTRL-705 bus left: there are: main."),
        (("bus", "scan", "--family", "lock-9"), 3, "CTRL-705 family lock-9: there are: kerong-cu16"),
        (("scanner", "watch"), 3, "CTRL-705 scanner without a name: the configuration has none."),
        (("unlock", "--board", "A", "--channel", "25", "--yes"), 3, "board A has 1 to 24"),
        (("unlock", "--board", "A", "--channel", "0", "--yes"), 2, "--channel: expected `int` >= 1."),
        (("unlock", "--board", "A", "--yes"), 2, "Missing option '--channel'"),
        (("bus", "scan", "--addresses", "x-y"), 2, "a list such as 1-8 or 1,5 is expected"),
    ],
)
def test_what_does_not_exist_is_named_beside_what_does(
    at_site: AtSite, words: tuple[str, ...], code: int, said: str
) -> None:
    """A slip of the finger costs one line."""
    site = at_site("lock-8a")

    ran = site.technician.types(*words)

    assert ran.code == code, ran.err
    assert said in one_line(ran)


def test_doctor_without_an_agent_asks_the_boards_itself(at_site: AtSite) -> None:
    """The agent is down, one board is dead: both are named, and the others answer."""
    site = at_site("lock-8a", "wkly")
    site.cabinet.faults.add("silent", board="B")

    ran = site.technician.types("doctor", "--json")

    checks = {(check["place"]): (check["verdict"], check["code"]) for check in ran.json["checks"]}
    assert ran.code == 10
    assert checks["agent"] == ("bad", "CTRL-701")
    assert checks["board A"] == ("well", "")
    assert checks["board B"] == ("bad", "BUS-110")


def test_a_door_is_unlocked_and_watched_by_its_number_without_an_agent(at_site: AtSite) -> None:
    """The same record as by board and channel, one pulse, and the sensor's word."""
    site = at_site("lock-8a")

    opened = site.technician.types("door", "unlock", "2", "--yes", "--reason", "trial", "--json")
    watched = site.technician.types("door", "watch", "2", "--seconds", "0.2", "--json")

    assert (opened.code, opened.json["outcome"], site.energised("A", 2)) == (0, "opened", 1)
    assert site.records()[0]["door"] == "2"
    assert [one["state"] for one in watched.json["items"]] == ["open"]
