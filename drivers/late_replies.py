"""When may a reply be believed again after one did not come? The rule that keeps a late reply from being a door state.

RS-485 boards put no number on their answers: a reply that comes after its deadline looks exactly like the answer to
the same question asked again. So after a time-out the board is *in doubt*: it is asked *probes*, questions of another
shape whose content nobody uses. A board answers in order, so a probe answered in kind shows that the line is not
running behind. The more answers were lost, the more probes in a row have to be answered, in an order that does not
repeat: a line that delays everything by ten seconds (a gateway with a queue) cannot keep in step with it.
"""

from __future__ import annotations

from math import ceil, log2

from drivers.irregular import Irregular

# Chance of one in a million that a line running behind answers a whole run of probes in kind. Measured: with 16 bits
# and fewer, lines 1 to 120 questions behind were believed now and then where a family has only two shapes.
PROOF_BITS = 20


class LateReplyGuard:
    """Counts what a board still has to prove. One per board, used on the bus thread only.

    Shapes 0 .. `probes`-1 are the probes; shape `probes` is the sample itself, asked as a probe among the others.
    """

    def __init__(self, probes: int) -> None:
        if probes < 1:
            raise ValueError("a board needs at least one question of another shape")
        self.proofs_max = ceil(PROOF_BITS / log2(probes + 1))
        self._probes = probes
        self._doubt = 0  # losses since the last sample that was believed, at most proofs_max
        self._proofs = 0
        self._order = Irregular()

    @property
    def trusted(self) -> bool:
        """True when the sample may be asked and its answer believed."""
        return self._proofs >= self._doubt

    def next_shape(self) -> int:
        """What to ask next while not trusted; right after a loss never the sample, whose answer may be under way."""
        return self._order.next() % (self._probes if self._proofs == 0 else self._probes + 1)

    def lost(self) -> None:
        """A question got no acceptable answer before its deadline."""
        self._doubt = min(self._doubt + 1, self.proofs_max)
        self._proofs = 0

    def proved(self) -> None:
        """A probe was answered in kind."""
        self._proofs += 1

    def believed(self) -> None:
        """The sample was answered in kind after its proofs: the past is over."""
        self._doubt = self._proofs = 0
