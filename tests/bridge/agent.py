"""The agent's end of the bridge socket, with a journal in memory: the real operations table over the real socket.

For tests that kill lines and brokers by the dozen; those about the agent itself start the real one.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
import uuid
from pathlib import Path
from typing import Any

import msgspec

from edge_agent.control import cloud_types as ct
from edge_agent.control import types as t
from edge_agent.control.operations import Role
from edge_agent.control.server import Caller, ThreadedServer, create_app

LOOK_S = 0.005
BATCH_MAX = 500


class Journal:
    """Events of one epoch, appended from any thread; the watermark only rises."""

    def __init__(self, locker: str) -> None:
        self.locker, self.epoch = locker, uuid.uuid4().hex
        self.events: list[bytes] = []
        self.acked = 0
        self.commands: list[ct.CommandsArguments] = []
        self.alarms: list[str] = []
        self._changed = threading.Condition()

    def append(self, count: int = 1) -> None:
        with self._changed:
            for _ in range(count):
                self.events.append(self._event(len(self.events) + 1))
            self._changed.notify_all()

    def acknowledged(self, upto: int, timeout_s: float) -> bool:
        """Wait until the cloud has everything up to and with `upto`."""
        with self._changed:
            return self._changed.wait_for(lambda: self.acked >= upto, timeout_s)

    def commanded(self, count: int, timeout_s: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: len(self.commands) >= count, timeout_s)

    def acknowledge(self, sequence: int) -> None:
        with self._changed:
            self.acked = max(self.acked, sequence)
            self._changed.notify_all()

    def command(self, asked: ct.CommandsArguments) -> None:
        with self._changed:
            self.commands.append(asked)
            self._changed.notify_all()

    def _event(self, sequence: int) -> bytes:
        return json.dumps(
            {
                "specversion": "1.0",
                "id": str(uuid.uuid4()),
                "source": f"/lockers/{self.locker}",
                "type": "locker.door.opened",
                "sequence": f"{sequence:020d}",
                "epoch": self.epoch,
                "data": {"compartment": str(sequence % 60)},
            }
        ).encode()


class AgentEnd:
    """`with AgentEnd(folder, journal):` serves `bridge.sock` in `folder`; leaving it is an agent that died."""

    def __init__(self, folder: Path, journal: Journal) -> None:
        self.journal = journal
        folder.mkdir(exist_ok=True)
        names = ("session", "hello", "events", "acks", "commands", "replies", "state", "telemetry", "alarms")
        handlers: dict[str, Any] = {name: getattr(self, name) for name in names}
        self._server = ThreadedServer(create_app(Role.BRIDGE, handlers), folder / "bridge.sock")
        self._ending = False

    def __enter__(self) -> AgentEnd:
        self._server.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ending = True
        self._server.__exit__(*exception)

    async def session(self, asked: t.Nothing, caller: Caller) -> ct.SessionResult:
        return ct.SessionResult(
            online=True,
            agent="up",
            version="1.0",
            boot="boot",
            session=secrets.token_hex(16),
            epoch=self.journal.epoch,
            clockquality="synced",
        )

    async def hello(self, asked: t.Nothing, caller: Caller) -> ct.HelloResult:
        journal = self.journal
        return ct.HelloResult(epoch=journal.epoch, first=1, last=len(journal.events), next=journal.acked + 1)

    async def events(self, asked: t.EventsArguments, caller: Caller) -> t.EventsResult:
        journal, loop = self.journal, asyncio.get_running_loop()
        until = loop.time() + asked.wait
        while not self._ending and len(journal.events) <= asked.after and loop.time() < until:  # noqa: ASYNC110 - threads append
            await asyncio.sleep(LOOK_S)
        found = journal.events[asked.after : asked.after + BATCH_MAX]
        return t.EventsResult(
            epoch=journal.epoch, first=asked.after + 1, events=tuple(msgspec.Raw(one) for one in found)
        )

    async def acks(self, asked: ct.AckedArguments, caller: Caller) -> t.AcksResult:
        self.journal.acknowledge(asked.next - 1)
        return t.AcksResult(taken="taken")

    async def commands(self, asked: ct.CommandsArguments, caller: Caller) -> ct.CommandsResult:
        """Answers `rejected` for a retained one, as the real agent does, and `done` for any other."""
        self.journal.command(asked)
        body = ct.ReplyBody(id="c1", status="rejected" if asked.retained else "done")
        topic = f"lockers/v1/{self.journal.locker}/up/replies/ops"
        return ct.CommandsResult(reply=ct.Reply(n=0, topic=topic, body=body, correlation=asked.correlation))

    async def replies(self, asked: ct.RepliesArguments, caller: Caller) -> ct.RepliesResult:
        until = asyncio.get_running_loop().time() + asked.wait
        while not self._ending and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110 - ended by a thread
            await asyncio.sleep(LOOK_S)
        return ct.RepliesResult(replies=())

    async def alarms(self, asked: ct.AlarmsArguments, caller: Caller) -> ct.AlarmsResult:
        self.journal.alarms.append(asked.code)
        return ct.AlarmsResult(fault=asked.code)

    async def state(self, asked: t.Nothing, caller: Caller) -> ct.StateResult:
        return ct.StateResult(
            version="1.0",
            config="",
            epoch=self.journal.epoch,
            next=len(self.journal.events) + 1,
            watermark=self.journal.acked,
            documents={},
            expected_n=0,
            deposits=True,
            alarms=(),
            compartments={},
        )

    async def telemetry(self, asked: t.Nothing, caller: Caller) -> ct.TelemetryResult:
        return ct.TelemetryResult(figures={})
