"""Events about doors: what was intended, and what the sensor then said."""

from __future__ import annotations

from typing import ClassVar

from edge_agent.domain.events.base import Event
from edge_agent.domain.words import Cause


class DoorOpenRequested(Event, frozen=True):
    """The durable intent to open one door once. At most one frame may ever leave for it."""

    TYPE: ClassVar[str] = "door.open_requested"
    intent: str
    compartment: str
    cause: Cause
    actor: str
    attempt: int  # 1 for the first try of this visit
    powered_ms: int
    pulse_ms: int
    session: str = ""
    stay: str = ""
    reason: str = ""
    case: str = ""  # support's case number, for remote unlocks


class DoorOpened(Event, frozen=True):
    """The sensor changed to open, twice in a row, after an intent."""

    TYPE: ClassVar[str] = "door.opened"
    intent: str
    compartment: str


class DoorNotOpened(Event, frozen=True):
    """The sensor stayed closed within the waiting time. Ends the intent."""

    TYPE: ClassVar[str] = "door.not_opened"
    intent: str
    compartment: str
    reason: str = ""


class DoorOutcomeUnknown(Event, frozen=True):
    """Nobody can say whether the door opened. Resolved by reading the door, never by another pulse.

    `final`: the locker restarted meanwhile, or the record came from outside; no reading will resolve it.
    """

    TYPE: ClassVar[str] = "door.outcome_unknown"
    intent: str
    compartment: str
    reason: str = ""
    final: bool = False


class DoorClosed(Event, frozen=True):
    """The sensor changed to closed. `open_ms` is None where the opening was not seen in this boot."""

    TYPE: ClassVar[str] = "door.closed"
    compartment: str
    intent: str = ""
    open_ms: int | None = None


class DoorLeftOpen(Event, frozen=True):
    TYPE: ClassVar[str] = "door.left_open"
    compartment: str
    open_ms: int
    intent: str = ""


class DoorForced(Event, frozen=True):
    """A door opened that nobody commanded: a security event. `found`: seen at start, not as it happened."""

    TYPE: ClassVar[str] = "door.forced"
    compartment: str
    found: bool = False


class DoorWrongDoor(Event, frozen=True):
    """`moved` opened when `commanded` was meant: wiring or addresses are swapped. Both are set aside."""

    TYPE: ClassVar[str] = "door.wrong_door"
    intent: str
    commanded: str
    moved: str


EVENTS: tuple[type[Event], ...] = (
    DoorOpenRequested,
    DoorOpened,
    DoorNotOpened,
    DoorOutcomeUnknown,
    DoorClosed,
    DoorLeftOpen,
    DoorForced,
    DoorWrongDoor,
)
