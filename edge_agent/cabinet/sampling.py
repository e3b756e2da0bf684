"""Was every board really looked at? A door that opens and closes between two looks leaves no trace, so gaps are told.

Looks are rarer while the bus is busy with slow boards or kept quiet for an opening. A board that does not answer is no
gap: its silence is journalled as such, and its doors are compared when it is back.
"""

from __future__ import annotations

from dataclasses import dataclass

SAMPLING_LOOK_S = 2.0  # how often the looks are looked at; a gap is noticed for certain from bound plus this
SAMPLING_GAP_S = (
    3.0  # the drivers pause looks for 2 s at most while somebody stands at the screen; then two rounds
)
GAP_REPORTS_S = (
    600.0  # a bus that is always too slow is one piece of news every ten minutes, not one every few seconds
)


@dataclass(frozen=True, slots=True)
class SamplingGap:
    """`board` was not read for `length_s`, and is read again."""

    board: str
    length_s: float


@dataclass(slots=True)
class _Looks:
    latest_s: float
    gap_from_s: float | None = None
    told_s: float = float("-inf")


class Sampling:
    """One for the whole cabinet. `look` is called for each board every SAMPLING_LOOK_S."""

    def __init__(self) -> None:
        self._boards: dict[str, _Looks] = {}

    def look(self, board: str, looked_at_s: float, silent: bool, now_s: float) -> SamplingGap | None:
        """`looked_at_s`: when the bus last asked this board. Returns the gap that has just ended, if it is news."""
        looks = self._boards.setdefault(board, _Looks(now_s))
        if silent:  # its return is told by the bus, and begins a new count
            looks.latest_s, looks.gap_from_s = now_s, None
            return None
        if now_s - max(looked_at_s, looks.latest_s) > SAMPLING_GAP_S and looks.gap_from_s is None:
            looks.gap_from_s = max(looked_at_s, looks.latest_s)
        if looked_at_s <= looks.latest_s:
            return None
        began_s, looks.gap_from_s, looks.latest_s = looks.gap_from_s, None, looked_at_s
        if began_s is None or now_s - looks.told_s < GAP_REPORTS_S:
            return None
        looks.told_s = now_s
        return SamplingGap(board, looked_at_s - began_s)
