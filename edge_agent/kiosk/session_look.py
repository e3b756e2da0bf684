"""What a screen may look at: the locker's state, the configuration, and what the session knows. Read-only."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.config import Config
from edge_agent.domain.state import LockerState
from edge_agent.domain.words import Contents
from edge_agent.flows.context import Context, Listed
from edge_agent.kiosk.screen_parts import RecallLine, RecallReason, ServiceRow, SizeCount

LIST_MAX = 24  # lines of a list on the screen; the rest comes up as these are done


@dataclass(frozen=True)
class Look:
    """What a screen may look at. `waiting_events` is the outbox's length, `rows` the service section's lines."""

    state: LockerState
    config: Config
    context: Context
    now_s: float
    waiting_events: int = 0
    rows: tuple[ServiceRow, ...] = ()
    code_shape: str = "8"


def free_by_size(look: Look) -> tuple[SizeCount, ...]:
    """Offered compartments of every configured size, in the file's order."""
    counts = dict.fromkeys(look.config.sizes, 0)
    for compartment in look.state.compartment.values():
        if compartment.offered:
            counts[compartment.size] = counts.get(compartment.size, 0) + 1
    return tuple(SizeCount(size, free) for size, free in counts.items())


def unknown_doors(look: Look) -> tuple[str, ...]:
    """Compartments that somebody has to look into."""
    return tuple(c.number for c in look.state.compartment.values() if c.contents is Contents.UNKNOWN)


def recall_line(line: Listed, taken: bool = False) -> RecallLine:
    reasons: dict[str, RecallReason] = {"refused": "refused", "uncertain": "unknown"}
    reason: RecallReason = "taken" if taken else reasons.get(line.reason, "overdue")
    return RecallLine(line.id, line.door, "", reason, line.days)
