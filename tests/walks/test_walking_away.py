"""Somebody walks away from the glass, wherever they are. Five minutes later the next person stands there.

One locker and one page live through all of it, so that whatever one visit leaves behind meets the next. Afterwards:
the keypad, nobody's session, nothing of the last person in the page, nothing called stored, collected or empty by a
time-out, and contents unknown where nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from edge_agent.domain.words import Contents, DoorPosition
from tests.kiosk.chromium import CHROMIUM
from tests.walks.album import Album
from tests.walks.conftest import Stage
from tests.walks.site import BADGE, PIN
from tests.walks.visitor import Visitor

pytestmark = pytest.mark.browser

PHONE = "91234567"
LONG_S = 310.0  # service mode, the longest of all, is over by itself after 300 s
BOXES = "[...document.querySelectorAll('lk-digits')].map((boxes) => boxes.textContent).join('').trim()"


class Town:
    """A locker that many people use, one after the other, and the page in front of it."""

    def __init__(self, stage: Stage) -> None:
        self.visitor = stage.arrive(locker={"languages": ["en", "zh-Hant", "zh-Hans"]})
        self.site = self.visitor.site
        self.site.hire(asks_phone=False)
        self.card = self.site.employ()
        self.visitor.secrets |= {PIN, PHONE}
        self._labels = iter(range(1_000))

    def label(self) -> str:
        return f"SF1234567{next(self._labels):06}"

    # Ways to a screen

    def courier(self) -> Visitor:
        self.visitor.logs_in(f"LKB:{BADGE}")
        return self.visitor

    def opened(self) -> Visitor:
        """A compartment stands open for a parcel."""
        visitor = self.courier()
        self.site.scan("LKC:S")
        visitor.sees("courier-scan", size="S")
        visitor.scans(self.label())
        visitor.door_opens()
        visitor.sees("door-open-put", opening=False)
        return visitor

    def stored(self) -> Visitor:
        """A parcel of one's own has just been stored."""
        visitor = self.opened()
        visitor.puts_in()
        visitor.sees("courier-scan", deposited=1)
        return visitor

    def waiting(self) -> Visitor:
        """A parcel is in the locker, the screen is idle."""
        visitor = self.stored()
        self.site.scan(f"LKB:{BADGE}")
        visitor.sees("courier-summary")
        self.site.skip(10)
        visitor.sees("home")
        return visitor

    def taking(self) -> Visitor:
        """The recipient's door stands open."""
        visitor = self.waiting()
        self.site.scan(f"LKT:{visitor.message()['token']}")
        visitor.door_opens()
        visitor.sees("door-open-take", opening=False)
        return visitor

    def thanked(self) -> Visitor:
        visitor = self.taking()
        visitor.takes_out()
        visitor.sees("thanks")
        return visitor

    def overdue(self) -> Visitor:
        """A courier stands in front of the door of an overdue parcel."""
        self.waiting()
        self.site.let_pass(72 * 3600)
        visitor = self.courier()
        visitor.touch("recall")
        visitor.door_opens()
        visitor.sees("door-open-take", opening=False)
        return visitor

    def to_check(self) -> Visitor:
        """A courier looks at the list of compartments whose contents nobody knows."""
        self.site.doubt("60")
        visitor = self.courier()
        visitor.touch("verify")
        visitor.sees("recall-list", kind="verify")
        return visitor

    def checking(self) -> Visitor:
        visitor = self.to_check()
        visitor.touch("start")
        visitor.door_opens()
        visitor.sees("door-open-take", opening=False)
        return visitor

    def serving(self) -> Visitor:
        """A technician in service mode."""
        self.site.scan(self.card)
        self.visitor.sees("courier-pin")
        self.visitor.type(PIN, send=True)
        self.visitor.sees("service-menu")
        return self.visitor


def touched(way: Callable[[Town], Visitor], *steps: tuple[str, str]) -> Callable[[Town], None]:
    """The way to a screen, then touches, each with the screen it leads to."""

    def story(town: Town) -> None:
        visitor = way(town)
        for action, screen in steps:
            name, _, id = action.partition(":")
            visitor.touch(name, id)
            visitor.sees(screen)

    return story


def typing(way: Callable[[Town], Visitor], digits: str) -> Callable[[Town], None]:
    def story(town: Town) -> None:
        way(town).type(digits)
        session = town.site.locker.agent.session
        town.site.until(lambda: bool(session.context.session))  # the agent knows that somebody types

    return story


def home(town: Town) -> Visitor:
    return town.visitor


def number_pad(town: Town) -> Visitor:
    town.visitor.touch("courier")
    town.visitor.sees("courier-pin", ask="number")
    return town.visitor


def pin_pad(town: Town) -> Visitor:
    number_pad(town).type("1001", send=True)
    town.visitor.sees("courier-pin", ask="pin")
    return town.visitor


def phone_pad(town: Town) -> Visitor:
    town.site.hire(asks_phone=True)
    visitor = town.courier()
    visitor.scans(town.label())
    visitor.sees("choose-size")
    visitor.touch("size", "S")
    visitor.sees("recipient-phone")
    town.site.hire(asks_phone=False)
    return visitor


def asked_what_is_inside(town: Town) -> None:
    visitor = town.opened()
    visitor.touch("cancel")
    visitor.sees("message")
    visitor.closes()
    visitor.sees("message", offers=["yes", "no"])


def asked_what_was_found(town: Town) -> None:
    visitor = town.checking()
    visitor.closes()
    visitor.sees("message", offers=["yes", "no"])


def size_question(town: Town) -> None:
    town.courier().scans(town.label())
    town.visitor.sees("choose-size")


def locked_out(town: Town) -> None:
    for _ in range(3):
        town.visitor.type("00000000")
        town.visitor.page.wait_for_timeout(500)
    town.visitor.sees("locked-out")


def jammed(town: Town) -> None:
    visitor = town.waiting()
    stay = list(town.site.state.stay.values())[-1]
    town.site.fault("jam", door=stay.compartment)
    town.site.scan(f"LKT:{visitor.message()['token']}")
    town.site.until(lambda: town.site.locker.agent.session.state.name == "FAILED", 60)
    visitor.sees("door-failed")


def service_door(town: Town) -> Visitor:
    visitor = town.serving()
    visitor.touch("section", "doors")
    visitor.sees("service-menu", section="doors")
    visitor.touch("open", "59")
    visitor.door_opens()
    visitor.sees("door-open-take", opening=False)
    return visitor


def asked_by_service(town: Town) -> None:
    service_door(town).closes()
    town.visitor.sees("message", offers=["yes", "no"])


STORIES: dict[str, Callable[[Town], object]] = {
    "digits of a code typed": typing(home, "482"),
    "help from home": touched(home, ("help", "help")),
    "locked out": locked_out,
    "courier number typed": typing(number_pad, "10"),
    "PIN typed": typing(pin_pad, PIN[:3]),
    "scan screen": touched(Town.courier),
    "size question": size_question,
    "phone number typed": typing(phone_pad, PHONE[:6]),
    "door open for a parcel": touched(Town.opened),
    "help at the open door": touched(Town.opened, ("help", "help")),
    "bigger wanted": touched(Town.opened, ("bigger", "message")),
    "cancel at the open door": touched(Town.opened, ("cancel", "message")),
    "left inside?": asked_what_is_inside,
    "dirty": touched(Town.opened, ("dirty", "message")),
    "parcel stored": touched(Town.stored),
    "undo": touched(Town.stored, ("undo", "message")),
    "report": touched(Town.courier, ("report", "report-problem")),
    "courier's help": touched(Town.courier, ("help", "help")),
    "summary": touched(Town.stored, ("finish", "courier-summary")),
    "door open for the recipient": touched(Town.taking),
    "recipient's help": touched(Town.taking, ("help", "help")),
    "refused": touched(Town.taking, ("refuse", "message")),
    "damaged": touched(Town.taking, ("damaged", "report-problem")),
    "empty": touched(Town.taking, ("empty", "door-open-take")),
    "it did not open": touched(Town.taking, ("not-open", "door-failed")),
    "thank you": touched(Town.thanked),
    "other problem": touched(Town.thanked, ("report", "help")),
    "recall at an open door": touched(Town.overdue),
    "recall skipped": touched(Town.overdue, ("skip", "message")),
    "list to check": touched(Town.to_check),
    "checking": touched(Town.checking),
    "what was found?": asked_what_was_found,
    "service mode": touched(Town.serving),
    "service rows": touched(Town.serving, ("section:boards", "service-menu")),
    "scanner test": touched(Town.serving, ("section:scanner", "service-menu")),
    "service door": service_door,
    "service door closed": asked_by_service,
    "jammed": jammed,  # last: this door stays as it is
}
UNKNOWN = {
    *(
        "door open for a parcel",
        "help at the open door",
        "bigger wanted",
        "cancel at the open door",
        "left inside?",
    ),
    *("dirty", "undo", "door open for the recipient", "recipient's help", "refused", "damaged", "empty"),
    *("it did not open", "recall at an open door", "recall skipped", "checking", "what was found?"),
    *("service door", "service door closed"),
}
# In a default run, besides the doors where something may be lost: what has a time-out of its own.
ALWAYS = {
    "digits of a code typed",
    "phone number typed",
    "PIN typed",
    "scan screen",
    "service mode",
    "refused",
    "undo",
}
ALWAYS |= {"door open for a parcel", "left inside?", "door open for the recipient", "recall at an open door"}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, album: Album) -> Iterator[Town]:
    stage = Stage(tmp_path_factory.mktemp, album)
    yield CHROMIUM.run(lambda: Town(stage))
    stage.close()


@pytest.mark.parametrize(
    "name", [name if name in ALWAYS else pytest.param(name, marks=pytest.mark.soak) for name in STORIES]
)
def test_walking_away_leaves_a_locker_for_the_next_person(town: Town, name: str) -> None:
    visitor, site = town.visitor, town.site
    STORIES[name](town)
    here = site.do(lambda: site.locker.agent.session.context.door)
    left_at = visitor.screen
    before = [site.journal().count(f"parcel.{what}") for what in ("deposited", "collected", "recalled")]

    site.skip(LONG_S)
    visitor.sees("home")
    for door in [c.number for c in site.state.compartment.values() if c.door is DoorPosition.OPEN]:
        visitor.shuts(door)
    site.skip(5)
    visitor.sees("home", notice=None)

    assert left_at != "home" or name == "digits of a code typed"
    assert visitor.view["session"] == ""
    assert visitor.view["lang"] == "en"
    assert visitor.page.evaluate(BOXES) == ""
    assert before == [
        site.journal().count(f"parcel.{what}") for what in ("deposited", "collected", "recalled")
    ]
    site.is_legal()
    if name in UNKNOWN:
        assert site.state.compartment[here].contents is Contents.UNKNOWN
        assert not site.state.compartment[here].offered


def test_a_waiting_screen_warns_for_twenty_seconds_and_any_touch_stays(town: Town) -> None:
    """WCAG 2.2.1: told by picture, tone and words; one touch anywhere and everything is as it was."""
    visitor, site = town.visitor, town.site
    size_question(town)
    for _ in range(3):
        site.skip(91)
        visitor.sees("warn-timeout")
        left_ms = visitor.view["deadline"]["left_ms"]
        visitor.page.touchscreen.tap(640, 120)
        visitor.sees("choose-size")
        assert left_ms > 20_000
    visitor.touch("back")
    visitor.sees("courier-scan")
    visitor.leaves()


def test_a_language_chosen_by_one_person_is_not_the_next_ones(town: Town) -> None:
    """Also where somebody only touched a language and left."""
    visitor = town.visitor
    visitor.touch("language", "zh-Hans")
    visitor.page.wait_for_function("() => document.documentElement.lang === 'zh-Hans'")

    town.site.skip(60)
    visitor.page.wait_for_function("() => document.documentElement.lang === 'en'")

    assert visitor.screen == "home"
