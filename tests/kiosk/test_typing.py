"""Typing a waybill on the page: letters and digits, in groups an eye can compare, and no second typing of it all."""

from __future__ import annotations

import msgspec
import pytest

from tests.kiosk.conftest import Panel
from tests.kiosk.gallery import view_of

pytestmark = pytest.mark.browser

SHOWN = (
    "() => [...document.querySelectorAll('lk-digits .line.long span:not(.caret)')].map((e) => e.textContent)"
)


def types(panel: Panel, text: str) -> None:
    for one in text:
        panel.tap(f"digit-{one}" if one.isdigit() else f"letter-{one}")


def test_a_number_of_letters_and_digits_is_typed_and_sent_as_shown(panel: Panel) -> None:
    """In groups of four; OK sends it once."""
    panel.sample("courier-scan.typing")
    types(panel, "SF1234567")
    shown = panel.page.evaluate(SHOWN)
    panel.tap("digit-ok")

    assert shown == ["SF12", "3456", "7"]
    assert panel.wait_for_actions(1) == ["waybill"]
    assert msgspec.to_builtins(panel.kiosk.desk.actions[-1][2]) == {"text": "SF1234567"}


def test_a_refused_number_stays_to_be_put_right(panel: Panel) -> None:
    """The check digit was wrong: the answer comes, nothing has to be typed again, one character is corrected."""
    panel.sample("courier-scan.typing")
    types(panel, "SF12345678")
    panel.tap("digit-ok")
    panel.wait_for_actions(1)
    panel.show(view_of("courier-scan.typing", "en", panel.kiosk.next_rev()))
    kept = "".join(panel.page.evaluate(SHOWN))
    panel.tap("digit-delete")
    types(panel, "9")
    panel.tap("digit-ok")
    panel.wait_for_actions(2)

    assert kept == "SF12345678"
    assert msgspec.to_builtins(panel.kiosk.desk.actions[-1][2]) == {"text": "SF12345679"}


def test_an_accepted_or_given_up_number_is_gone(panel: Panel) -> None:
    """Back at the scan screen, and typing anew: nothing of the last label is left."""
    panel.sample("courier-scan.typing")
    types(panel, "SF1")
    panel.sample("courier-scan")
    panel.sample("courier-scan.typing")

    assert panel.page.evaluate(SHOWN) == []


def test_a_keyboard_types_letters_where_letters_are_asked(panel: Panel) -> None:
    """A keyboard that a technician brought: small letters count as capitals; at a keypad they count for nothing."""
    panel.sample("courier-scan.typing")
    panel.page.keyboard.type("sf12")
    with_letters = "".join(panel.page.evaluate(SHOWN))
    panel.sample("courier-scan")
    panel.sample("courier-scan.typing-digits")
    panel.page.keyboard.type("sf12")

    assert with_letters == "SF12"
    assert "".join(panel.page.evaluate(SHOWN)) == "12"
