"""All flows by name: what `Go` may name, and what the walk-through tests and drawings go over."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.flows import commissioning, courier, deposit, home, pickup, recall, service, verify
from edge_agent.flows.table import Flow

FLOWS: Mapping[str, Flow] = {
    flow.name: flow
    for flow in (
        home.FLOW,
        pickup.FLOW,
        courier.FLOW,
        deposit.FLOW,
        recall.FLOW,
        verify.FLOW,
        verify.IN_SERVICE_MODE,
        service.FLOW,
        commissioning.FLOW,
    )
}
