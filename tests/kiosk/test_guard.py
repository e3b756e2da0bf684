"""Guards between finger and flow: double taps, late touches, storms; and which of two pages has the screen."""

from __future__ import annotations

import pytest

from edge_agent.clock import VirtualClock
from edge_agent.kiosk.actions import Args, Digits
from edge_agent.kiosk.desk import View
from edge_agent.kiosk.glass import SILENT_S, WAITING_MAX, Glass
from edge_agent.kiosk.guard import HOLD_S, LATCH_S, STORM_TAPS, Dropped, TouchGuard
from edge_agent.kiosk.screens import DoorOpenTake, Home
from tests.kiosk.gallery import GalleryDesk

DOOR = View(rev=7, lang="en", vm=DoorOpenTake(door="27", offers=("reopen", "refuse")), session="s-1")


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def guard(clock) -> TouchGuard:
    return TouchGuard(clock.monotonic_s)


def test_one_touch_goes_through(guard):
    assert guard.admit(DOOR, 7, "reopen", {}) == Args()


def test_a_double_tap_is_one_action(guard, clock):
    guard.admit(DOOR, 7, "reopen", {})

    clock.advance(0.2)

    assert guard.admit(DOOR, 7, "reopen", {}) is Dropped.TWICE
    assert guard.admit(DOOR, 7, "refuse", {}) is Dropped.TWICE


def test_the_next_revision_takes_the_next_touch(guard):
    guard.admit(DOOR, 7, "reopen", {})
    shown = View(rev=8, lang="en", vm=DOOR.vm, session="s-1")

    assert guard.admit(shown, 8, "refuse", {}) == Args()


def test_a_touch_meant_for_an_older_screen_is_dropped(guard):
    assert guard.admit(DOOR, 6, "reopen", {}) is Dropped.OLD
    assert guard.admit(None, 7, "reopen", {}) is Dropped.OLD


def test_an_unanswered_touch_does_not_kill_the_screen(guard, clock):
    guard.admit(DOOR, 7, "reopen", {})

    clock.advance(LATCH_S)

    assert guard.admit(DOOR, 7, "reopen", {}) == Args()


def test_more_time_may_be_asked_again_and_again(guard):
    assert [guard.admit(DOOR, 7, "more-time", {}) for _ in range(3)] == [Args()] * 3


@pytest.mark.parametrize(
    ("action", "args"), [("code", {"digits": "12345678"}), ("empty", {}), ("reopen", {"x": 1})]
)
def test_what_the_screen_does_not_allow_is_dropped_and_takes_no_turn(guard, action, args):
    assert guard.admit(DOOR, 7, action, args) is Dropped.ILLEGAL

    assert guard.admit(DOOR, 7, "reopen", {}) == Args()


def test_a_typed_code_arrives_typed(guard):
    home = View(rev=1, lang="en", vm=Home())

    assert guard.admit(home, 1, "code", {"digits": "12345678"}) == Digits("12345678")


def test_a_storm_of_taps_holds_the_screen_and_then_lets_go(guard, clock):
    """Rain on the panel: forty taps in half a second, then nothing."""
    verdicts = []
    for _ in range(STORM_TAPS):
        verdicts.append(guard.storm())
        clock.advance(0.01)

    assert verdicts == [False] * (STORM_TAPS - 1) + [True]
    assert guard.admit(DOOR, 7, "reopen", {}) is Dropped.HELD
    assert guard.storm(100) is False, "one storm is one event"
    clock.advance(HOLD_S)
    assert guard.admit(DOOR, 7, "reopen", {}) == Args()


def test_a_quick_typist_is_no_storm(guard, clock):
    verdicts = []
    for _ in range(60):
        verdicts.append(guard.storm())
        clock.advance(0.12)

    assert not any(verdicts)


class PretendPage:
    """A page as the glass sees it."""

    def __init__(self, clock: VirtualClock) -> None:
        self.last_heard_s = clock.monotonic_s()
        self.waits = 0
        self.sent_away = False
        self.views: list[View] = []

    def show(self, view: View) -> None:
        self.views.append(view)

    def close(self) -> None:
        self.sent_away = True

    def wait(self) -> None:
        self.waits += 1


@pytest.fixture
def desk() -> GalleryDesk:
    return GalleryDesk()


@pytest.fixture
def glass(desk, clock) -> Glass:
    return Glass(desk, clock.monotonic_s)


def test_the_second_page_waits_until_the_first_one_closes(glass, desk, clock):
    first, second = PretendPage(clock), PretendPage(clock)
    glass.enter(first)
    glass.enter(second)

    assert (glass.has(first), glass.has(second), second.waits) == (True, False, 1)
    glass.leave(first)

    assert glass.has(second)
    assert desk.happened == ["connect", "closed", "connect"]


def test_a_page_whose_script_hangs_loses_the_screen_to_the_next_one(glass, desk, clock):
    hung, fresh = PretendPage(clock), PretendPage(clock)
    glass.enter(hung)
    clock.advance(SILENT_S + 0.1)

    glass.enter(fresh)

    assert glass.has(fresh)
    assert hung.sent_away
    assert desk.happened == ["connect", "closed", "connect"]


def test_a_hung_page_is_found_by_the_heartbeat_of_a_waiting_one(glass, desk, clock):
    hung, waiting = PretendPage(clock), PretendPage(clock)
    glass.enter(hung)
    glass.enter(waiting)
    clock.advance(SILENT_S + 0.1)

    glass.take_from_silent()

    assert glass.has(waiting)


def test_a_page_that_left_twice_closes_nobody_else(glass, desk, clock):
    first, second = PretendPage(clock), PretendPage(clock)
    glass.enter(first)
    glass.leave(first)
    glass.enter(second)

    glass.leave(first)

    assert glass.has(second)


def test_pages_without_end_are_turned_away(glass, clock):
    entered = [glass.enter(PretendPage(clock)) for _ in range(1 + WAITING_MAX + 1)]

    assert entered == [True] * (1 + WAITING_MAX) + [False]
