"""The rounds: what an agent does by the clock. Each round is short, bounded, and safe to be cut anywhere.

Minute: both lasting clocks are written down, reminders and overdue stays, room on the disk, a degraded ledger tried
again, jumps of the wall clock journalled. Hour: figures rolled up, personal data whose time is over erased. Night: a
backup, then the purge. Once after the start: the full check of the ledger, beside service.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

from edge_agent import self_check
from edge_agent.clock import Clock
from edge_agent.domain import clock_rules, hardware
from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision
from edge_agent.domain.instant import ClockQuality, Instant
from edge_agent.domain.ports import Decide
from edge_agent.domain.refusals import Refusal
from edge_agent.domain.stamp import stamp_of
from edge_agent.domain.timers import CHECKPOINT_S
from edge_agent.errors import StoreError
from edge_agent.logs import fields
from edge_agent.store import backup, startup, survival, upkeep
from edge_agent.store.disk import DiskGuard
from edge_agent.store.keys import Keys
from edge_agent.store.ledger import Ledger, Mode
from edge_agent.store.places import Settings

log = logging.getLogger(__name__)

MINUTES_AN_HOUR = 60
NIGHT_HOUR = 3  # local: the quietest hour of a locker, and past every change to and from daylight saving
JUMP_MS = 2_000  # below this a wall clock is being steered, not set
LEDGER_DAMAGED = "STORE-404"


class Rounds:
    """One agent's rounds. Damage found beside service is repaired at the next start; service goes on until then."""

    def __init__(
        self,
        ledger: Ledger,
        settings: Settings,
        keys: Keys,
        clock: Clock,
        check_beside_service: bool,
        health: Callable[[], Awaitable[None]],
    ) -> None:
        self._ledger, self._settings, self._keys, self._clock = ledger, settings, keys, clock
        self._guard = DiskGuard(settings.state_dir, settings.thresholds)
        self._zone = ZoneInfo(settings.timezone)
        self._check = check_beside_service
        self._health = health
        self._last = clock.now()
        self._night_done = ""
        self._minutes = 0

    async def run(self) -> None:
        """For as long as the agent runs. A round that fails is logged and tried again at its next time."""
        if self._check:
            await self._guarded("check", self._check_ledger)
            await self._guarded("self-check", self._check_program)
        while True:
            await asyncio.sleep(CHECKPOINT_S)
            await self._guarded("minute", self._minute)
            await self._guarded("health", self._health)
            self._minutes += 1
            if self._minutes % MINUTES_AN_HOUR == 0:
                await self._guarded("hour", self._hour)
            if self._is_night():
                await self._guarded("night", self._night)

    async def checkpoint(self, usable: bool) -> None:
        """Write both lasting clocks down. Raises StoreError."""
        await self._ledger.transact(lambda state, at: clock_rules.checkpoint(state, usable, at))

    async def _guarded(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except (StoreError, Refusal, OSError) as error:
            log.error("round failed", extra=fields(round=name, error=error))

    async def _minute(self) -> None:
        if self._ledger.mode is Mode.DEGRADED:
            await survival.restore_service(self._ledger)
        await self.checkpoint(usable=True)
        await self._transact(clock_rules.retention_due)
        await self._watch_clock()
        await upkeep.look_at_room(self._ledger, self._guard)
        await upkeep.keep(self._ledger)

    async def _hour(self) -> None:
        await upkeep.roll_up(self._ledger, self._settings)
        await upkeep.erase_due(self._ledger, self._settings, self._keys)

    async def _night(self) -> None:
        """The backup first: what the purge removes is in it."""
        self._night_done = self._local_day()
        await self.backup()
        await upkeep.purge(self._ledger, self._settings)

    async def backup(self) -> backup.Made:
        """One backup on every target, proved by opening, and journalled. Raises StoreError, OSError."""
        made_ms = stamp_of(self._clock.now()).wall_ms
        made: backup.Made = await self._ledger.on_store(backup.make, self._settings, self._keys, made_ms)
        await self._transact(lambda state, at: Decision((backup.event_of(made),)))
        return made

    async def _watch_clock(self) -> None:
        before, now = self._last, self._clock.now()
        self._last = now
        jump_ms = jumped_ms(before, now)
        if abs(jump_ms) >= JUMP_MS:
            await self._transact(lambda state, at: Decision((e.ClockJumped(jump_ms),)))
        if now.quality is ClockQuality.SYNCED and before.quality is not ClockQuality.SYNCED:
            await self._transact(lambda state, at: Decision((e.ClockSynced(jump_ms),)))

    async def _check_ledger(self) -> None:
        """On a thread of its own with the read-only connection, slowly, so that no touch waits for it."""
        problems = await asyncio.to_thread(
            upkeep.check, self._settings.ledger, self._settings.source, upkeep.BESIDE_SERVICE_S
        )
        if problems:
            for problem in problems:
                log.error("ledger damaged", extra=fields(problem=problem))
            await self._ledger.on_store(startup.condemn, self._settings, problems)
            text = "; ".join(problems)
            await self._transact(
                lambda state, at: hardware.open_fault(state, LEDGER_DAMAGED, "ledger", "major", at, text)
            )

    async def _check_program(self) -> None:
        """The shipped files against their hashes, on a thread of its own: 20 MB to read."""
        changed = await asyncio.to_thread(self_check.changed_files, self_check.manifest_path())
        if changed:
            text = self_check.told(changed)
            log.error("installation changed", extra=fields(files=text))
            await self._transact(
                lambda state, at: hardware.open_fault(
                    state, self_check.CHANGED_CODE, "installation", "major", at, text
                )
            )

    async def _transact(self, decide: Decide) -> None:
        await self._ledger.transact(decide)

    def _local_day(self) -> str:
        return self._clock.now().wall.astimezone(self._zone).date().isoformat()

    def _is_night(self) -> bool:
        now = self._clock.now()
        local = now.wall.astimezone(self._zone)
        trusted = now.quality is ClockQuality.SYNCED
        return trusted and local.hour == NIGHT_HOUR and self._local_day() != self._night_done


def jumped_ms(before: Instant, now: Instant) -> int:
    """By how much the wall clock moved against the boot clock, in milliseconds; 0 across a reboot."""
    if before.boot_id != now.boot_id:
        return 0
    passed_s = now.monotonic_s - before.monotonic_s
    return round(((now.wall - before.wall).total_seconds() - passed_s) * 1000)
