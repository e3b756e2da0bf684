"""One life of the agent, and how it ends when nobody asks: killed, or without power, at a chosen step of the journal.

A life owns the agent's edges. While it lasts they pass everything on; once it is over nothing reaches the disk or a
wire any more and nothing comes back, whatever the agent's tasks still try while they are being taken apart. So a cut
leaves exactly what a dead process leaves: the durable journal, the boards with their coils, the doors.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ParamSpec, Protocol, TypeVar

from edge_agent.store.engine import Unit

P = ParamSpec("P")
T = TypeVar("T")
NEVER = 0


@dataclass(frozen=True, slots=True)
class Fuse:
    """When a life ends: at its `step`-th journalled commit (1 is the first, 0 never).

    `lost`: just before that commit is durable; else right after, before anybody could hear of it.
    """

    step: int = NEVER
    lost: bool = False


@dataclass(slots=True)
class Life:
    """`steps`: the types of each journalled commit since the fuse was set."""

    over: asyncio.Future[None]
    fuse: Fuse = field(default_factory=Fuse)
    steps: list[tuple[str, ...]] = field(default_factory=list)

    @classmethod
    def begin(cls, fuse: Fuse | None = None) -> Life:
        return cls(asyncio.get_running_loop().create_future(), fuse or Fuse())

    @property
    def ended(self) -> bool:
        return self.over.done()

    def set(self, fuse: Fuse) -> None:
        """Count from here on."""
        self.fuse, self.steps = fuse, []

    def end(self) -> None:
        if not self.over.done():
            self.over.set_result(None)

    def executor(self, name: str) -> MortalExecutor:
        return MortalExecutor(self)

    def takes(self, unit: Unit) -> bool:
        """Count one commit. False: the power goes before it is durable."""
        self.steps.append(tuple(event.type for event in unit.events))
        return not (self._due and self.fuse.lost)

    def taken(self) -> bool:
        """A commit is durable. False: the power goes now."""
        return not self._due

    @property
    def _due(self) -> bool:
        return self.fuse.step != NEVER and len(self.steps) == self.fuse.step


class MortalExecutor:
    """The store's executor of one life: inline; a job handed in after the end is never done and never answered."""

    def __init__(self, life: Life) -> None:
        self._life = life

    async def run(self, job: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._life.ended:
            await _never()
        journalled = next((one for one in args if isinstance(one, Unit) and one.events), None)
        if journalled is not None and not self._life.takes(journalled):
            self._life.end()
            await _never()
        result = job(*args, **kwargs)
        if journalled is not None and not self._life.taken():
            self._life.end()
            await _never()
        return result

    def close(self) -> None:
        return None


async def _never() -> None:
    await asyncio.get_running_loop().create_future()


class Wire(Protocol):
    """The far side of a port, see `drivers.virtual_bus.SimulatedWire`."""

    def connect(self, deliver: Callable[[bytes], None], hang_up: Callable[[], None]) -> None: ...

    def write(self, data: bytes, now: float) -> None: ...

    def disconnect(self) -> None: ...


class MortalWire:
    """A port of one life: what a dead process writes reaches nobody."""

    def __init__(self, wire: Wire, life: Life) -> None:
        self._wire, self._life = wire, life

    def connect(self, deliver: Callable[[bytes], None], hang_up: Callable[[], None]) -> None:
        if not self._life.ended:
            self._wire.connect(deliver, hang_up)

    def write(self, data: bytes, now: float) -> None:
        if not self._life.ended:
            self._wire.write(data, now)

    def disconnect(self) -> None:
        if not self._life.ended:
            self._wire.disconnect()
