"""The tables hold what they promise, for every state of every flow: walked, not sampled."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge_agent.config import Config, decode
from edge_agent.domain.state import LockerState
from edge_agent.flows import effects as fx
from edge_agent.flows.catalogue import FLOWS
from edge_agent.flows.context import FIELDS, Context
from edge_agent.flows.deciding import DECISIONS, LOOKS
from edge_agent.flows.drawing import redraw
from edge_agent.flows.events import (
    Answer,
    Card,
    Done,
    DoorClosed,
    DoorOpened,
    Entered,
    Failed,
    Refused,
    ScannedBadge,
    TimedOut,
    Touch,
)
from edge_agent.flows.scans import COMMANDS
from edge_agent.flows.table import Situation, UnexpectedEvent, knows, step
from edge_agent.flows.waits import Waits
from edge_agent.kiosk.actions import ARGUMENTS
from edge_agent.kiosk.catalogues import load
from edge_agent.kiosk.desk import Sound
from edge_agent.kiosk.screens import SCREENS, wire
from edge_agent.kiosk.session import PERFORM
from edge_agent.kiosk.session_look import Look
from edge_agent.kiosk.session_views import build
from tests.flows.walk import places, rules, walk

STEPS = walk()
# Nobody is waited for here: the idle screen, and the sign that says why nothing is served.
RESTING = {("home", state) for state in ("IDLE", "OUT_OF_SERVICE", "NOT_ACCEPTED")}
# Screens that tell a person that something has been accepted.
SUCCESS = {"thanks", "more-parcels"}
SUCCESS_LINES = {"stored", "undone", "reported", "rated"}
DOOR_STATES = ("OPEN", "PUTTING_BACK", "PROBLEM", "SWAPPING", "SETTING_ASIDE", "CANCELLING", "LEAVING_IT")


def small_config() -> Config:
    return decode(
        {
            "locker": {"id": "HK-1", "timezone": "Asia/Hong_Kong", "state_dir": "/nowhere"},
            "bus": [{"name": "main", "port": "/dev/null"}],
            "board": [{"name": "A", "bus": "main", "driver": "lock-8a", "address": 1, "channels": 24}],
            "compartments": [{"board": "A", "channels": "1-4", "numbers": "1-4", "size": "S"}],
            "sizes": {"S": {"width_mm": 1, "height_mm": 1, "depth_mm": 1}},
        }
    )


@pytest.mark.parametrize("flow", FLOWS.values(), ids=lambda flow: flow.name)
def test_every_state_has_a_row_and_can_be_reached(flow):
    """A state that no path leads to is a story nobody can live through: dead rules rot."""
    reached = {place.state for place in places(STEPS) if place.flow == flow.name}
    ended = {rule[0] for name, _, _, rule in rules() if name == flow.name}

    assert set(flow.table) == set(type(flow.initial))
    assert reached | ended >= set(flow.table)


def test_no_wait_for_a_person_is_without_an_end():
    """Whoever walks away, wherever: some timer runs that the state knows what to do with."""
    endless = {
        place.name()
        for place in places(STEPS)
        if not place.asked and place.way is None
        if place.row and (place.flow, place.state.name) not in RESTING
        if not any(TimedOut(timer) in place.row for timer in place.timers)
    }

    assert not endless


def test_a_timer_that_runs_is_known_to_the_state_it_runs_in():
    """A time-out that nobody expects would be a silent hole in a promise ("service mode ends by itself")."""
    unknown = {
        (place.name(), timer)
        for place in places(STEPS)
        if not place.asked and place.way is None
        for timer in place.timers
        if TimedOut(timer) not in place.row
    }

    assert not unknown


def test_every_open_door_has_its_ladder_of_reminders_and_ends_the_lease():
    """20, 45, 90 s, and at 180 s the lease goes; the same in every flow in which a door can stand open."""
    for flow in FLOWS.values():
        for state in flow.table:
            if state.name.endswith(DOOR_STATES) and not state.name.startswith("LEFT"):
                row = flow.table[state]
                assert DoorClosed in row, (flow.name, state)
                assert {TimedOut(f"remind-{n}") for n in (1, 2, 3)} | {TimedOut("left-open")} <= set(row)


def test_nothing_is_told_done_before_its_commit():
    """A success screen, or a line that says "stored", stands only in the rule of an answer."""
    too_early = [
        (name, state.name, key, effect)
        for name, state, key, (_, effects) in rules()
        for effect in effects
        if isinstance(effect, fx.Show)
        and (effect.screen in SUCCESS or effect.about in SUCCESS_LINES)
        and not isinstance(key, Done)
        and not (isinstance(key, Refused) and effect.about == "reopen-ended")
    ]

    assert not too_early


def test_a_decision_is_the_last_thing_a_rule_does():
    """What stands behind a decision would be said before its answer is known."""
    ends = (fx.Decide, fx.Probe, fx.Go, fx.End)
    for name, state, key, (_, effects) in rules():
        for effect in effects[:-1]:
            assert not isinstance(effect, ends), (name, state, key)


def test_every_decision_has_an_answer_for_yes_no_and_broken():
    """The state that asks knows what to do when the domain refuses and when the ledger cannot commit."""
    for one in STEPS:
        if not one.to.asked:
            continue
        row, asked = one.to.row, one.to.asked
        assert any(isinstance(key, Done) and key.decision == asked for key in row), (one.to.name(), asked)
        assert {Refused, Refused(asked)} & set(row), (one.to.name(), asked)
        assert {Failed, Failed(asked)} & set(row), (one.to.name(), asked)
        assert one.to.state in FLOWS[one.to.flow].busy, one.to.name()


def test_every_answer_leads_to_a_screen():
    """After "one moment" something follows: a screen, another decision, another flow, the end."""
    leads = (fx.Show, fx.Decide, fx.Go, fx.End, fx.Probe)
    for name, state, key, (_, effects) in rules():
        if isinstance(key, Answer) or key in (Done, Refused, Failed):
            assert any(isinstance(effect, leads) for effect in effects), (name, state, key)


def test_decisions_waits_flows_and_fields_named_in_tables_exist():
    """A typing slip in a table must fail here, not in front of a courier."""
    named = {
        effect.decision for _, _, _, rule in rules() for effect in rule[1] if isinstance(effect, fx.Decide)
    }
    assert named == set(DECISIONS) | set(LOOKS)

    for name, state, key, (_, effects) in rules():
        place = (name, state.name, key)
        for effect in effects:
            assert type(effect) in PERFORM
            if isinstance(effect, fx.Start):
                assert effect.wait == "wait_s" or hasattr(Waits(), effect.wait), place
            if isinstance(effect, fx.Go):
                target = FLOWS[effect.flow]
                assert knows(target.table, target.initial, Entered(effect.way)), place
            if isinstance(effect, fx.Note | fx.Keep):
                assert effect.field in FIELDS, place


def test_touches_and_cards_named_in_tables_exist():
    """Every action is one the page may send, every card one that is printed."""
    for name, state, key, _ in rules():
        if isinstance(key, Touch):
            assert key.action in ARGUMENTS, (name, state)
        if isinstance(key, Card):
            assert key.command in COMMANDS | {"size"}, (name, state)


@pytest.mark.parametrize("language", ["zh-Hant", "zh-Hans", "en"])
def test_every_screen_phrase_and_sound_named_in_tables_exists_in_every_language(language):
    """Whatever a table shows or says has its builder and its words."""
    catalogue = load()[language]
    for name, state, key, (_, effects) in rules():
        place = (name, state.name, key)
        for effect in effects:
            if isinstance(effect, fx.Show):
                assert effect.screen in SCREENS, place
            if isinstance(effect, fx.Speak):
                assert f"speech.{effect.phrase}" in catalogue, place
            if isinstance(effect, fx.Sound):
                assert effect.earcon in set(Sound), place


def test_every_screen_of_every_table_can_be_drawn_and_is_what_the_page_expects():
    """Each (screen, wording) is built and read back with its types: a wrong kind would be a blank page."""
    shown = {effect for _, _, _, rule in rules() for effect in rule[1] if isinstance(effect, fx.Show)}
    for role in ("", "recipient", "courier", "technician"):
        look = Look(LockerState(), small_config(), Context(role=role, door="3", session="s"), 0.0)
        for show in shown:
            vm = build(show, look)

            assert msgspec.convert(wire(vm), type(vm)) == vm
            assert set(vm.offers) <= type(vm).OFFERS, show


def test_a_button_that_is_offered_is_also_understood():
    """What the page may send on a screen has an entry in the state that shows it; a dead button is a lie."""
    dead = set()
    for place in places(STEPS):
        if (
            place.asked
            or place.way is not None
            or place.screen is None
            or place.screen.screen == "warn-timeout"
        ):
            continue
        look = Look(LockerState(), small_config(), Context(role="courier", door="3"), 0.0)
        vm = build(place.screen, look)
        for action in vm.offers:
            if Touch(action) not in place.row and place.row:
                dead.add((place.name(), place.screen.screen, place.screen.about, action))

    assert not dead


@pytest.mark.parametrize("flow", FLOWS.values(), ids=lambda flow: flow.name)
def test_every_state_stands_in_a_durable_situation_with_a_restart_rule(flow):
    """A power cut is an event like any other: for each state the table says what the next start does."""
    assert set(flow.situations) == set(flow.table)
    assert set(flow.situations.values()) <= set(flow.on_restart)
    assert all(isinstance(situation, Situation) for situation in flow.on_restart)


def test_an_event_without_an_entry_raises_and_changes_nothing():
    """A door that closes while the keypad is idle is nobody's confirmation."""
    table = FLOWS["home"].table
    idle = FLOWS["home"].initial

    with pytest.raises(UnexpectedEvent, match="no entry for DoorClosed") as refused:
        step(table, idle, DoorClosed("7"))

    assert refused.value.code == "FLOW-300"


def test_the_most_particular_key_wins():
    """A courier's own badge logs out; somebody else's ends the session for that person."""
    flow = FLOWS["deposit"]
    ready = next(state for state in flow.table if state.name == "READY")

    _, own = step(flow.table, ready, ScannedBadge("x", own=True))
    _, other = step(flow.table, ready, ScannedBadge("x"))

    assert fx.Go("courier", "summary") in own
    assert any(isinstance(effect, fx.End) for effect in other)


def test_an_opened_door_is_understood_wherever_an_opening_may_still_come():
    """The sensor is the truth, also when it speaks late: no state with an open intent ignores the door."""
    for flow in FLOWS.values():
        for state, situation in flow.situations.items():
            if situation is Situation.INTENT:
                assert knows(flow.table, state, DoorOpened("1")), (flow.name, state)


def test_the_documents_diagrams_are_drawn_from_these_tables():
    """docs/flows.md shows what runs; redraw it with `python -m edge_agent.flows.drawing docs/flows.md`."""
    text = (Path(__file__).parents[2] / "docs" / "flows.md").read_text()

    assert redraw(text) == text
