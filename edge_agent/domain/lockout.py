"""Lockout: how often a wrong code or PIN may be tried. Persistent, escalating, on the powered clock.

A scope counts its own failures: `kiosk` (everybody at this keypad), `phone:<hash>`, `courier:<id>`, `login`. Only
typed codes and PINs are counted; a QR token is too long to guess and is never held up, or a lockout would be a free
denial of service. The daily cap is a sliding window of 24 powered hours, so no choice of moment gives two days' tries.
"""

from __future__ import annotations

import msgspec

KIOSK = "kiosk"
LOGIN = "login"
DAY_MS = 86_400_000
FORGET_MS = 3_600_000  # an hour without failure after a lock ended: the next person starts afresh; the cap still counts
KEPT_MAX = 1_000  # failures kept in one row: the largest daily cap that a policy may ask for


class Lockout(msgspec.Struct, frozen=True):
    """`failures` in a row for the steps; `failed_at_ms` the failures of the last 24 powered hours, oldest first."""

    scope: str
    failures: int = 0
    failed_at_ms: tuple[int, ...] = ()
    until_ms: int = 0

    def failed(self, powered_ms: int) -> Lockout:
        """One more wrong try."""
        calm_since = max(self.until_ms, self.failed_at_ms[-1] if self.failed_at_ms else 0)
        failures = 1 if powered_ms - calm_since > FORGET_MS else self.failures + 1
        recent = tuple(t for t in self.failed_at_ms if t > powered_ms - DAY_MS)
        return Lockout(self.scope, failures, (*recent, powered_ms)[-KEPT_MAX:], self.until_ms)

    def stale(self, powered_ms: int) -> bool:
        """Nothing in it counts any more."""
        return self.until_ms <= powered_ms - FORGET_MS and all(
            t <= powered_ms - DAY_MS for t in self.failed_at_ms
        )

    def locked(self, until_ms: int) -> Lockout:
        return msgspec.structs.replace(self, until_ms=max(self.until_ms, until_ms))

    def succeeded(self) -> Lockout:
        """A right code ends the row of failures, not the day's count."""
        return msgspec.structs.replace(self, failures=0, until_ms=0)

    def remaining_ms(self, powered_ms: int, per_day: int) -> int:
        """Milliseconds before this scope may try again; 0 when it may try now."""
        step = max(0, self.until_ms - powered_ms)
        recent = [t for t in self.failed_at_ms if t > powered_ms - DAY_MS]
        cap = recent[-per_day] + DAY_MS - powered_ms if len(recent) >= per_day else 0
        return max(step, cap)

    def lock_s(self, steps: tuple[tuple[int, int], ...]) -> int:
        """Seconds to lock after this failure: exactly at a step, and at every failure past the last one."""
        last_count, last_s = steps[-1]
        if self.failures > last_count:
            return last_s
        return dict(steps).get(self.failures, 0)
