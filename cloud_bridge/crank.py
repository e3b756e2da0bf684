"""Turns the core: one thread takes what was heard, asks the core, and carries out its wishes through link and line."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Protocol

from cloud_bridge import words as w
from cloud_bridge.core import Core
from edge_agent.logs import fields

log = logging.getLogger(__name__)

HEARD_MAX = 4096  # PUBACKs, twenty messages, a few answers; a flood of QoS 0 beyond it is dropped
LOOK_S = 1.0  # between two looks at the threads' health
OF_THE_LINE = (w.Dial, w.HangUp, w.Subscribe, w.Publish, w.Confirm, w.LetGo)


class Doer(Protocol):
    """Link or line: carries out a wish, or lets what became of it be heard."""

    def do(self, wish: w.Wish) -> None: ...


class Crank:
    """`hear` from any thread; `run` in one."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._heard: queue.Queue[w.Heard] = queue.Queue(HEARD_MAX)
        self.dropped = 0

    def hear(self, heard: w.Heard) -> None:
        """Only what the cloud sent without QoS may be lost here."""
        if isinstance(heard, w.Arrived) and not heard.handle and self._heard.qsize() > HEARD_MAX // 2:
            self.dropped += 1
            return
        self._heard.put(heard)

    def run(self, link: Doer, line: Doer, check: Callable[[], w.Alarm | None], stop: threading.Event) -> None:
        """Until `stop` is set, and then hang up politely."""
        heard: w.Heard = w.Tick()
        while not stop.is_set():
            now = time.monotonic()
            for wish in self._core.handle(heard, now):
                self._carry_out(wish, link, line)
            heard = self._next(now)
            if (alarm := check()) is not None:
                self._carry_out(alarm, link, line)
        line.do(w.HangUp())

    def _next(self, now: float) -> w.Heard:
        wake_at = self._core.wake_at(now)
        wait_s = LOOK_S if wake_at is None else min(LOOK_S, max(wake_at - now, 0.0))
        try:
            return self._heard.get(timeout=wait_s) if wait_s else self._heard.get_nowait()
        except queue.Empty:
            return w.Tick()

    def _carry_out(self, wish: w.Wish, link: Doer, line: Doer) -> None:
        if isinstance(wish, w.Alarm):
            _tell(wish)
            link.do(wish)
        elif isinstance(wish, OF_THE_LINE):
            line.do(wish)
        else:
            link.do(wish)


def _tell(alarm: w.Alarm) -> None:
    log.warning("alarm", extra=fields(code=alarm.code, where=alarm.where, detail=alarm.detail))
