"""Tampering: several doors opened that nobody commanded. Deposits stop until a person says go; pickups go on.

One forced door is a fault of its own (`doors.force`). A burst of them is somebody with a crowbar, a key to the lock
boards' own open-all button, or a miswired supply: whatever it is, no further parcel belongs into this cabinet.
"""

from __future__ import annotations

from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision, Draft
from edge_agent.domain.fault import fault_id
from edge_agent.domain.instant import Instant
from edge_agent.domain.policy import Switches
from edge_agent.domain.state import LockerState

BURST = "DOOR-208"
CABINET = "cabinet"  # the fault's place: it is about the whole of it
TAMPERED = "tampering"  # why deposits are off
DOORS_NAMED_MAX = 10  # in the fault's text; each forced door has its own event anyway


def tampered(state: LockerState, doors: tuple[str, ...], at: Instant) -> Decision:
    """A burst of forced `doors`: one fault however long it goes on, and deposits off unless they are off already."""
    if fault_id(BURST, CABINET) in state.fault:
        return Decision()
    draft = Draft(state, at)
    named = ", ".join(doors[:DOORS_NAMED_MAX])
    draft.add(
        e.FaultOpened(fault_id(BURST, CABINET), BURST, CABINET, "major", f"opened without command: {named}")
    )
    if state.switched.deposits:
        draft.give("switches", Switches(False, TAMPERED, state.switched.accepted))
    return draft.done()


def stop_deposits(state: LockerState, command: str, actor: str, reason: str, at: Instant) -> Decision:
    """A person stops deposits, by name. `command` is the id under which the journal keeps it."""
    draft = Draft(state, at)
    draft.add(e.CommandDone(command, "deposits.stop", actor, "done"))
    draft.give("switches", Switches(False, reason, state.switched.accepted))
    return draft.done()


def resume_deposits(state: LockerState, command: str, actor: str, reason: str, at: Instant) -> Decision:
    """A person has looked and lets deposits go on, after tampering too: then that fault ends with it."""
    draft = Draft(state, at)
    draft.add(e.CommandDone(command, "deposits.resume", actor, "done"))
    if fault_id(BURST, CABINET) in state.fault:
        draft.add(e.FaultResolved(fault_id(BURST, CABINET), actor, reason))
    draft.give("switches", Switches(True, "", state.switched.accepted))
    return draft.done()
