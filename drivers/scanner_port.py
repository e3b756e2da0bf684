"""One port, one owner, for a scanner: a thread that hands codes on, and keeps the port open whatever happens to it.

`ScannerPort` drives a `ScannerLink` on a real descriptor, `VirtualScanner` on a simulated wire under a scheduler's
clock. Both tell scans and the port's coming and going to the same callbacks.
"""

from __future__ import annotations

import logging
import os
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from select import select
from termios import error as TermiosError
from time import monotonic

from drivers.bus import LineSettings
from drivers.errors import BusError, PortLost
from drivers.port import OpenPort, as_bus_error, open_port
from drivers.scanner import Scan, Scanner
from drivers.scanner_link import ScannerLink
from drivers.virtual_bus import Scheduler, SimulatedWire, Timer

log = logging.getLogger(__name__)

READ_BYTES_MAX = 4096  # a tty's whole input buffer in one call
REOPEN_FIRST_S = 0.05  # a replugged hub is often back at once
REOPEN_MAX_S = 1.0  # a person notices a dead scanner after a second
REOPEN_JITTER = 0.25  # several scanners of one hub do not try in step
WRITE_MAX_S = 1.0  # an engine that takes no byte for so long is gone
STOP_MAX_S = 5.0  # opening a device is the only thing that the thread cannot be woken from


@dataclass(frozen=True, slots=True)
class ScannerState:
    """`open` is True while the port is; `error` says why it is not (None before the first attempt and after `stop`)."""

    open: bool
    error: BusError | None = None


def is_news(before: ScannerState, now: ScannerState) -> bool:
    """Whether listeners hear of it: each opening, each loss, the first failure; not each further failed attempt."""
    return before.open != now.open or (before.error is None and now.error is not None)


OnScan = Callable[[Scan], None]
OnScannerState = Callable[[ScannerState], None]


class ScannerPort:
    """A scanner on a serial device or gateway. Callbacks run on the port's thread: be quick, hand over to a loop.

    `on_state` hears the first opening, each loss once, and each return. Triggers may be called from any thread.
    """

    def __init__(
        self, line: LineSettings, scanner: Scanner, on_scan: OnScan, on_state: OnScannerState | None = None
    ) -> None:
        self._line = line
        self._link = ScannerLink(scanner)
        self._on_scan = on_scan
        self._on_state = on_state or (lambda state: None)
        self._state = ScannerState(open=False)
        self._lock = threading.Lock()  # guards the link's command queue and the wake descriptor's number
        self._wake_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._stopping = self._ended = False
        self._thread = threading.Thread(target=self._run, name=f"scanner-{scanner.name}", daemon=True)

    @property
    def scanner(self) -> Scanner:
        """For its counters."""
        return self._link.scanner

    @property
    def state(self) -> ScannerState:
        return self._state

    def start(self) -> None:
        """Begin to open the port and to keep it open. Never raises for a bad port: see `state`."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port and end the thread. Not started again afterwards."""
        self._stopping = True
        if self._thread.is_alive():
            self._wake()
            self._thread.join(STOP_MAX_S)
        else:
            self._end()

    def trigger_on(self) -> None:
        with self._lock:
            self._link.trigger_on()
        self._wake()

    def trigger_off(self) -> None:
        with self._lock:
            self._link.trigger_off()
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            if not self._ended:
                os.eventfd_write(self._wake_fd, 1)

    # The thread.

    def _run(self) -> None:
        pause_s = REOPEN_FIRST_S
        while not self._stopping:
            try:
                port = open_port(self._line)
            except BusError as error:
                self._tell(ScannerState(open=False, error=error))
                self._rest(pause_s)
                pause_s = min(pause_s * 2, REOPEN_MAX_S)
                continue
            pause_s = REOPEN_FIRST_S
            self._serve(port)
        self._end()

    def _serve(self, port: OpenPort) -> None:
        """Until the port is lost or the owner stops."""
        with self._lock:
            self._link.opened(monotonic())
        self._tell(ScannerState(open=True))
        error: BusError | None = None
        try:
            self._pump(port)
        except (OSError, TermiosError) as raised:
            error = as_bus_error(raised, f"scanner {self.scanner.name}, port {self._line.port}")
        except Exception as raised:  # a mistake in a family's codec: start this port afresh
            log.exception("scanner thread failed", extra={"scanner": self.scanner.name})
            error = PortLost(f"scanner {self.scanner.name}", f"internal error {raised!r}")
        finally:
            port.close()
        self._tell(ScannerState(open=False, error=error))

    def _pump(self, port: OpenPort) -> None:
        while not self._stopping:
            readable, _, _ = select((port.fd, self._wake_fd), (), (), self._wait_s())
            if self._wake_fd in readable:
                os.eventfd_read(self._wake_fd)
            if port.fd in readable:
                data = os.read(port.fd, READ_BYTES_MAX)
                if not data:
                    raise OSError("hung up")
                self._hand_on(self._link.received(data, monotonic()))
            self._hand_on(self._link.tick(monotonic()))
            with self._lock:
                command = self._link.due(monotonic())
            self._write(port, command)

    def _wait_s(self) -> float | None:
        with self._lock:
            wake_at = self._link.wake_at
        return None if wake_at is None else max(0.0, wake_at - monotonic())

    def _write(self, port: OpenPort, command: bytes) -> None:
        until = monotonic() + WRITE_MAX_S
        while command:
            if not select((), (port.fd,), (), max(0.0, until - monotonic()))[1]:
                raise OSError("takes no bytes")
            command = command[port.write(command) :]

    def _hand_on(self, scans: list[Scan]) -> None:
        for scan in scans:
            try:
                self._on_scan(scan)
            except Exception:  # somebody else's mistake may not end the port's only owner
                log.exception("scan listener failed", extra={"scanner": self.scanner.name})

    def _tell(self, state: ScannerState) -> None:
        """Each change once: a port that stays lost says so the first time only."""
        before, self._state = self._state, state
        if not is_news(before, state):
            return
        try:
            self._on_state(state)
        except Exception:  # as above
            log.exception("scanner state listener failed", extra={"scanner": self.scanner.name})

    def _rest(self, pause_s: float) -> None:
        spread = 1.0 - REOPEN_JITTER * random.random()  # noqa: S311 - spreads retries, guards nothing
        until = monotonic() + pause_s * spread
        while not self._stopping and (wait_s := until - monotonic()) > 0:
            if select((self._wake_fd,), (), (), wait_s)[0]:
                os.eventfd_read(self._wake_fd)

    def _end(self) -> None:
        with self._lock:
            if not self._ended:
                self._ended = True
                os.close(self._wake_fd)


class VirtualScanner:
    """The same face under a virtual clock: everything runs on the scheduler's own thread."""

    def __init__(
        self,
        scanner: Scanner,
        wire: SimulatedWire,
        scheduler: Scheduler,
        on_scan: OnScan,
        on_state: OnScannerState | None = None,
    ) -> None:
        self.state = ScannerState(open=False)
        self._link = ScannerLink(scanner)
        self._wire = wire
        self._scheduler = scheduler
        self._on_scan = on_scan
        self._on_state = on_state or (lambda state: None)
        self._timer: Timer | None = None
        self._retry: Timer | None = None

    @property
    def scanner(self) -> Scanner:
        return self._link.scanner

    def start(self) -> None:
        try:
            self._wire.connect(self._received, self._hung_up)
        except OSError as raised:
            self._lost(as_bus_error(raised, f"scanner {self.scanner.name}", opening=True))
            return
        self._link.opened(self._scheduler.time())
        self._tell(ScannerState(open=True))
        self._turn()

    def stop(self) -> None:
        for timer in (self._timer, self._retry):
            if timer is not None:
                timer.cancel()
        if self.state.open:
            self._wire.disconnect()
        self._tell(ScannerState(open=False))

    def trigger_on(self) -> None:
        self._link.trigger_on()
        self._turn()

    def trigger_off(self) -> None:
        self._link.trigger_off()
        self._turn()

    def _received(self, data: bytes) -> None:
        if self.state.open:
            self._hand_on(self._link.received(data, self._scheduler.time()))
            self._turn()

    def _hung_up(self) -> None:
        if self.state.open:
            self._wire.disconnect()
            self._lost(PortLost(f"scanner {self.scanner.name}", "lost: hung up"))

    def _lost(self, error: BusError) -> None:
        self._tell(ScannerState(open=False, error=error))
        self._retry = self._scheduler.call_at(self._scheduler.time() + REOPEN_MAX_S, self.start)

    def _tell(self, state: ScannerState) -> None:
        before, self.state = self.state, state
        if is_news(before, state):
            self._on_state(state)

    def _hand_on(self, scans: list[Scan]) -> None:
        for scan in scans:
            self._on_scan(scan)

    def _turn(self) -> None:
        """Whatever is due, and back at the next moment."""
        if not self.state.open:
            return
        now = self._scheduler.time()
        self._hand_on(self._link.tick(now))
        command = self._link.due(now)
        if command:
            self._wire.write(command, now)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wake_at = self._link.wake_at
        if wake_at is not None:
            self._timer = self._scheduler.call_at(max(now, wake_at), self._turn)
