"""Two pages, a page that dies, an agent that dies: what the glass says afterwards is true."""

from __future__ import annotations

import pytest

from edge_agent.domain.words import Contents
from tests.kiosk.chromium import CHROMIUM
from tests.walks.conftest import Stage
from tests.walks.visitor import Visitor

pytestmark = pytest.mark.browser

LABEL, NEXT_LABEL = "SF1234567890123", "SF1234567890124"
HOME_AGAIN_MS = 20_000  # the page finds a new agent by itself within its longest pause between tries


@pytest.fixture
def visitor(stage: Stage) -> Visitor:
    return CHROMIUM.run(lambda: stage.arrive(locker={"languages": ["en", "zh-Hant", "zh-Hans"]}))


def with_a_door_open(visitor: Visitor) -> str:
    """A courier's scan has opened a door; nothing is inside yet."""
    visitor.logs_in(visitor.site.hire(asks_phone=False))
    visitor.site.scan("LKC:S")
    visitor.sees("courier-scan", size="S")
    visitor.scans(LABEL)
    door = visitor.door_opens()
    visitor.sees("door-open-put", opening=False)
    return door


def with_a_parcel_inside(visitor: Visitor) -> tuple[str, dict[str, str]]:
    """A stored parcel, nobody in front of the glass; its door and its recipient's message."""
    visitor.site.pre_advise(LABEL, "S", "91234567")
    visitor.logs_in(visitor.site.hire())
    door = visitor.deposits(LABEL)
    visitor.leaves()
    return door, visitor.message()


def test_the_second_page_shows_nothing_and_touches_nothing(stage: Stage, visitor: Visitor) -> None:
    """A second window says so; the visit in the first one goes on; the second takes over when the first one closes."""
    door = with_a_door_open(visitor)
    second = stage.visitor(visitor.site)
    second.secrets |= visitor.secrets
    second.page.goto(visitor.site.address)
    second.sees("message", kind="second-page")
    buttons = second.page.locator(".work button").count()

    visitor.shuts(door, "parcel")
    visitor.sees("courier-scan", deposited=1)
    told = second.screen
    visitor.page.goto("about:blank")
    second.sees("courier-scan", deposited=1)
    second.leaves()

    assert (buttons, told) == (0, "message")


def test_a_page_that_dies_at_an_open_door_loses_nothing(stage: Stage, visitor: Visitor) -> None:
    """The browser crashes while the courier puts the parcel in; the new page says what is true: stored."""
    door = with_a_door_open(visitor)
    visitor.page.close()
    visitor.shuts(door, "parcel")
    visitor.site.skip(2)

    fresh = stage.visitor(visitor.site)
    fresh.page.goto(visitor.site.address)

    fresh.sees("courier-scan", deposited=1)
    fresh.leaves()
    assert visitor.site.journal()[-2:] == ["parcel.deposited", "session.ended"]


def test_digits_typed_on_a_page_that_dies_are_gone(stage: Stage, visitor: Visitor) -> None:
    """Nothing of a half-typed code is kept anywhere."""
    visitor.type("4821")
    visitor.page.reload()
    visitor.sees("home")

    assert visitor.page.get_attribute("lk-digits", "aria-label") == "0 of 8 digits entered"


def test_an_agent_killed_at_a_courier_s_open_door_never_calls_the_parcel_stored(visitor: Visitor) -> None:
    """Nobody saw it closed: interrupted, contents unknown. The page comes back to the idle screen by itself."""
    door = with_a_door_open(visitor)

    visitor.site.die()
    visitor.sees("home", at_most_ms=HOME_AGAIN_MS)
    visitor.shuts(door, "parcel")
    visitor.site.skip(5)

    assert "deposit.interrupted" in visitor.site.journal()
    assert "parcel.deposited" not in visitor.site.journal()
    assert visitor.site.state.compartment[door].contents is Contents.UNKNOWN
    assert not visitor.site.state.compartment[door].offered
    visitor.site.is_legal()
    visitor.logs_in("LKB:badge-c1")
    visitor.site.scan("LKC:S")
    assert visitor.deposits(NEXT_LABEL) != door


def test_an_agent_killed_between_two_parcels_keeps_the_first(visitor: Visitor) -> None:
    """What was said to be stored is stored, and its recipient gets it out."""
    door, message = with_a_parcel_inside(visitor)

    visitor.site.die()
    visitor.sees("home", at_most_ms=HOME_AGAIN_MS)
    visitor.type(message["code"])

    assert visitor.takes_out() == door
    visitor.sees("thanks")


def test_an_agent_killed_at_a_recipient_s_open_door_never_calls_the_parcel_collected(
    visitor: Visitor,
) -> None:
    """The door is still open for the person who stands there; what is inside, nobody knows."""
    door, message = with_a_parcel_inside(visitor)
    visitor.type(message["code"])
    visitor.door_opens()
    visitor.sees("door-open-take", opening=False)

    visitor.site.die()
    visitor.sees("home", at_most_ms=HOME_AGAIN_MS)
    still_open = visitor.site.is_open(door)
    visitor.shuts(door, "empty")
    visitor.site.skip(5)

    assert still_open
    assert "parcel.collected" not in visitor.site.journal()
    assert visitor.site.state.compartment[door].contents is Contents.UNKNOWN
    visitor.site.is_legal()


def test_an_agent_killed_while_a_code_is_typed_leaves_the_code_alive(visitor: Visitor) -> None:
    """The keypad is empty again; typed anew, the same code opens the door."""
    door, message = with_a_parcel_inside(visitor)
    visitor.type(message["code"][:6])

    visitor.site.die()
    visitor.page.wait_for_selector('lk-digits[aria-label="0 of 8 digits entered"]', timeout=HOME_AGAIN_MS)
    visitor.type(message["code"])

    assert visitor.takes_out() == door
    visitor.sees("thanks")
