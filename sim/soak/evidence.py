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
