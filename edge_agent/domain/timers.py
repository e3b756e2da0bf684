"""Two clocks that only run while the locker does: lasting durations stand on them, never on the wall clock.

`powered_ms` counts while the agent runs: lockouts and coil duty. `service_ms` counts only while people could use the
locker as well (screen alive, ledger writable): retention. Both are checkpointed each minute and resume from the last
checkpoint, so that time without power never counts, and a jump of the wall clock changes nothing. A restart can take
back at most one checkpoint interval: a lockout then lasts a little longer, a retention period too.
"""

from __future__ import annotations

import msgspec

from edge_agent.domain.instant import Instant
from edge_agent.domain.stamp import Stamp, elapsed_ms, stamp_of

CHECKPOINT_S = 60  # a power cut takes back at most this much; more often would only wear the card


class Timers(msgspec.Struct, frozen=True):
    """Both counts as of `anchor`; None before the first start. `usable`: the service clock runs since `anchor`."""

    powered_ms: int = 0
    service_ms: int = 0
    usable: bool = False
    anchor: Stamp | None = None

    def at(self, at: Instant) -> Timers:
        """The counts now, anchored now. Time since a checkpoint of another boot is not counted."""
        passed = elapsed_ms(self.anchor, at) or 0
        return Timers(
            self.powered_ms + passed,
            self.service_ms + (passed if self.usable else 0),
            self.usable,
            stamp_of(at),
        )

    def resumed(self, at: Instant, not_before_ms: int = 0) -> Timers:
        """After a start: from the last checkpoint on, without the time between; the service clock stands still.

        `not_before_ms`: the newest powered time that any table has seen, later than the checkpoint after a crash.
        """
        return Timers(max(self.powered_ms, not_before_ms), self.service_ms, False, stamp_of(at))
