"""One person's session at a time."""

from __future__ import annotations

import pytest

from edge_agent.clock import VirtualClock
from edge_agent.kiosk.lease import Lease
from edge_agent.randomness import SeededRandomness


def test_a_screen_is_leased_once() -> None:
    """A second lease while one is held would be two people in one visit."""
    lease, wall = Lease(SeededRandomness(1)), VirtualClock().wall
    first = lease.take(wall)

    with pytest.raises(RuntimeError, match=first):
        lease.take(wall)


def test_no_two_sessions_share_a_name_or_an_epoch() -> None:
    """What comes late from the first is recognised in the second."""
    lease, wall = Lease(SeededRandomness(1)), VirtualClock().wall
    first, epoch = lease.take(wall), lease.epoch

    lease.release()

    assert not lease.still(epoch)
    assert lease.take(wall) != first
    assert not lease.still(epoch)
