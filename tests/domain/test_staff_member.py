"""Who is on the staff now: the document says until when, and a clock that cannot be believed says nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edge_agent.domain import staff
from edge_agent.domain.instant import ClockQuality, Instant
from edge_agent.domain.refusals import NOT_PERMITTED, Refusal
from edge_agent.domain.staff_member import Staff
from edge_agent.domain.state import LockerState

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp()) * 1000


def at(quality: ClockQuality) -> Instant:
    return Instant(NOON, 100.0, quality, "boot-1")


@pytest.mark.parametrize(
    ("until_ms", "revoked", "quality", "counts"),
    [
        (None, False, ClockQuality.SYNCED, True),
        (NOON_MS + 1, False, ClockQuality.SYNCED, True),
        (NOON_MS, False, ClockQuality.SYNCED, False),
        (NOON_MS - 1, False, ClockQuality.FLOOR, True),
        (NOON_MS - 1, False, ClockQuality.UNSET, True),
        (None, True, ClockQuality.UNSET, False),
    ],
)
def test_validity_ends_where_the_clock_can_be_believed(
    until_ms: int | None, revoked: bool, quality: ClockQuality, counts: bool
) -> None:
    """A flat battery must neither lock a technician out nor bring one back who was revoked."""
    person = Staff("t1", "card", "pin", revoked=revoked, valid_until_ms=until_ms)

    assert person.counts(at(quality)) is counts


def test_whose_time_is_over_opens_no_service_mode() -> None:
    """Card and PIN are right; the person has left."""
    person = Staff("t1", "card", "pin", valid_until_ms=NOON_MS - 1)

    with pytest.raises(Refusal) as refused:
        staff.enter(LockerState(), person, "pin", "session-1", at(ClockQuality.SYNCED))

    assert refused.value.code == NOT_PERMITTED
