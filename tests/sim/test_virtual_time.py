"""A simulated day must cost no time, keep the order of its timers, and never hang."""

from __future__ import annotations

import asyncio
import time

import pytest

from sim.virtual_time import Deadlocked, run_virtual


def test_a_day_passes_at_once_and_in_order() -> None:
    """Three sleepers wake in the order of their alarms, a day later, within a moment of real time."""
    woken: list[str] = []

    async def sleeper(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)  # virtual: costs no time
        woken.append(name)

    async def day() -> float:
        start = asyncio.get_running_loop().time()
        await asyncio.gather(sleeper("late", 86400.0), sleeper("early", 0.5), sleeper("noon", 43200.0))
        return asyncio.get_running_loop().time() - start

    before = time.process_time()
    passed = run_virtual(day())

    assert woken == ["early", "noon", "late"]
    assert passed == pytest.approx(86400.0)
    assert time.process_time() - before < 5.0


def test_waiting_for_what_never_comes_is_an_error_not_a_hang() -> None:
    """A future nobody will ever complete ends the run with a name for it."""

    async def forever() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(Deadlocked):
        run_virtual(forever())


def test_the_wall_clock_can_follow() -> None:
    """Whoever keeps the simulated wall clock hears of each jump."""
    jumps: list[float] = []

    run_virtual(asyncio.sleep(12.5), on_jump=jumps.append)  # virtual: costs no time

    assert sum(jumps) == pytest.approx(12.5)
