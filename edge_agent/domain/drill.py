"""Drills: service work that is practised. It is journalled like any other, marked by the drill's begin and end.

A drill that nobody ends is ended by the agent: what is left out of the figures must not grow without anybody knowing.
"""

from __future__ import annotations

from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision
from edge_agent.domain.instant import Instant
from edge_agent.domain.refusals import WRONG_SITUATION, Refusal
from edge_agent.domain.state import LockerState

LONGEST_MS = 4 * 3_600_000  # an evacuation is practised within an afternoon
FORGOTTEN = "nobody ended it"


def start(state: LockerState, actor: str, reason: str, at: Instant) -> Decision:
    """Refused while another one goes on."""
    if state.drill:
        raise Refusal(WRONG_SITUATION, "a drill is going on already")
    return Decision((e.DrillStarted(actor, reason, state.clocks.at(at).powered_ms),))


def end(state: LockerState, actor: str, reason: str, at: Instant) -> Decision:
    if not state.drill:
        raise Refusal(WRONG_SITUATION, "no drill is going on")
    return Decision((e.DrillEnded(actor, reason),))


def end_forgotten(state: LockerState, at: Instant) -> Decision:
    """After LONGEST_MS of running time; a restart does not make it longer."""
    over = [
        one for one in state.drill.values() if state.clocks.at(at).powered_ms - one.powered_ms > LONGEST_MS
    ]
    return Decision((e.DrillEnded("agent", FORGOTTEN),)) if over else Decision()
