"""What can happen to a flow: a touch, a scan, a door, a time-out, the answer to a decision.

Two events are equal when a table would treat them alike: the door number, the typed digits and the facts an answer
brings along do not take part in comparison. So a table's key is just an event without its particulars.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Base. `keys` yields what a table may be asked, from the most particular to the most general."""

    def keys(self) -> Iterator[Event | type[Event]]:
        yield self
        yield from (kind for kind in type(self).__mro__ if issubclass(kind, Event))


@dataclass(frozen=True, slots=True)
class Entered(Event):
    """The flow was entered, by the way named ("": the usual one)."""

    way: str = ""


@dataclass(frozen=True, slots=True)
class Touch(Event):
    """One action of the page. `args` were checked against `actions.ACTIONS` before they came here."""

    action: str
    args: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Scanned(Event):
    """Something was read by a scanner, and it said what it is. `text` is normalised, and may be a secret."""

    text: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ScannedToken(Scanned):
    """A pickup token (the recipient's QR code, or a delegate's)."""


@dataclass(frozen=True, slots=True)
class ScannedBadge(Scanned):
    """A courier's badge or QR token. `own` when it is the badge of the session that is on."""

    own: bool = False


@dataclass(frozen=True, slots=True)
class ScannedStaff(Scanned):
    """A technician's card."""

    own: bool = False


@dataclass(frozen=True, slots=True)
class ScannedWaybill(Scanned):
    """A waybill number, in the carrier's normal form."""


@dataclass(frozen=True, slots=True)
class ScannedUnknown(Scanned):
    """Read well, but nothing this locker knows."""


@dataclass(frozen=True, slots=True)
class Card(Scanned):
    """A printed command card. `command` is one of `cards.COMMANDS`."""

    command: str = ""


@dataclass(frozen=True, slots=True)
class DoorEvent(Event):
    """Something the cabinet has seen and committed. `door` is the printed number."""

    door: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class DoorOpened(DoorEvent):
    pass


@dataclass(frozen=True, slots=True)
class DoorClosed(DoorEvent):
    pass


@dataclass(frozen=True, slots=True)
class DoorNotOpened(DoorEvent):
    pass


@dataclass(frozen=True, slots=True)
class WrongDoor(DoorNotOpened):
    """Another door opened instead of `door`: both are set aside, and this flow goes no further with either."""


@dataclass(frozen=True, slots=True)
class OutcomeUnknown(DoorEvent):
    pass


@dataclass(frozen=True, slots=True)
class DoorLeftOpen(DoorEvent):
    """Open for `ajar_alarm_s` (180 s): the lease ends, the door stays watched."""


@dataclass(frozen=True, slots=True)
class TimedOut(Event):
    """A timer that the flow started has run down."""

    timer: str


@dataclass(frozen=True, slots=True)
class Answer(Event):
    """Base of the three answers to a decision; `decision` is the name the table gave."""

    decision: str


@dataclass(frozen=True, slots=True)
class Done(Answer):
    """Decided and committed. `facts` go into the context (field names of `Context`) before any effect runs."""

    outcome: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Refused(Answer):
    """The domain said no, nothing changed. `code` is FLOW-3xx."""

    code: str = ""
    detail: str = field(default="", compare=False)

    def keys(self) -> Iterator[Event | type[Event]]:
        yield self
        yield Refused(self.decision)
        yield Refused


@dataclass(frozen=True, slots=True)
class Failed(Answer):
    """The ledger could not commit (STORE-4xx) or a helper broke: nothing changed, nobody may be told otherwise."""

    code: str = field(default="", compare=False)

    def keys(self) -> Iterator[Event | type[Event]]:
        yield Failed(self.decision)
        yield Failed
