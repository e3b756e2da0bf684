"""Accepted unlocks on their way to a final state: pulse sent, door opened, and what a restart leaves of them.

Each runs by itself, because one jammed latch may not hold up another door; the cabinet lets coils take turns.
A command is never executed again: after a restart it is closed as `unknown`, with what the sensor says now.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from drivers.lock_board import DoorState
from edge_agent.cloud.replies import Replies
from edge_agent.control.cloud_types import ReplyBody, StatusWord
from edge_agent.domain import remote_orders
from edge_agent.domain.refusals import Refusal
from edge_agent.domain.remote import Command
from edge_agent.domain.words import Outcome
from edge_agent.errors import DoorError
from edge_agent.logs import fields
from edge_agent.randomness import Randomness
from edge_agent.store.ledger import Ledger

log = logging.getLogger(__name__)

RUNNING_MAX = 8  # accepted unlocks at one time: more than the quota of a minute needs
FINAL: dict[Outcome, tuple[StatusWord, str]] = {
    Outcome.OPENED: ("opened", ""),
    Outcome.NOT_OPENED: ("failed", "DOOR-201"),
    Outcome.UNKNOWN: ("unknown", "DOOR-202"),
}


class Opener(Protocol):
    """What is needed of the cabinet."""

    async def open(self, intent_id: str, pulse_sent: Callable[[], None] | None = None) -> Outcome: ...


class Doors:
    """Runs accepted unlocks; `readings` says what each door's sensor says now."""

    def __init__(
        self,
        ledger: Ledger,
        cabinet: Opener,
        replies: Replies,
        chance: Randomness,
        readings: Callable[[], dict[str, DoorState]],
    ) -> None:
        self._ledger, self._cabinet, self._replies = ledger, cabinet, replies
        self._chance, self._readings = chance, readings
        self._running: dict[str, asyncio.Task[None]] = {}
        self._cancelled: set[str] = set()
        self._stopping = False

    @property
    def busy(self) -> bool:
        return self._stopping or len(self._running) >= RUNNING_MAX

    def begin(self, command: Command, intent: str) -> None:
        """Execute a command that is durable; `intent` is the one door's, "" for a bulk. Returns at once."""
        work = self._one(command, intent) if intent else self._bulk(command)
        task = asyncio.get_running_loop().create_task(self._guarded(command, work))
        self._running[command.id] = task
        task.add_done_callback(lambda _: self._running.pop(command.id, None))

    def cancel(self, command: str) -> bool:
        """Stop before the next door. False where the only door's frame may be out already."""
        kept = self._ledger.state.command.get(command)
        if kept is None or len(kept.doors) < 2 or command not in self._running:
            return False
        self._cancelled.add(command)
        return True

    async def close_interrupted(self) -> None:
        """At the start, before anything new is taken: every open command gets its final state."""
        seen = self._readings()
        for command in list(self._ledger.state.command.values()):
            now = {number: seen.get(number, DoorState.UNKNOWN).value for number in command.doors}
            await self._say(command, "unknown", "restart", {"doors": now}, final=True)

    async def finish(self) -> None:
        """Take nothing new; wait for what runs, each of which ends by itself with its opening."""
        self._stopping = True
        if self._running:
            await asyncio.wait(self._running.values())

    async def _guarded(self, command: Command, work: Any) -> None:
        try:
            await work
        except (
            Exception
        ):  # the outermost place; the command stays in the table and is closed by the next start
            log.exception("command not closed", extra=fields(command=command.id))
        finally:
            self._cancelled.discard(command.id)

    async def _one(self, command: Command, intent: str) -> None:
        number = command.doors[0]
        outcome, code = await self._opened(command, number, intent)
        status, usual = FINAL[outcome]
        await self._say(command, status, code or usual, {"door": number}, final=True)

    async def _opened(self, command: Command, number: str, intent: str) -> tuple[Outcome, str]:
        sent: list[asyncio.Task[None]] = []
        note = partial(self._say, command, "pulse_sent", "", {"door": number}, final=False)
        loop = asyncio.get_running_loop()
        try:
            outcome = await self._cabinet.open(intent, lambda: sent.append(loop.create_task(note())))
            code = ""
        except DoorError as error:
            outcome, code = Outcome.NOT_OPENED, error.code
        if sent:
            await asyncio.gather(*sent)
        return outcome, code

    async def _bulk(self, command: Command) -> None:
        """One door after another; a refused or jammed one does not end it."""
        ends: dict[str, str] = {}
        for number in command.doors:
            if self._stopping or command.id in self._cancelled:
                ends[number] = "cancelled"
                continue
            ends[number] = await self._next(command, number)
            await self._say(command, "executing", "", {"doors": dict(ends)}, final=False)
        code = "" if set(ends.values()) == {"opened"} else "partly"
        await self._say(command, "done", code, {"doors": ends}, final=True)

    async def _next(self, command: Command, number: str) -> str:
        try:
            committed = await self._ledger.transact(
                lambda state, at: remote_orders.next_of_bulk(state, command, number, at, self._chance)
            )
        except Refusal as refusal:
            return refusal.code
        outcome, code = await self._opened(command, number, committed.result.intent)
        return code or FINAL[outcome][0]

    async def _say(
        self, command: Command, status: StatusWord, code: str, result: dict[str, Any], *, final: bool
    ) -> None:
        body = ReplyBody(id=command.id, status=status, code=code, result=result)
        await self._replies.advance(command, body, final=final)
