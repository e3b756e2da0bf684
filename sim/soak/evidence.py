"""What a run left behind for a judge: coils, door edges, people's deeds and the journal as the back office gets it.

Everything is in the simulation's seconds. Nothing here comes from the agent but the JSON of its journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sim.cabinet import SimCabinet

PREFIX = "locker."


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did or saw. `what`: puts | takes | told-stored | told-collected | agent-up | agent-down ..."""

    at_s: float
    what: str
    door: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """A door really moved, whatever a sensor said."""

    at_s: float
    door: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class Pulse:
    """One energising. `meant` is the door that the configuration knows on this output, `pulled` the real one."""

    start_s: float
    length_s: float | None
    asked_s: float | None
    supply: str
    meant: str
    pulled: str


@dataclass(slots=True)
class Blow:
    """One trouble that came. `until_s` is infinite while it lasts; `doors`: those that it was about."""

    name: str
    layer: str
    number: int
    from_s: float
    until_s: float = float("inf")
    detail: str = ""
    doors: frozenset[str] = frozenset()

    def near(self, at_s: float, before_s: float = 0.0) -> bool:
        """It was there at `at_s`, or within `before_s` before."""
        return self.from_s <= at_s and at_s - before_s <= self.until_s


@dataclass(slots=True)
class Ending:
    """How the run stood when all weather had been over for a while; empty lists and equal numbers are good."""

    recorded: int = 0  # the last number of the journal that the office has, of the newest epoch
    journalled: int = 0
    kept_differs: int = 0  # events that the office knows differently than the journal
    doors_unseen: tuple[str, ...] = ()
    doors_unknown: tuple[str, ...] = ()
    degraded: bool = False
    screen: str = ""
    served: bool = True  # one more parcel came and went
    broken: tuple[
        str, ...
    ] = ()  # what the simulation itself saw go wrong: two writers, an agent that ended by itself
    log_bytes: int = 0
    tasks: int = 0
    again_differs: tuple[str, ...] = ()  # what one more start changed


@dataclass(frozen=True, slots=True)
class Event:
    """One CloudEvent of the journal: `kind` is its type without prefix, `raw` the whole of it."""

    at_s: float
    kind: str
    data: Mapping[str, Any]
    raw: Mapping[str, Any]

    @property
    def door(self) -> str:
        return str(self.data.get("compartment", ""))


@dataclass(slots=True)
class Evidence:
    """`inside`: doors with a parcel behind them at the end. `until_s`: when the run ended."""

    until_s: float
    events: list[Event] = field(default_factory=list)
    pulses: list[Pulse] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    inside: frozenset[str] = frozenset()
    blows: list[Blow] = field(default_factory=list)
    ending: Ending = field(default_factory=Ending)
    said: str = ""  # every line that was logged
    secrets: frozenset[str] = frozenset()  # codes and tokens that were given out

    def weather(self, *names: str, door: str = "", at_s: float, before_s: float = 0.0) -> bool:
        """One of these troubles was there, at this door where one is named."""
        return any(
            blow.name in names and blow.near(at_s, before_s) and (not door or door in blow.doors)
            for blow in self.blows
        )

    def of(self, *kinds: str) -> list[Event]:
        return [event for event in self.events if event.kind in kinds]

    def did(self, *what: str) -> list[Deed]:
        return [deed for deed in self.deeds if deed.what in what]


class Watcher:
    """Sees every real movement of a cabinet's doors from now on."""

    def __init__(self, cabinet: SimCabinet) -> None:
        self.edges: list[Edge] = []
        self._cabinet = cabinet
        self._open = {number: not door.shut for number, door in cabinet.world.doors.items()}
        cabinet.world.on_change.append(self._changed)

    def _changed(self, number: str, at_s: float) -> None:
        is_open = not self._cabinet.world.doors[number].shut
        if is_open != self._open[number]:
            self._open[number] = is_open
            self.edges.append(Edge(at_s, number, is_open))


def collect(
    cabinet: SimCabinet,
    watcher: Watcher,
    deeds: Iterable[Deed],
    journal: Iterable[Mapping[str, Any]],
    at_s: Callable[[Mapping[str, Any]], float],
) -> Evidence:
    """`at_s` turns a CloudEvent into the simulation's seconds: the clocks of both sides differ by a constant."""
    supplies = {bus.name: bus.supply for bus in cabinet.config.bus}
    supply_of = {board.name: supplies[board.bus] for board in cabinet.config.board}
    meant = {(door.board, door.channel): door.number for door in cabinet.config.doors()}
    with cabinet.world.lock:
        until_s = cabinet.world.advance()
        pulses = [
            Pulse(
                one.start_s,
                one.length_s,
                one.asked_s,
                supply_of[one.board],
                meant.get((one.board, one.channel), ""),
                one.door or "",
            )
            for one in cabinet.coils()
        ]
        inside = frozenset(number for number, door in cabinet.world.doors.items() if door.parcel)
    events = [Event(at_s(raw), raw["type"].removeprefix(PREFIX), raw["data"], raw) for raw in journal]
    return Evidence(until_s, events, pulses, list(watcher.edges), list(deeds), inside)
