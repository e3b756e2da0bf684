"""Screens and actions: what a page may send on which screen."""

from __future__ import annotations

import json

import msgspec
import pytest

from edge_agent.kiosk.actions import ARGUMENTS, COMMON, Args, Digits, Illegal, parse
from edge_agent.kiosk.screens import SCREENS, DoorOpenTake, Home, wire
from tests.kiosk.gallery import SAMPLES

CONTRACT = """home pickup-phone door-open-take more-parcels door-failed thanks help courier-pin courier-scan
recipient-phone choose-size door-open-put full recall-list courier-summary report-problem locked-out out-of-service
service-menu commissioning warn-timeout please-wait message"""


def test_the_screens_are_those_the_contract_names():
    assert set(SCREENS) == set(CONTRACT.split())


@pytest.mark.parametrize("name", sorted(SCREENS))
def test_a_screen_allows_only_actions_that_exist(name):
    kind = SCREENS[name]

    assert set(ARGUMENTS) >= (kind.ACTIONS | kind.OFFERS | COMMON)


def test_every_screen_has_a_sample_in_the_gallery():
    assert {sample.NAME for sample in SAMPLES.values()} == set(SCREENS)
    assert all(name.split(".")[0] == sample.NAME for name, sample in SAMPLES.items())


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_sample_offers_only_what_its_screen_may_offer(name):
    sample = SAMPLES[name]

    assert set(sample.offers) <= type(sample).OFFERS


def test_an_exception_that_is_not_offered_now_is_not_allowed():
    opening, opened = DoorOpenTake(door="7", opening=True), DoorOpenTake(door="7", offers=("reopen",))

    assert not opening.allows("reopen")
    assert opened.allows("reopen")
    assert not opened.allows("refuse")
    assert not opened.allows("code")


def test_help_language_and_more_time_are_allowed_everywhere():
    assert all(sample.allows(name) for sample in SAMPLES.values() for name in COMMON)


def test_a_view_model_travels_as_json_without_personal_data_fields():
    for name, sample in SAMPLES.items():
        sent = json.loads(msgspec.json.encode(wire(sample)))
        assert not {"phone", "name", "code_digits", "pin"} & set(sent), name


def test_the_idle_screen_says_how_many_digits_a_code_has():
    assert wire(Home(code="6+4"))["code"] == "6+4"


@pytest.mark.parametrize(
    ("action", "args"),
    [
        ("fly", {}),
        ("code", {}),
        ("code", {"digits": "12a4"}),
        ("code", {"digits": "1" * 17}),
        ("code", {"digits": ""}),
        ("code", {"digits": 12345678}),
        ("code", {"digits": "１２３４"}),
        ("rate", {"stars": 6}),
        ("rate", {"stars": "5"}),
        ("low", {"on": "yes"}),
        ("back", {"to": "home"}),
        ("undo", {"id": ""}),
        ("undo", {"id": "x" * 65}),
    ],
)
def test_arguments_of_the_wrong_shape_are_illegal(action, args):
    with pytest.raises(Illegal) as raised:
        parse(action, args)

    assert "12a4" not in str(raised.value), "a refusal must not repeat what was typed"


def test_what_was_typed_does_not_show_in_logs():
    assert "4821" not in repr(parse("code", {"digits": "12344821"}))
    assert parse("code", {"digits": "12344821"}) == Digits("12344821")
    assert parse("back", {}) == Args()
