"""A stage for bus stories: a toy board family, a peer that answers by script, and both pumps under one roof.

The toy family has everything that makes buses difficult: an unlock is confirmed by repeating its frame (an echo looks
like that), a read's reply has another shape, boards refuse, and doors are pushed unasked. Requests are
`A5 addr op arg xor`, replies `5A addr op lo hi xor`, refusals `5B addr code xor`, pushes `5C addr channel xor`.
"""

from __future__ import annotations

import asyncio
import errno
import heapq
import os
import select
import threading
import time
import tty
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import reduce
from operator import xor
from pathlib import Path
from typing import Any

from drivers.bus import Bus, LineSettings
from drivers.errors import BusError, WrongBoard
from drivers.lock_board import (
    BoardInfo,
    BoardSettings,
    DoorReadings,
    DoorState,
    LockBoard,
    UnlockReport,
    UnlockSent,
)
from drivers.serial_bus import SerialBus
from drivers.transaction import Priority, Procedure, Recognise, Seen, Sight, Transaction
from drivers.virtual_bus import VirtualBus
from sim.virtual_time import run_virtual

LENGTHS = {0xA5: 5, 0x5A: 6, 0x5B: 4, 0x5C: 4}
READ, IDENTIFY, UNLOCK, OFF = b"RIUO"
REPLY_TIMEOUT_S = 0.2  # on a busy machine a pty peer may be held up for tens of milliseconds
DRAIN_S = 0.1

Pieces = Sequence[tuple[float, bytes]]
"""What a peer answers: seconds after the frame arrived, and the bytes."""
Answer = Callable[[bytes], Pieces]


def framed(*body: int) -> bytes:
    return bytes([*body, reduce(xor, body)])


def request(op: int, address: int = 1, arg: int = 0) -> bytes:
    return framed(0xA5, address, op, arg)


def reply(op: int, low: int = 0, high: int = 0, address: int = 1) -> bytes:
    return framed(0x5A, address, op, low, high)


def refusal(address: int = 1) -> bytes:
    return framed(0x5B, address, 7)


def push(channel: int, address: int = 1) -> bytes:
    return framed(0x5C, address, channel)


def recogniser(asked: bytes) -> Recognise:
    address, op = asked[1], asked[2]

    def sight(frame: bytes) -> Sight:
        if frame[0] == 0x5C:
            return Sight.PUSHED
        if frame[1] != address:
            return Sight.FOREIGN
        if frame[0] == 0x5B:
            return Sight.REFUSAL
        if op in (UNLOCK, OFF):
            return Sight.REPLY if frame == asked else Sight.FOREIGN
        return Sight.REPLY if frame[0] == 0x5A and frame[2] == op else Sight.FOREIGN

    def recognise(buffer: bytes) -> Seen | None:
        for start, first in enumerate(buffer):
            end = start + LENGTHS.get(first, len(buffer) + 1)
            if end <= len(buffer) and reduce(xor, buffer[start:end]) == 0:
                return Seen(sight(buffer[start:end]), start, end)
        return None

    return recognise


def ask(asked: bytes, **more: Any) -> Transaction:
    """The transaction for a frame; `more` overrides its fields."""
    fields: dict[str, Any] = {
        "request": asked,
        "recognise": recogniser(asked),
        "reply_timeout_s": REPLY_TIMEOUT_S,
        "drain_s": DRAIN_S,
        "board": str(asked[1]),
        "actuates": asked[2] == UNLOCK,
    }
    return Transaction(**{**fields, **more})


def once(transaction: Transaction) -> Procedure[bytes]:
    """The smallest procedure: one question."""
    return (yield transaction)


def read(address: int = 1, **more: Any) -> Procedure[bytes]:
    return once(ask(request(READ, address), **more))


def unlock(channel: int, address: int = 1, **more: Any) -> Procedure[bytes]:
    return once(ask(request(UNLOCK, address, channel), **more))


def always(*pieces: tuple[float, bytes]) -> Answer:
    """A peer that answers every frame alike."""
    return lambda frame: pieces


class ToyBoard(LockBoard):
    """Eight doors of the toy family: bit 0 of the low byte is channel 1, 1 means open."""

    family = "toy"
    pulse_control = "fixed"
    pulse_ms_max = 300

    def __init__(self, address: int = 1, serial_number: int = 0, resends: int = 0) -> None:
        super().__init__(BoardSettings(name=str(address), bus="main", address=address, channels=8))
        self._question = ask(request(READ, address))
        self._serial_number = serial_number
        self.other_shape = False
        self.resends = resends

    def prepare(self) -> Procedure[BoardInfo]:
        answer = yield ask(request(IDENTIFY, self.settings.address))
        if answer[3] != self._serial_number:
            raise WrongBoard(f"board {self.name}", f"serial number {answer[3]}, not {self._serial_number}")
        return BoardInfo(self.family, self.settings.address, self.channels, identity=str(answer[3]))

    def identify(self) -> Procedure[BoardInfo]:
        return self.prepare()

    def unlock(self, channel: int) -> Procedure[UnlockReport]:
        try:
            yield ask(request(UNLOCK, self.settings.address, channel))
        except BusError as error:
            return UnlockReport(
                UnlockSent.UNKNOWN if error.bytes_left else UnlockSent.NOT_SENT, error.fact, error.code
            )
        return UnlockReport(UnlockSent.ACCEPTED)

    def read_doors(self) -> Procedure[DoorReadings]:
        answer = yield ask(request(READ, self.settings.address, arg=1))
        self.other_shape = False
        return self.decode_poll(answer)

    def all_off(self) -> Procedure[None]:
        return None
        yield  # a procedure that asks for nothing

    def poll(self) -> Transaction | None:
        return None if self.other_shape else self._question

    def poll_lost(self) -> None:
        self.other_shape = True

    def decode_poll(self, answer: bytes) -> DoorReadings:
        states = (DoorState.OPEN if answer[3] >> bit & 1 else DoorState.CLOSED for bit in range(8))
        return DoorReadings(tuple(states))


@dataclass
class Firmware:
    """A well-behaved toy board behind the script: change its fields while the story runs."""

    doors: int = 0
    serial_number: int = 0
    silent: bool = False
    addresses: tuple[int, ...] = (1, 2, 3)

    def __call__(self, frame: bytes) -> Pieces:
        if self.silent or frame[1] not in self.addresses:
            return []
        if frame[2] == UNLOCK:
            return [(0.0, frame)]
        low = self.serial_number if frame[2] == IDENTIFY else self.doors
        return [(0.0, reply(frame[2], low, address=frame[1]))]


class Peer:
    """The far side: cuts the host's bytes into frames, notes them with their time, and answers by script."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.frames: list[bytes] = []
        self.times: list[float] = []
        self._input = b""
        self._awaited: list[tuple[int, Callable[[], None]]] = []

    async def heard(self, count: int) -> None:
        """Return once `count` frames have arrived."""
        loop, arrived = asyncio.get_running_loop(), asyncio.Event()
        self._awaited.append((count, lambda: loop.call_soon_threadsafe(arrived.set)))
        if len(self.frames) < count:
            await arrived.wait()

    def take(self, data: bytes, now: float) -> Pieces:
        pieces: list[tuple[float, bytes]] = []
        self._input += data
        while len(self._input) >= 5:
            frame, self._input = self._input[:5], self._input[5:]
            self.frames.append(frame)
            self.times.append(now)
            for count, notify in self._awaited:
                if len(self.frames) == count:
                    notify()
            pieces.extend(self.answer(frame))
        return pieces

    def say(self, data: bytes) -> None:
        """Bytes that nobody asked for."""
        raise NotImplementedError


class PtyPeer(Peer):
    """On a pseudo-terminal behind a link, so that it can be unplugged and come back under another name."""

    def __init__(self, answer: Answer, link: Path) -> None:
        super().__init__(answer)
        self.link = link
        self._control, self._wake = os.pipe()
        self._due: list[tuple[float, int, bytes]] = []
        self._count = 0
        self._ended = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.deaf = False
        self.plug_in()
        self._thread.start()

    def plug_in(self) -> None:
        with self._lock:
            self._master, slave = os.openpty()
            tty.setraw(slave)
            self.path = os.ttyname(slave)
            os.close(slave)
            os.set_blocking(self._master, False)
            fresh = self.link.with_suffix(".new")
            fresh.symlink_to(self.path)
            fresh.rename(self.link)
        os.write(self._wake, b"w")

    def unplug(self) -> None:
        with self._lock:
            self.link.unlink(missing_ok=True)
            os.close(self._master)
            self._master = -1
            self._due.clear()
            self._input = b""

    def say(self, data: bytes) -> None:
        os.write(self._master, data)

    def end(self) -> None:
        self._ended = True
        os.write(self._wake, b"w")
        self._thread.join()
        if self._master >= 0:
            self.unplug()
        os.close(self._wake)
        os.close(self._control)

    def _run(self) -> None:
        while not self._ended:
            with self._lock:
                master = self._master
            wait_s = max(self._due[0][0] - time.monotonic(), 0.0) if self._due else 0.02
            listening = [self._control] + ([master] if master >= 0 and not self.deaf else [])
            try:
                ready = select.select(listening, [], [], wait_s)[0]
            except OSError:  # unplugged meanwhile
                continue
            if self._control in ready:
                os.read(self._control, 100)
            with self._lock:
                if self._master == master and master >= 0:
                    self._serve(master, master in ready)

    def _serve(self, master: int, readable: bool) -> None:
        now = time.monotonic()
        if readable and not self.deaf:
            try:
                data = os.read(master, 4096)
            except OSError:  # EIO: nobody has the slave open at this moment
                time.sleep(0.001)  # no event says when somebody is back
                return
            for delay_s, piece in self.take(data, now):
                self._count += 1
                heapq.heappush(self._due, (now + delay_s, self._count, piece))
        while self._due and self._due[0][0] <= time.monotonic():
            os.write(master, heapq.heappop(self._due)[2])


class VirtualPeer(Peer):
    """The same script behind a `SimulatedWire`; a frame takes its wire time to arrive."""

    def __init__(self, answer: Answer, line: LineSettings) -> None:
        super().__init__(answer)
        self._line = line
        self._connected = False
        self.plugged = True

    def connect(self, deliver: Callable[[bytes], None], hang_up: Callable[[], None]) -> None:
        if not self.plugged:
            raise OSError(errno.ENOENT, "no such wire")
        self._deliver, self._hang_up, self._connected = deliver, hang_up, True

    def disconnect(self) -> None:
        self._connected = False

    def write(self, data: bytes, now: float) -> None:
        arrived = now + len(data) * self._line.char_s
        asyncio.get_running_loop().call_at(arrived, self._arrive, data, arrived)

    def _arrive(self, data: bytes, now: float) -> None:
        for delay_s, piece in self.take(data, now):
            asyncio.get_running_loop().call_at(now + delay_s, self.say, piece)

    def say(self, data: bytes) -> None:
        if self._connected:
            self._deliver(data)

    def unplug(self) -> None:
        self.plugged = False
        if self._connected:
            asyncio.get_running_loop().call_soon(self._hang_up)

    def plug_in(self) -> None:
        self.plugged = True


LINE = LineSettings("main", "", baudrate=115200, latency_s=0.02)
Story = Callable[[Bus, Any], Awaitable[Any]]


def play_on_pty(answer: Answer, story: Story, folder: Path, line: LineSettings = LINE) -> Any:
    """Run a story against a `SerialBus` on a pseudo-terminal; its result."""
    with pty_stage(answer, folder, line) as (bus, peer):

        async def run() -> Any:
            bus.start()
            return await asyncio.wait_for(story(bus, peer), 30)

        return asyncio.run(run())


@contextmanager
def pty_stage(answer: Answer, folder: Path, line: LineSettings = LINE) -> Iterator[tuple[SerialBus, PtyPeer]]:
    peer = PtyPeer(answer, folder / "port")
    bus = SerialBus(replace(line, port=str(peer.link)))
    try:
        yield bus, peer
    finally:
        bus.stop()
        peer.end()


def play_in_virtual_time(answer: Answer, story: Story, line: LineSettings = LINE) -> Any:
    """The same story against a `VirtualBus`: no waiting, exact times."""

    async def run() -> Any:
        peer = VirtualPeer(answer, line)
        bus = VirtualBus(line, peer, asyncio.get_running_loop())
        bus.start()
        try:
            return await asyncio.wait_for(story(bus, peer), 3600)
        finally:
            bus.stop()

    return run_virtual(run())


async def outcome_of(bus: Bus, procedure: Procedure[Any], priority: Priority = Priority.VERIFY) -> Any:
    """The result, or (error's kind, whether bytes left)."""
    try:
        return await bus.perform(procedure, priority)
    except BusError as error:
        return type(error), error.bytes_left
