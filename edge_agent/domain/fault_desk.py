"""The desk where fault tickets are kept: opened and closed with what the rounds find, attended by badge, escalated.

`hardware.py` opens a fault where a door or a board says so at once. Here stands what is looked at again and again:
the disk, the supply, a certificate. One look names everything that is wrong; what is no longer named is mended.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision, Draft
from edge_agent.domain.fault import Promises, fault_id
from edge_agent.domain.hardware import FACT_MAX
from edge_agent.domain.instant import Instant
from edge_agent.domain.state import LockerState

AGENT = "agent"  # who has resolved what went away by itself
GONE = "no longer found"


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that a look has found wrong. `severity`: minor or major."""

    code: str
    place: str
    severity: str
    fact: str


def keep(state: LockerState, found: Collection[Found], looked_for: Collection[str], at: Instant) -> Decision:
    """Open a ticket for what was found and has none; resolve those of the codes `looked_for` that were not found."""
    draft = Draft(state, at)
    there = {fault_id(one.code, one.place): one for one in found}
    for key, one in there.items():
        if key not in state.fault:
            draft.add(e.FaultOpened(key, one.code, one.place, one.severity, one.fact[:FACT_MAX]))
    for fault in tuple(state.fault.values()):
        if fault.code in looked_for and fault.id not in there:
            draft.add(e.FaultResolved(fault.id, AGENT, GONE))
    return draft.done()


def attend(draft: Draft, actor: str) -> None:
    """A technician has shown a badge here: the on-site clocks of all open tickets stop."""
    for fault in tuple(draft.state.fault.values()):
        if fault.on_site is None:
            draft.add(e.FaultAttended(fault.id, actor))


def escalate(state: LockerState, promises: Promises, at: Instant) -> Decision:
    """Tell every clock that has run out since the last look, once."""
    draft = Draft(state, at)
    for fault in state.fault.values():
        promise = promises.get(fault.severity)
        for clock in fault.run_out(promise, at) if promise else ():
            draft.add(e.FaultEscalated(fault.id, clock, fault.severity, promise.limit_s(clock)))  # type: ignore[union-attr]
    return draft.done()
