"""Each scanner family's own bytes: start-up commands, triggers, and answers that stick to the first code."""

from __future__ import annotations

import pytest

from drivers.registry import SCANNERS, known, scanner_class, scanner_from
from drivers.scanner import Scan, ScannerSettings
from drivers.scanners import honeywell, newland
from drivers.scanners.grow import Type, Zone, ZoneFrame
from tests.drivers.golden import SOUND, Vector, vectors_of

OK, UNKNOWN = bytes.fromhex("02000001003331"), bytes.fromhex("02000301006A61")
REQUESTS = {
    "scanner_grow_7e00/trigger_nocrc": ZoneFrame(Type.WRITE, Zone.TRIGGER, b"\x01", checked=False).encode(),
    "scanner_grow_7e00/trigger_crc": ZoneFrame(Type.WRITE, Zone.TRIGGER, b"\x01").encode(),
    "scanner_grow_7e00/save_to_flash": ZoneFrame(Type.SAVE, Zone.MODE, b"\x00").encode(),
    "scanner_grow_7e00/query_baud": ZoneFrame(Type.READ, Zone.BAUD, b"\x02").encode(),
    "scanner_grow_7e00/set_baud_9600": ZoneFrame(Type.WRITE, Zone.BAUD, b"\x39\x01").encode(),
    "scanner_grow_7e00/restore_9600": ZoneFrame(Type.WRITE, 0x00D9, b"\xd3").encode(),
    "scanner_grow_7e00/command_trigger_mode": ZoneFrame(Type.WRITE, Zone.MODE, b"\xd5").encode(),
    "scanner_honeywell/trigger_on": honeywell.order(b"T"),
    "scanner_honeywell/trigger_off": honeywell.order(b"U"),
    "scanner_honeywell/beep": honeywell.order(b"\x07"),
    "scanner_honeywell/query_revision": honeywell.setting(b"REVINF", honeywell.STORED),
    "scanner_newland/trigger_on_temp": newland.command(b"SCNTRG1"),
    "scanner_newland/trigger_on_perm": newland.command(b"SCNTRG1", newland.STORED),
    "scanner_newland/trigger_off": newland.command(b"SCNTRG0"),
    "scanner_newland/legacy_trigger": newland.SHORT_TRIGGER,
}
SPOILED_ON_PURPOSE = {"scanner_grow_7e00/nak_crc"}
VECTORS = [
    vector
    for vector in vectors_of("scanner_grow_7e00", "scanner_honeywell", "scanner_newland")
    if vector.confidence in SOUND
]


def scanner_of(driver: str, **settings: object):  # type: ignore[no-untyped-def]
    return scanner_from(ScannerSettings("front", **settings), driver)  # type: ignore[arg-type]


def test_no_golden_request_is_left_out() -> None:
    assert {str(vector) for vector in VECTORS if vector.request} == set(REQUESTS) | SPOILED_ON_PURPOSE


@pytest.mark.parametrize("vector", [v for v in VECTORS if str(v) in REQUESTS], ids=str)
def test_what_we_send_is_the_golden_request(vector: Vector) -> None:
    assert REQUESTS[str(vector)] == vector.request


@pytest.mark.parametrize("vector", [v for v in VECTORS if v.reply and "query_baud" not in v.name], ids=str)
def test_a_golden_answer_is_taken_off_the_front_of_the_next_code(vector: Vector) -> None:
    driver = "newland" if "newland" in vector.family else "grow"
    scanner = scanner_of(driver)

    assert scanner.feed(vector.reply + b"SF123\r", 0.0) == [Scan("SF123")]
    assert scanner.answers["refused" if "nak" in vector.name else "ok"] == 1


def test_every_installed_scanner_has_the_name_it_says() -> None:
    for driver in known(SCANNERS):
        assert scanner_class(driver).family == driver


@pytest.mark.parametrize(
    ("driver", "off"),
    [
        ("grow", ZoneFrame(Type.WRITE, Zone.SET_UP_CODES, b"\x03").encode()),
        ("honeywell", b"\x16M\rMNUENA0!"),
        ("newland", b"~\x010000#SETUPE0;\x03"),
    ],
)
def test_set_up_codes_are_switched_off_before_anything_else(driver: str, off: bytes) -> None:
    """A stranger's set-up sheet must not reprogram the scanner."""
    assert scanner_of(driver).start_commands()[0] == off
    assert scanner_of(driver, trigger="command").start_commands()[0] == off


def test_start_up_writes_nothing_that_lasts() -> None:
    """Each start of a locker would wear the engine's flash: no save frame, no stored setting."""
    sent = {driver: scanner_of(driver, trigger="command").start_commands() for driver in known(SCANNERS)}

    assert all(ZoneFrame.decode(frame).type is Type.WRITE for frame in sent["grow"])
    assert all(frame.endswith(b"!") for frame in sent["honeywell"])
    assert all(b"0000#" in frame for frame in sent["newland"])
    assert sent["line"] == ()


def test_a_commanded_engine_is_put_into_command_mode() -> None:
    assert scanner_of("grow", trigger="command").start_commands()[-1] == bytes.fromhex(
        "7E 00 08 01 00 00 D5 EF 41"
    )
    assert scanner_of("honeywell", trigger="command").start_commands()[-1] == b"\x16M\rPAPHHF!"
    assert scanner_of("newland", trigger="command").start_commands()[-1] == newland.command(b"SCNMOD0")


def test_triggers() -> None:
    assert scanner_of("line").trigger_on() == scanner_of("line").trigger_off() == b""
    assert scanner_of("grow").trigger_on() == bytes.fromhex("7E 00 08 01 00 02 01 02 DA")
    assert scanner_of("newland").trigger_on() == newland.command(b"SCNTRG1")
    assert scanner_of("newland", options={"short_trigger": True}).trigger_on() == b"\x01T\x04"
    assert scanner_of("newland").trigger_off() == newland.command(b"SCNTRG0")
    assert scanner_of("grow").trigger_off() == b""  # stops by itself


@pytest.mark.parametrize("cut", range(1, 8))
def test_an_acknowledgement_that_comes_in_pieces_or_alone_is_no_code(cut: int) -> None:
    scanner = scanner_of("grow")

    assert scanner.feed(OK[:cut], 0.0) + scanner.feed(OK[cut:], 0.01) == []
    assert scanner.tick(1.0) == []
    assert scanner.feed(b"SF123\r", 2.0) == [Scan("SF123")]
    assert (scanner.answers["ok"], sum(scanner.dropped.values())) == (1, 0)


def test_several_answers_before_one_code() -> None:
    scanner = scanner_of("grow")

    assert scanner.feed(OK + OK + UNKNOWN + b"SF123\r", 0.0) == [Scan("SF123")]
    assert dict(scanner.answers) == {"ok": 2, "refused": 1}


def test_bytes_that_only_resemble_an_acknowledgement_are_not_taken_off() -> None:
    """Exact match or nothing: a spoiled answer makes the code behind it unreadable, not another code."""
    scanner = scanner_of("grow")

    assert scanner.feed(bytes.fromhex("02 00 00 01 00 33 30") + b"SF123\r", 0.0) == []
    assert sum(scanner.dropped.values()) == 1


def test_an_engine_that_does_not_know_a_setting_is_counted_as_refusing() -> None:
    scanner = scanner_of("honeywell")
    scanner.feed(b"MNUENA0\x05!", 0.0)
    scanner.tick(1.0)

    assert dict(scanner.answers) == {"refused": 1}
    assert scanner.codes == 0
