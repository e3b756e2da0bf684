"""Serial devices that are not there: a pty for each bus and scanner, behind a stable link, run in real time.

One thread serves all ptys of a cabinet. Links are made only where nothing stands, never over a device or somebody's
file; a dangling link into /dev/pts, left by a simulator that was killed, counts as nothing. Unplugging closes the pty
and removes the link, as the system does; replugging makes a new pty, so the device comes back under another name.
On a pty the kernel refuses parity and stop bits: they shape the wire time here and are not set.
"""

from __future__ import annotations

import fcntl
import os
import select
import termios
import threading
import tty
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Protocol

from sim.links import PortTaken, place_link, remove_link
from sim.pty_watch import PtyWatch
from sim.world import World

READ_SIZE = 4_096  # one read of a pty
CALL_WAIT_S = 5.0  # a request to the port thread; it never takes more than a few milliseconds
QUIET_S = 3_600.0  # longest sleep with nothing due


class Device(Protocol):
    """What sits behind a pty: a line or a scanner."""

    on_wake: Callable[[], None]

    def write(self, data: bytes, now_s: float) -> None: ...

    def read(self, now_s: float) -> bytes: ...

    def next_due_s(self) -> float | None: ...

    def takes_more_s(self) -> float: ...

    def clear(self) -> None: ...


@dataclass(slots=True)
class Pty:
    """One pty pair. `keeper` holds the far end open, so that a host may come and go."""

    master: int
    keeper: int
    name: str
    watch: int = -1
    holder: int | None = None  # our own "other process" that holds the port
    thief: int | None = (
        None  # our own "other process" that reads along: it has the device open, chance reads for it
    )

    @classmethod
    def open(cls) -> Pty:
        master, keeper = os.openpty()
        tty.setraw(keeper)
        os.set_blocking(master, False)
        return cls(master, keeper, os.ttyname(keeper))

    def tidy(self) -> None:
        """The last user has gone: forget exclusive mode and unread bytes."""
        fcntl.ioctl(self.keeper, termios.TIOCNXCL)
        termios.tcflush(self.keeper, termios.TCIFLUSH)

    def close(self) -> None:
        for descriptor in (self.master, self.keeper, self.holder, self.thief):
            if descriptor is not None:
                os.close(descriptor)


@dataclass(slots=True)
class Port:
    """One named port: its device, its link, its present pty (None while unplugged)."""

    name: str
    device: Device
    link: Path
    pty: Pty | None = None
    deaf: bool = False  # the far end does not read: writes will block


@dataclass(slots=True)
class _Call:
    act: Callable[[], None]
    done: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None


class PortHub:
    """The thread behind all ptys of a cabinet. Methods may be called from any thread but under no lock of the world."""

    def __init__(
        self,
        world: World,
        lines: Mapping[str, Device],
        scanners: Mapping[str, Device],
        links: Mapping[str, Path],
    ) -> None:
        self.world = world
        self.links = dict(links)
        devices = {**lines, **scanners}
        self._ports = {name: Port(name, devices[name], link) for name, link in links.items()}
        self._calls: deque[_Call] = deque()
        self._running = False
        self._thread = threading.Thread(target=self._run, name="sim-ports", daemon=True)
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._watch = PtyWatch()

    def start(self) -> None:
        """Open every pty and link it. Raises PortTaken and leaves nothing behind."""
        try:
            for port in self._ports.values():
                self._plug(port)
        except OSError:
            self._close_all()
            raise
        for port in self._ports.values():
            port.device.on_wake = self.wake
        self._running = True
        self._thread.start()

    def stop(self) -> None:
        """Close every pty and remove the links."""
        for port in self._ports.values():
            port.device.on_wake = _stay_asleep
        self._running = False
        self.wake()
        self._thread.join(CALL_WAIT_S)
        self._close_all()

    def wake(self) -> None:
        """Something new is due."""
        try:
            os.write(self._wake_write, b"!")
        except BlockingIOError:
            pass  # it is awake already

    def device_of(self, name: str) -> str:
        """The pty behind a port now, empty while unplugged. KeyError: no such port."""
        pty = self._ports[name].pty
        return "" if pty is None else pty.name

    # What can happen to a port

    def unplug(self, name: str) -> None:
        port = self._ports[name]
        self.call(lambda: self._unplug(port))

    def replug(self, name: str) -> None:
        port = self._ports[name]
        self.call(lambda: self._plug(port) if port.pty is None else None)

    def rename(self, name: str) -> None:
        """The device goes and comes back under another name; the link follows."""
        port = self._ports[name]
        self.call(lambda: self._rename(port))

    def swap(self, one: str, other: str) -> None:
        """Two adapters are pulled and plugged into each other's place: both hang up, the links are exchanged."""
        left, right = self._ports[one], self._ports[other]
        self.call(lambda: self._swap(left, right))

    def deafen(self, name: str, deaf: bool) -> None:
        """The far end stops (or resumes) reading."""
        port = self._ports[name]
        self.call(lambda: setattr(port, "deaf", deaf))

    def chmod(self, name: str, mode: int) -> None:
        os.chmod(self.device_of(name), mode)

    def hold(self, name: str, held: bool) -> None:
        """Another program opens the port for itself (or lets go): advisory lock and exclusive mode."""
        port = self._ports[name]
        self.call(lambda: self._hold(port, held))

    def steal(self, name: str, stealing: bool) -> None:
        """Another program reads along and gets part of the bytes (or stops)."""
        port = self._ports[name]
        self.call(lambda: self._steal(port, stealing))

    def call(self, act: Callable[[], None]) -> None:
        """Run `act` on the port thread and wait for it; its exception comes back."""
        if threading.current_thread() is self._thread:
            act()
            return
        entry = _Call(act)
        self._calls.append(entry)
        self.wake()
        if not entry.done.wait(CALL_WAIT_S):
            raise TimeoutError(f"the port thread did not answer within {CALL_WAIT_S:.0f} s")
        if entry.error is not None:
            raise entry.error

    def later(self, act: Callable[[], None]) -> None:
        """Run `act` on the port thread soon, without waiting: for faults that strike in the middle of a frame."""
        self._calls.append(_Call(act))
        self.wake()

    # The thread

    def _run(self) -> None:
        while self._running:
            readable = self._wait()
            now_s = self.world.now()
            if self._watch.fileno() in readable:
                self._watch.take()
            for port in self._ports.values():
                self._serve(port, readable, now_s)
            self._do_calls()

    def _wait(self) -> set[int]:
        now_s = self.world.now()
        watched = [self._wake_read, self._watch.fileno()]
        dues = []
        for port in self._ports.values():
            if (due_s := port.device.next_due_s()) is not None:
                dues.append(due_s)
            if port.pty is None or port.deaf:
                continue
            if (free_s := port.device.takes_more_s()) > now_s:
                dues.append(free_s)  # the transmit buffer is full: the writer waits, as on a real port
            else:
                watched.append(port.pty.master)
        wait_s = min(QUIET_S, max(0.0, min(dues, default=float("inf")) - now_s))
        readable = set(select.select(watched, [], [], wait_s)[0])
        if self._wake_read in readable:
            os.read(self._wake_read, READ_SIZE)
        return readable

    def _serve(self, port: Port, readable: set[int], now_s: float) -> None:
        pty = port.pty
        if pty is None:
            port.device.read(now_s)
            return
        if pty.master in readable:
            port.device.write(_read(pty.master), now_s)
        arrived = port.device.read(now_s)
        if arrived and pty.thief is not None:
            arrived = left_by_a_thief(arrived, self.world.random)
        if arrived:
            _write(pty.master, arrived)

    def _do_calls(self) -> None:
        while self._calls:
            entry = self._calls.popleft()
            try:
                entry.act()
            except Exception as error:  # handed to the caller, who knows what it means
                entry.error = error
            entry.done.set()

    def _plug(self, port: Port, fresh: Pty | None = None) -> None:
        pty = fresh or Pty.open()
        try:
            place_link(port.link, pty.name)
        except OSError:
            pty.close()
            raise
        pty.watch = self._watch.add(pty.name, pty.tidy)
        port.pty = pty

    def _rename(self, port: Port) -> None:
        fresh = Pty.open()  # while the old one still has its number
        self._unplug(port)
        self._plug(port, fresh)

    def _unplug(self, port: Port) -> None:
        pty, port.pty = port.pty, None
        if pty is None:
            return
        remove_link(port.link, pty.name)
        self._watch.remove(pty.watch)
        pty.close()
        port.device.clear()

    def _swap(self, left: Port, right: Port) -> None:
        for port in (left, right):
            self._unplug(port)
        left.link, right.link = right.link, left.link
        for port in (left, right):
            self._plug(port)

    def _hold(self, port: Port, held: bool) -> None:
        if port.pty is None:
            return
        if held and port.pty.holder is None:
            port.pty.holder = _locked(port.name, port.pty.name)
        elif not held and port.pty.holder is not None:
            fcntl.ioctl(port.pty.holder, termios.TIOCNXCL)
            os.close(port.pty.holder)
            port.pty.holder = None

    def _steal(self, port: Port, stealing: bool) -> None:
        if port.pty is None:
            return
        if stealing and port.pty.thief is None:
            port.pty.thief = os.open(port.pty.name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        elif not stealing and port.pty.thief is not None:
            os.close(port.pty.thief)
            port.pty.thief = None

    def _close_all(self) -> None:
        for port in self._ports.values():
            self._unplug(port)
        self._watch.close()
        os.close(self._wake_read)
        os.close(self._wake_write)


def _locked(port: str, device: str) -> int:
    descriptor = os.open(device, os.O_RDWR | os.O_NOCTTY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise PortTaken(
            f"{port} is locked by the program that has it open: nobody else can hold it"
        ) from None
    fcntl.ioctl(descriptor, termios.TIOCEXCL)
    return descriptor


def left_by_a_thief(data: bytes, random: Random) -> bytes:
    """What a second reader leaves of a piece: it takes the end, from a place that chance names."""
    return data[: random.randrange(len(data) + 1)]


def _stay_asleep() -> None:
    """Nobody is left to be woken: the descriptor may belong to somebody else by now."""


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, READ_SIZE)
    except (BlockingIOError, OSError):
        return b""  # somebody else was faster, or it is just being closed


def _write(descriptor: int, data: bytes) -> None:
    try:
        os.write(descriptor, data)
    except OSError:
        pass  # the host does not read: a real line loses the bytes as well
