"""The frame waits for the commit, not for the loop (walls 2 and 4).

An opening may be made ready while its intent is on the way to the disk: the supply's turn is taken, the frame is built
and left at a gate. The store's own thread opens the gate right after the commit, and the bus has the frame before the
loop hears that the intent is durable. Where nothing became durable the gate stays shut and the opening is forgotten.

    gate = Gate()                    shut
    gate.leave(let_go, turn_away)    on the loop: the frame waits
    gate.durable()                   on the store's thread: `let_go` runs there, once
    gate.withdrawn()                 on the loop, instead: nothing became durable, the opening is forgotten
    gate.bar(why)                    on the loop: `turn_away(why)`, unless the frame has gone

The first word is the last: what was let go is not called back here, and what was barred never leaves.
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
        self._barred = ""  # why
        self._gone = False
        self._let_go: Callable[[], None] | None = None
        self._turn_away: Callable[[str], None] | None = None
        self._lock = threading.Lock()

    def leave(self, let_go: Callable[[], None], turn_away: Callable[[str], None]) -> None:
        """On the loop. One of the two is called, once: now or later, `turn_away` always on the loop."""
        with self._lock:
            self._let_go, self._turn_away = let_go, turn_away
            self._gone = goes = self._is_open and not self._barred
        if goes:
            let_go()
        elif self._barred:
            turn_away(self._barred)

    def durable(self) -> None:
        """From any thread. Never raises: the commit has happened, and the loop goes on from there."""
        with self._lock:
            if self._barred:
                return
            self._is_open, let_go = True, self._let_go
            self._gone = let_go is not None
        if let_go is not None:
            try:
                let_go()
            except Exception:  # the opening then ends by its sensor, as after a lost frame
                log.exception("frame not handed over")

    def bar(self, why: str) -> bool:
        """On the loop: what has not been let go never will be. False where it has been."""
        with self._lock:
            if self._gone or self._barred:
                return not self._gone
            self._barred, turn_away = why, self._turn_away
        if turn_away is not None:
            turn_away(why)
        return True

    def bar_if_shut(self, why: str) -> None:
        """On the loop: the commit takes too long. Without effect once the gate is open."""
        if not self._is_open:
            self.bar(why)

    def withdrawn(self) -> None:
        """On the loop: nothing of the decision became durable. Without effect once the gate is open."""
        with self._lock:
            if self._is_open:
                return
            self._barred = self._barred or "nothing became durable"
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
