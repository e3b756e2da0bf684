"""Virtual time: an event loop whose clock jumps to the next timer instead of waiting.

Everything that awaits `asyncio.sleep` or uses `call_later` runs unchanged and instantly; a simulated week takes
seconds. No thread may take part: work that would go to an executor runs inline. A loop with nothing to do and no
timer raises `Deadlocked` instead of hanging, which is what a forgotten wake-up looks like in a simulation.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import selectors
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from time import monotonic
from typing import Any, TypeVar

T = TypeVar("T")


class Deadlocked(RuntimeError):
    """Nothing is ready and no timer is set: in virtual time nothing can ever happen again."""


class VirtualLoop(asyncio.BaseEventLoop):
    """`time()` starts at `start_s`; `on_jump(seconds)` hears of every passage of time, before the timers run.

    It has no descriptors and no selector, and its heap holds plain tuples: a simulated day is some hundred thousand
    timers, and the loop should not be what it costs. Timers of one moment run in the order in which they were set.
    """

    _ready: deque[asyncio.Handle]  # the base class's queue of what runs next

    def __init__(self, start_s: float = 1000.0, on_jump: Callable[[float], None] | None = None) -> None:
        self._now_s = start_s
        self._on_jump = on_jump
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._order = itertools.count()
        self._turns_left, self._at_turn = 0, _nothing
        super().__init__()

    def time(self) -> float:
        return self._now_s

    def call_at(  # type: ignore[override] # the base's own way to say "any arguments" needs its private types
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._order), timer))
        return timer

    def after_turns(self, turns: int, act: Callable[[], None]) -> None:
        """Call `act` between two turns of the loop, `turns` from now: so close can a crash come to any await."""
        self._turns_left, self._at_turn = turns, act

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """A cancelled timer stays where it is until its moment: most are due within seconds."""

    def _run_once(self) -> None:
        """One round of the base class: time passes only where nothing is ready."""
        timers, ready = self._timers, self._ready
        if self._turns_left:
            self._turns_left -= 1
            if not self._turns_left:
                self._at_turn()
        while timers and timers[0][2].cancelled():
            heapq.heappop(timers)
        if not ready and not self._stopping:  # type: ignore[attr-defined]
            self._jump(timers)
        until_s = self._now_s
        while timers and timers[0][0] <= until_s:
            ready.append(heapq.heappop(timers)[2])
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle.cancelled():
                handle._run()

    def _jump(self, timers: list[tuple[float, int, asyncio.TimerHandle]]) -> None:
        if not timers:
            raise Deadlocked("no task is ready and no timer is set")
        passed_s = timers[0][0] - self._now_s
        if passed_s > 0:
            self._now_s = timers[0][0]
            if self._on_jump is not None:
                self._on_jump(passed_s)

    def _process_events(self, events: object) -> None:
        """There are no descriptors."""

    def _write_to_self(self) -> None:
        """There is nothing to wake: no thread takes part."""


def _nothing() -> None:
    return None


def run_virtual(main: Coroutine[Any, Any, T], on_jump: Callable[[float], None] | None = None) -> T:
    """Run one coroutine to its end in virtual time, like `asyncio.run`."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(on_jump=on_jump)) as runner:
        return runner.run(main)


class _PacedSelector(selectors.DefaultSelector):
    """Waits for real descriptors, and lets virtual time follow real time plus whatever was skipped."""

    def __init__(self, pace: Pace) -> None:
        super().__init__()
        self._pace = pace

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        behind_s = self._pace.target_s() - self._pace.now_s
        if timeout is not None and timeout <= behind_s:
            self._pace.move(timeout)
            return []
        wait_s = LOOK_S if timeout is None else min(timeout - max(behind_s, 0.0), LOOK_S)
        ready = super().select(wait_s)
        if timeout is None or self._pace.target_s() - self._pace.now_s < timeout:
            self._pace.move(max(0.0, self._pace.target_s() - self._pace.now_s))
        return ready


LOOK_S = 0.02  # how soon a skip made by another thread is seen


class Pace:
    """Where virtual time is, and where it may go: real time passed, plus what was skipped."""

    def __init__(self, start_s: float, on_move: Callable[[float], None] | None) -> None:
        self.now_s = start_s
        self.skipped_s = 0.0
        self._offset_s = start_s - monotonic()
        self._on_move = on_move

    def target_s(self) -> float:
        return monotonic() + self._offset_s + self.skipped_s

    def move(self, seconds: float) -> None:
        self.now_s += seconds
        if self._on_move is not None and seconds:
            self._on_move(seconds)


class PacedLoop(asyncio.SelectorEventLoop):
    """A loop for tests with a real browser: sockets are real, time runs as usual, and the test may skip ahead.

    Skipped time passes timer by timer, in order, so that a poll, its answer and its deadline keep their sequence.
    """

    def __init__(self, start_s: float = 1000.0, on_jump: Callable[[float], None] | None = None) -> None:
        self._pace = Pace(start_s, on_jump)
        super().__init__(_PacedSelector(self._pace))

    def time(self) -> float:
        return self._pace.now_s

    def skip(self, seconds: float) -> None:
        """Let `seconds` pass as fast as the loop can handle what they bring. From any thread."""
        self._pace.skipped_s += seconds
