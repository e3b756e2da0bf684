"""The cabinet: opens doors on durable intents, watches all of them, and journals what the sensors say.

Everything that a door does is appended to the ledger here, through the domain's door decisions, and only then
told to whoever waits at the screen. Runs on the agent's loop; buses cross over only with changes.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from drivers.bus import Sample
from drivers.errors import BusError
from drivers.lock_board import DoorState
from drivers.transaction import Priority
from edge_agent.cabinet.alarms import LeftOpen
from edge_agent.cabinet.bursts import Bursts
from edge_agent.cabinet.coils import CoilGuard
from edge_agent.cabinet.door_watch import (
    DoorMoved,
    DoorWatch,
    Observation,
    SensorChatters,
    SensorQuiet,
)
from edge_agent.cabinet.head_start import Gate
from edge_agent.cabinet.mounting import Mounting
from edge_agent.cabinet.opening import Opening
from edge_agent.cabinet.openings import Openings, Tell
from edge_agent.cabinet.quieting import Quieting
from edge_agent.cabinet.sampling import SAMPLING_LOOK_S, Sampling, SamplingGap
from edge_agent.domain import doors, hardware, tampering
from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision
from edge_agent.domain.fault import fault_id
from edge_agent.domain.instant import Instant
from edge_agent.domain.openings import COIL_STUCK, live_intent
from edge_agent.domain.ports import CommittedPort, Decide, LedgerPort
from edge_agent.domain.refusals import Refusal
from edge_agent.domain.state import LockerState
from edge_agent.domain.words import DoorPosition, Outcome
from edge_agent.errors import StoreError
from edge_agent.flows import events as told
from edge_agent.logs import fields

log = logging.getLogger(__name__)

IDLE_POLL_S = (
    0.5  # a door cycle shorter than this can be missed; slower polling missed whole visits in the field
)
ARMED_HOLD_S = 1.1  # the page says once a second that somebody types; scanning pauses no longer for nothing
SIGHTINGS_MAX = 4096  # waiting for the ledger: some ten changes of every door of the largest cabinet
STOP_WAIT_S = 2.0  # for coils off at the end: longer than any family's answer


@dataclass(frozen=True, slots=True)
class BoardHeard:
    """A board became silent (`fact` says how) or answers again (`fact` empty)."""

    board: str
    fact: str


Sighting = Observation | BoardHeard
Rest = Callable[[float], Awaitable[None]]  # lets so many seconds pass


class Cabinet:
    """All doors of one locker. `tell` hears of each door event after it is durable; it must not raise.

    `rest` passes the time between two looks at the looks; a simulated year sleeps on while nothing can be missed.
    """

    def __init__(
        self,
        mounting: Mounting,
        ledger: LedgerPort,
        tell: Tell,
        *,
        open_wait_s: float,
        left_open_s: float,
        rest: Rest = asyncio.sleep,
    ) -> None:
        self._mounting = mounting
        self._ledger = ledger
        self._tell = tell
        self._guard = CoilGuard(mounting, lambda: ledger.state.fault.values(), self._coil_is_stuck)
        self._silent: dict[str, str] = {}
        self._sightings: deque[Sighting] = deque()
        self._wake = asyncio.Event()
        self._all_heard = asyncio.Event()
        self._left_open = LeftOpen(left_open_s, self._is_left_open)
        self._quieting = Quieting(self._ask_sensor)
        self._bursts = Bursts()
        self._sampling = Sampling()
        self._rest = rest
        self.watch = DoorWatch(mounting.sensed_by())
        self._openings = Openings(
            mounting, self.watch, self._guard, lambda: ledger.state, self._commit, tell, open_wait_s
        )

    def start(self) -> None:
        """Prepare the boards (all coils off) and begin to watch every door."""
        self._silent = {
            name: "since before the start" for name in self._mounting.boards if self._was_silent(name)
        }
        for name, mounted in self._mounting.boards.items():
            mounted.bus.attach(mounted.board)
            mounted.bus.on_push(partial(self._pushed, name))
            mounted.bus.watch(mounted.board, IDLE_POLL_S, partial(self._sampled, name))

    async def settled(self, wait_s: float) -> dict[str, DoorPosition]:
        """What the sensors say once every board was heard or found silent, `wait_s` at most after the start."""
        try:
            await asyncio.wait_for(self._all_heard.wait(), wait_s)
        except TimeoutError:
            log.warning("boards not heard", extra=fields(doors=len(self.watch.states()), waited_s=wait_s))
        return {number: DoorPosition(state.value) for number, state in self.watch.states().items()}

    async def run(self) -> None:
        """Take sightings one after another, for as long as the agent runs."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._look_at_looks())
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._sightings:
                    await self._handle(self._sightings.popleft())

    async def finish(self) -> None:
        """Take no new intent, and wait for the openings that run: each ends by itself within its waiting time."""
        await self._openings.finish()

    async def stop(self) -> None:
        """Let nothing stay energised: coils off on every board, best effort within STOP_WAIT_S. Never raises."""
        self._openings.stop()
        self._left_open.stop()
        self._quieting.stop()
        offs = [
            asyncio.ensure_future(b.bus.perform(b.board.all_off(), Priority.STOP))
            for b in self._mounting.boards.values()
        ]
        if not offs:
            return
        done, late = await asyncio.wait(offs, timeout=STOP_WAIT_S)
        failed = sum(one.exception() is not None for one in done)
        for one in late:
            one.cancel()
        if late or failed:
            log.warning("coils off not confirmed", extra=fields(boards=len(late) + failed))

    def not_now(self) -> tuple[str, ...]:
        """Doors that may not be offered at this moment: seen open, or on a supply that is left alone."""
        barred = self._guard.barred()
        if not barred:  # the usual case, on the way from a touch to its door
            return self.watch.open_doors()
        return tuple(
            number
            for number, door in self._mounting.doors.items()
            if self.watch.state(number) is DoorState.OPEN or door.lock.supply in barred
        )

    def armed(self) -> None:
        """Somebody is about to ask for a door: keep the lines quiet for a moment."""
        for bus in self._mounting.buses:
            bus.armed(ARMED_HOLD_S)

    async def open(self, intent_id: str, pulse_sent: Callable[[], None] | None = None) -> Outcome:
        """Execute one durable intent, once ever. The outcome is committed before this returns.

        `pulse_sent` is called on the loop once the board has confirmed the frame: not yet a door that opened.

        Raises DoorError DOOR-203 for an intent that is not durable, was executed before, or whose door is busy.
        """
        return await self._openings.open(intent_id, pulse_sent)

    def at_once(self, decision: Decision) -> Gate | None:
        """See `Openings.at_once`: the opening of an intent that is about to be committed."""
        return self._openings.at_once(decision)

    def _sampled(self, board: str, sample: Sample) -> None:
        now_s = asyncio.get_running_loop().time()
        if isinstance(sample, BusError):
            seen = self.watch.silent(board, now_s)
            self._heard(board, str(sample))
        else:
            seen = self.watch.sampled(board, sample, now_s)
            self._heard(board, "")
        for sighting in seen:
            self._note(sighting)
        if not self._all_heard.is_set() and self.watch.settled():
            self._all_heard.set()

    def _was_silent(self, board: str) -> bool:
        """As the ledger knows it: a board that answers after a restart is back, although nobody saw it fall silent."""
        return fault_id(hardware.BOARD_SILENT, board) in self._ledger.state.fault

    def _heard(self, board: str, fact: str) -> None:
        if bool(fact) != bool(self._silent.get(board, "")):
            self._note(BoardHeard(board, fact))
        self._silent[board] = fact

    def _note(self, sighting: Sighting) -> None:
        if len(self._sightings) >= SIGHTINGS_MAX:
            log.error(
                "sighting dropped", extra=fields(waiting=SIGHTINGS_MAX, sighting=type(sighting).__name__)
            )
            return
        self._sightings.append(sighting)
        self._wake.set()

    async def _handle(self, sighting: Sighting) -> None:
        match sighting:
            case DoorMoved(state=DoorState.OPEN):
                await self._opened(sighting)
            case DoorMoved(state=DoorState.CLOSED):
                await self._closed(sighting.number)
            case SensorChatters(number=number):
                self._left_open.end(number)  # nobody knows whether it stands open
                self._quieting.begin(number)
                await self._commit(lambda state, at: hardware.sensor_chatters(state, number, at))
            case SensorQuiet(number=number):
                await self._commit(lambda state, at: hardware.sensor_quiet(state, number, at))
            case BoardHeard():
                await self._commit(partial(self._board_heard, sighting))

    def _pushed(self, board: str, frame: bytes) -> None:
        """A frame that no question asked for: where this board says that a door moved, look at it once more."""
        mounted = self._mounting.boards[board]
        push = mounted.board.decode_push(frame)
        if push is None:
            return
        for sighting in self.watch.pushed(board, push.channel, push.state, asyncio.get_running_loop().time()):
            self._note(sighting)
        mounted.bus.look_again(mounted.board)

    def _ask_sensor(self, number: str) -> bool:
        """Whether this sensor still counts as chattering; if so it is read, and the next time will tell."""
        if self.watch.chatters(number):
            mounted = self._mounting.doors[number].sensor
            mounted.bus.look_again(mounted.board)
        return self.watch.chatters(number)

    async def _look_at_looks(self) -> None:
        """For as long as the agent runs: were all boards read often enough?"""
        while True:
            await self._rest(SAMPLING_LOOK_S)
            now_s = asyncio.get_running_loop().time()
            for name, mounted in self._mounting.boards.items():
                unheard = bool(self._silent.get(name, "not heard yet"))
                gap = self._sampling.look(name, mounted.bus.looked_at(mounted.board), unheard, now_s)
                if gap is not None:
                    await self._report_gap(gap)

    async def _report_gap(self, gap: SamplingGap) -> None:
        numbers = self._mounting.reached_by(gap.board)
        fact = f"{len(numbers)} doors from {numbers[0]} on not read for {gap.length_s:.1f} s"
        log.warning("sampling gap", extra=fields(board=gap.board, length_s=round(gap.length_s, 1)))
        await self._commit(lambda state, at: hardware.sampling_gap(state, gap.board, fact, at))

    async def _coil_is_stuck(self, place: str, fact: str) -> None:
        known = place in self._ledger.state.compartment
        await self._commit(
            lambda state, at: (
                hardware.coil_stuck(state, place, fact, at)
                if known
                else hardware.open_fault(state, COIL_STUCK, place, "major", at, fact)
            )
        )

    def _board_heard(self, heard: BoardHeard, state: LockerState, at: Instant) -> Decision:
        numbers = self._mounting.reached_by(heard.board)
        if heard.fact:
            return hardware.board_silent(state, heard.board, numbers, heard.fact, at)
        return hardware.board_back(state, heard.board, numbers, at)

    async def _opened(self, moved: DoorMoved) -> None:
        number = moved.number
        self._left_open.begin(number)
        meant = self._openings.commanded_but_not_seen()
        if meant is not None and meant.door.number != number and not live_intent(self._ledger.state, number):
            await self._wrong_door(meant, number)
            return
        committed = await self._commit(lambda state, at: doors.opened(state, number, at))
        opening = self._openings.of(number)
        if opening is not None:
            opening.resolve(Outcome.OPENED)
        if committed is None:
            return
        if committed.result:
            self._tell(told.DoorOpened(number))
        elif moved.was is DoorState.CLOSED and any(isinstance(one, e.DoorForced) for one in committed.events):
            await self._forced(moved)

    async def _forced(self, moved: DoorMoved) -> None:
        """Seen to open without a command. What is found open after a silence is no burst: nobody saw when."""
        burst = self._bursts.forced(moved.number, moved.at_s)
        if burst:
            log.error("doors forced", extra=fields(doors=len(burst)))
            await self._commit(lambda state, at: tampering.tampered(state, burst, at))

    async def _closed(self, number: str) -> None:
        self._left_open.end(number)
        committed = await self._commit(lambda state, at: doors.closed(state, number, at))
        if committed is not None and committed.events:
            self._tell(told.DoorClosed(number))

    async def _wrong_door(self, meant: Opening, moved: str) -> None:
        await self._commit(lambda state, at: doors.wrong_door(state, meant.intent, moved, at))
        meant.resolve(Outcome.NOT_OPENED)
        self._tell(told.WrongDoor(meant.door.number))

    async def _is_left_open(self, number: str, open_s: float) -> None:
        if await self._commit(lambda state, at: doors.left_open(state, number, at)) is not None:
            self._tell(told.DoorLeftOpen(number))

    async def _commit(self, decide: Decide) -> CommittedPort | None:
        """Journal a sighting. A ledger that cannot commit is its own alarm; the door is still what it is."""
        try:
            return await self._ledger.transact(decide)
        except (StoreError, Refusal) as error:
            log.error("door event not journalled", extra=fields(error=error))
            return None
