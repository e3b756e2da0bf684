"""What a scanner read, and what it says it is."""

from __future__ import annotations

import pytest

from edge_agent.flows.events import (
    Card,
    ScannedBadge,
    ScannedStaff,
    ScannedToken,
    ScannedUnknown,
    ScannedWaybill,
)
from edge_agent.flows.scans import classify

WAYBILLS = {
    "SF1234567890123": "SF1234567890123",
    "sf 1234 567 890 123": "SF1234567890123",
    "RB123456785GB": "RB123456785GB",
    "1Z5R89390357567127": "1Z5R89390357567127",
    "JDV001234567890-1-2-": "JDV001234567890-1-2-",
    "986578788855": "986578788855",
    "https://example.com/track?no=YT1234567890123": "YT1234567890123",
    "]C100095287654321012346": "095287654321012346",
}


@pytest.mark.parametrize("raw", WAYBILLS)
def test_a_label_is_a_waybill_in_its_normal_form(raw: str) -> None:
    """Spaces, case, links and GS1 prefixes are the label's business, not the number's."""
    event = classify(raw)

    assert isinstance(event, ScannedWaybill)
    assert event.text == WAYBILLS[raw]


def test_our_own_codes_say_what_they_are() -> None:
    """Token, badge, technician's card: by their prefix, and without it."""
    assert isinstance(classify("LKT:" + "0f" * 16), ScannedToken)
    assert isinstance(classify("LKB:badge-0001"), ScannedBadge)
    assert isinstance(classify("LKS:card-0001"), ScannedStaff)
    assert classify("LKT:" + "0f" * 16).text == "0f" * 16


def test_command_cards_are_the_printed_ones_and_no_others() -> None:
    """A size is a card too; a made-up command is nothing."""
    assert classify("LKC:UNDO") == Card(command="undo")
    assert classify("LKC:XL") == Card(command="size")
    assert classify("LKC:XL").text == "XL"
    assert isinstance(classify("LKC:OPENALL"), ScannedUnknown)


@pytest.mark.parametrize(
    "raw", ["", "\x00\x1b[2J", "A" * 5000, "hello world", "12", "LKB:a b", "LKT:", "ＳＦ１２３４５６７８"]
)
def test_anything_else_is_unknown_and_its_text_is_dropped(raw: str) -> None:
    """Hostile or foreign, long or empty: not known here, and not carried along."""
    event = classify(raw)

    assert isinstance(event, ScannedUnknown)
    assert event.text == ""


def test_no_event_prints_what_was_scanned() -> None:
    """Events go to logs when a flow breaks; a token must not go with them."""
    assert "0f0f" not in repr(classify("LKT:" + "0f" * 16))
