"""After chatter: the bus tells changes only, so a sensor that has become quiet has to be asked before it is believed.

One question each time the quiet time may be over, for as long as the sensor flips.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from edge_agent.cabinet.door_watch import CHATTER_QUIET_S

ASK_AFTER_S = CHATTER_QUIET_S + 0.5  # just past the quiet time, so that one answer is enough


class Quieting:
    """`ask(number)` answers whether the sensor still counts as chattering, and has it read then. Runs on the loop."""

    def __init__(self, ask: Callable[[str], bool]) -> None:
        self._ask = ask
        self._waiting: dict[str, asyncio.Task[None]] = {}

    def begin(self, number: str) -> None:
        """This sensor chatters. One that is waited for already is not asked twice."""
        if number not in self._waiting:
            task = asyncio.get_running_loop().create_task(self._until_quiet(number))
            self._waiting[number] = task
            task.add_done_callback(lambda _: self._waiting.pop(number, None))

    def stop(self) -> None:
        for task in list(self._waiting.values()):
            task.cancel()

    async def _until_quiet(self, number: str) -> None:
        while True:  # a broken contact may flip until somebody mends it; one question each ASK_AFTER_S
            await asyncio.sleep(ASK_AFTER_S)
            if not self._ask(number):
                return
