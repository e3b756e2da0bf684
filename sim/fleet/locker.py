"""One pretend locker of a fleet: its journal, its line, its patience. No thread, no task of its own: the loop calls it.

It does on the line what the shipped bridge does: subscribe, then presence and hello; events in order; everything again
from where the cloud says; state and telemetry once a minute; full jitter before every new dial.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
import zlib
from concurrent.futures import Executor
from typing import Any

from sim.fleet.figures import Figures
from sim.fleet.journal import Journal
from sim.fleet.line import Broker, Ears, Line

ROOT = "lockers/v1"
EVENT = "application/cloudevents+json"
BATCH = "application/vnd.locker.cloudevents-batch+json+zlib"
BATCH_EVENTS = 200  # some 40 KiB on the line; the contract's bound is 64
DOWN = ("dn/acks", "dn/commands", "dn/expected")
DOCUMENTS = ("carriers", "couriers", "staff", "policy", "notices", "update")
FIRST_S, CEILING_S, STABLE_S = (
    1.0,
    120.0,
    60.0,
)  # full jitter below 1, 2, 4 ... 120 s, as the shipped bridge's
STALL_S = 30.0  # events that the cloud says nothing about: hello again
REWIND_REST_S = 1.0  # a gap makes the cloud repeat itself for every message behind it; a batch is under way
SNAPSHOT_S = 60.0
STATE = {"version": "0.1.0", "config": "0" * 64, "alarms": [], "deposits": True, "documents": {}}
SIZES = {size: {"empty": 9, "stay": 2, "unknown": 1} for size in ("S", "M", "L", "XL")}


class FleetLocker:
    """`start` once, `tick` every few seconds, `happen` for every event; `figures` hears what became of it."""

    def __init__(
        self, name: str, broker: Broker, dice: random.Random, figures: Figures, helpers: Executor
    ) -> None:
        self.journal = Journal(name, dice)
        self.online = False
        self.name, self._dice, self._figures, self._helpers = name, dice, figures, helpers
        self._loop = asyncio.get_running_loop()
        self._session = f"{dice.getrandbits(128):032x}"
        self._ceiling_s, self._since_s = FIRST_S, 0.0
        self._greeting = self._leaving = self._draining = False
        self._asked_s = self._told_s = self._batch_s = 0.0
        self._batch_last = 0  # newest event of the batch under way
        self._dialling: asyncio.Task[None] | None = None
        ears = Ears(self._greeted, self._subscribed, self._message, self._lost)
        self._line = Line(name, broker, (self._topic("st/presence"), self._presence(False)), ears)

    def _topic(self, about: str) -> str:
        return f"{ROOT}/{self.name}/{about}"

    def _presence(self, online: bool) -> bytes:
        said = {"online": online, "agent": "up" if online else "down", "version": "0.1.0", "boot": "b"}
        return json.dumps(
            {**said, "session": self._session, "epoch": self.journal.epoch, "clockquality": "synced"}
        ).encode()

    # ---- what the run calls -----------------------------------------------------------------------------------------

    def start(self) -> None:
        self._dial()

    def happen(self) -> None:
        """One event, published if there is a line."""
        body = self.journal.happen(time.time(), calm=self.online and self._figures.calm)
        self._figures.made(len(body))
        if self.online and not self._draining:
            self._say("up/events", body, content_type=EVENT)

    def tick(self) -> None:
        """Keep-alive, patience, the minute's snapshots."""
        self._line.look()
        now_s = time.time()
        if not self.online:
            return
        if self.journal.oldest_s(now_s) > STALL_S and now_s - self._asked_s > STALL_S:
            self._hello()
        if now_s - self._told_s >= SNAPSHOT_S:
            self._snapshots(now_s)
        self._drain(now_s)

    def cut(self) -> None:
        self._line.cut()

    def leave(self) -> None:
        """The end of the run: a polite goodbye, no new dial."""
        self._leaving = True
        if self._dialling is not None:
            self._dialling.cancel()
        self._line.end()

    # ---- the line ---------------------------------------------------------------------------------------------------

    def _dial(self) -> None:
        self._dialling = self._loop.create_task(self._try())

    async def _try(self) -> None:
        try:
            await self._line.dial(self._helpers)
        except OSError:
            self._again()

    def _again(self) -> None:
        """Full jitter; only a connection that stood resets the ceiling."""
        if self._leaving:
            return
        wait_s = self._dice.uniform(0, self._ceiling_s)
        self._ceiling_s = min(self._ceiling_s * 2, CEILING_S)
        self._loop.call_later(wait_s, self._dial)

    def _greeted(self) -> None:
        self._line.subscribe([self._topic(about) for about in DOWN])
        self._line.subscribe([self._topic(f"dn/desired/{name}") for name in DOCUMENTS])
        self._greeting = True

    def _subscribed(self) -> None:
        """Called for both packets; the first one is enough: acknowledgements come on it."""
        if not self._greeting:
            return
        self._greeting, self.online, self._since_s = False, True, time.monotonic()
        self._figures.connected()
        self._say("st/presence", self._presence(True), retain=True)
        self._hello()
        self._told_s = time.time() - self._dice.uniform(0, SNAPSHOT_S)

    def _hello(self) -> None:
        self._draining, self._asked_s, self._batch_s, self._batch_last = True, time.time(), time.time(), 0
        self._say("up/hello", json.dumps(self.journal.hello()).encode())

    def _snapshots(self, now_s: float) -> None:
        self._told_s = now_s
        state = {**STATE, "compartments": SIZES, "next": self.journal.made + 1}
        self._say("st/state", json.dumps(state).encode(), retain=True)
        figures = {"events_waiting": self.journal.made - self.journal.acknowledged, "powered_h": 1.0}
        self._say("up/telemetry", json.dumps({"figures": figures}).encode(), qos=0)

    def _say(self, about: str, payload: bytes, **how: Any) -> None:
        self._figures.sent(len(payload))
        self._line.publish(self._topic(about), payload, **how)

    def _lost(self) -> None:
        if self.online:
            self._figures.lost()
            if time.monotonic() - self._since_s >= STABLE_S:
                self._ceiling_s = FIRST_S
        self.online = self._greeting = False
        self._again()

    # ---- the cloud's word -------------------------------------------------------------------------------------------

    def _message(self, topic: str, payload: bytes) -> None:
        if not topic.endswith("/dn/acks"):
            return
        word = json.loads(payload)
        if word["epoch"] != self.journal.epoch:
            return
        now_s, taken = time.time(), self.journal.taken(word["next"])
        for one in taken:
            self._figures.acknowledged(now_s - one.made_s, one.calm)
        self._draining |= not taken  # a word that moves nothing: behind a gap the cloud repeats what it wants
        self._drain(now_s)

    def _drain(self, now_s: float) -> None:
        """What waits goes in batches, one at a time: members of a group that share a locker cannot swap those."""
        if not self._draining or not self.online:
            return
        if not self.journal.waiting_count:
            self._draining = False
        elif self.journal.acknowledged >= self._batch_last or now_s - self._batch_s >= REWIND_REST_S:
            bodies = self.journal.waiting(BATCH_EVENTS)
            self._batch_s, self._batch_last = now_s, self.journal.acknowledged + len(bodies)
            self._figures.repeated(len(bodies))
            batch = zlib.compress(b"[" + b",".join(bodies) + b"]")
            self._say("up/events", batch, content_type=BATCH)
