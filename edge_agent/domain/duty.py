"""Coil duty: locks are wound for short pulses; this ledger keeps them cool, across restarts too.

Pulses are placed on the powered clock. After a crash that clock may stand up to one checkpoint behind; a pulse that
then lies in the future counts in full until the clock has caught up, which errs towards the coil.
"""

from __future__ import annotations

import msgspec

WINDOW_MS = 60_000  # the makers rate their coils over one minute
DUTY_PERCENT = 10  # of the window; the common rating of 12 V solenoid locks
REST_MS = 2_000  # between two pulses of one coil
PULSES_KEPT = 60  # one window can hold no more: 60 s / (rest + pulse) is below 30; twice that is slack


class Pulse(msgspec.Struct, frozen=True, array_like=True):
    at_ms: int
    length_ms: int


class Duty(msgspec.Struct, frozen=True):
    """The last pulses of one door's coil, oldest first."""

    compartment: str
    pulses: tuple[Pulse, ...] = ()

    def with_pulse(self, powered_ms: int, length_ms: int) -> Duty:
        recent = tuple(p for p in self.pulses if p.at_ms > powered_ms - WINDOW_MS)
        return Duty(self.compartment, (*recent, Pulse(powered_ms, length_ms))[-PULSES_KEPT:])

    def rest_ms(self, powered_ms: int, length_ms: int) -> int:
        """Milliseconds to wait before a pulse of `length_ms` is allowed; 0 when it may go now."""
        recent = [p for p in self.pulses if p.at_ms > powered_ms - WINDOW_MS]
        if not recent:
            return 0
        waits = [max(0, p.at_ms + p.length_ms + REST_MS - powered_ms) for p in recent[-1:]]
        budget = WINDOW_MS * DUTY_PERCENT // 100 - length_ms
        used = sum(p.length_ms for p in recent)
        for pulse in recent:
            if used <= budget:
                break
            used -= pulse.length_ms
            waits.append(pulse.at_ms + WINDOW_MS - powered_ms)
        return max(waits)
