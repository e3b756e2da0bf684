"""What a flow asks for. The session performs effects in order; a decision is always the last of its rule.

That order is the guarantee behind "accepted means durable": whatever is said after a decision stands in the rule of
its answer, and a failed commit answers `Failed`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Effect:
    """Base of all effects; frozen values, so that tables can be compared, walked and drawn."""


@dataclass(frozen=True, slots=True)
class Show(Effect):
    """Put a screen up. `about` picks its wording (a message's name, or the mode of a door screen)."""

    screen: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Refresh(Effect):
    """Draw the present screen again with what the context says now."""


@dataclass(frozen=True, slots=True)
class Start(Effect):
    """Start (or start again) a timer; `wait` names a field of `Waits`, or is "wait_s": what the last answer said."""

    timer: str
    wait: str


@dataclass(frozen=True, slots=True)
class StopAll(Effect):
    """Stop every timer of the session but the one that limits its whole length."""


@dataclass(frozen=True, slots=True)
class Decide(Effect):
    """Run one named decision as one transaction; answered by Done, Refused or Failed. `mode` is its fixed argument."""

    decision: str
    mode: str = ""


@dataclass(frozen=True, slots=True)
class OpenDoor(Effect):
    """Hand the context's durable intent to the cabinet, once."""


@dataclass(frozen=True, slots=True)
class Probe(Effect):
    """Run one hardware test of the service menu; answered like a decision."""

    test: str


@dataclass(frozen=True, slots=True)
class Sound(Effect):
    """One of the four earcons: `tick`, `accepted`, `refused`, `attention`."""

    earcon: str


@dataclass(frozen=True, slots=True)
class Speak(Effect):
    """A phrase of the catalogue; the screen fills in door number and place."""

    phrase: str


@dataclass(frozen=True, slots=True)
class Note(Effect):
    """Set one field of the context to a fixed value."""

    field: str
    value: Any


@dataclass(frozen=True, slots=True)
class Keep(Effect):
    """Copy one particular of the event (a touch's argument, a scan's text) into the context's field of that name."""

    field: str


@dataclass(frozen=True, slots=True)
class Hold(Effect):
    """Keep this scan for later, if none is kept yet (scan-ahead: one); a tick says kept, a low pair says too many."""


@dataclass(frozen=True, slots=True)
class Release(Effect):
    """Feed the held scan, if there is one, now that the flow can take it."""


@dataclass(frozen=True, slots=True)
class Go(Effect):
    """Continue in another flow of the same session: its initial state is fed `Entered(way)`."""

    flow: str
    way: str = ""


@dataclass(frozen=True, slots=True)
class End(Effect):
    """End the session: the lease goes back, the context is wiped, the home flow is entered. `reason` is journalled.

    `say` is the way by which home is entered: the line that the next look at the keypad shows.
    """

    reason: str
    say: str = ""
