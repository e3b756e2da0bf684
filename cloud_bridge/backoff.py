"""When to dial next, and whom: capped full jitter, fail-over, and a long rest where a second client has our name.

A success does not reset the back-off: only a connection that stayed does, so that a flapping broker never turns a
fleet into a storm.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

FIRST_S = 1.0  # ceiling of the first wait
CEILING_S = 120.0  # of every wait: a locker is back at most two minutes after its broker
STABLE_S = 60.0  # a connection that stood so long resets the ceiling
TAKEOVER_WINDOW_S = 600.0
TAKEOVER_COUNT = 3  # so many takeovers in the window are no accident of our own reconnecting
TAKEOVER_REST_S = 600.0  # full jitter from half of it: two clients of one name must not keep in step
SHORT_COUNT = 5  # connections that stood and were ended soon: a broker need not say that it was a takeover


class Backoff:
    """Decides the next dial. `chance` returns a number in [0, 1); times are monotonic seconds."""

    def __init__(self, urls: tuple[str, ...], chance: Callable[[], float]) -> None:
        self._urls = urls
        self._chance = chance
        self._at = 0
        self._ceiling_s = FIRST_S
        self._since: float | None = None
        self._takeovers: deque[float] = deque(maxlen=TAKEOVER_COUNT)
        self._short: deque[float] = deque(maxlen=SHORT_COUNT)

    @property
    def url(self) -> str:
        return self._urls[self._at]

    def connected(self, now: float) -> None:
        self._since = now

    def rest_s(self, now: float, *, taken_over: bool = False) -> float:
        """The connection ended, or none came about: seconds to wait. Moves on to the next URL unless it had stood."""
        stable = self._since is not None and now - self._since >= STABLE_S
        if self._since is not None and not stable:
            self._short.append(now)
        self._since = None
        if taken_over:
            self._takeovers.append(now)
            if self.conflict(now):
                return TAKEOVER_REST_S * (0.5 + self._chance() / 2)
        if stable:
            self._ceiling_s, self._at = FIRST_S, 0
        else:
            self._at = (self._at + 1) % len(self._urls)
        wait_s = self._chance() * self._ceiling_s
        if not stable:
            self._ceiling_s = min(self._ceiling_s * 2, CEILING_S)
        return wait_s

    def suspicious(self, now: float) -> bool:
        """True once a run of short connections: a second client that the broker does not speak of, or a bad line."""
        full = len(self._short) == SHORT_COUNT and now - self._short[0] <= TAKEOVER_WINDOW_S
        if full:
            self._short.clear()
        return full

    def conflict(self, now: float) -> bool:
        """Another client keeps taking our name."""
        full = len(self._takeovers) == TAKEOVER_COUNT
        return full and now - self._takeovers[0] <= TAKEOVER_WINDOW_S
