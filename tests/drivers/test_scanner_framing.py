"""Bytes of a scanner become codes: line ends, silence, prefixes, identifiers, repeats; and what strangers print."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.registry import SCANNERS, known, scanner_from
from drivers.scanner import IDLE_GAP_S, LENGTH_MAX, REPEAT_S, Dropped, LineFramer, Scan, ScannerSettings

WAYBILL = b"SF1234567890123"


def framer(**settings: object) -> LineFramer:
    return LineFramer(ScannerSettings("front", **settings))  # type: ignore[arg-type]


def texts(scans: list[Scan]) -> list[str]:
    return [scan.text for scan in scans]


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_a_code_ends_with_any_line_end(end: bytes) -> None:
    assert texts(framer().feed(WAYBILL + end, 0.0)) == [WAYBILL.decode()]


def test_a_code_without_a_line_end_ends_with_silence() -> None:
    line = framer()

    assert line.feed(WAYBILL, 10.0) == []
    assert line.due_at == pytest.approx(10.0 + IDLE_GAP_S)
    assert line.tick(10.0 + IDLE_GAP_S / 2) == []
    assert texts(line.tick(10.0 + IDLE_GAP_S)) == [WAYBILL.decode()]
    assert line.due_at is None


def test_a_pause_ends_the_code_before_it_even_if_nobody_ticked() -> None:
    line = framer()
    line.feed(b"FIRST", 0.0)

    assert texts(line.feed(b"SECOND\r", 1.0)) == ["FIRST", "SECOND"]


def test_a_code_comes_in_any_pieces() -> None:
    line = framer()

    found = [
        scan for at, byte in enumerate(WAYBILL + b"\r\n") for scan in line.feed(bytes((byte,)), at * 0.001)
    ]

    assert texts(found) == [WAYBILL.decode()]


def test_several_codes_in_one_read_come_in_order() -> None:
    assert texts(framer().feed(b"A1\rB2\r\nC3\n", 0.0)) == ["A1", "B2", "C3"]


def test_half_a_code_is_no_code_where_the_scanner_ends_its_lines() -> None:
    """With terminator = "line" a code cut by a pulled cable is dropped instead of becoming another waybill."""
    line = framer(terminator="line")
    line.feed(WAYBILL[:8], 0.0)

    assert line.tick(1.0) == []
    assert line.dropped[Dropped.CUT] == 1


def test_line_ends_inside_a_code_are_control_bytes_where_only_silence_ends_it() -> None:
    line = framer(terminator="gap")
    line.feed(b"ONE\rTWO", 0.0)

    assert line.tick(1.0) == []
    assert line.dropped[Dropped.NOT_TEXT] == 1


@pytest.mark.parametrize(
    ("raw", "scan"),
    [
        (b"]C0SF123", Scan("SF123", "]C0")),
        (b"]Q1https", Scan("https", "]Q1")),
        (b"]d2X", Scan("X", "]d2")),
        (b"]C SF123", Scan("]C SF123")),
        (b"SF]C0123", Scan("SF]C0123")),
    ],
)
def test_an_aim_identifier_is_taken_off_and_kept(raw: bytes, scan: Scan) -> None:
    assert framer().feed(raw + b"\r", 0.0) == [scan]


def test_prefix_and_suffix_are_taken_off_and_demanded() -> None:
    """A code without what the engine adds did not come from the engine's decoder."""
    line = framer(prefix="<", suffix=">")

    assert line.feed(b"<]C0SF1>\r", 0.0) == [Scan("SF1", "]C0")]
    assert line.feed(b"SF2>\r<SF3\r<\r", 1.0) == []
    assert line.dropped[Dropped.AFFIX] == 3


def test_a_code_held_before_the_window_counts_once() -> None:
    """It is read every 0.4 s for as long as it is held; after a pause it counts again."""
    line = framer()

    held = [texts(line.feed(WAYBILL + b"\r", at * 0.4)) for at in range(10)]
    later = line.feed(WAYBILL + b"\r", 10 * 0.4 + REPEAT_S)

    assert held == [[WAYBILL.decode()], *[[]] * 9]
    assert texts(later) == [WAYBILL.decode()]
    assert line.dropped[Dropped.REPEAT] == 9


def test_another_code_between_two_equal_ones_does_not_make_them_new() -> None:
    line = framer()

    assert texts(line.feed(b"A\rB\rA\r", 0.0)) == ["A", "B"]


HOSTILE = [
    (b"\x1b[2J\x1b[H", Dropped.NOT_TEXT),
    (b"SF123\x00456", Dropped.NOT_TEXT),
    (b"\x16M\x50APHHF", Dropped.NOT_TEXT),
    (b"\x7e\x00\x08\x01\x00\xd9\x55\xab\xcd", Dropped.NOT_TEXT),
    ("寄件".encode(), Dropped.NOT_TEXT),
    (b"\xff\xfe\xfd", Dropped.NOT_TEXT),
    (b"^_^DEFALT.", Dropped.SET_UP),
    (b"_SET_CODE_OFF", Dropped.SET_UP),
    (b"_SET_CODE_ON", Dropped.SET_UP),
    (b"@SETUPE1", Dropped.SET_UP),
    (b"SCNMOD2", Dropped.SET_UP),
    (b"@FACDEF;", Dropped.SET_UP),
    (b"MNUENA1.", Dropped.SET_UP),
    (b"PAPHHF!", Dropped.SET_UP),
    (b"A" * (LENGTH_MAX + 1), Dropped.TOO_LONG),
    (b"A" * 4096, Dropped.TOO_LONG),
    (b"   ", Dropped.EMPTY),
    (b"]C0", Dropped.EMPTY),
]


@pytest.mark.parametrize("driver", known(SCANNERS))
@pytest.mark.parametrize(("raw", "why"), HOSTILE, ids=lambda value: str(value)[:24])
def test_a_hostile_code_is_dropped_and_counted_and_the_next_one_is_read(
    driver: str, raw: bytes, why: Dropped
) -> None:
    """Anybody can hold anything before the window: it is neither obeyed nor handed on, and does no lasting harm."""
    scanner = scanner_from(ScannerSettings("front"), driver)
    if scanner.strip_answers(raw) != raw:
        pytest.fail("a hostile code was taken for the engine's own answer")

    assert scanner.feed(raw + b"\r", 0.0) == []
    assert scanner.dropped[why] == 1
    assert texts(scanner.feed(WAYBILL + b"\r", 1.0)) == [WAYBILL.decode()]


def test_a_flood_without_an_end_holds_no_memory() -> None:
    """64 KiB without a line end: dropped as one, and what follows the first line end is read again."""
    line = framer()
    for at in range(64):
        assert line.feed(b"A" * 1024, at * 0.001) == []

    assert line.feed(b"\r" + WAYBILL + b"\r", 0.1) == [Scan(WAYBILL.decode())]
    assert line.dropped[Dropped.TOO_LONG] == 1


@given(
    st.lists(st.tuples(st.binary(max_size=80), st.floats(0, 0.2)), max_size=20),
    st.sampled_from(known(SCANNERS)),
)
def test_any_bytes_at_any_time_end_in_codes_or_counts(pieces: list[tuple[bytes, float]], driver: str) -> None:
    """Whatever comes, each scan is printable text within its bound, and the scanner still works."""
    scanner, now = scanner_from(ScannerSettings("front"), driver), 0.0
    scans = []
    for data, pause in pieces:
        now += pause
        scans += scanner.feed(data, now)
    scans += scanner.tick(now + 1)

    assert all(0 < len(scan.text) <= LENGTH_MAX and scan.text.isprintable() for scan in scans)
    assert scanner.codes == len(scans)
    assert texts(scanner.feed(b"\r~CHECK~\r", now + 5))[-1:] == ["~CHECK~"]


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x5A), min_size=1, max_size=60), st.data())
def test_cutting_the_bytes_anywhere_changes_nothing(text: str, data: st.DataObject) -> None:
    raw = text.encode() + b"\r\n"
    at = data.draw(st.integers(0, len(raw)))
    cut = framer()

    assert cut.feed(raw[:at], 0.0) + cut.feed(raw[at:], 0.01) == framer().feed(raw, 0.0)
