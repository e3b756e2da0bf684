"""Allocation: which compartment a stay gets.

Smallest that fits; low doors are kept for those who need them; wear is levelled over the locks; near the last one, so
that a courier with many parcels walks little. Never one that is unknown, suspect, faulty, reserved or out of service.
"""

from __future__ import annotations

from collections.abc import Iterable

from edge_agent.domain.carrier import Carrier
from edge_agent.domain.compartment import Compartment
from edge_agent.domain.refusals import FULL, NOT_FOUND, QUOTA_USED_UP, Refusal
from edge_agent.domain.state import LockerState
from edge_agent.domain.words import Height

WEAR_STEP = 50  # openings that count as equal wear: below that, nearness matters more to the courier


def choose(
    state: LockerState,
    carrier: Carrier,
    size: str,
    *,
    low_needed: bool = False,
    near: str = "",
    prefer: str = "",
    not_now: Iterable[str] = (),
) -> Compartment:
    """The best free compartment of `size` or larger. Refuses: unknown size, nothing free, quota used up.

    `prefer` names the door wanted if it is free and fits; `not_now` the doors that the sensors see open at this moment.
    """
    rank = rank_of(state, size)
    fitting = [c for c in free(state, not_now) if c.rank >= rank]
    if low_needed:
        reachable = [c for c in fitting if c.height is not Height.HIGH]
    else:
        reachable = _without_kept(fitting, state.rules.low_doors_kept)
    within = [c for c in reachable if _within_quota(state, carrier, c.size)]
    if not within:
        code = QUOTA_USED_UP if reachable else FULL
        raise Refusal(code, f"no free compartment of size {size} or larger for carrier {carrier.id}")
    wanted = [c for c in within if c.number == prefer]
    return wanted[0] if wanted else min(within, key=lambda c: _cost(c, low_needed, near))


def free(state: LockerState, not_now: Iterable[str] = ()) -> list[Compartment]:
    """Every compartment that may be offered now."""
    busy = {intent.compartment for intent in state.intent.values()}.union(not_now)
    return [c for c in state.compartment.values() if c.offered and c.number not in busy]


def free_by_size(state: LockerState, not_now: Iterable[str] = ()) -> dict[str, int]:
    """How many are free, one entry per configured size."""
    counts = {c.size: 0 for c in state.compartment.values()}
    for compartment in free(state, not_now):
        counts[compartment.size] += 1
    return counts


def rank_of(state: LockerState, size: str) -> int:
    ranks = {c.size: c.rank for c in state.compartment.values()}
    if size not in ranks:
        raise Refusal(NOT_FOUND, f"no compartment has size {size!r}")
    return ranks[size]


def _without_kept(fitting: list[Compartment], kept: int) -> list[Compartment]:
    """Low doors are left out, except those of a size beyond the number that is kept."""
    low_left: dict[str, int] = {}
    for compartment in fitting:
        if compartment.height is Height.LOW:
            low_left[compartment.size] = low_left.get(compartment.size, 0) + 1
    return [c for c in fitting if c.height is not Height.LOW or low_left[c.size] > kept]


def _within_quota(state: LockerState, carrier: Carrier, size: str) -> bool:
    if carrier.total_quota is None and size not in carrier.quotas:
        return True
    held = [
        state.compartment[stay.compartment].size
        for stay in state.stay.values()
        if stay.live and stay.carrier == carrier.id and stay.compartment in state.compartment
    ]
    if carrier.total_quota is not None and len(held) >= carrier.total_quota:
        return False
    return size not in carrier.quotas or held.count(size) < carrier.quotas[size]


def _cost(compartment: Compartment, low_needed: bool, near: str) -> tuple[int, int, int, int, str]:
    """Smaller is better, from left to right: waste, reach, wear, distance, number."""
    low = compartment.height is Height.LOW
    return (
        compartment.rank,
        int(low is not low_needed),
        compartment.openings // WEAR_STEP,
        _distance(compartment.number, near),
        compartment.number,
    )


def _distance(number: str, near: str) -> int:
    """Doors between two printed numbers; another column letter counts as far."""
    if not near:
        return 0
    ours, theirs = _split(number), _split(near)
    return abs(ours[1] - theirs[1]) if ours[0] == theirs[0] else 1000


def _split(number: str) -> tuple[str, int]:
    letters = number.rstrip("0123456789")
    digits = number[len(letters) :]
    return letters, int(digits) if digits else 0
