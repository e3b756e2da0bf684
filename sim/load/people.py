"""Couriers and recipients at a locker in peak season: they scan, wait for a door, use it, and are gone.

Nobody looks at the screen: badge, waybill and the QR code of the message are all that a practised person needs. How
long a door took is read where nobody can lie, at the coil: from the moment the code is shown to the scanner to the
moment the coil draws current.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field

from sim.cabinet import SimCabinet
from sim.coils import Energising

DOOR_S = 15.0  # for a door to open; a person has gone for help by then
PUT_S = 1.2  # a practised courier: parcel in, door shut
TAKE_S = 3.2  # a recipient looks, takes, shuts; a door counts as used after two seconds of being seen open
AFTER_S = 0.5  # from shutting a door to the next code
BADGE_S = 0.6  # from the badge to the first waybill
SESSION_S = (
    40.0  # the locker ends a courier's session after 45 s of nothing; a second badge would end it, too
)


@dataclass
class Told:
    """What happened at the locker. Latencies in seconds, from code to coil."""

    deposit_s: list[float] = field(default_factory=list)
    pickup_s: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)  # what a person had to give up

    @property
    def latencies_s(self) -> list[float]:
        return self.deposit_s + self.pickup_s


class People:
    """All of them, one after the other: there is one screen. `badge`: the courier's text."""

    def __init__(self, cabinet: SimCabinet, scanner: str, badge: str) -> None:
        self._cabinet, self._scanner, self._badge = cabinet, scanner, badge
        self._pulses: deque[Energising] = deque()
        self._pulled = threading.Condition()
        self._courier_until_s = 0.0
        cabinet.world.on_coil.append(self._coil)

    def _coil(self, pulse: Energising) -> None:
        if pulse.length_s is None:
            with self._pulled:
                self._pulses.append(pulse)
                self._pulled.notify_all()

    def deposit(self, waybill: str, told: Told) -> None:
        """By a courier who is there already, or shows the badge."""
        if time.monotonic() > self._courier_until_s:
            self._show(self._badge)
            time.sleep(BADGE_S)
        door = self._opened_by(waybill, told.deposit_s)
        self._courier_until_s = time.monotonic() + SESSION_S
        if door is None:
            told.failed.append("deposit: no door")
            return
        self._use(door, "parcel", PUT_S)

    def pickup(self, token: str, told: Told) -> None:
        """The scan takes the screen from the courier."""
        self._courier_until_s = 0.0
        door = self._opened_by(f"LKT:{token}", told.pickup_s)
        if door is None:
            told.failed.append("pickup: no door")
            return
        self._use(door, "empty", TAKE_S)

    def _opened_by(self, text: str, latencies_s: list[float]) -> str | None:
        """The door whose coil the code has pulled, or None where none came in time."""
        with self._pulled:
            self._pulses.clear()
        shown_s = self._cabinet.world.now()
        self._show(text)
        with self._pulled:
            if not self._pulled.wait_for(lambda: bool(self._pulses), DOOR_S):
                return None
            pulse = self._pulses.popleft()
        latencies_s.append(pulse.start_s - shown_s)
        return pulse.door

    def _use(self, door: str, inside: str, seconds: float) -> None:
        time.sleep(seconds)
        self._cabinet.inside(door, inside)
        self._cabinet.hand(door, "close")
        time.sleep(AFTER_S)

    def _show(self, text: str) -> None:
        self._cabinet.scan(self._scanner, text)
