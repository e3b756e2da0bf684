"""Walks every table of every flow: all situations a screen can come to, with the timers that then run.

A place is (flow, state, running timers, screen). From each, every event that can happen there is tried: any touch or
scan or door event of the row, a time-out only of a timer that runs, and after a decision nothing but its answers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from edge_agent.flows import effects as fx
from edge_agent.flows.catalogue import FLOWS
from edge_agent.flows.events import Answer, Done, Entered, Event, Failed, Refused, TimedOut
from edge_agent.flows.table import Key, Rule

SERVICE = "service"


@dataclass(frozen=True)
class Place:
    flow: str
    state: Enum
    timers: frozenset[str] = frozenset()
    screen: fx.Show | None = None
    asked: str = ""  # the decision or probe whose answer comes next
    way: str | None = None  # just entered by this way

    @property
    def row(self) -> dict[Key, Rule]:
        return dict(FLOWS[self.flow].table[self.state])

    def name(self) -> str:
        return f"{self.flow}.{self.state.name}"


@dataclass(frozen=True)
class Step:
    """One rule taken: from where, by what, to where."""

    at: Place
    key: Key
    effects: Sequence[fx.Effect]
    to: Place


def possible(place: Place) -> Iterator[Key]:
    """What can happen here."""
    for key in place.row:
        is_answer = isinstance(key, Answer) or key in (Done, Refused, Failed)
        is_entered = isinstance(key, Entered) or key is Entered
        if place.way is not None:
            if key in (Entered, Entered(place.way)):
                yield key
        elif place.asked:
            if is_answer and (not isinstance(key, Answer) or key.decision == place.asked):
                yield key
        elif is_answer or (is_entered and key != Entered("again")):
            continue
        elif isinstance(key, TimedOut):
            if key.timer in place.timers:
                yield key
        else:
            yield key


def taken(place: Place, key: Key, rule: Rule) -> Place:
    state, effects = rule
    timers = set(place.timers)
    if isinstance(key, TimedOut):
        timers.discard(key.timer)
    screen, asked, flow, way = place.screen, "", place.flow, None
    for effect in effects:
        if isinstance(effect, fx.Start):
            timers.add(effect.timer)
        elif isinstance(effect, fx.StopAll):
            timers &= {SERVICE}
        elif isinstance(effect, fx.Show):
            screen = effect
        elif isinstance(effect, fx.Decide):
            asked = effect.decision
        elif isinstance(effect, fx.Probe):
            asked = effect.test
        elif isinstance(effect, fx.Go):
            flow, state, way = effect.flow, FLOWS[effect.flow].initial, effect.way
        elif isinstance(effect, fx.End):
            flow, state, way, timers = "home", FLOWS["home"].initial, effect.say, set()
    return Place(flow, state, frozenset(timers), screen, asked, way)


def walk() -> list[Step]:
    """Every step that can be taken from a screen that has just come up."""
    start = Place("home", FLOWS["home"].initial, way="")
    seen, todo, steps = {start}, deque([start]), []
    while todo:
        place = todo.popleft()
        for key in possible(place):
            rule = place.row[key]
            to = taken(place, key, rule)
            steps.append(Step(place, key, rule[1], to))
            if to not in seen:
                seen.add(to)
                todo.append(to)
    return steps


def places(steps: Iterable[Step]) -> set[Place]:
    return {step.to for step in steps} | {step.at for step in steps}


def rules() -> Iterator[tuple[str, Enum, Key, Rule]]:
    """Every rule as written."""
    for flow in FLOWS.values():
        for state, row in flow.table.items():
            for key, rule in row.items():
                yield flow.name, state, key, rule


def keys_asked(event: Event) -> set[object]:
    return set(event.keys())
