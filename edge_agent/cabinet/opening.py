"""The opening procedure (walls 1 and 2): a durable intent, one frame, and then the sensor decides.

Three outcomes: `OPENED` the sensor changed to open; `NOT_OPENED` it kept saying closed, or no coil was energised;
`UNKNOWN` nobody can say, and reading the door later will tell, never another pulse. A sensor that already said open
before (it may be broken) does not veto an authorised opening: the frame goes out and the outcome is unknown. The one
thing that keeps a frame back is a coil that stays on at the same supply.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.errors import BusError
from drivers.lock_board import DoorState, UnlockReport, UnlockSent
from drivers.transaction import Priority
from edge_agent.cabinet.coils import CoilGuard
from edge_agent.cabinet.head_start import Gate
from edge_agent.cabinet.mounting import MountedDoor
from edge_agent.cabinet.power import PowerBudget
from edge_agent.domain.hardware import FACT_MAX
from edge_agent.domain.openings import COIL_STUCK
from edge_agent.domain.words import Outcome
from edge_agent.logs import fields

log = logging.getLogger(__name__)

SHORT_OPENING_S = 0.25  # a door that springs open can be shut again by a quick hand within this
FAST_POLL_S = 0.1  # after an unlock: a hand moves within this, and a pulse is longer


@dataclass(slots=True)
class Opening:
    """One opening in progress. `seen` completes with what the door watch saw of this door or of a wrong one,
    `ended` when its outcome is committed."""

    intent: str
    door: MountedDoor
    before: DoorState
    wait_s: float
    gate: Gate
    pulse_sent: Callable[[], None] | None = None
    seen: asyncio.Future[Outcome] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    ended: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    frame_left: bool = False
    accepted: bool = False  # the board has confirmed the frame
    answer: asyncio.Future[UnlockReport] | None = None  # of the frame, once it waits at the gate
    unseen_s: float = 0.0  # how long the line was busy with the frame, so that no door was read

    def on_pulse(self, call: Callable[[], None] | None) -> None:
        """Call once the board has confirmed the frame, at once if it has."""
        self.pulse_sent = call
        if self.accepted and call is not None:
            call()

    def take_back(self, why: str) -> None:
        """A frame at the gate never leaves, and one that waits for the line is dropped; one on the wire runs to its
        end, and whoever waits for it is cancelled."""
        if not self.gate.bar(why) and self.answer is not None:
            self.answer.cancel()

    def resolve(self, outcome: Outcome) -> None:
        if not self.seen.done():
            self.seen.set_result(outcome)


@dataclass(frozen=True, slots=True)
class Begun:
    """An opening with a head start, and the work that brings its outcome."""

    opening: Opening
    work: asyncio.Task[Outcome]


@dataclass(frozen=True, slots=True)
class Ending:
    """How an opening ended, and the fact behind it for journal and log."""

    outcome: Outcome
    reason: str


async def send_unlock(opening: Opening, power: PowerBudget, guard: CoilGuard) -> UnlockReport:
    """Wait for the supply's turn and leave the one frame at the gate, which lets it go once its intent is durable.

    Never raises BusError; runs on the loop.
    """
    door, mounted = opening.door, opening.door.lock
    board = mounted.board
    async with power.turn(board.name, mounted.pulse_s):
        stuck = guard.barred().get(mounted.supply)
        if stuck:
            fact = f"supply {mounted.supply} is left alone: the coil at {stuck} stays on"
            return UnlockReport(UnlockSent.NOT_SENT, fact, COIL_STUCK)
        begin_s = asyncio.get_running_loop().time()
        report = await _one_frame(opening)
        log.info("unlock sent", extra=fields(door=door.number, board=board.name, intent=opening.intent))
        opening.unseen_s = asyncio.get_running_loop().time() - begin_s
        opening.accepted = report.sent is UnlockSent.ACCEPTED
        if opening.accepted and opening.pulse_sent is not None:
            opening.pulse_sent()
        if report.sent in (UnlockSent.ACCEPTED, UnlockSent.UNKNOWN):
            power.prove(board.name, guard.prove_off(mounted))
        return report


async def _one_frame(opening: Opening) -> UnlockReport:
    door, mounted = opening.door, opening.door.lock
    held = mounted.bus.hold(mounted.board.unlock(door.channel), Priority.UNLOCK)
    opening.answer = held.answer

    def let_go() -> None:
        """On whatever thread opens the gate: the frame first, then quicker looks at the door."""
        opening.frame_left = True
        held.release()
        door.sensor.bus.fast(door.sensor.board, opening.wait_s, FAST_POLL_S)

    def turn_away(why: str) -> None:
        if not held.answer.done():  # else nobody waits any more
            held.answer.set_result(UnlockReport(UnlockSent.NOT_SENT, why))

    opening.gate.leave(let_go, turn_away)
    try:
        return await held.answer
    except BusError as error:  # the bus refused the procedure before the driver could report
        sent = UnlockSent.UNKNOWN if error.bytes_left else UnlockSent.NOT_SENT
        return UnlockReport(sent, str(error), error.code)


def stayed_closed(opening: Opening, ending: Ending) -> Ending:
    """The sensor said closed before and says so now. Where a short opening may have gone unseen, it is said."""
    gap = ""
    if opening.unseen_s > SHORT_OPENING_S:
        gap = f"; doors were not read for {opening.unseen_s:.2f} s while the board answered the unlock"
    return Ending(Outcome.NOT_OPENED, f"the sensor stayed closed{gap}; {ending.reason}"[:FACT_MAX])


def reason_of(report: UnlockReport) -> str:
    """What the wire knows of the frame, for the journal: "refused: BUS-112 board A: busy"."""
    told = " ".join(part for part in (report.code, report.fact) if part)
    return f"{report.sent.value}: {told}"[:FACT_MAX] if told else report.sent.value


async def settle(opening: Opening, report: UnlockReport) -> Ending:
    """Decide by the sensor within `opening.wait_s` of the frame."""
    if report.sent in (UnlockSent.REFUSED, UnlockSent.NOT_SENT):
        return Ending(Outcome.NOT_OPENED, reason_of(report))
    if opening.before is DoorState.OPEN and not opening.seen.done():
        return Ending(Outcome.UNKNOWN, f"the sensor said open before the frame; {reason_of(report)}")
    try:
        return Ending(await asyncio.wait_for(asyncio.shield(opening.seen), opening.wait_s), reason_of(report))
    except TimeoutError:
        return Ending(Outcome.UNKNOWN, reason_of(report))  # the caller asks the door watch what it says now
