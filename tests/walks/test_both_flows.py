"""A deposit and a pickup, on every panel and in every language, with every touch counted."""

from __future__ import annotations

import time

import pytest

from tests.walks.conftest import Stage
from tests.walks.visitor import LONG_ENOUGH_S

pytestmark = pytest.mark.browser

# Each size and each language once; the full square is soak.
ONCE = [("1024x600", "en"), ("1280x800", "zh-Hant"), ("1080x1920", "zh-Hans")]
REST = [(panel, lang) for panel, _ in ONCE for _, lang in ONCE if (panel, lang) not in ONCE]
PHONE = "91234567"
REPEATS_OVER_MS = 1600  # the same badge within 1.5 s is the scanner repeating itself
EVERY = [
    *(pytest.param(*one, id="-".join(one)) for one in ONCE),
    *(pytest.param(*one, id="-".join(one), marks=pytest.mark.soak) for one in REST),
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


@pytest.mark.parametrize(
    ("panel", "lang"), [ONCE[0], *(pytest.param(*one, marks=pytest.mark.soak) for one in [*ONCE[1:], *REST])]
)
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
    """Five parcels of a carrier that keeps the phone numbers: one touch for the first, none for the rest."""
    visitor = stage.arrive()
    visitor.logs_in_by_number("1001")
    visitor.starts_anew()

    doors = [visitor.deposits(f"SF123456789012{n}", "M") for n in range(5)]

    assert visitor.touched() == ["size"]
    assert len(set(doors)) == 5


def test_a_parcel_of_the_same_size_costs_its_phone_number_only(stage: Stage) -> None:
    """The size is remembered. A masked label costs one touch instead of a number."""
    visitor = stage.arrive()
    visitor.logs_in(visitor.site.hire())
    visitor.deposits("SF1234567890123")
    visitor.starts_anew()

    visitor.deposits("SF1234567890124", phone="98765432")
    typed = visitor.touched()
    visitor.starts_anew()
    visitor.scans("SF1234567890125")
    visitor.sees("recipient-phone")
    visitor.touch("masked")
    visitor.puts_in()
    visitor.sees("courier-scan", deposited=3)

    assert typed == [*digits("98765432"), "digit-ok"]
    assert visitor.touched() == ["masked"]


def test_with_speed_mode_off_every_parcel_costs_one_touch(stage: Stage) -> None:
    """A courier with mixed parcels: a tile for each; the size used last stands out."""
    visitor = stage.arrive()
    visitor.logs_in_by_number("1001")
    visitor.touch("speed")
    visitor.sees("courier-scan", speed=False)
    visitor.starts_anew()

    visitor.deposits("SF1234567890123", "S")
    visitor.deposits("SF1234567890124", "L")

    assert visitor.touched() == ["size", "size"]


def test_command_cards_make_a_round_without_touching_glass(stage: Stage) -> None:
    """Gloves on: the size, "done" and the badge are barcodes."""
    visitor = stage.arrive()
    site = visitor.site
    visitor.logs_in_by_number("1001")
    visitor.starts_anew()

    site.scan("LKC:L")
    visitor.sees("courier-scan", size="L")
    door = visitor.deposits("SF1234567890123")
    site.scan("LKC:DONE")
    visitor.sees("courier-summary", deposited=1)
    site.skip(10)
    visitor.sees("home")

    assert visitor.touched() == []
    assert site.state.compartment[door].size == "L"


def test_a_deposit_in_real_time(stage: Stage) -> None:
    """Nothing is skipped: boards, doors, time-outs and the page run at the speed of the street."""
    visitor = stage.arrive()
    site = visitor.site
    site.pre_advise("SF1234567890123", "S", PHONE)
    badge, began_s = site.hire(), site.do(site.loop.time) - time.monotonic()

    visitor.logs_in(badge)
    visitor.scans("SF1234567890123")
    door = visitor.sees("door-open-put", opening=False)["door"]
    visitor.page.wait_for_timeout(REPEATS_OVER_MS)
    site.close(door, "parcel")
    visitor.sees("courier-scan", deposited=1)
    site.scan(badge)
    visitor.sees("courier-summary")
    visitor.sees("home")

    assert site.journal()[-2:] == ["parcel.deposited", "session.ended"]
    assert abs(site.do(site.loop.time) - time.monotonic() - began_s) < 1.0, "time was skipped"


def test_a_pickup_in_real_time(stage: Stage) -> None:
    """The same for the recipient, who types the code."""
    visitor = stage.arrive()
    site = visitor.site
    site.pre_advise("SF1234567890123", "S", PHONE)
    visitor.logs_in(site.hire())
    door = visitor.deposits("SF1234567890123")
    visitor.leaves()
    code, began_s = visitor.message()["code"], site.do(site.loop.time) - time.monotonic()

    visitor.type(code)
    visitor.sees("door-open-take", opening=False, door=door)
    visitor.page.wait_for_timeout(LONG_ENOUGH_S * 1000)
    site.close(door, "empty")
    visitor.sees("thanks")
    visitor.sees("home")

    assert site.journal()[-2:] == ["parcel.collected", "session.ended"]
    assert abs(site.do(site.loop.time) - time.monotonic() - began_s) < 1.0, "time was skipped"
