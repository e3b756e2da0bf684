"""One port, one owner: the thread that drives `BusCore` on a real descriptor.

The thread waits in one place, for the port, for callers, or for the core's next moment. Every frame is preceded by a
wait that found no input, so the line is drained before each request without reading it once more. Procedures run here,
and one call costs one hop to this thread and one back, however many frames it needs.

Another Python thread that computes holds up each wake-up by the interpreter's switch interval (5 ms by default): the
program that owns buses sets `sys.setswitchinterval(SWITCH_INTERVAL_S)`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import resource
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from select import select
from termios import error as TermiosError
from time import monotonic, sleep
from typing import Any, TypeVar

from drivers.bus import LineSettings
from drivers.bus_face import BusFace, settle
from drivers.bus_turns import Job
from drivers.errors import BusError, PortLost
from drivers.port import OpenPort, as_bus_error, open_port
from drivers.transaction import Priority, Procedure

T = TypeVar("T")
log = logging.getLogger(__name__)

SWITCH_INTERVAL_S = 0.0001  # measured: a busy thread then costs an exchange 0.1 ms instead of 10
GIVE_WAY_S = 0.0001  # a thread wakes within 50 to 100 µs; the kernel's timer slack adds another 50
BUS_PRIORITY = 10  # real-time, of 1 to 99: before everything ordinary, behind the kernel's own threads
TIMER_SLACK_NS = 1000  # the kernel's default of 50 µs, twice per look, is 2 % of a fast line
READ_BYTES_MAX = 4096  # a tty's whole input buffer in one call
REOPEN_FIRST_S = 0.02  # a hub that resets is often back at once
REOPEN_MAX_S = 0.2  # service within half a second of the replug, whatever the outage lasted
REOPEN_JITTER = 0.25  # several buses of one hub do not try in step
LONGEST_WAIT_S = 3600.0  # nothing is planned: the hourly round of the loop finds nothing and costs nothing
STOP_MAX_S = 5.0  # opening a device is the only thing that the thread cannot be woken from


class SerialBus(BusFace):
    """A `Bus` on a serial device or a gateway. Listeners run on `loop`, without one on the bus's own thread.

    Not started again after `stop`; calls then fail with PortLost.
    """

    def __init__(self, line: LineSettings, loop: asyncio.AbstractEventLoop | None = None) -> None:
        super().__init__(line)
        self._line = line
        self._loop = loop
        self._inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._wake_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._lock = (
            threading.Lock()
        )  # guards the wake descriptor's number, and who empties the inbox at the end
        self._stopping = self._ended = False
        self._thread = threading.Thread(target=self._run, name=f"bus-{line.name}", daemon=True)
        self._fault = (
            ""  # the last internal error, and how many there were: they may not open the port in a tight loop
        )
        self._faults = 0
        self.notes: tuple[str, ...] = ()  # what the port could not be given, see `OpenPort.notes`

    def start(self) -> None:
        if self._thread.ident is None:  # else somebody was quicker
            self._core.opening()
            self._thread.start()

    def deliver_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Listeners run on this loop from now on; for a bus that was started before there was one."""
        self._loop = loop

    def stop(self) -> None:
        self._stopping = True
        if self._thread.is_alive():
            self._wake()
            self._thread.join(STOP_MAX_S)
        elif not self._ended:  # never started
            self._end()

    def perform_blocking(self, procedure: Procedure[T], priority: Priority = Priority.VERIFY) -> T:
        future: Future[T] = Future()

        def done(result: Any, error: BaseException | None) -> None:
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)

        self._post(partial(self._core.submit, Job(procedure, priority, done)))
        return future.result()  # ends: every job has a deadline, and a closed port fails all

    # Calls from other threads.

    def _now(self) -> float:
        return monotonic()

    def _post(self, action: Callable[[], None]) -> None:
        self._inbox.put(action)
        self._wake()

    def _post_at_once(self, action: Callable[[], None]) -> None:
        """And give way: whoever computes on keeps the interpreter from this bus's thread, which has only just woken."""
        self._post(action)
        sleep(GIVE_WAY_S)

    def _hint(self, action: Callable[[], None]) -> None:
        """Two threads that wake for each touch cost that touch more than the hint is worth."""
        self._inbox.put(action)

    def _wake(self) -> None:
        with self._lock:
            if not self._ended:
                os.eventfd_write(self._wake_fd, 1)
                return
            self._take_inbox()

    def _deliver(self, listener: Callable[..., None], value: Any) -> None:
        if self._loop is not None:
            self._call_on(self._loop, listener, value)
            return
        try:
            listener(value)
        except Exception:  # somebody else's mistake may not end the port's only owner
            log.exception("bus listener failed", extra={"bus": self.name})

    def _hand_back(
        self,
        loop: asyncio.AbstractEventLoop,
        future: asyncio.Future[Any],
        result: Any,
        error: BaseException | None,
    ) -> None:
        self._call_on(loop, settle, future, result, error)

    def _call_on(self, loop: asyncio.AbstractEventLoop, call: Callable[..., None], *values: Any) -> None:
        try:
            loop.call_soon_threadsafe(call, *values)
        except RuntimeError:  # the loop has closed: nobody is left to be told
            pass

    # The thread.

    def _run(self) -> None:
        _wake_exactly()
        _go_first()
        pause_s = REOPEN_FIRST_S
        while not self._stopping:
            try:
                port = open_port(self._line)
            except BusError as error:
                self._core.closed(error, monotonic())
                self._rest(pause_s)
                pause_s = min(pause_s * 2, REOPEN_MAX_S)
                continue
            faults = self._faults
            reason = self._serve(port)
            port.close()
            self._core.closed(reason, monotonic())
            pause_s = REOPEN_FIRST_S if faults == self._faults else min(pause_s * 2, REOPEN_MAX_S)
            self._rest(pause_s)
        self._end()

    def _end(self) -> None:
        self._core.closed(PortLost(f"bus {self.name}", "stopped"), monotonic())
        with self._lock:
            self._ended = True
            os.close(self._wake_fd)
            self._take_inbox()

    def _rest(self, pause_s: float) -> None:
        """Wait before the next attempt to open; callers meanwhile hear that the port is closed."""
        spread = 1.0 - REOPEN_JITTER * random.random()  # noqa: S311 - spreads retries, guards nothing
        until = monotonic() + pause_s * spread
        while not self._stopping:
            wait_s = until - monotonic()
            if wait_s <= 0:
                return
            if select((self._wake_fd,), (), (), wait_s)[0]:
                os.eventfd_read(self._wake_fd)
            self._take_inbox()

    def _serve(self, port: OpenPort) -> BusError:
        """Drive the core on an open port until it is lost, or the bus stops."""
        self.notes = port.notes
        self._core.opened(monotonic())
        try:
            self._pump(port)
        except (OSError, TermiosError) as error:
            return as_bus_error(error, f"bus {self.name}, port {self._line.port}")
        except Exception as error:
            # A mistake in a driver's codec: the port starts afresh, because other boards depend on this thread. Logged
            # once, because it may come again at every look.
            if repr(error) != self._fault:
                log.exception("bus thread failed", extra={"bus": self.name})
            self._fault = repr(error)
            self._faults += 1
            return PortLost(f"bus {self.name}", f"internal error {error!r}")
        return PortLost(f"bus {self.name}", "stopped")

    def _pump(self, port: OpenPort) -> None:
        core, fd, wake_fd, write = self._core, port.fd, self._wake_fd, port.write
        inbox = self._inbox
        readers = (fd, wake_fd)
        while not self._stopping:
            wait_s = core.wake_at - monotonic()
            writers = (fd,) if core.outgoing else ()
            readable, _, _ = select(readers, writers, (), min(max(wait_s, 0.0), LONGEST_WAIT_S))
            now = monotonic()
            if readable:
                if fd in readable:
                    data = os.read(fd, READ_BYTES_MAX)
                    if not data:
                        raise OSError("hung up")
                    core.received(data, now)
                if wake_fd in readable:
                    os.eventfd_read(wake_fd)
            if not inbox.empty():
                self._take_inbox()
            stuck = core.outgoing
            frame = core.advance(now)
            if stuck and core.outgoing is not stuck:  # given up: it may not leave later
                port.discard_output()
            if frame is not None or core.outgoing:
                core.wrote(write(core.outgoing), monotonic())

    def _take_inbox(self) -> None:
        while True:  # ends: callers wait for their results, so they cannot outrun this
            try:
                action = self._inbox.get_nowait()
            except Empty:
                return
            action()


def _wake_exactly() -> None:
    """Ask the kernel not to round up this thread's short waits. Best effort: without it looks are a little rarer."""
    try:
        Path(f"/proc/{threading.get_native_id()}/timerslack_ns").write_text(str(TIMER_SLACK_NS))
    except OSError:
        pass


def _go_first() -> None:
    """Run this thread before ordinary ones, where the service manager grants a real-time priority (`LimitRTPRIO`).

    Elsewhere, and for root without such a limit, nothing changes. What this thread starts is ordinary again.
    """
    granted, _ = resource.getrlimit(resource.RLIMIT_RTPRIO)
    if 0 < BUS_PRIORITY <= granted:
        try:
            os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(BUS_PRIORITY))
        except OSError:  # a kernel with real-time groups may still refuse
            log.info("no real-time priority for the bus thread")
