"""People who come to a locker for something else than a parcel: thieves, rain on the glass, technicians, support.

They know what they see, as couriers and recipients do; support knows what the back office knows.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import Any

from edge_agent.domain import service, tampering
from edge_agent.domain.ports import Decide
from edge_agent.domain.refusals import Refusal
from edge_agent.domain.words import Basis, Cause, Condition, Contents, Outcome
from edge_agent.errors import AgentError
from sim.cloud.signing import Signer
from sim.soak.uplink import Uplink
from sim.soak.whole_locker import TECHNICIAN, WholeLocker

GUESS_S = (2.0, 6.0)
DROP_S = (0.2, 3.0)
LOOK_S = (2.0, 8.0)
VALID_S = 60
STALE_S = 7_200
HARMLESS = ("help", "back", "courier", "next", "start", "more-time", "code", "number")


async def guess(locker: WholeLocker, chance: Random, for_s: float) -> None:
    """A thief types codes until the locker, or he, has enough."""
    until_s = locker.loop.time() + for_s
    while locker.loop.time() < until_s:
        if not await locker.sees("home", at_most_s=60.0):
            return
        locker.touch("code", digits=f"{chance.randrange(10**8):08d}")
        locker.did("guesses")
        await asyncio.sleep(chance.uniform(*GUESS_S))
        if locker.screen not in ("home", ""):
            locker.touch("back")
            await asyncio.sleep(1.0)


async def rain(locker: WholeLocker, chance: Random, for_s: float) -> None:
    """Drops on the glass: touches of whatever is there, as nobody means them."""
    until_s = locker.loop.time() + for_s
    while locker.loop.time() < until_s:
        what = chance.choice(HARMLESS)
        digits = {"digits": f"{chance.randrange(10**6)}"} if what in ("code", "number") else {}
        locker.touch(what, **digits)
        await asyncio.sleep(chance.uniform(*DROP_S))


@dataclass(slots=True)
class Technician:
    """Looks into every door that nobody knows, takes out what lies there, and puts doors back into service."""

    locker: WholeLocker
    chance: Random

    async def visit(self) -> None:
        for number in self._doubtful():
            await self._door(number)
        if self.locker.agent is not None and not self.locker.ledger.state.switched.deposits:
            await self._done(
                lambda state, at: tampering.resume_deposits(state, "visit", TECHNICIAN, "looked", at)
            )

    def _doubtful(self) -> list[str]:
        if self.locker.agent is None:
            return []
        rows = self.locker.ledger.state.compartment.values()
        found = [o.number for o in rows if o.contents is Contents.UNKNOWN or o.condition is not Condition.OK]
        return sorted(found, key=int)

    async def _door(self, number: str) -> None:
        locker = self.locker
        if locker.agent is None or locker.life.ended:
            return
        chance = locker.awake.seams.chance
        asked = await self._done(
            lambda state, at: service.open_door(state, number, Cause.TECHNICIAN, TECHNICIAN, at, chance)
        )
        if asked is None:
            return
        try:
            outcome = await locker.awake.cabinet.open(asked.result.intent)
        except AgentError:
            return
        if outcome is not Outcome.OPENED:
            return
        await asyncio.sleep(self.chance.uniform(*LOOK_S))
        locker.takes(number)
        locker.shuts(number)
        await asyncio.sleep(self.chance.uniform(*LOOK_S))
        await self._done(
            lambda state, at: service.verified_empty(state, number, TECHNICIAN, Basis.TECHNICIAN, at)
        )
        await self._done(lambda state, at: service.put_right(state, number, TECHNICIAN, at))

    async def _done(self, decide: Decide) -> Any:
        if self.locker.agent is None or self.locker.life.ended:
            return None
        try:
            return await self.locker.ledger.transact(decide)
        except (AgentError, Refusal) as error:
            self.locker.note(f"the technician is refused: {type(error).__name__}")
            return None


@dataclass(slots=True)
class Support:
    """The back office's people on the phone, and those who would like to be. `sent`: every command that left."""

    locker: WholeLocker
    uplink: Uplink
    chance: Random
    signer: Signer
    forger: Signer
    sent: list[bytes] = field(default_factory=list)
    numbered: int = 0

    def unlocks(self, door: str) -> None:
        """One remote unlock for one reason."""
        payload = self._command(door, self.signer)
        self.sent.append(payload)
        self.locker.did("command", door)
        self.uplink.send("dn/commands", payload)

    def forged(self, door: str) -> None:
        """Signed by a key that this locker does not pin, or for another locker, or kept by the broker."""
        wrong = self.chance.randrange(3)
        signer = self.forger if wrong == 0 else self.signer
        changed = {"aud": "OTHER-0001"} if wrong == 1 else {}
        self.locker.did("bad-command", door)
        self.uplink.send("dn/commands", self._command(door, signer, **changed), retained=wrong == 2)

    def stale(self, door: str) -> None:
        """Held up for hours on the way."""
        now = self._now_s() - STALE_S
        self.locker.did("bad-command", door)
        self.uplink.send("dn/commands", self._command(door, self.signer, iat=now, exp=now + VALID_S))

    def replayed(self) -> None:
        """Somebody recorded an earlier command and sends it again."""
        if self.sent:
            self.uplink.send("dn/commands", self.chance.choice(self.sent))

    def _command(self, door: str, signer: Signer, **changed: object) -> bytes:
        self.numbered += 1
        now = self._now_s()
        claims = {"iat": now, "exp": now + VALID_S, "jti": f"cmd-{self.numbered}", **changed}
        args = {"compartment": door, "reason": "code lost", "case": f"C-{self.numbered}", "operator": "op-3"}
        locker = self.locker.sim.config.locker.id
        return signer.command(locker, self.uplink.session, "unlock", args, **claims)

    def _now_s(self) -> int:
        """The office's own clock is right, whatever the locker's says."""
        return self.locker.true_unix_s()
