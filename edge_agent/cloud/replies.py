"""Replies on their way up: durable with what they report, numbered, kept until the broker has them."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

import msgspec

from edge_agent.control import cloud_types as ct
from edge_agent.domain import events as e
from edge_agent.domain.changes import Change, Changes
from edge_agent.domain.decision import Decision
from edge_agent.domain.instant import Instant
from edge_agent.domain.remote import Command, StoredReply
from edge_agent.domain.state import ONLY, LockerState
from edge_agent.store.inbox import Answer
from edge_agent.store.ledger import Ledger

REPLIES_MAX = (
    1_000  # waiting for the broker: a month's quota; beyond it the oldest go, the inbox still answers
)
HANDED_OUT_MAX = 100  # in one long poll
TOPIC_REST = re.compile(r"[A-Za-z0-9._-]{1,64}(/[A-Za-z0-9._-]{1,64}){0,3}")
NOBODY = "unknown"  # the issuer's level where nobody can be believed


def prefix_of(locker: str) -> str:
    """Every reply's topic begins so; a response topic elsewhere is refused."""
    return f"lockers/v1/{locker}/up/replies/"


def topic_for(locker: str, issuer: str, wanted: str) -> str | None:
    """The wanted response topic, the issuer's own where none is wanted, None where it lies outside."""
    prefix = prefix_of(locker)
    if not wanted:
        return prefix + issuer
    inside = wanted.startswith(prefix) and TOPIC_REST.fullmatch(wanted.removeprefix(prefix))
    return wanted if inside else None


class Replies:
    """The reply table of one ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._news = asyncio.Event()

    async def advance(self, command: Command, body: ct.ReplyBody, *, final: bool) -> None:
        """Make one step of an accepted command durable: its reply, its answer, and with the last one its end.

        Raises StoreError. A command that is closed already stays as it was closed.
        """
        answer = answer_of(command.id, command.exp_ms, body)

        def decide(state: LockerState, at: Instant) -> Decision:
            if command.id not in state.command:
                return Decision()
            ending = e.CommandDone(command.id, command.cmd, command.issuer, body.status, body.code)
            return Decision((ending,) if final else (), given=self._rows(state, command, body, final))

        if command.id in self._ledger.state.command:
            await self._ledger.transact(decide, answer=answer)
            self._tell()

    @staticmethod
    def _rows(state: LockerState, command: Command, body: ct.ReplyBody, final: bool) -> Changes:
        n = state.uplinked.replies + 1
        reply = StoredReply(
            n, command.id, command.topic, body.status, command.correlation, body.code, body.result
        )
        rows = [
            Change("uplink", ONLY, msgspec.structs.replace(state.uplinked, replies=n)),
            Change("reply", _key(n), reply),
        ]
        surplus = max(0, len(state.reply) + 1 - REPLIES_MAX)
        rows += [Change("reply", key, None) for key in sorted(state.reply)[:surplus]]
        if final:
            rows.append(Change("command", command.id, None))
        return tuple(rows)

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def behind(self, after: int, wait_s: float) -> tuple[ct.Reply, ...]:
        """Forget what the broker has, then wait for the next ones. Raises StoreError."""
        had = [key for key in self._ledger.state.reply if key <= _key(after)]
        if had:
            gone = tuple(Change("reply", key, None) for key in had)
            await self._ledger.transact(lambda state, at: Decision(given=gone))
        if not self._ledger.state.reply:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), wait_s)
        waiting = sorted(self._ledger.state.reply)[:HANDED_OUT_MAX]
        return tuple(_sent(self._ledger.state.reply[key]) for key in waiting)


def answer_of(command: str, exp_ms: int, body: ct.ReplyBody) -> Answer:
    """What the same command is told from now on."""
    return Answer(command, exp_ms, {"status": body.status, "code": body.code, "result": body.result})


def _key(n: int) -> str:
    return f"{n:020d}"


def _sent(row: StoredReply) -> ct.Reply:
    body = msgspec.convert(
        {"id": row.id, "status": row.status, "code": row.code, "result": row.result}, ct.ReplyBody
    )
    return ct.Reply(n=row.n, topic=row.topic, body=body, correlation=bytes.fromhex(row.correlation))
