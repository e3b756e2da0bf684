"""Any order of people, doors, jams, power cuts and wrong clocks: what must never be false stays true."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.domain.machine import LockerMachine

QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much]


@seed(20260301)
class SeededMachine(LockerMachine):
    """The same walk each time."""


def test_any_order_of_events_keeps_the_locker_legal():
    """Some ten thousand steps of a seeded walk through the rules."""
    run_state_machine_as_test(
        SeededMachine,
        settings=settings(
            max_examples=200,
            stateful_step_count=60,
            deadline=None,
            suppress_health_check=QUIET,
            database=None,
        ),
    )


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_hundred_thousand_steps_keep_the_locker_legal():
    """The full count, with fresh randomness; a failure prints the steps that repeat it."""
    run_state_machine_as_test(
        LockerMachine,
        settings=settings(
            max_examples=2_000,
            stateful_step_count=120,
            deadline=None,
            suppress_health_check=QUIET,
            database=None,
        ),
    )
