"""Where the store's work runs: one thread in the agent, or inline under a virtual clock.

An SQLite connection is opened, used and closed by one executor only. Jobs run in the order in which they were
handed in, one at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, Protocol, TypeVar

from edge_agent.store.errors import StoreBusy

P = ParamSpec("P")
T = TypeVar("T")

# A commit takes a millisecond or so: this many waiting jobs mean a stuck disk, and more would only hide it.
WAITING_MAX = 256


class Executor(Protocol):
    """Runs one job after the other. Kinds: `StoreThread`, `Inline`."""

    async def run(self, job: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...

    def close(self) -> None: ...


class StoreThread:
    """One thread of its own; `run` may be awaited from the loop only."""

    def __init__(self, name: str = "store") -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._waiting = 0

    async def run(self, job: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Raises StoreBusy when `WAITING_MAX` jobs wait already, and whatever the job raises.

        A caller that is cancelled does not cancel the job: what was begun is finished.
        """
        if self._waiting >= WAITING_MAX:
            raise StoreBusy("store thread", f"{self._waiting} jobs wait, the bound is {WAITING_MAX}")
        self._waiting += 1
        future = asyncio.wrap_future(self._pool.submit(job, *args, **kwargs))
        future.add_done_callback(self._one_less)
        return await asyncio.shield(future)

    def _one_less(self, future: asyncio.Future[T]) -> None:
        self._waiting -= 1
        if not future.cancelled():
            future.exception()  # seen: a caller that was cancelled will not ask any more

    def close(self) -> None:
        """Waits for the job that runs."""
        self._pool.shutdown(wait=True)


class Inline:
    """At once, in the caller: virtual time, tests, and command-line work on a stopped agent."""

    async def run(self, job: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return job(*args, **kwargs)

    def close(self) -> None:
        return None
