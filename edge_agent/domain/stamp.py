"""A moment as it is written into tables and rows: whole milliseconds, so that writing and reading change nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from edge_agent.domain.instant import ClockQuality, Instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class Stamp(msgspec.Struct, frozen=True):
    """`wall_ms` since 1970 UTC, rounded down; `monotonic_ms` only comparable within the same `boot_id`."""

    wall_ms: int
    monotonic_ms: int
    quality: ClockQuality
    boot_id: str


def stamp_of(at: Instant) -> Stamp:
    """The moment in whole milliseconds. `instant_of(stamp_of(x))` stamps to the same value again."""
    return Stamp((at.wall - _EPOCH) // _MS, round(at.monotonic_s * 1000), at.quality, at.boot_id)


def instant_of(stamp: Stamp) -> Instant:
    """For reading journal rows back: the `at` that the fold is given."""
    return Instant(_EPOCH + stamp.wall_ms * _MS, stamp.monotonic_ms / 1000, stamp.quality, stamp.boot_id)


def elapsed_ms(since: Stamp | None, at: Instant) -> int | None:
    """Milliseconds on the boot clock from `since` to `at`; None where another boot lies between."""
    if since is None or since.boot_id != at.boot_id:
        return None
    return max(0, round(at.monotonic_s * 1000) - since.monotonic_ms)
