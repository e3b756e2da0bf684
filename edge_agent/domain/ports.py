"""What the rooms above the domain ask of the ledger, without knowing the store that keeps it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from edge_agent.domain.decision import Decision
from edge_agent.domain.events.base import Event
from edge_agent.domain.instant import Instant
from edge_agent.domain.state import LockerState

Decide = Callable[[LockerState, Instant], Decision]
"""Called with the state as of the last commit; raises Refusal to change nothing."""


class CommittedPort(Protocol):
    """A decision that is durable: `events` may be none; `result` is the decision's answer."""

    @property
    def txn(self) -> str: ...

    @property
    def events(self) -> tuple[Event, ...]: ...

    @property
    def result(self) -> Any: ...


class LedgerPort(Protocol):
    """One unit of work at a time. Used on the agent's loop."""

    @property
    def state(self) -> LockerState:
        """As of the last commit; read it, never change it."""

    async def transact(self, decide: Decide) -> CommittedPort:
        """Decide and commit as one. Passes Refusal through; raises StoreError where the commit failed."""
