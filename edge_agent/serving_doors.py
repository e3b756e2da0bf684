"""What a person decides about compartments, deposits and emergencies while the agent runs: one handler a row.

The rows stand in `edge_agent.control.door_rows`. Whoever asks is the actor, by the login that the kernel names.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from drivers.lock_board import DoorState
from edge_agent.control import door_types as d
from edge_agent.control.server import Caller, Handler, StreamHandler
from edge_agent.domain import service, tampering
from edge_agent.domain.decision import Decision
from edge_agent.domain.instant import Instant
from edge_agent.domain.ports import Decide
from edge_agent.domain.staff_member import TECHNICIAN
from edge_agent.domain.state import LockerState
from edge_agent.domain.words import Basis, Cause
from edge_agent.emergency import OUTCOMES, Emergency
from edge_agent.errors import ControlError
from edge_agent.randomness import uuid7

if TYPE_CHECKING:
    from edge_agent.agent import Agent

CLOSE_WAIT_S = 1.0  # between a hand that shuts the door and the second reading that believes it


class ServingDoors:
    """Handlers bound to one agent."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._emergency = Emergency(
            agent.config.locker.id,
            [door.number for door in agent.config.doors()],
            agent.ledger,
            agent.cabinet,
            agent.hasher,
            agent.seams.clock,
            agent.seams.chance,
            agent.journal_later,
        )

    def handlers(self) -> dict[str, Handler | StreamHandler]:
        return {
            "compartment.block": self.block,
            "compartment.unblock": self.unblock,
            "compartment.verify": self.verify,
            "deposits.stop": self.stop,
            "deposits.resume": self.resume,
            "emergency.stop-deposits": self.stop,
            "emergency.open-all": self.open_all,
        }

    async def block(self, asked: d.CompartmentBlockArguments, caller: Caller) -> d.CompartmentResult:
        who = _actor(caller)
        self._known(asked.number)
        await self._transact(
            lambda state, at: service.out_of_service(state, asked.number, who, asked.reason, at)
        )
        return self._compartment(asked.number)

    async def unblock(self, asked: d.CompartmentUnblockArguments, caller: Caller) -> d.CompartmentResult:
        who = _actor(caller)
        self._known(asked.number)
        resolved = await self._transact(
            lambda state, at: service.put_right(state, asked.number, who, at, asked.reason)
        )
        return self._compartment(asked.number, int(resolved))

    async def verify(self, asked: d.CompartmentVerifyArguments, caller: Caller) -> d.CompartmentVerifyResult:
        """First the door, then the word of whoever looked into it; the answer counts once the door is shut."""
        self._known(asked.number)
        if not asked.found:
            return await self._open_to_look(asked, _actor(caller))
        await self._shut(asked.number)
        needs_code = await self._transact(
            lambda state, at: _answered(state, asked.number, asked.found, _actor(caller), at)
        )
        contents = self._agent.ledger.state.compartment[asked.number].contents.value
        return d.CompartmentVerifyResult(
            number=asked.number, outcome=None, contents=contents, needs_code=needs_code is True
        )

    async def _open_to_look(self, asked: d.CompartmentVerifyArguments, who: str) -> d.CompartmentVerifyResult:
        chance, reason = self._agent.seams.chance, f"verify: {asked.reason}"
        opening = await self._transact(
            lambda state, at: service.open_door(
                state, asked.number, Cause.TECHNICIAN, who, at, chance, reason=reason
            )
        )
        word, code = OUTCOMES[await self._agent.cabinet.open(opening.intent)]
        contents = self._agent.ledger.state.compartment[asked.number].contents.value
        return d.CompartmentVerifyResult(number=asked.number, outcome=word, contents=contents, code=code)

    async def _shut(self, number: str) -> None:
        """A door that was shut a moment ago is read once more before its answer is refused."""
        if self._agent.cabinet.watch.state(number) is DoorState.OPEN:
            await asyncio.sleep(CLOSE_WAIT_S)

    async def stop(self, asked: d.DepositsStopArguments, caller: Caller) -> d.DepositsResult:
        command, who = self._command(), _actor(caller)
        await self._transact(lambda state, at: tampering.stop_deposits(state, command, who, asked.reason, at))
        return self._deposits()

    async def resume(self, asked: d.DepositsResumeArguments, caller: Caller) -> d.DepositsResult:
        command, who = self._command(), _actor(caller)
        await self._transact(
            lambda state, at: tampering.resume_deposits(state, command, who, asked.reason, at)
        )
        return self._deposits()

    def open_all(self, asked: d.OpenAllArguments, caller: Caller) -> AsyncIterator[d.OpenAllItem]:
        return self._emergency.open_all(asked)

    async def _transact(self, decide: Decide) -> Any:
        committed = await self._agent.ledger.transact(decide)
        return committed.result

    def _known(self, number: str) -> None:
        if number not in self._agent.ledger.state.compartment:
            raise ControlError("CTRL-705", f"compartment {number}", "no such compartment is configured")

    def _compartment(self, number: str, resolved: int = 0) -> d.CompartmentResult:
        row = self._agent.ledger.state.compartment[number]
        return d.CompartmentResult(
            number=number, condition=row.condition.value, contents=row.contents.value, resolved=resolved
        )

    def _deposits(self) -> d.DepositsResult:
        switched = self._agent.ledger.state.switched
        return d.DepositsResult(deposits="on" if switched.deposits else "off", reason=switched.reason)

    def _command(self) -> str:
        return uuid7(self._agent.seams.clock.now().wall, self._agent.seams.chance)


def _answered(state: LockerState, number: str, found: str, actor: str, at: Instant) -> Decision:
    """Empty, the stay's own parcels, or something that nobody knows of. Result True: the stay needs a fresh code."""
    if found == "empty":
        return service.verified_empty(state, number, actor, Basis.TECHNICIAN, at)
    if state.compartment[number].stay:
        return service.found_inside(state, number, actor, Basis.TECHNICIAN, at)
    return service.something_inside(state, number, actor, at)


def _actor(caller: Caller) -> str:
    return f"{TECHNICIAN}:{caller.peer.login}"
