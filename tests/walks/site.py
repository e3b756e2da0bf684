"""A whole locker in the test's process, with its real kiosk server, for a real browser to walk through.

The agent, the ledger and the drivers are the shipped ones; boards and doors are simulated. Time runs as usual and the
test may skip ahead (`skip`), so that a time-out of three minutes costs a moment.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from edge_agent.clock import VirtualClock
from edge_agent.kiosk.server import KioskServer, bind, create_app
from edge_agent.kiosk.site import site_of
from sim.soak.whole_locker import WholeLocker
from sim.virtual_time import PacedLoop

TOKEN = "w" * 32
CALL_S = 20.0  # real seconds for one call into the locker's loop; on a busy machine most take milliseconds

T = TypeVar("T")


class Site:
    """Start with `with`. Every method may be called from the test's thread."""

    def __init__(self, folder: Path, seed: int = 1, **sections: Any) -> None:
        self._folder, self._seed, self._sections = folder, seed, sections
        self.clock = VirtualClock()
        self.loop = PacedLoop(on_jump=self.clock.advance)
        self.locker: WholeLocker
        self._listener = bind("127.0.0.1:0")
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}/?token={TOKEN}"
        self._thread = threading.Thread(target=self._run, name="locker-under-test", daemon=True)
        self._up = threading.Event()
        self._down: asyncio.Event

    def __enter__(self) -> Site:
        self._thread.start()
        assert self._up.wait(30), "the locker did not start within 30 s"
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self._down.set)
        self._thread.join(30)
        assert not self._thread.is_alive(), "the locker did not stop within 30 s"

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the locker's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(CALL_S)

    def do(self, act: Callable[[], T]) -> T:
        """Run a plain function on the locker's loop."""

        async def acting() -> T:
            return act()

        return self.call(acting())

    def skip(self, seconds: float) -> None:
        """Let time pass; returns when it has."""
        until = self.do(self.loop.time) + seconds
        self.loop.skip(seconds)
        self.call(self._reached(until))

    def hire(self, courier: str = "c1", carrier: str = "SF") -> str:
        """A courier with a badge; what its barcode says."""
        return self.call(self.locker.hire(courier, carrier))

    def scan(self, text: str) -> None:
        self.do(lambda: self.locker.sim.scan("front", text))

    def close(self, door: str, inside: str = "") -> None:
        """A hand puts something in or takes it out, and closes the door."""

        def hand() -> None:
            if inside:
                self.locker.sim.inside(door, inside)
            self.locker.sim.hand(door, "close")

        self.do(hand)

    def message(self) -> dict[str, str]:
        """What the back office could send to the recipient of the newest deposit: the opened personal data."""
        events = self.call(self.locker.events())
        deposits = [event for event in events if event["type"] == "locker.parcel.deposited"]
        return self.locker.unseal(deposits[-1])

    def journal(self) -> list[str]:
        """Types of all events so far, oldest first."""
        return [event["type"].removeprefix("locker.") for event in self.call(self.locker.events())]

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_until_complete(self._live())
        finally:
            self.loop.close()
            self._listener.close()

    async def _live(self) -> None:
        self._down = asyncio.Event()
        self.locker = WholeLocker(self._folder, self._seed, self.clock, **self._sections)
        await self.locker.start()
        await self.locker.accept()
        agent = self.locker.agent
        server = KioskServer(create_app(site_of(agent.config), agent.session, TOKEN))
        serving = asyncio.create_task(server.run(self._listener))
        await server.started()
        self._up.set()
        await self._down.wait()
        server.stop()
        await serving
        await self.locker.stop()

    async def _reached(self, until: float) -> None:
        while self.loop.time() < until:  # noqa: ASYNC110 - virtual time has no event of its own
            await asyncio.sleep(0.01)
