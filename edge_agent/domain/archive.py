"""The device archive: what stands at each place, and everything that stood there before."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision
from edge_agent.domain.refusals import NOT_FOUND, Refusal
from edge_agent.domain.state import LockerState

KINDS = ("board", "lock", "scanner", "screen", "modem", "supply", "controller")
SEEN_BY_AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Described:
    """What is known of one device."""

    model: str = ""
    serial: str = ""
    firmware: str = ""


def fit(state: LockerState, place: str, device: Described, actor: str, reason: str) -> Decision:
    """A device has this place from now on. Refused for a place of no known kind. Result: the serial it replaces."""
    if place.split(" ")[0] not in KINDS:
        raise Refusal(NOT_FOUND, f"a place begins with {', '.join(KINDS)}: such as board A or lock 17")
    before = state.device.get(place)
    replaces = before.now.serial if before else ""
    event = e.DeviceInstalled(place, actor, device.model, device.serial, device.firmware, replaces, reason)
    return Decision((event,), result=replaces)


def seen(state: LockerState, place: str, device: Described) -> Decision:
    """A device tells the agent who it is: noted once, and again when it is another one or was updated."""
    kept = state.device.get(place)
    if kept is not None:
        known = (kept.now.firmware, kept.now.serial if device.serial else "")
        if known == (device.firmware, device.serial):
            return Decision()
    return fit(state, place, device, SEEN_BY_AGENT, "as it tells itself")
