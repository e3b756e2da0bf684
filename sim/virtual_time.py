"""Virtual time: an event loop whose clock jumps to the next timer instead of waiting.

Everything that awaits `asyncio.sleep` or uses `call_later` runs unchanged and instantly; a simulated week takes
seconds. No thread may take part: work that would go to an executor runs inline. A loop with nothing to do and no
timer raises `Deadlocked` instead of hanging, which is what a forgotten wake-up looks like in a simulation.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Deadlocked(RuntimeError):
    """Nothing is ready and no timer is set: in virtual time nothing can ever happen again."""


class _JumpingSelector(selectors.SelectSelector):
    """Polls descriptors without waiting; the wait itself becomes a jump of the clock."""

    def __init__(self, jump: Callable[[float | None], None]) -> None:
        super().__init__()
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and (timeout is None or timeout > 0):
            self._jump(timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` starts at `start_s`; `on_jump(seconds)` hears of every passage of time, before the timers run."""

    def __init__(self, start_s: float = 1000.0, on_jump: Callable[[float], None] | None = None) -> None:
        self._now_s = start_s
        self._on_jump = on_jump
        super().__init__(_JumpingSelector(self._jump))

    def time(self) -> float:
        return self._now_s

    def _jump(self, timeout: float | None) -> None:
        if timeout is None:
            raise Deadlocked("no task is ready and no timer is set")
        self._now_s += timeout
        if self._on_jump is not None:
            self._on_jump(timeout)


def run_virtual(main: Coroutine[Any, Any, T], on_jump: Callable[[float], None] | None = None) -> T:
    """Run one coroutine to its end in virtual time, like `asyncio.run`."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(on_jump=on_jump)) as runner:
        return runner.run(main)
