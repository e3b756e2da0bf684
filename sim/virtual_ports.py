"""Ports in virtual time: each line behind three calls (connect, write, disconnect), driven by an event loop's timers.

The same troubles as on ptys (`sim.ports.PortHub`), so that a fault's name means the same in a simulated year. Nothing
here waits and no thread takes part; the loop's clock must be the world's.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Protocol

from sim.ports import Device, left_by_a_thief
from sim.world import World


class Timer(Protocol):
    def cancel(self) -> None: ...


class Scheduler(Protocol):
    """The part of an event loop that is needed; every asyncio loop has it."""

    def time(self) -> float: ...

    def call_at(self, when: float, callback: Callable[[], None], /) -> Timer: ...


class VirtualWire:
    """The far side of one port. `connect` raises OSError with an errno, as opening a device would."""

    def __init__(self, device: Device, scheduler: Scheduler) -> None:
        self.device = device
        self.refusal = 0  # errno that the next `connect` meets, 0: none
        self.deaf = False
        self.robbed: Random | None = None
        self._scheduler = scheduler
        self._deliver: Callable[[bytes], None] | None = None
        self._hang_up: Callable[[], None] = lambda: None
        self._timer: Timer | None = None
        device.on_wake = self.arrange

    def connect(self, deliver: Callable[[bytes], None], hang_up: Callable[[], None]) -> None:
        if self.refusal:
            raise OSError(self.refusal, os.strerror(self.refusal))
        self._deliver, self._hang_up = deliver, hang_up
        self.arrange()

    def write(self, data: bytes, now: float) -> None:
        if not self.deaf:
            self.device.write(data, now)
            self.arrange()

    def disconnect(self) -> None:
        self._deliver = None

    def lose(self, refusal: int) -> None:
        """The device is gone; opening it again meets `refusal`."""
        self.refusal = refusal
        self.device.clear()
        if self._deliver is not None:
            self._deliver = None
            self._scheduler.call_at(self._scheduler.time(), self._hang_up)

    def arrange(self) -> None:
        """Come back when the device next has something to do."""
        due_s = self.device.next_due_s()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if due_s is None else self._scheduler.call_at(due_s, self._serve)

    def _serve(self) -> None:
        self._timer = None
        arrived = self.device.read(self._scheduler.time())
        if arrived and self.robbed is not None:
            arrived = left_by_a_thief(arrived, self.robbed)
        if arrived and self._deliver is not None:
            self._deliver(arrived)
        self.arrange()


class VirtualPorts:
    """All ports of a cabinet under one scheduler. `wires` is bus or scanner name → far side."""

    def __init__(self, world: World, devices: Mapping[str, Device], scheduler: Scheduler) -> None:
        self.world = world
        self.links: dict[str, Path] = {}
        self.wires = {name: VirtualWire(device, scheduler) for name, device in devices.items()}
        world.on_change.append(lambda number, at_s: self.wake())

    def wake(self) -> None:
        for wire in self.wires.values():
            wire.arrange()

    def stop(self) -> None:
        for wire in self.wires.values():
            wire.lose(errno.ENOENT)

    def later(self, act: Callable[[], None]) -> None:
        act()

    def unplug(self, name: str) -> None:
        self.wires[name].lose(errno.ENOENT)

    def replug(self, name: str) -> None:
        self.wires[name].refusal = 0

    def rename(self, name: str) -> None:
        self.unplug(name)
        self.replug(name)

    def swap(self, one: str, other: str) -> None:
        """Two adapters change places: each hangs up and comes back as the other."""
        left, right = self.wires[one], self.wires[other]
        for wire in (left, right):
            wire.lose(0)
        left.device, right.device = right.device, left.device
        left.device.on_wake, right.device.on_wake = left.arrange, right.arrange

    def deafen(self, name: str, deaf: bool) -> None:
        self.wires[name].deaf = deaf

    def chmod(self, name: str, mode: int) -> None:
        self.wires[name].refusal = 0 if mode else errno.EACCES

    def hold(self, name: str, held: bool) -> None:
        self.wires[name].refusal = errno.EBUSY if held else 0

    def steal(self, name: str, stealing: bool) -> None:
        self.wires[name].robbed = self.world.random if stealing else None
