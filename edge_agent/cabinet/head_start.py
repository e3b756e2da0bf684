"""The frame waits for the commit, not for the loop (walls 2 and 4).

An opening may be made ready while its intent is on the way to the disk: the supply's turn is taken, the frame is built
and left at a gate. The store's own thread opens the gate right after the commit, and the bus has the frame before the
loop hears that the intent is durable. Where nothing became durable the gate stays shut and the opening is forgotten.

    gate = Gate()                    shut
    gate.leave(let_go)               on the loop: the frame waits
    gate.durable()                   on the store's thread: `let_go` runs there, once
    gate.withdrawn()                 on the loop, instead: nobody will ever let it go
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Protocol

from edge_agent.domain.decision import Decision
from edge_agent.domain.instant import Instant
from edge_agent.domain.ports import CommittedPort, Decide
from edge_agent.domain.state import LockerState

log = logging.getLogger(__name__)


class Gate:
    """Lets one call through, once, as soon as both have happened: it was left here, and the gate was opened."""

    def __init__(self, *, is_open: bool = False, withdraw: Callable[[], None] = lambda: None) -> None:
        self._is_open = is_open
        self._withdraw = withdraw
        self._left: Callable[[], None] | None = None
        self._lock = threading.Lock()

    def leave(self, let_go: Callable[[], None]) -> None:
        with self._lock:
            self._left = let_go
            is_open = self._is_open
        if is_open:
            let_go()

    def durable(self) -> None:
        """From any thread. Never raises: the commit has happened, and the loop goes on from there."""
        with self._lock:
            self._is_open, left = True, self._left
        if left is not None:
            try:
                left()
            except Exception:  # the opening then ends by its sensor, as after a lost frame
                log.exception("frame not handed over")

    def withdrawn(self) -> None:
        """On the loop: nothing of the decision became durable. Without effect once the gate is open."""
        if not self._is_open:
            self._withdraw()


class HeadStarts(Protocol):
    """The cabinet, as far as a decision that is being committed may know it."""

    def at_once(self, decision: Decision) -> Gate | None: ...


class Store(Protocol):
    """The ledger that tells a gate of the commit, before it tells the loop."""

    @property
    def state(self) -> LockerState: ...

    def transact(
        self, decide: Decide, *, at_once: Callable[[Decision], Gate | None]
    ) -> Awaitable[CommittedPort]: ...


class QuickLedger:
    """The ledger for whoever opens the door that was decided on at once: the screen's session, a technician's tool."""

    def __init__(self, ledger: Store, cabinet: HeadStarts) -> None:
        self._ledger = ledger
        self._cabinet = cabinet

    @property
    def state(self) -> LockerState:
        return self._ledger.state

    async def transact(self, decide: Callable[[LockerState, Instant], Decision]) -> CommittedPort:
        """As the ledger's. An intent in it is executed once it is durable; `Cabinet.open` tells how that ended."""
        return await self._ledger.transact(decide, at_once=self._cabinet.at_once)
