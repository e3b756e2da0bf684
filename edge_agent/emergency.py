"""Opening every door in an emergency, one after another, while somebody watches: works without any network.

Two different persons of the staff list prove themselves by PIN (wrong ones are counted as at the screen), and both
stand in every intent. Each door gets a durable intent of its own, its turn in the power budget and its outcome; what
was inside is unknown afterwards. Whoever breaks the stream off stops it: the door whose turn it is is finished first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Protocol

from edge_agent.clock import Clock
from edge_agent.control import door_types as d
from edge_agent.control.types import OutcomeWord
from edge_agent.domain import emergency, service
from edge_agent.domain.emergency import Admitted, Proof
from edge_agent.domain.ports import Decide, LedgerPort
from edge_agent.domain.refusals import COIL_RESTS, DOOR_BUSY, NOT_PERMITTED, Refusal
from edge_agent.domain.words import Cause, Outcome
from edge_agent.errors import ControlError, DoorError
from edge_agent.kiosk.session_inputs import pin_text
from edge_agent.logs import fields
from edge_agent.randomness import Randomness, uuid7

log = logging.getLogger(__name__)

REST_WAIT_MAX_S = (
    5.0  # a coil that was just used rests 2 s; one that is worn out for longer is left to the end
)
OUTCOMES: dict[Outcome, tuple[OutcomeWord, str]] = {
    Outcome.OPENED: ("opened", ""),
    Outcome.NOT_OPENED: ("not_opened", "DOOR-201"),
    Outcome.UNKNOWN: ("unknown", "DOOR-202"),
}


class Opener(Protocol):
    """The cabinet: executes one durable intent."""

    async def open(self, intent_id: str) -> Outcome: ...


class PinHasher(Protocol):
    """The slow hash, off the loop."""

    async def code_hash_off_loop(self, typed: str) -> str: ...


class Emergency:
    """`later` journals something that nobody waits for; `numbers` are all doors, in the order of their turns."""

    def __init__(
        self,
        site: str,
        numbers: Sequence[str],
        ledger: LedgerPort,
        cabinet: Opener,
        hasher: PinHasher,
        clock: Clock,
        chance: Randomness,
        later: Callable[[Decide], None],
    ) -> None:
        self._site, self._numbers = site, tuple(numbers)
        self._ledger, self._cabinet, self._hasher = ledger, cabinet, hasher
        self._clock, self._chance, self._later = clock, chance, later
        self._running = asyncio.Lock()
        self._turns: set[asyncio.Task[Outcome]] = set()

    async def open_all(self, asked: d.OpenAllArguments) -> AsyncIterator[d.OpenAllItem]:
        """Raises ControlError CTRL-704 for a wrong site code; Refusal FLOW-320, FLOW-309 or FLOW-325."""
        if asked.confirm != self._site:
            raise ControlError("CTRL-704", "emergency open-all", "the site code is not this locker's")
        if self._running.locked():
            raise Refusal(DOOR_BUSY, "an open-all is running already")
        async with self._running:
            command = uuid7(self._clock.now().wall, self._chance)
            actor = await self._admit(asked, command)
            log.warning("open-all begins", extra=fields(actor=actor, command=command))
            complete = False
            try:
                for place, number in enumerate(self._numbers, 1):
                    yield await self._turn(number, place, actor, asked.reason)
                complete = True
            finally:  # broken off, or all done: said without waiting, because nobody may be left to wait
                self._later(lambda state, at: emergency.ended(command, actor, complete))

    async def _admit(self, asked: d.OpenAllArguments, command: str) -> str:
        """Both persons' name for the journal. A wrong PIN is durable before it is refused."""
        first, second = (
            await self._proof(asked.first, asked.first_pin),
            await self._proof(asked.second, asked.second_pin),
        )
        committed = await self._ledger.transact(
            lambda state, at: emergency.admit(state, first, second, command, at)
        )
        if isinstance(committed.result, Admitted):
            return committed.result.actor
        raise Refusal(NOT_PERMITTED, "a PIN is wrong; it has been counted", committed.result.wait_s)

    async def _proof(self, name: str, pin: str) -> Proof:
        return Proof(name, await self._hasher.code_hash_off_loop(pin_text(name, pin)))

    async def _turn(self, number: str, place: int, actor: str, reason: str) -> d.OpenAllItem:
        item = partial(d.OpenAllItem, door=number, place=place, of=len(self._numbers))
        try:
            intent = await self._decided(number, actor, reason)
            turn = asyncio.get_running_loop().create_task(self._opened(number, intent))
            self._turns.add(turn)
            turn.add_done_callback(self._turns.discard)
            word, code = OUTCOMES[await asyncio.shield(turn)]  # once begun, an opening gets its outcome
        except (Refusal, DoorError) as error:
            return item(outcome=None, code=error.code, detail=error.detail)
        return item(outcome=word, code=code)

    async def _decided(self, number: str, actor: str, reason: str) -> str:
        """The durable intent. Waits once for a coil that was used a moment ago."""
        try:
            return await self._intent(number, actor, reason)
        except Refusal as refusal:
            if refusal.code != COIL_RESTS or refusal.wait_s > REST_WAIT_MAX_S:
                raise
            await asyncio.sleep(refusal.wait_s)
        return await self._intent(number, actor, reason)

    async def _intent(self, number: str, actor: str, reason: str) -> str:
        why = f"{emergency.OPEN_ALL}: {reason}"
        committed = await self._ledger.transact(
            lambda state, at: service.open_door(
                state, number, Cause.TECHNICIAN, actor, at, self._chance, reason=why
            )
        )
        return str(committed.result.intent)

    async def _opened(self, number: str, intent: str) -> Outcome:
        outcome = await self._cabinet.open(intent)
        await self._ledger.transact(lambda state, at: emergency.afterwards(state, number, outcome, at))
        return outcome
