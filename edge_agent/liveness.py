"""Are the threads alive? The watchdog is fed only while every bus thread and the store thread answer the loop.

A thread that died or hangs answers nothing, and nothing else would show it: callers simply wait. Each time the watchdog
asks, every thread is given a question that costs it nothing; the next time, all answers have to be there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from drivers.bus import Bus
from drivers.errors import BusError
from drivers.transaction import Priority, Procedure
from edge_agent.errors import StoreError
from edge_agent.store.ledger import Ledger


def nothing() -> Procedure[None]:
    """A procedure without a frame: done as soon as the bus's thread takes it up."""
    return
    yield  # makes this a procedure


async def answers(bus: Bus) -> None:
    """Returns once the bus's thread has answered; a port that is closed is an answer too."""
    try:
        await bus.perform(nothing(), Priority.POLL)
    except BusError:
        pass


async def store_answers(ledger: Ledger) -> None:
    """Returns once the store's thread has run a job; a full queue is told by the question that waits in it already."""
    try:
        await ledger.on_store(lambda: None)
    except StoreError:
        pass


class Liveness:
    """`ask` maps a thread's name to a call that ends when the thread has answered. Used on the loop."""

    def __init__(self, ask: Mapping[str, Callable[[], Awaitable[None]]]) -> None:
        self._ask = dict(ask)
        self._asked: dict[str, asyncio.Future[None]] = {}

    def silent(self) -> tuple[str, ...]:
        """Threads that have not answered what they were asked the last time; asks all others again."""
        late = tuple(name for name, answer in self._asked.items() if not answer.done())
        for name, ask in self._ask.items():
            if name not in late:
                self._asked[name] = asyncio.ensure_future(ask())
        return late

    def stop(self) -> None:
        for answer in self._asked.values():
            answer.cancel()
