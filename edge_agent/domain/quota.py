"""The quota of remote access: how many doors a back office may open or hand out, whoever holds its keys.

Every grant of access counts: remote unlocks, fresh codes, corrected phones, ordered recalls, and recalls by couriers
whose right is younger than a day. Four limits at once, on the powered clock, so that neither a power cut nor a wrong
date gives a fresh allowance. Documents may only tighten them; a bulk approved by two persons is counted, not limited.
"""

from __future__ import annotations

from collections.abc import Sequence

from edge_agent.domain import events as e
from edge_agent.domain.decision import Draft
from edge_agent.domain.fault import fault_id
from edge_agent.domain.limits import Limits
from edge_agent.domain.refusals import REMOTE_QUOTA, Refusal
from edge_agent.domain.remote import Granted
from edge_agent.domain.state import LockerState

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
YOUNG_MS = (
    DAY_MS  # a right of recall younger than this counts: a stolen document key opens no cabinet overnight
)
DOORS_MIN = 3  # of a small cabinet the share alone would leave no door to a person in need
GRANTS_MAX = 2_000  # kept in the row: above the highest daily limit with its bulks
QUOTA_USED_UP = "CLOUD-530"


def charge(draft: Draft, doors: Sequence[str], *, approved: bool = False) -> None:
    """Count one grant a door, or refuse (FLOW-326) where a limit would be passed; refusing charges nothing."""
    powered_ms = draft.state.clocks.at(draft.at).powered_ms
    kept = tuple(one for one in draft.state.granted.grants if one[0] > powered_ms - DAY_MS)
    new = tuple((powered_ms, door) for door in doors)
    if not approved:
        _check(draft.state, kept + new, powered_ms)
    draft.give("granted_access", Granted((kept + new)[-GRANTS_MAX:]))


def _check(state: LockerState, grants: tuple[tuple[int, str], ...], powered_ms: int) -> None:
    limits = state.rules.remote
    windows = (
        ("minute", MINUTE_MS, limits.per_minute),
        ("hour", HOUR_MS, limits.per_hour),
        ("day", DAY_MS, limits.per_day),
    )
    for name, length_ms, limit in windows:
        count = sum(1 for at_ms, _ in grants if at_ms > powered_ms - length_ms)
        if count > limit:
            raise Refusal(REMOTE_QUOTA, f"{count} grants of access within a {name}, the limit is {limit}")
    touched = len({door for _, door in grants})
    most = doors_a_day(limits, len(state.compartment))
    if touched > most:
        raise Refusal(REMOTE_QUOTA, f"{touched} doors within a day, the limit is {most}")


def doors_a_day(limits: Limits, doors: int) -> int:
    """How many different doors of a cabinet may be granted within a day."""
    return max(DOORS_MIN, doors * limits.doors_percent // 100)


def charge_young_right(draft: Draft, door: str, since_ms: int | None) -> None:
    """Charge a recall where the courier's right is younger than a day; `since_ms` None: it is old, or came by hand."""
    powered_ms = draft.state.clocks.at(draft.at).powered_ms
    if since_ms is not None and powered_ms - since_ms < YOUNG_MS:
        charge(draft, (door,))


def alarm(draft: Draft, detail: str) -> None:
    """Open the fault that a person has to look at: once, until it is resolved."""
    fault = fault_id(QUOTA_USED_UP, "cloud")
    if fault not in draft.state.fault:
        draft.add(e.FaultOpened(fault, QUOTA_USED_UP, "cloud", "major", detail))
