"""Pretend scanners: codes and terminators, triggers, acknowledgements, and the golden bytes of three families."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.plans import ScannerPlan
from sim.scanners import SCANNERS, SimScanner
from sim.world import World
from tests.sim.bench import VECTORS
from tests.sim.stage import Stage

FAMILY_OF = {"scanner_grow_7e00": "grow", "scanner_honeywell": "honeywell", "scanner_newland": "newland"}
BUILT = [one for one in VECTORS if one["family"] in FAMILY_OF and one["request_hex"]]
ANSWERED = [one for one in BUILT if one["reply_hex"]]


class Window:
    """One scanner, a clock that stands, and a hand with codes."""

    def __init__(self, family: str, always: bool = True) -> None:
        self.now_s = 0.0
        self.scanner: SimScanner = SCANNERS[family]("front", World(lambda: self.now_s), always=always)

    def command(self, data: bytes) -> bytes:
        self.scanner.write(data, self.now_s)
        return self.sent()

    def show(self, text: bytes) -> bytes:
        self.scanner.show(text, self.now_s)
        return self.sent()

    def sent(self) -> bytes:
        self.now_s += 2.0
        return self.scanner.read(self.now_s)


@pytest.mark.parametrize("vector", ANSWERED, ids=lambda one: f"{one['family']}-{one['name']}")
def test_a_pretend_scanner_answers_the_golden_bytes(vector: dict[str, str]) -> None:
    """Command in, the very acknowledgement out; byte by byte and with noise in front as well."""
    request, reply = bytes.fromhex(vector["request_hex"]), bytes.fromhex(vector["reply_hex"])
    family = FAMILY_OF[vector["family"]]
    slowly = Window(family)

    whole = Window(family).command(request)
    after_noise = Window(family).command(b"\x00\xff" + request)
    for byte in request[:-1]:
        assert slowly.command(bytes([byte])) == b""

    assert whole == after_noise == slowly.command(request[-1:]) == reply


@pytest.mark.parametrize("vector", BUILT, ids=lambda one: f"{one['family']}-{one['name']}")
def test_every_golden_command_is_understood(vector: dict[str, str]) -> None:
    """The scanner notes each of them as one command, and a cut one as none."""
    request = bytes.fromhex(vector["request_hex"])
    whole, cut = Window(FAMILY_OF[vector["family"]]), Window(FAMILY_OF[vector["family"]])

    whole.command(request)
    cut.command(request[:-1])

    assert list(whole.scanner.commands) == [request]
    assert list(cut.scanner.commands) == []


@pytest.mark.parametrize(
    ("family", "on", "off"),
    [
        ("grow", "7E 00 08 01 00 02 01 AB CD", None),
        ("honeywell", "16 54 0D", "16 55 0D"),
        (
            "newland",
            "7E 01 30 30 30 30 23 53 43 4E 54 52 47 31 3B 03",
            "7E 01 30 30 30 30 23 53 43 4E 54 52 47 30 3B 03",
        ),
    ],
)
def test_a_triggered_scanner_reads_once_after_its_trigger(family: str, on: str, off: str | None) -> None:
    """Dark, nothing is read; triggered, one code; and an order to stop is obeyed."""
    window = Window(family, always=False)

    dark = window.show(b"A")
    window.command(bytes.fromhex(on))
    first, second = window.show(b"B"), window.show(b"C")
    window.command(bytes.fromhex(on))
    if off is not None:
        window.command(bytes.fromhex(off))
    stopped = window.show(b"D")

    assert (dark, first, second) == (b"", b"B\r", b"")
    assert stopped == (b"" if off is not None else b"D\r")


def test_grow_refuses_a_bad_check_sum_and_an_unknown_command() -> None:
    """The two golden refusals."""
    window = Window("grow")

    assert window.command(bytes.fromhex("7E 00 08 01 00 02 01 00 00")) == bytes.fromhex(
        "02 00 01 01 00 04 01"
    )
    assert window.command(bytes.fromhex("7E 00 55 01 00 02 01 AB CD")) == bytes.fromhex(
        "02 00 03 01 00 6A 61"
    )


def test_a_setting_that_nobody_knows_is_said_to_be_unknown() -> None:
    """Both repeat it with 05."""
    assert Window("honeywell").command(b"\x16M\rwhat?.") == b"what?\x05."
    assert Window("newland").command(b"~\x010000#what;\x03") == b"\x02\x010000#what\x05;\x03"


def test_modes_change_whether_it_reads_without_a_trigger() -> None:
    """Grow's zone 0 and Newland's SCNMOD: command mode, then sensing again."""
    grow, newland = Window("grow"), Window("newland")
    grow.command(bytes.fromhex("7E 00 08 01 00 00 D5 EF 41"))
    newland.command(b"~\x010000@SCNMOD0;\x03")

    assert (grow.show(b"A"), newland.show(b"A")) == (b"", b"")
    grow.command(bytes.fromhex("7E 00 08 01 00 00 D7 AB CD"))
    newland.command(b"~\x010000@SCNMOD2;\x03")
    assert (grow.show(b"A"), newland.show(b"A")) == (b"A\r", b"A\r")


def test_a_code_takes_its_wire_time_and_wears_what_was_set() -> None:
    """Prefix, suffix, terminator; at 9600 baud twelve characters take twelve and a half milliseconds."""
    stage = Stage(
        "lock-8a", scanner=[{"name": "front", "port": "/nowhere/front", "prefix": "<", "suffix": ">"}]
    )
    scanner = stage.cabinet.scanners["front"]

    stage.cabinet.scan("front", "123456789")

    assert scanner.next_due_s() == pytest.approx(stage.now_s + 12 * 10 / 9600)
    assert scanner.read(stage.now_s + 0.012) == b""
    assert scanner.read(stage.now_s + 0.013) == b"<123456789>\r"


def test_raw_bytes_are_sent_as_they_are() -> None:
    """A hostile or broken scanner: no frame, no trigger needed."""
    paper = {"scanner": [{"name": "front", "port": "/nowhere/front", "trigger": "command"}]}
    cabinet = Stage("lock-8a", **paper).cabinet

    assert not cabinet.scan("front", "text")
    assert cabinet.scan("front", b"\x00\x1b[2J\r\n")
    assert cabinet.scanners["front"].read(1e9) == b"\x00\x1b[2J\r\n"


@pytest.mark.parametrize("family", sorted(SCANNERS))
@given(pieces=st.lists(st.binary(max_size=60), max_size=10))
def test_no_bytes_whatever_upset_a_scanner(family: str, pieces: list[bytes]) -> None:
    """After any noise a code is still read, and what is kept of the noise stays small."""
    window = Window(family)

    for piece in pieces:
        window.command(piece)
    window.scanner.always = True

    assert window.show(b"SF1") == b"SF1\r"


def test_plans_name_every_pretend_scanner() -> None:
    """Each family can stand in a configuration."""
    for family in SCANNERS:
        paper = {
            "scanner": [
                {"name": "front", "port": "/nowhere/front", "driver": ScannerPlan(driver=family).driver}
            ]
        }
        assert type(Stage("lock-8a", **paper).cabinet.scanners["front"]) is SCANNERS[family]
