"""What the cloud keeps of a locker between events: the retained snapshot, and health figures at a slow pace."""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Mapping

from edge_agent.control import cloud_types as ct
from edge_agent.domain.compartment import Compartment
from edge_agent.domain.state import LockerState
from edge_agent.domain.words import Condition, Contents
from edge_agent.store.ledger import Ledger, Mode
from edge_agent.version import VERSION

ALARMS_MAX = 50  # in a retained message; the journal has them all


def state_of(ledger: Ledger, config: str, documents: dict[str, ct.DocumentStanding]) -> ct.StateResult:
    """The content of `st/state`. `config`: the digest of the configuration."""
    state = ledger.state
    alarms = [
        ct.Alarm(code=fault.code, place=fault.place, severity=fault.severity)
        for fault in list(state.fault.values())[:ALARMS_MAX]
    ]
    return ct.StateResult(
        version=VERSION,
        config=config,
        epoch=ledger.epoch,
        next=ledger.last_sequence + 1,
        watermark=ledger.watermark,
        documents=documents,
        expected_n=state.uplinked.expected_n,
        deposits=state.switched.deposits,
        alarms=tuple(alarms),
        compartments=_by_size(state),
    )


def _by_size(state: LockerState) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {}
    for compartment in state.compartment.values():
        found.setdefault(compartment.size, Counter())[_standing(compartment)] += 1
    return {size: dict(counts) for size, counts in sorted(found.items())}


def _standing(compartment: Compartment) -> str:
    """The one word that says most: why it is not offered, else what is inside."""
    if not compartment.reachable:
        return "unreachable"
    if compartment.condition is not Condition.OK:
        return str(compartment.condition.value)
    return {Contents.EMPTY: "empty", Contents.STAY: "stay", Contents.UNKNOWN: "unknown"}[compartment.contents]


def telemetry_of(ledger: Ledger, figures: Mapping[str, float]) -> ct.TelemetryResult:
    """Health figures; `figures` are the desk's own."""
    state = ledger.state
    own = {
        "events_waiting": ledger.last_sequence - ledger.watermark,
        "replies_waiting": len(state.reply),
        "commands_open": len(state.command),
        "faults_open": len(state.fault),
        "parcels": len(state.parcel),
        "expected": len(state.expected),
        "ledger_degraded": float(ledger.mode is Mode.DEGRADED),
        "agent_peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "powered_h": state.clocks.at(ledger.now()).powered_ms / 3_600_000,
    }
    return ct.TelemetryResult(figures={**own, **figures})
