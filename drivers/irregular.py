"""Numbers in an order that does not repeat soon: not secret, only irregular, and the same in every run."""

from __future__ import annotations

# A generator with the full period of 65536.
MULTIPLIER, INCREMENT, MASK = 25173, 13849, 0xFFFF
REGULAR_BITS = 5  # its lowest bits repeat after 32 steps or fewer, and are left out
BELOW = (MASK + 1) >> REGULAR_BITS


class Irregular:
    """One sequence; two objects give the same one."""

    def __init__(self) -> None:
        self._last = 1

    def next(self) -> int:
        """0 to `BELOW` - 1."""
        self._last = (self._last * MULTIPLIER + INCREMENT) & MASK
        return self._last >> REGULAR_BITS
