"""Is the coil off again? Asked once after each pulse, of every board that can tell (F-039).

Boards time their own pulses, so an agent that is killed or hangs between two frames leaves nothing energised (F-040,
F-041), and there is no frame whose loss would. What is left is an output that does not let go. It is told to once
more; if it still stays on, the door is faulty and its whole supply is left alone until a person has looked, because
another coil on it would be the second one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from drivers.errors import BusError
from drivers.transaction import Priority
from edge_agent.cabinet.mounting import MountedBoard, Mounting
from edge_agent.domain.fault import Fault
from edge_agent.domain.openings import COIL_STUCK
from edge_agent.logs import fields

log = logging.getLogger(__name__)

FALL_S = 0.15  # after the pulse: boards count in steps of 100 ms and a relay needs some 10 ms to let go


class CoilGuard:
    """Looks at coils, and says which supplies are left alone. Runs on the loop.

    `faults`: those open now, so that a stuck coil is remembered across a restart and ends when a person resolves it.
    `stuck(place, fact)` journals one: `place` is a door's number, or the output's name where no door hangs on it.
    """

    def __init__(
        self,
        mounting: Mounting,
        faults: Callable[[], Iterable[Fault]],
        stuck: Callable[[str, str], Awaitable[None]],
    ) -> None:
        self._doors = {(d.lock.board.name, d.channel): d.number for d in mounting.doors.values()}
        self._supplies = {number: door.lock.supply for number, door in mounting.doors.items()}
        self._boards = mounting.boards
        self._faults = faults
        self._stuck = stuck

    def barred(self) -> dict[str, str]:
        """Supplies that may not energise anything, with the place of the coil that stays on."""
        places = [fault.place for fault in self._faults() if fault.code == COIL_STUCK]
        return {supply: place for place in places if (supply := self._supply_of(place))}

    async def prove_off(self, mounted: MountedBoard) -> None:
        """To be run once a pulse was started: wait until it must be over, and look. Never raises BusError."""
        await asyncio.sleep(mounted.pulse_s + FALL_S)
        try:
            if await self._on(mounted):
                await self._let_go(mounted)
        except BusError as error:  # silence is the door watch's business; nothing is claimed of the coil
            log.warning("coil not read", extra=fields(board=mounted.board.name, error=error))

    async def _let_go(self, mounted: MountedBoard) -> None:
        """Off once more, and look again."""
        await mounted.bus.perform(mounted.board.all_off(), Priority.STOP)
        await asyncio.sleep(FALL_S)
        for channel in sorted(await self._on(mounted)):
            board = mounted.board.name
            log.error("coil stays on", extra=fields(board=board, channel=channel))
            place = self._doors.get((board, channel)) or _output(board, channel)
            await self._stuck(place, f"board {board}, channel {channel} is on after its pulse and an all-off")

    @staticmethod
    async def _on(mounted: MountedBoard) -> frozenset[int]:
        return await mounted.bus.perform(mounted.board.coils_on(), Priority.VERIFY) or frozenset()

    def _supply_of(self, place: str) -> str:
        """The supply of a fault's place; "" for a door that is no longer configured."""
        outputs = {
            _output(name, channel): mounted.supply
            for name, mounted in self._boards.items()
            for channel in range(1, mounted.board.channels + 1)
        }
        return self._supplies.get(place) or outputs.get(place, "")


def _output(board: str, channel: int) -> str:
    return f"{board}:{channel}"
