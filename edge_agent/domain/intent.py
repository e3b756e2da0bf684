"""An intent: the durable decision to open one door once. One frame per intent; another try is another intent.

It stays in the table until the opening has a conclusion, so that the table shows, after a power cut, exactly the
openings about which something has still to be decided.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from edge_agent.domain.stamp import Stamp
from edge_agent.domain.words import Cause, Outcome


class Situation(Enum):
    """The durable situations that every screen state maps to."""

    RESERVED = "reserved"
    INTENT_WITHOUT_OUTCOME = "intent without outcome"
    OPEN_UNDER_INTENT = "open under intent"
    CLOSED_WITHOUT_CONCLUSION = "closed without conclusion"


class Intent(msgspec.Struct, frozen=True):
    """`attempt` is 1 for the first try of a visit. `abandoned`: its session is gone, nobody will answer for it.

    `open_ms`: how long the door was seen open, once it is closed; None where the opening was not seen.
    """

    id: str
    compartment: str
    cause: Cause
    actor: str
    attempt: int
    decided: Stamp
    session: str = ""
    stay: str = ""
    outcome: Outcome = Outcome.PENDING
    opened: Stamp | None = None
    closed: bool = False
    open_ms: int | None = None
    abandoned: bool = False

    @property
    def situation(self) -> Situation:
        if self.opened is None:
            return Situation.INTENT_WITHOUT_OUTCOME
        return Situation.CLOSED_WITHOUT_CONCLUSION if self.closed else Situation.OPEN_UNDER_INTENT
