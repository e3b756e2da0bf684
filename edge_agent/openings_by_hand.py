"""A technician's openings through the agent: an intent like any other, its actor the login, timed and judged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drivers.lock_board import DoorState
from edge_agent.config import Door
from edge_agent.control import bench_types as b
from edge_agent.control import types as t
from edge_agent.domain import service
from edge_agent.domain.refusals import COIL_RESTS, Refusal
from edge_agent.domain.words import Cause, Outcome
from edge_agent.emergency import OUTCOMES, REST_WAIT_MAX_S
from edge_agent.errors import ControlError

if TYPE_CHECKING:
    from edge_agent.agent import Agent

CLOSE_WAIT_S = 60.0  # a hand in gloves, and the other one holding the lamp
LOOK_EVERY_S = 0.1  # between two looks at what the door watch knows
SLOW_MS = 1_500  # a healthy lock is seen open within a second; slower ones are worn, dirty or badly fed
STANDS_OPEN = "DOOR-210"
FACTS: dict[Outcome, str] = {
    Outcome.OPENED: "the lock works",
    Outcome.NOT_OPENED: "the board gave its pulse and the sensor still says closed: the latch is jammed, the door is"
    " held shut, or the lock's cable is off",
    Outcome.UNKNOWN: "the sensor gave no steady answer: look at the board and at the sensor's cable",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """How one opening ended, and how long after its intent the door was seen open."""

    outcome: Outcome
    after_ms: int | None


class ByHand:
    """Openings for one agent's technicians."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def door(self, number: str) -> Door:
        """Raises ControlError CTRL-705 for a number that is not printed on any door here."""
        found = next((door for door in self._agent.config.doors() if door.number == number), None)
        if found is None:
            raise ControlError("CTRL-705", f"door {number}", "no such door is configured")
        return found

    async def open(self, number: str, actor: str, reason: str) -> Opened:
        """One durable intent, one frame. Raises Refusal where no decision lets this door be opened."""
        begun_s = asyncio.get_running_loop().time()
        intent = await self._intent(number, actor, reason)
        outcome = await self._agent.cabinet.open(intent)
        passed_ms = round((asyncio.get_running_loop().time() - begun_s) * 1000)
        return Opened(outcome, passed_ms if outcome is Outcome.OPENED else None)

    async def _intent(self, number: str, actor: str, reason: str) -> str:
        chance = self._agent.seams.chance
        committed = await self._agent.ledger.transact(
            lambda state, at: service.open_door(
                state, number, Cause.TECHNICIAN, actor, at, chance, reason=reason
            )
        )
        return str(committed.result.intent)

    async def test(self, asked: b.DoorTestArguments, actor: str) -> AsyncIterator[b.DoorTestItem]:
        """Cycle after cycle, until one does not end with a shut door."""
        number = self.door(asked.number).number
        for cycle in range(1, asked.cycles + 1):
            opened = await self._rested(number, actor, f"test: {asked.reason}")
            shut_ms = await self._shut(number) if opened.outcome is Outcome.OPENED else None
            item = _judged(number, cycle, asked.cycles, opened, shut_ms)
            yield item
            if item.code:
                return

    async def _rested(self, number: str, actor: str, reason: str) -> Opened:
        """The coil rests between two cycles; a longer ban is told."""
        try:
            return await self.open(number, actor, reason)
        except Refusal as refusal:
            if refusal.code != COIL_RESTS or refusal.wait_s > REST_WAIT_MAX_S:
                raise
            await asyncio.sleep(refusal.wait_s)
        return await self.open(number, actor, reason)

    async def _shut(self, number: str) -> int | None:
        """Milliseconds until a hand has shut it; None where nobody has within CLOSE_WAIT_S."""
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        while loop.time() - begun_s < CLOSE_WAIT_S:
            if self._agent.cabinet.watch.state(number) is DoorState.CLOSED:
                return round((loop.time() - begun_s) * 1000)
            await asyncio.sleep(LOOK_EVERY_S)
        return None


def result_of(door: Door, opened: Opened) -> t.UnlockResult:
    """As `unlock` tells it."""
    word, code = OUTCOMES[opened.outcome]
    return t.UnlockResult(
        outcome=word,
        board=door.board,
        channel=door.channel,
        door=door.number,
        sent="accepted",
        detail=FACTS[opened.outcome] if code else f"after {(opened.after_ms or 0) / 1000:.1f} s",
        opened_after_ms=opened.after_ms,
        recorded=True,
        code=code,
    )


def _judged(number: str, cycle: int, of: int, opened: Opened, shut_ms: int | None) -> b.DoorTestItem:
    word, code = OUTCOMES[opened.outcome]
    fact = FACTS[opened.outcome]
    if opened.outcome is Outcome.OPENED and (opened.after_ms or 0) > SLOW_MS:
        fact = (
            f"the lock is slow: {SLOW_MS / 1000:.1f} s expected at most; clean the latch, look at the supply"
        )
    if opened.outcome is Outcome.OPENED and shut_ms is None:
        code, fact = STANDS_OPEN, f"opened, and not shut within {CLOSE_WAIT_S:.0f} s"
    return b.DoorTestItem(
        number=number,
        cycle=cycle,
        of=of,
        outcome=word,
        opened_after_ms=opened.after_ms,
        closed_after_ms=shut_ms,
        fact=fact,
        code=code,
    )
