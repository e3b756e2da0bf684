"""Any order of people, doors, jams, power cuts and wrong clocks: what must never be false stays true."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.domain.machine import LockerMachine

QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much]


def test_any_order_of_events_keeps_the_locker_legal():
    """A short walk through the rules, the same each time."""
    run_state_machine_as_test(
        LockerMachine,
        settings=settings(
            max_examples=40,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            suppress_health_check=QUIET,
        ),
    )


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_thousands_of_steps_keep_the_locker_legal():
    """The full count, with fresh randomness; a failure prints the steps that repeat it."""
    run_state_machine_as_test(
        LockerMachine,
        settings=settings(
            max_examples=400,
            stateful_step_count=120,
            deadline=None,
            suppress_health_check=QUIET,
            database=None,
        ),
    )
