"""Waybill numbers: what a scan contains, whose it may be, and which misreads are caught."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain import check_digits, waybill
from edge_agent.domain.refusals import BAD_WAYBILL, Refusal

# (rule, number, whether its check digit fits)
CHECKED = [
    (check_digits.s10, "RB123456785GB", True),
    (check_digits.s10, "RB473124829GB", True),
    (check_digits.s10, "RB123456784GB", False),
    (check_digits.gs1_mod10, "095287654321012346", True),
    (check_digits.gs1_mod10, "095287654321012345", False),
    (check_digits.ups, "1Z5R89390357567127", True),
    (check_digits.ups, "1ZXX3150YW44070023", True),
    (check_digits.ups, "1Z1111111111111111", False),
    (check_digits.fedex_express, "986578788855", True),
    (check_digits.fedex_express, "477179081230", True),
    (check_digits.fedex_express, "986578788854", False),
    (check_digits.fedex_express, "00779017972697", True),
    (check_digits.gs1_mod10, "041441760228964", True),
    (check_digits.dhl_express, "3318810025", True),
    (check_digits.dhl_express, "3318810010", False),
    (check_digits.dpd, "008182709980000020033350276C", True),
    (check_digits.dpd, "008182709980000020033350276D", False),
]


@pytest.mark.parametrize(("rule", "number", "fits"), CHECKED)
def test_public_check_digits_agree_with_worked_examples(rule, number, fits):
    """Each figure was worked out by hand from the published rule."""
    assert rule(number) is fits


@pytest.mark.parametrize(
    ("scan", "carrier"),
    [
        ("SF1234567890123", "sf"),
        ("sf 1234 5678 90123", "sf"),
        ("123456789012", "sf"),
        ("JD0123456789012", "jd"),
        ("JDVA12345678901", "jd"),
        ("JDX123456789012", "jd"),
        ("YT1234567890123", "yto"),
        ("78123456789012", "zto"),
        ("773123456789", "sto"),
        ("771234567890123", "sto"),
        ("4312345678901", "yunda"),
        ("JT0123456789012", "jt"),
        ("EA123456785CN", "ems"),
        ("9812345678901", "ems"),
        ("1Z5R89390357567127", "ups"),
        ("986578788855", "fedex"),
        ("041441760228964", "fedex"),
        ("3318810025", "dhl"),
        ("JJD0123456789012345678", "dhl"),
        ("TBA123456789012", "amazon"),
        ("008182709980000020033350276C", "dpd"),
        ("123456789012345678901234", "inpost"),
        ("1001921334250001000300779017972697", "fedex"),
    ],
)
def test_a_number_is_recognised_as_possibly_the_carriers(scan, carrier):
    """The courier of that carrier scans it: it is accepted without a warning, and listed first."""
    reading = waybill.read(scan, carrier)

    assert reading.candidates[0] == carrier
    assert reading.warning == ""
    assert reading.raw == scan


@pytest.mark.parametrize(
    ("scan", "number"),
    [
        ("https://ucmp.example/wx?mailNo=SF1234567890123&sign=9", "SF1234567890123"),
        ("https://q.example/track/YT1234567890123", "YT1234567890123"),
        ("(00)095287654321012346", "095287654321012346"),
        ("]C100095287654321012346", "095287654321012346"),
        ("]C0SF1234567890123", "SF1234567890123"),
        ("\x1dSF1234567890123\r\n", "SF1234567890123"),
    ],
)
def test_the_bare_number_is_taken_out_of_what_was_scanned(scan, number):
    """Links, GS1 prefixes, symbology identifiers and control characters are no part of the number."""
    assert waybill.read(scan).number == number


def test_a_piece_suffix_is_kept_apart():
    """JD prints piece and total behind the number of a shipment of several parcels."""
    reading = waybill.read("JD0123456789012-1-2-")

    assert reading.number == "JD0123456789012"
    assert reading.piece == (1, 2)


@pytest.mark.parametrize(
    ("scan", "carrier"),
    [
        ("RB123456784GB", ""),
        ("1Z1111111111111111", "sf"),
        ("008182709980000020033350276D", ""),
        ("(00)095287654321012345", ""),
        ("]C100095287654321012345", ""),
        ("3318810010", "dhl"),
        ("986578788854", "fedex"),
    ],
)
def test_a_failed_public_check_digit_is_a_misread(scan, carrier):
    """The shape is nobody else's, or it is the courier's own: scanning again helps."""
    with pytest.raises(Refusal) as refused:
        waybill.read(scan, carrier)

    assert refused.value.code == BAD_WAYBILL
    assert scan not in refused.value.detail


@pytest.mark.parametrize("scan", ["986578788854", "3318810010"])
def test_digits_that_only_look_like_another_carriers_are_not_refused(scan):
    """Twelve digits fail FedEx's rule, but the courier is SF's: SF has no public rule."""
    assert waybill.read(scan, "sf").number == scan


def test_another_carriers_number_only_warns():
    """The courier's carrier decides; the screen may ask."""
    assert waybill.read("YT1234567890123", "sf").warning == "looks like another carrier's"


@pytest.mark.parametrize(
    "scan",
    [
        "",
        "short",
        "'; DROP TABLE--",
        "SF12345678901\u202e23",
        "SF1234567890123" + " " * 4096,
        "運單1234567890",
    ],
)
def test_what_is_no_number_is_refused(scan):
    """Quotes, other scripts, four kilobytes: never interpreted."""
    with pytest.raises(Refusal):
        waybill.read(scan)


@given(st.text(max_size=600), st.sampled_from(["", "sf", "fedex", "dhl"]))
def test_any_text_is_either_a_number_or_refused(scan, carrier):
    """A hostile label never does anything else."""
    try:
        reading = waybill.read(scan, carrier)
    except Refusal:
        return
    assert reading.number.isascii()
    assert reading.number.isalnum()
    assert len(reading.number) <= waybill.NUMBER_MAX


@given(st.text("0123456789", min_size=8, max_size=8), st.integers(0, 9))
def test_exactly_one_s10_check_digit_fits(serial, digit):
    """A single wrong digit in the check place is always noticed."""
    number = f"EA{serial}{digit}CN"

    assert check_digits.s10(number) is (check_digits.s10_check(serial) == digit)
