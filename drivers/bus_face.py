"""The calls that both pumps offer alike, see `drivers.bus.Bus`. A pump says how work comes to the core and back."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from drivers.bus import BusState, Held, LineSettings, OnChange, OnPush, OnState, OnTrace, Unsubscribe
from drivers.bus_core import BusCore
from drivers.bus_stats import BusStats, TraceEntry
from drivers.bus_turns import Job
from drivers.errors import BusError
from drivers.lock_board import BoardInfo, LockBoard
from drivers.transaction import Priority, Procedure

T = TypeVar("T")


class BusFace(ABC):
    """Base of the pumps. Everything may be called from any thread unless the pump says otherwise."""

    def __init__(self, line: LineSettings) -> None:
        self._core = BusCore(line, self._deliver)

    @property
    def name(self) -> str:
        return self._core.line.name

    @property
    def state(self) -> BusState:
        return self._core.state

    def boards(self) -> Mapping[str, BoardInfo | BusError | None]:
        return self._core.roster.verdicts()

    def stats(self) -> BusStats:
        return self._core.recorder.snapshot()

    def trace(self) -> tuple[TraceEntry, ...]:
        return tuple(TraceEntry(*piece) for piece in self._core.recorder.pieces.copy())

    async def perform(self, procedure: Procedure[T], priority: Priority = Priority.VERIFY) -> T:
        submit, answer = self._job(procedure, priority)
        self._post(submit)
        return await answer

    def hold(self, procedure: Procedure[T], priority: Priority = Priority.VERIFY) -> Held[T]:
        submit, answer = self._job(procedure, priority)
        return Held(partial(self._post_at_once, submit), answer)

    def _job(
        self, procedure: Procedure[T], priority: Priority
    ) -> tuple[Callable[[], None], asyncio.Future[T]]:
        """What queues the procedure where the core runs, and the caller's answer on its own loop."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        done = partial(self._hand_back, loop, answer)
        return partial(self._core.submit, Job(procedure, priority, done, answer.cancelled)), answer

    @abstractmethod
    def perform_blocking(self, procedure: Procedure[T], priority: Priority = Priority.VERIFY) -> T: ...

    def attach(self, board: LockBoard) -> None:
        self._post(lambda: self._core.attach(board, self._now()))

    def watch(self, board: LockBoard, interval_s: float, on_change: OnChange) -> None:
        self._post(lambda: self._core.watch(board, interval_s, on_change, self._now()))

    def unwatch(self, board: LockBoard) -> None:
        self._post(lambda: self._core.plan.unwatch(board))

    def look_again(self, board: LockBoard) -> None:
        self._post(lambda: self._core.plan.look_again(board.name, self._now()))

    def looked_at(self, board: LockBoard) -> float:
        return self._core.plan.looked_at(board.name)

    def fast(self, board: LockBoard, for_s: float, interval_s: float) -> None:
        self._post(lambda: self._core.plan.fast(board, for_s, interval_s, self._now()))

    def armed(self, hold_s: float) -> None:
        self._hint(lambda: self._core.plan.armed(hold_s, self._now()))

    def on_push(self, listener: OnPush) -> Unsubscribe:
        return _subscribed(self._core.listeners.push, listener)

    def on_state(self, listener: OnState) -> Unsubscribe:
        return _subscribed(self._core.listeners.state, listener)

    def on_trace(self, listener: OnTrace) -> Unsubscribe:
        return _subscribed(self._core.listeners.trace, listener)

    # What a pump gives.

    @abstractmethod
    def _now(self) -> float:
        """The pump's clock, seconds."""

    @abstractmethod
    def _post(self, action: Callable[[], None]) -> None:
        """Have `action` run where the core runs, soon."""

    def _post_at_once(self, action: Callable[[], None]) -> None:
        """As `_post`, for what a person waits for."""
        self._post(action)

    def _hint(self, action: Callable[[], None]) -> None:
        """Have `action` run where the core runs, before the next frame: nothing has to wake for it."""
        self._post(action)

    @abstractmethod
    def _deliver(self, listener: Callable[..., None], value: Any) -> None:
        """Run a listener where listeners run."""

    @abstractmethod
    def _hand_back(
        self,
        loop: asyncio.AbstractEventLoop,
        future: asyncio.Future[Any],
        result: Any,
        error: BaseException | None,
    ) -> None:
        """Settle a caller's future on its loop."""


def settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    """Runs on the future's loop."""
    if future.done():  # the caller was cancelled meanwhile
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)


def _subscribed(listeners: list[Callable[[Any], None]], listener: Callable[[Any], None]) -> Unsubscribe:
    listeners.append(listener)

    def unsubscribe() -> None:
        if listener in listeners:
            listeners.remove(listener)

    return unsubscribe
