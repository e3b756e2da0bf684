"""All that a session touches, as ports: handed in by `main`, by the tests, and by the whole-locker simulation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from edge_agent.clock import Clock
from edge_agent.domain.decision import Decision
from edge_agent.domain.instant import Instant
from edge_agent.domain.state import LockerState
from edge_agent.kiosk.session_inputs import Preparer
from edge_agent.randomness import Randomness


class Committed(Protocol):
    """What the ledger hands back after a commit."""

    @property
    def result(self) -> Any: ...


class Ledger(Protocol):
    """`transact` decides and commits under one lock; Refusal and StoreError pass through and change nothing."""

    @property
    def state(self) -> LockerState: ...

    async def transact(self, decide: Callable[[LockerState, Instant], Decision]) -> Committed: ...


class Cabinet(Protocol):
    """`open` executes one durable intent; what the door then does comes back through `Session.told`."""

    async def open(self, intent: str) -> Any: ...


class Prober(Protocol):
    """Tests of the service menu. Returns the section's rows; raises AgentError where the hardware does not answer."""

    async def section(self, name: str) -> tuple[Any, ...]: ...


@dataclass(frozen=True)
class Ports:
    """All that a session touches."""

    ledger: Ledger
    cabinet: Cabinet
    preparer: Preparer
    clock: Clock
    chance: Randomness
    prober: Prober
    waiting_events: Callable[[], int] = field(default=lambda: 0)
    stirred: Callable[[], None] = field(default=lambda: None)  # a touch, a scan or a door: the screen wakes
    armed: Callable[[], None] = field(default=lambda: None)  # a touch or a scan: a door may be asked for next
    trouble: Callable[[], str] = field(default=lambda: "")  # "storage" while nothing can be made durable
