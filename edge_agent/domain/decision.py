"""What a decision hands back, and the draft that builds one step by step.

A decision is a pure function `(state, ..., at) -> Decision` or raises `Refusal`. Its events are folded one after
another on a view of the state, so that a later step of the same decision sees what the earlier ones did.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from edge_agent.domain.changes import Change, Changes
from edge_agent.domain.events.base import Event
from edge_agent.domain.fold import changes_of
from edge_agent.domain.instant import Instant
from edge_agent.domain.state import ONLY, LockerState


@dataclass(frozen=True, slots=True)
class VaultWrite:
    """Personal data for the vault: encrypted under the key of `stay`, never journalled. `field` names what it is."""

    stay: str
    field: str  # "phone" | "name" | "waybill" | "code" | "token"; a parcel's own fields are "waybill:<parcel id>"
    value: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Events to journal, personal data for the vault, changes of given tables, and an answer for the caller."""

    events: tuple[Event, ...] = ()
    vault: tuple[VaultWrite, ...] = ()
    given: Changes = ()
    result: Any = None


class Draft:
    """Collects a decision; `state` is the view that already shows what was added."""

    def __init__(self, state: LockerState, at: Instant) -> None:
        self.state = state.ahead()
        self.at = at
        self._events: list[Event] = []
        self._given: list[Change] = []

    def add(self, *events: Event) -> None:
        for event in events:
            self.state.apply(changes_of(self.state, event, self.at))
            self._events.append(event)

    def give(self, table: str, row: msgspec.Struct | None, key: str = ONLY) -> None:
        """Change a given table beside the events."""
        change = Change(table, key, row)
        self.state.apply((change,))
        self._given.append(change)

    def done(self, result: Any = None, vault: tuple[VaultWrite, ...] = ()) -> Decision:
        return Decision(tuple(self._events), vault, tuple(self._given), result)


def consequences(state: LockerState, decision: Decision, at: Instant) -> tuple[Changes, ...]:
    """The folded changes of each event of the decision, in order; `state` itself is left alone."""
    ahead = state.ahead()
    found = []
    for event in decision.events:
        changes = changes_of(ahead, event, at)
        ahead.apply(changes)
        found.append(changes)
    return tuple(found)
