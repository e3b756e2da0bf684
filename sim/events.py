"""What the panel hears without asking: doors, coils, frames and faults, as they happen, to every open page.

Changes come from any thread under the world's lock; they are only noted there and told on the server's loop. A page
that cannot keep up is let go: it reconnects and reads everything anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.cabinet import SimCabinet
    from sim.coils import Energising
    from sim.faults import Fault
    from sim.trace import Frame

WAITING_MAX = 256  # events a page may lag behind: some seconds of a busy cabinet
Told = tuple[str, dict[str, Any]]


class EventFeed:
    """Hands each event to every subscriber. `bind` gives it the loop it lives on."""

    def __init__(self, cabinet: SimCabinet) -> None:
        self._cabinet = cabinet
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pages: set[asyncio.Queue[Told | None]] = set()
        cabinet.world.on_change.append(self._door)
        cabinet.world.on_coil.append(self._coil)
        cabinet.trace_log.listeners.append(self._frame)
        cabinet.faults.listeners.append(self._fault)

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def close(self) -> None:
        """Hear no more, and let every page go."""
        self._cabinet.world.on_change.remove(self._door)
        self._cabinet.world.on_coil.remove(self._coil)
        self._cabinet.trace_log.listeners.remove(self._frame)
        self._cabinet.faults.listeners.remove(self._fault)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._let_go_all)

    async def subscribe(self) -> AsyncGenerator[Told, None]:
        """Every event from now on; first `hello`, so that the page knows when to read the whole state."""
        page: asyncio.Queue[Told | None] = asyncio.Queue(WAITING_MAX + 1)
        self._pages.add(page)
        try:
            yield "hello", {"locker": self._cabinet.config.locker.id}
            while (told := await page.get()) is not None:
                yield told
        finally:
            self._pages.discard(page)

    def _door(self, number: str, at_s: float) -> None:
        self._note(lambda: ("door", self._cabinet.door_json(number)))

    def _coil(self, entry: Energising) -> None:
        self._note(lambda: ("coil", entry.as_json()))

    def _frame(self, frame: Frame) -> None:
        self._note(lambda: ("frame", frame.as_json()))

    def _fault(self, fault: Fault) -> None:
        self._note(lambda: ("faults", {"active": [one.as_json() for one in self._cabinet.faults.active()]}))

    def _note(self, make: Callable[[], Told]) -> None:
        if not self._pages or self._loop is None:
            return
        try:
            self._loop.call_soon_threadsafe(self._tell, make)
        except RuntimeError:
            pass  # the server has just stopped: nobody is left to be told

    def _tell(self, make: Callable[[], Told]) -> None:
        told = make()
        for page in list(self._pages):
            if page.qsize() >= WAITING_MAX:
                self._let_go(page)
            else:
                page.put_nowait(told)

    def _let_go(self, page: asyncio.Queue[Told | None]) -> None:
        self._pages.discard(page)
        page.put_nowait(None)

    def _let_go_all(self) -> None:
        for page in list(self._pages):
            self._let_go(page)
