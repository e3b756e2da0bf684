"""Which doors are being opened now, and the rule that an intent gets one frame, once ever (wall 2).

An opening begins in one of two ways: `open` executes an intent that is durable, `at_once` makes an opening ready while
its intent is being committed. Both end in the same place: by the sensor, in the journal, and told to the screen.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from drivers.lock_board import DoorState
from edge_agent.cabinet.coils import CoilGuard
from edge_agent.cabinet.door_watch import DoorWatch
from edge_agent.cabinet.head_start import Gate
from edge_agent.cabinet.mounting import Mounting
from edge_agent.cabinet.opening import Begun, Ending, Opening, send_unlock, settle, stayed_closed
from edge_agent.cabinet.power import PowerBudget
from edge_agent.domain import doors
from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision
from edge_agent.domain.ports import CommittedPort, Decide
from edge_agent.domain.state import LockerState
from edge_agent.domain.words import Outcome
from edge_agent.errors import DoorError
from edge_agent.flows import events as told
from edge_agent.logs import fields

log = logging.getLogger(__name__)

EXECUTED_KEPT = 1024  # intents remembered as executed; pending ones in the ledger are never so many

Tell = Callable[[told.DoorEvent], None]
Commit = Callable[[Decide], Awaitable[CommittedPort | None]]

TOLD = {
    Outcome.OPENED: told.DoorOpened,
    Outcome.NOT_OPENED: told.DoorNotOpened,
    Outcome.UNKNOWN: told.OutcomeUnknown,
}


class Openings:
    """The openings of one cabinet. `commit` journals and never raises StoreError. Runs on the loop."""

    def __init__(
        self,
        mounting: Mounting,
        watch: DoorWatch,
        guard: CoilGuard,
        state: Callable[[], LockerState],
        commit: Commit,
        tell: Tell,
        wait_s: float,
    ) -> None:
        self._mounting, self._watch, self._guard = mounting, watch, guard
        self._state, self._commit, self._tell, self._wait_s = state, commit, tell, wait_s
        self._power = PowerBudget({name: board.supply for name, board in mounting.boards.items()})
        self._running: dict[str, Opening] = {}
        self._ahead: dict[str, Begun] = {}  # by intent: begun with a head start, not yet asked for by `open`
        self._executed: deque[str] = deque(maxlen=EXECUTED_KEPT)
        self.closing = False

    async def open(self, intent_id: str, pulse_sent: Callable[[], None] | None = None) -> Outcome:
        """See `Cabinet.open`."""
        begun = self._ahead.pop(intent_id, None)
        if begun is not None:
            begun.opening.on_pulse(pulse_sent)
            return await asyncio.shield(begun.work)
        number = self._claim(intent_id)
        return await self._run(self._opening(intent_id, number, Gate(is_open=True), pulse_sent))

    def at_once(self, decision: Decision) -> Gate | None:
        """The one intent of a decision that is about to be committed: its frame waits at the gate from now on.

        None where there is no such intent, or where `open` has to judge first. The outcome is for `open` to tell. A
        frame whose intent is not durable within the opening's own waiting time never leaves: nobody stands there.
        """
        asked = [one for one in decision.events if isinstance(one, e.DoorOpenRequested)]
        free = len(asked) == 1 and not self.closing and asked[0].compartment not in self._running
        if not free or any(isinstance(one, e.DoorOutcomeUnknown) for one in decision.events):
            return None
        intent, number = asked[0].intent, asked[0].compartment
        self._ahead = {name: begun for name, begun in self._ahead.items() if not begun.work.done()}
        self._executed.append(intent)
        gate = Gate(withdraw=lambda: self._withdraw(intent))
        opening = self._opening(intent, number, gate)
        loop = asyncio.get_running_loop()
        late = loop.call_later(self._wait_s, gate.bar_if_shut, f"not durable within {self._wait_s:g} s")
        work = loop.create_task(self._run(opening), name=f"door-{number}")
        work.add_done_callback(lambda _: late.cancel())
        self._ahead[intent] = Begun(opening, work)
        return gate

    async def finish(self) -> None:
        """Take no new intent, and wait for the openings that run: each ends by itself within its waiting time."""
        self.closing = True
        while self._running:
            await asyncio.wait([opening.ended for opening in self._running.values()])
        await self._power.all_proved()

    def stop(self) -> None:
        """From now on no frame leaves, whatever waits for a commit, a supply or the line."""
        self.closing = True
        for opening in list(self._running.values()):
            opening.take_back("the agent is stopping")

    def of(self, number: str) -> Opening | None:
        """The opening of this door that runs now."""
        return self._running.get(number)

    def commanded_but_not_seen(self) -> Opening | None:
        """The opening whose frame has left and whose door was not seen open yet, if there is one."""
        waiting = (one for one in self._running.values() if one.frame_left and not one.seen.done())
        return next(
            (one for one in waiting if self._watch.state(one.door.number) is not DoorState.OPEN), None
        )

    def _claim(self, intent_id: str) -> str:
        """One frame an intent: whoever asks a second time is refused before anything can leave. The door's number."""
        intent = self._state().intent.get(intent_id)
        if intent is None or intent.outcome is not Outcome.PENDING or intent_id in self._executed:
            raise DoorError("DOOR-203", f"intent {intent_id}", "it is not waiting for its one frame")
        if self.closing:
            raise DoorError("DOOR-203", f"door {intent.compartment}", "the agent is stopping")
        if intent.compartment in self._running:
            raise DoorError("DOOR-203", f"door {intent.compartment}", "it is being opened for another intent")
        self._executed.append(intent_id)
        return intent.compartment

    def _opening(
        self, intent: str, number: str, gate: Gate, pulse_sent: Callable[[], None] | None = None
    ) -> Opening:
        door = self._mounting.doors[number]
        opening = Opening(intent, door, self._watch.state(number), self._wait_s, gate, pulse_sent)
        self._running[number] = opening
        return opening

    def _withdraw(self, intent: str) -> None:
        """The commit failed: the frame at the gate never leaves, and the door is free for another decision."""
        begun = self._ahead.pop(intent)  # nobody asks for it before the commit is over
        begun.work.cancel()
        self._over(begun.opening)  # it may not have begun to run

    async def _run(self, opening: Opening) -> Outcome:
        try:
            return await self._conclude(opening, await self._act(opening))
        finally:
            self._over(opening)

    def _over(self, opening: Opening) -> None:
        if not opening.ended.done():
            del self._running[opening.door.number]
            opening.ended.set_result(None)

    async def _act(self, opening: Opening) -> Ending:
        report = await send_unlock(opening, self._power, self._guard)
        ending = await settle(opening, report)
        now = self._watch.state(opening.door.number)
        closed = opening.before is not DoorState.OPEN and now is DoorState.CLOSED
        if ending.outcome is Outcome.UNKNOWN and closed:
            return stayed_closed(opening, ending)
        return ending

    async def _conclude(self, opening: Opening, ending: Ending) -> Outcome:
        number, intent = opening.door.number, opening.intent
        log.info("unlock ended", extra=fields(door=number, intent=intent, outcome=ending.outcome.value))
        if opening.seen.done():  # journalled and told by the sighting itself
            return ending.outcome
        if ending.outcome is Outcome.NOT_OPENED:
            await self._commit(lambda state, at: doors.not_opened(state, intent, at, ending.reason))
        else:
            await self._commit(lambda state, at: doors.outcome_unknown(state, intent, at, ending.reason))
        self._tell(TOLD[ending.outcome](number))
        return ending.outcome
