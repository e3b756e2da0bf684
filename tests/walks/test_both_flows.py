"""A deposit and a pickup, on every panel and in every language, with every touch counted."""

from __future__ import annotations

import pytest

from tests.walks.conftest import Stage

pytestmark = pytest.mark.browser

# Each size and each language once; the full square is soak.
ONCE = [("1024x600", "en"), ("1280x800", "zh-Hant"), ("1080x1920", "zh-Hans")]
REST = [(p, l) for p in ("1024x600", "1280x800", "1080x1920") for l in ("en", "zh-Hant", "zh-Hans")]
PHONE = "91234567"
EVERY = [
    *(pytest.param(*one, id="-".join(one)) for one in ONCE),
    *(pytest.param(*one, id="-".join(one), marks=pytest.mark.soak) for one in REST if one not in ONCE),
]


def digits(number: str) -> list[str]:
    return [f"digit-{digit}" for digit in number]


def first_in(lang: str) -> list[str]:
    return [lang, *(other for other in ("zh-Hant", "en", "zh-Hans") if other != lang)]


@pytest.mark.parametrize(("panel", "lang"), EVERY)
def test_a_parcel_goes_in_and_comes_out(stage: Stage, panel: str, lang: str) -> None:
    """Nothing is known beforehand: one size, one phone number. The recipient types the code and nothing else."""
    visitor = stage.arrive(panel, locker={"languages": first_in(lang)})
    site = visitor.site
    visitor.logs_in(site.hire())
    visitor.starts_anew()

    visitor.scans("SF1234567890123")
    visitor.sees("choose-size")
    visitor.touch("size", "S")
    visitor.sees("recipient-phone")
    visitor.secrets.add(PHONE)
    visitor.type(PHONE, send=True)
    visitor.door_opens()
    visitor.sees("door-open-put", opening=False)
    put_into = visitor.puts_in()
    visitor.sees_notice("courier-scan", "stored")
    deposit = visitor.seen(), visitor.touched()
    visitor.leaves()
    code = visitor.message()["code"]
    visitor.starts_anew()
    visitor.type(code)
    visitor.door_opens()
    visitor.sees("door-open-take", opening=False)
    taken_from = visitor.takes_out()
    visitor.sees("thanks")
    site.skip(10)
    visitor.sees("home")

    assert visitor.view["lang"] == lang
    assert deposit == (
        ["courier-scan", "choose-size", "recipient-phone", "door-open-put", "courier-scan"],
        ["size", *digits(PHONE), "digit-ok"],
    )
    assert visitor.seen() == ["home", "door-open-take", "thanks", "home"]
    assert visitor.touched() == digits(code)
    assert taken_from == put_into
    assert site.journal()[-3:] == ["door.closed", "parcel.collected", "session.ended"]


@pytest.mark.parametrize(("panel", "lang"), EVERY)
def test_a_known_parcel_costs_no_touch_at_either_end(stage: Stage, panel: str, lang: str) -> None:
    """Pre-advised with size and phone; the recipient shows a QR code. Nobody touches the glass at all."""
    visitor = stage.arrive(panel, locker={"languages": first_in(lang)})
    site = visitor.site
    site.pre_advise("SF1234567890123", "M", PHONE)
    visitor.starts_anew()

    visitor.logs_in(badge := site.hire())
    visitor.scans("SF1234567890123")
    visitor.door_opens()
    visitor.sees("door-open-put", opening=False)
    visitor.puts_in()
    visitor.sees_notice("courier-scan", "stored")
    site.scan(badge)
    visitor.sees("courier-summary", deposited=1)
    site.skip(10)
    visitor.sees("home")
    site.scan(f"LKT:{visitor.message()['token']}")
    visitor.door_opens()
    visitor.sees("door-open-take", opening=False)
    visitor.takes_out()
    visitor.sees("thanks")
    site.skip(10)
    visitor.sees("home")

    assert visitor.touched() == []
    assert visitor.seen() == [
        *("home", "courier-scan", "door-open-put", "courier-scan", "courier-summary"),
        *("home", "door-open-take", "thanks", "home"),
    ]


def test_a_round_in_speed_mode_touches_nothing_but_the_first_size(stage: Stage) -> None:
    """Twelve parcels of one size whose numbers the carrier keeps: one touch for the first, none for eleven."""
    visitor = stage.arrive()
    visitor.site.hire_by_number("c1")
    visitor.touch("courier")
    visitor.sees("courier-pin", ask="number")
    visitor.starts_anew()


def test_with_speed_mode_off_the_size_of_each_parcel_costs_one_touch(stage: Stage) -> None:
    """A tile for every parcel; the one used last stands out."""
