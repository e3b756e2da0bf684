"""When may a reply be believed again after one did not come? The rule that keeps a late reply from being a door state.

RS-485 boards put no number on their answers: a reply that comes after its deadline looks exactly like the answer to
the same question asked again. So after a time-out the board is *in doubt*: it is asked *probes*, questions of another
shape whose answers cannot be mistaken for each other and whose content nobody uses. A board answers in order, so a
probe answered in kind shows that the line is not running behind. The more questions were lost, the more probes in a
row have to be answered, in an order that does not repeat: a line that delays everything by ten seconds (a gateway
with a queue) cannot keep in step with it.
"""

from __future__ import annotations

PROOFS_MAX = (
    8  # 8 answers in kind out of 2 shapes in a pseudo-random order: chance 1 in 256 for a line running behind
)
LCG_MULTIPLIER, LCG_INCREMENT, LCG_MASK = (
    25173,
    13849,
    0xFFFF,
)  # full period of 65536; not secret, only irregular


class LateReplyGuard:
    """Counts what a board still owes. One per board, used on the bus thread only."""

    def __init__(self, probes: int) -> None:
        if probes < 1:
            raise ValueError("a board needs at least one question of another shape")
        self._probes = probes
        self._lost = 0
        self._proofs = 0
        self._order = 1

    @property
    def trusted(self) -> bool:
        """True while no earlier answer can still be under way."""
        return self._lost == 0

    def next_probe(self) -> int:
        """Index of the next question to ask, 0 <= index < probes, in an order that does not repeat in practice."""
        self._order = (self._order * LCG_MULTIPLIER + LCG_INCREMENT) & LCG_MASK
        return (self._order >> 8) % self._probes

    def lost(self) -> None:
        """A question got no acceptable answer before its deadline."""
        self._lost += 1
        self._proofs = 0

    def proved(self) -> None:
        """A probe was answered in kind."""
        self._proofs += 1
        if self._proofs >= min(self._lost, PROOFS_MAX):
            self._lost = 0
            self._proofs = 0
