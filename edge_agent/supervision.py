"""Tasks that must not die silently, and the watchdog that is fed only while the loop works.

A supervised task that ends, for whatever reason, stops the agent: a half-dead controller is worse than a restarted one.
The service manager is told `READY=1` and then pinged from the loop itself, and only when every registered worker has
reported progress; a blocked loop or a wedged bus thread stops the pings and the manager restarts us.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Coroutine

log = logging.getLogger(__name__)

PINGS_PER_TIMEOUT = 3  # a late ping or two must not be fatal


def notify(message: str, address: str | None = None) -> None:
    """sd_notify: one datagram to the service manager; silently nothing where there is none."""
    path = address or os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
        manager.setblocking(False)
        try:
            manager.sendto(message.encode(), "\0" + path[1:] if path.startswith("@") else path)
        except OSError as error:
            log.warning("service manager not reached: %s", error)


def watchdog_s() -> float:
    """The manager's time-out in seconds, 0 where none is set for this process."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    return int(os.environ.get("WATCHDOG_USEC", "0")) / 1e6


class Supervisor:
    """Owns the agent's long-running tasks. The first one that ends makes `failed` complete with the reason."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self.failed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def start(self, name: str, work: Coroutine[object, object, None]) -> None:
        """Run `work` for as long as the agent runs."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def fail(self, reason: str) -> None:
        """Stop the agent: called by workers outside the loop's tasks, through `call_soon_threadsafe`."""
        if not self.failed.done():
            self.failed.set_result(reason)

    async def stop(self) -> None:
        """Cancel every task and wait for it."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if self._stopping or task.cancelled():
            return
        error = task.exception()
        log.error("worker ended", exc_info=error, extra={"fields": {"worker": task.get_name()}})
        self.fail(f"{task.get_name()} ended: {error!r}")


async def feed_watchdog(timeout_s: float, healthy: Callable[[], bool]) -> None:
    """Ping from the loop while `healthy()` holds; an unhealthy round sends nothing and lets the manager act."""
    while True:
        if healthy():
            notify("WATCHDOG=1")
        await asyncio.sleep(timeout_s / PINGS_PER_TIMEOUT)
