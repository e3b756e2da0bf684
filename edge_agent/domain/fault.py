"""A fault that is open: what, where, since when, who has taken it on, and which of its three clocks has run out.

A ticket has three clocks from its opening: taken on by a named person, somebody on site (by badge), restored. How long
each may run is the operator's promise, by severity; what runs out is told once. A drill's faults are marked as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import msgspec

from edge_agent.domain.instant import ClockQuality, Instant
from edge_agent.domain.stamp import Stamp, elapsed_ms, stamp_of

HOUR_S = 3600


class Clock(Enum):
    """The clocks of a ticket, in the order in which they usually stop."""

    ACKNOWLEDGE = "acknowledge"
    ON_SITE = "on_site"
    RESTORE = "restore"


class Promise(msgspec.Struct, frozen=True):
    """How long each clock may run, in seconds. Defaults: the product's, for a major fault."""

    acknowledge_s: int = 15 * 60
    on_site_s: int = 4 * HOUR_S
    restore_s: int = 24 * HOUR_S

    def limit_s(self, clock: Clock) -> int:
        limits = {Clock.ACKNOWLEDGE: self.acknowledge_s, Clock.ON_SITE: self.on_site_s}
        return limits.get(clock, self.restore_s)

    def times(self, factor: int) -> Promise:
        """The promise for what can wait longer."""
        return Promise(self.acknowledge_s * factor, self.on_site_s * factor, self.restore_s * factor)


Promises = Mapping[str, Promise]
"""By severity; one that is not named here (info) promises nothing."""


class Fault(msgspec.Struct, frozen=True):
    """`id` is code and place, so that the same trouble at the same place is one fault.

    `escalated` names the clocks that have run out and were told.
    """

    id: str
    code: str
    place: str
    severity: str
    opened: Stamp
    detail: str = ""
    acknowledged: Stamp | None = None
    owner: str = ""
    on_site: Stamp | None = None
    escalated: tuple[Clock, ...] = ()

    @property
    def running(self) -> tuple[Clock, ...]:
        """The clocks that nobody has stopped; a person on site counts as having taken it on."""
        stopped = {
            Clock.ACKNOWLEDGE: self.acknowledged is not None or self.on_site is not None,
            Clock.ON_SITE: self.on_site is not None,
        }
        return tuple(clock for clock in Clock if not stopped.get(clock, False))

    def run_out(self, promise: Promise, at: Instant) -> tuple[Clock, ...]:
        """Clocks past their promise that were not told yet."""
        age_s = age_ms(self.opened, at) / 1000
        return tuple(
            clock for clock in self.running if clock not in self.escalated and age_s >= promise.limit_s(clock)
        )


def fault_id(code: str, place: str) -> str:
    return f"{code}@{place}"


def age_ms(since: Stamp, at: Instant) -> int:
    """How long ago, in milliseconds: by the boot clock, and across a restart by the wall clock where both are synced.

    Where neither can be believed, it is the time since this boot: at least that long ago, and never too much.
    """
    passed = elapsed_ms(since, at)
    if passed is not None:
        return passed
    now = stamp_of(at)
    if since.quality is ClockQuality.SYNCED and now.quality is ClockQuality.SYNCED:
        return max(0, now.wall_ms - since.wall_ms)
    return now.monotonic_ms
