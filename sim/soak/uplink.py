"""The way to the cloud of a simulated locker: the bridge's own core, a broker, and the back office's record.

The core is the shipped one; link, line and broker are played here in virtual time, with the troubles that `Line` names.
A message is delivered at least once, late or twice where the weather says so; what a broken line swallows is gone.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import msgspec

from cloud_bridge import words as w
from cloud_bridge.core import Core, Settings
from cloud_bridge.topics import Topics
from edge_agent.control import cloud_types as ct
from edge_agent.control import types as t
from edge_agent.errors import AgentError
from edge_agent.serving import Serving
from sim.cloud.office import unpacked
from sim.cloud.record import Record
from sim.soak.whole_locker import WholeLocker

URL = "mqtt://127.0.0.1:1883"
POLL_S = 60.0  # of one long poll: the longest that the agent grants
DIAL_S = (0.05, 0.4)
HOP_S = (0.01, 0.25)  # a message between bridge and office
NO_ROUTE_S = 2.0
DEAD_S = 60.0  # a half-open line is found by its keep-alive
RECEIVE_MAX = 100
REPLIES_KEPT = 2_000


@dataclass(slots=True)
class Line:
    """The weather between bridge and office. `doubling`: share of messages that come twice; `late_s` adds to a hop."""

    broker: bool = True
    route: bool = True
    office: bool = True
    doubling: float = 0.0
    late_s: float = 0.0


@dataclass(slots=True)
class Kept:
    """A message of the office's that the bridge has not confirmed."""

    topic: str
    payload: bytes
    retained: bool = False


class Uplink:
    """`on_event` hears of each event that is new to the office; `replies` are the bodies of the agent's answers."""

    def __init__(self, locker: WholeLocker, chance: Random) -> None:
        self.locker, self.chance = locker, chance
        self.line = Line()
        self.record = Record(":memory:")
        self.source = f"/lockers/{locker.sim.config.locker.id}"
        self.topics = Topics(locker.sim.config.locker.id)
        self.on_event: list[Callable[[Mapping[str, Any]], None]] = []
        self.replies: list[dict[str, Any]] = []
        self.alarms: dict[str, int] = {}
        self.session = ""
        self._core = Core(Settings(locker.sim.config.locker.id, (URL,), chance.random))
        self._up = 0  # number of the connection that stands, 0: none
        self._lines = 0  # connections that were tried
        self._severed = 0  # the one that the weather has cut
        self._unconfirmed: dict[int, Kept] = {}
        self._waiting: list[Kept] = []  # for a bridge that is away
        self._for_office: list[w.Publish] = []
        self._handles = 0
        self._timer: asyncio.TimerHandle | None = None
        self._polls: dict[type, asyncio.Task[Any]] = {}
        self._presence: w.Publish | None = None

    def start(self) -> None:
        self.hear(w.Tick())

    def hear(self, heard: w.Heard) -> None:
        now = self.locker.loop.time()
        for wish in self._core.handle(heard, now):
            self._carry_out(wish)
        if self._timer is not None:
            self._timer.cancel()
        due_s = self._core.wake_at(now)
        self._timer = None if due_s is None else self.locker.loop.call_at(due_s, self.hear, w.Tick())

    # ---- weather ----------------------------------------------------------------------------------------------------

    def cut(self, found_s: float = 0.0) -> None:
        """The connection is gone; the bridge finds out after `found_s`."""
        self._severed = self._lines
        standing, self._up = self._up, 0
        self._waiting = [*self._unconfirmed.values(), *self._waiting]
        self._unconfirmed = {}
        if standing:
            self._later(found_s, self.hear, w.Lost("simulated: the line is gone", dead=found_s > 0))

    def broker_dies(self) -> None:
        """Without persistence: what it had for either side is lost."""
        self.cut()
        self._waiting, self._for_office = [], []

    def office_back(self) -> None:
        """It reads what the broker kept for it, and the kept presence first."""
        self.line.office = True
        waiting, self._for_office = self._for_office, []
        if self._presence is not None:
            self._office_hears(self._presence)
        for message in waiting:
            self._office_hears(message)

    # ---- the office's side ------------------------------------------------------------------------------------------

    def send(self, about: str, payload: bytes, *, retained: bool = False) -> None:
        """Publish below the locker's branch."""
        message = Kept(f"{self.topics.base}/{about}", payload, retained)
        for _ in range(2 if self.chance.random() < self.line.doubling else 1):
            self._later(self._hop_s(), self._deliver, message)

    def _deliver(self, message: Kept) -> None:
        if not self._up:
            if message.topic == self.topics.commands and self.line.broker:
                self._waiting.append(message)
            return
        self._handles += 1
        self._unconfirmed[self._handles] = message
        self.hear(w.Arrived(self._handles, message.topic, message.payload, message.retained))

    def _office_hears(self, message: w.Publish) -> None:
        if not self.line.office:
            self._for_office.append(message)
            return
        about = message.topic.removeprefix(self.topics.base + "/")
        if about == "up/events":
            self._events(message)
        elif about == "up/hello":
            said = json.loads(message.payload)
            self._acknowledge(said["epoch"], self.record.hello(self.source, said["epoch"], said["first"]))
        elif about == "st/presence":
            self._presence = message
            there = json.loads(message.payload)
            self.session = there["session"] if there["online"] else ""
            if there["online"] and there["epoch"]:
                self._acknowledge(there["epoch"], self.record.next(self.source, there["epoch"]))
        elif about.startswith("up/replies/") and len(self.replies) < REPLIES_KEPT:
            self.replies.append(json.loads(message.payload))

    def _events(self, message: w.Publish) -> None:
        try:
            events = unpacked(message.payload, message.content_type)
        except (ValueError, zlib.error):
            self.alarms["unreadable"] = self.alarms.get("unreadable", 0) + 1
            return
        taken = self.record.take(self.source, events)
        self._acknowledge(taken.epoch, taken.next)
        for event in taken.fresh:
            for listener in self.on_event:
                listener(event)

    def _acknowledge(self, epoch: str, wanted: int) -> None:
        self.send("dn/acks", json.dumps({"epoch": epoch, "next": wanted, "rejected": []}).encode())

    # ---- the bridge's wishes ----------------------------------------------------------------------------------------

    def _carry_out(self, wish: w.Wish) -> None:
        match wish:
            case w.Alarm():
                self.alarms[wish.code] = self.alarms.get(wish.code, 0) + 1
            case w.Dial():
                self._dial()
            case w.HangUp():
                self._up = 0
                self._lines += 1
            case w.Subscribe():
                self._later(self._hop_s(), self._subscribed, self._lines)
            case w.Publish():
                self._publish(wish)
            case w.Confirm():
                self._unconfirmed.pop(wish.handle, None)
            case w.FetchSnapshots():
                pass  # said again in a minute; what it holds is checked by tests of its own
            case _:
                self._ask(wish)

    def _dial(self) -> None:
        self._lines += 1
        if self.line.broker and self.line.route:
            self._later(self.chance.uniform(*DIAL_S), self._connected, self._lines)
        else:
            self._later(NO_ROUTE_S, self.hear, w.Refused("simulated: no way to the broker"))

    def _connected(self, number: int) -> None:
        if number != self._lines:
            return
        if number == self._severed:
            self.hear(w.Refused("simulated: the line went while it was being made"))
            return
        self._up = number
        self.hear(w.Connected(session_present=False, receive_max=RECEIVE_MAX))

    def _subscribed(self, number: int) -> None:
        if number != self._up:
            return
        self.hear(w.Subscribed())
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            if message.topic == self.topics.commands:
                self._deliver(message)

    def _publish(self, wish: w.Publish) -> None:
        if not self._up:
            return
        number = self._up
        self._later(self._hop_s(), self._published, number, wish)
        if self.chance.random() < self.line.doubling:
            self._later(self._hop_s(), self._office_hears, wish)

    def _published(self, number: int, wish: w.Publish) -> None:
        """At the broker: it confirms, and passes on. A line that broke meanwhile loses the one or both."""
        if number != self._up:
            return
        self._office_hears(wish)
        if wish.token:
            self.hear(w.Published(wish.token, 0))

    def _hop_s(self) -> float:
        return self.chance.uniform(*HOP_S) + self.line.late_s

    def _later(self, seconds: float, act: Callable[..., None], *args: Any) -> None:
        self.locker.loop.call_later(seconds, act, *args)

    # ---- the agent's socket -----------------------------------------------------------------------------------------

    def _ask(self, wish: w.Wish) -> None:
        task = asyncio.ensure_future(self._answered(wish))
        if isinstance(wish, w.FetchEvents | w.FetchReplies):
            self._polls[type(wish)] = task  # the loop itself keeps only a weak hold of a task

    async def _answered(self, wish: w.Wish) -> None:
        """One question on one connection to the agent: cut with it."""
        try:
            heard = await self._answer(wish)
        except AgentError as error:
            if isinstance(wish, w.Hand):
                heard = w.Decided(wish.message.handle, refusal=str(error), passing=True)
            else:
                heard = w.AgentGone(str(error))
        except asyncio.CancelledError:  # the agent died: the socket is closed
            self._later(0.0, self.hear, w.AgentGone("the socket is closed"))
            raise
        if heard is not None:
            self.hear(heard)

    async def _answer(self, wish: w.Wish) -> w.Heard | None:
        agent = self.locker.agent
        if agent is None or self.locker.life.ended or not self.locker.serving:
            await asyncio.sleep(0)
            return w.AgentGone("nobody is at the socket")
        serving, cloud = Serving(agent), agent.cloud.handlers()
        who: Any = None  # the bridge's rows ask for nobody's login
        match wish:
            case w.Greet():
                session = await cloud["session"](t.Nothing(), who)
                hello = await cloud["hello"](t.Nothing(), who)
                return w.AgentUp(_greeting(session, hello))
            case w.FetchEvents(after):
                batch = await serving.events(t.EventsArguments(after=after, wait=POLL_S), who)
                return w.Handed(batch.epoch, batch.first, tuple(bytes(one) for one in batch.events))
            case w.FetchReplies(after):
                found = await cloud["replies"](ct.RepliesArguments(after=after, wait=POLL_S), who)
                return w.RepliesHanded(tuple(_reply(one) for one in found.replies))
            case w.HandAcks(epoch, following):
                await serving.acks(ct.AckedArguments(epoch=epoch, next=following), who)
                return None
            case w.Hand(message=message):
                asked = ct.CommandsArguments(payload=message.payload, retained=message.retained)
                answer = await cloud["commands"](asked, who)
                return w.Decided(message.handle, _reply(answer.reply), answer.resend_from)
        raise AssertionError(f"no question to the agent: {wish}")


def _greeting(session: ct.SessionResult, hello: ct.HelloResult) -> w.Greeting:
    return w.Greeting(
        session.session,
        session.version,
        session.boot,
        hello.epoch,
        session.clockquality,
        hello.first,
        hello.last,
        hello.next,
    )


def _reply(reply: ct.Reply) -> w.Reply:
    return w.Reply(reply.n, reply.topic, msgspec.json.encode(reply.body), reply.correlation)
