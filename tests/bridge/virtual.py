"""The bridge's core with the test at both ends: it plays agent, broker and back office, and turns the clock."""

from __future__ import annotations

import json
import random
import zlib
from dataclasses import replace
from typing import TypeVar

from cloud_bridge import words as w
from cloud_bridge.core import Core, Settings
from cloud_bridge.outgoing import SHIPPED, Limits
from cloud_bridge.topics import BATCH, Topics

LOCKER = "HK-0001"
TOPICS = Topics(LOCKER)
URLS = ("mqtts://first.example:8883", "mqtts://second.example:8883")
GREETING = w.Greeting("session-1", "1.0", "boot-1", "epoch-1", "synced", 1, 0, 1)
Kind = TypeVar("Kind")


def event(sequence: int, room: int = 0) -> bytes:
    """A small CloudEvent; `room` adds incompressible bytes."""
    noise = random.Random(sequence).randbytes(room).hex()
    return json.dumps({"sequence": f"{sequence:020d}", "epoch": "epoch-1", "noise": noise}).encode()


def sequences_of(wish: w.Publish) -> list[int]:
    """Which events one message for `up/events` carries."""
    plain = json.loads(zlib.decompress(wish.payload) if wish.content_type == BATCH else wish.payload)
    return [int(one["sequence"]) for one in (plain if isinstance(plain, list) else [plain])]


class Virtual:
    """`hear` what happens; the wishes that follow are returned and kept in `done`."""

    def __init__(
        self, limits: Limits = SHIPPED, urls: tuple[str, ...] = URLS, ack: str = "application"
    ) -> None:
        self.now = 1000.0
        self.core = Core(Settings(LOCKER, urls, lambda: 0.5, ack == "application", limits))
        self.done: list[w.Wish] = []
        self._sessions = 0
        self._handles = 0

    def hear(self, *heard: w.Heard) -> list[w.Wish]:
        wishes = [wish for one in heard for wish in self.core.handle(one, self.now)]
        self.done += wishes
        return wishes

    def wait(self, seconds: float) -> list[w.Wish]:
        """Time passes; the core is woken whenever it asked for it, and never more often than it should need."""
        until, wishes, wakes = self.now + seconds, [], 0
        while (at := self.core.wake_at(self.now)) is not None and at <= until:
            self.now = at
            wishes += self.hear(w.Tick())
            wakes += 1
            assert wakes < 1000, "the core spins"
        self.now = until
        return wishes + self.hear(w.Tick())

    # ---- whole steps ------------------------------------------------------------------------------------------------

    def agent_up(self, last: int = 0, wanted: int = 1) -> list[w.Wish]:
        self._sessions += 1
        greeting = replace(GREETING, session=f"session-{self._sessions}", last=last, next=wanted)
        return self.hear(w.AgentUp(greeting))

    def line_up(self, receive_max: int = 100, session_present: bool = False) -> list[w.Wish]:
        return self.hear(w.Connected(session_present, receive_max), w.Subscribed())

    def online(self, last: int = 0, wanted: int = 1, receive_max: int = 100) -> Virtual:
        """Everybody is there and the cloud has answered the first hello."""
        self.hear(w.Tick())
        self.agent_up(last, wanted)
        self.line_up(receive_max)
        self.settle()
        self.acks(wanted)
        return self

    def settle(self, code: int = 0) -> list[w.Wish]:
        """PUBACKs for everything that is in flight, until nothing new leaves."""
        answered: list[w.Wish] = []
        while tokens := self.flying():
            answered += self.hear(*[w.Published(token, code) for token in tokens])
        return answered

    def flying(self) -> list[int]:
        return sorted(self.core.in_flight)

    def hand(self, first: int, count: int, room: int = 0) -> list[w.Wish]:
        events = tuple(event(sequence, room) for sequence in range(first, first + count))
        return self.hear(w.Handed("epoch-1", first, events))

    def acks(
        self, wanted: int, epoch: str = "epoch-1", rejected: tuple[dict[str, object], ...] = ()
    ) -> list[w.Wish]:
        word = json.dumps({"epoch": epoch, "next": wanted, "rejected": rejected}).encode()
        return self.arrive(TOPICS.acks, word)

    def arrive(self, topic: str, payload: bytes, *, retained: bool = False, qos: int = 1) -> list[w.Wish]:
        self._handles += 1
        return self.hear(w.Arrived(self._handles if qos else 0, topic, payload, retained))


def of(kind: type[Kind], wishes: list[w.Wish]) -> list[Kind]:
    return [wish for wish in wishes if isinstance(wish, kind)]


def events_in(wishes: list[w.Wish]) -> list[int]:
    """Sequence numbers published for `up/events`, in order."""
    messages = [wish for wish in of(w.Publish, wishes) if wish.topic == TOPICS.events]
    return [sequence for message in messages for sequence in sequences_of(message)]


def alarms(wishes: list[w.Wish]) -> list[str]:
    return [alarm.code for alarm in of(w.Alarm, wishes)]
