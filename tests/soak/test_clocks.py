"""Clocks that are wrong or jump, and chance that fails: the whole agent beside a right clock of the test's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from edge_agent.clock import VirtualClock
from edge_agent.domain.deposits import DepositRequest, reserve
from edge_agent.domain.instant import ClockQuality
from sim.soak.disk import Disk
from sim.soak.people import Courier, Recipient
from sim.soak.whole_locker import WholeLocker
from sim.virtual_time import run_virtual

LOCKOUT_S = 60.0  # the first step of the lockout, after three wrong codes
YEARS_S = timedelta(days=3653).total_seconds()


def play(folder: Path, clock: VirtualClock, story: Callable[[WholeLocker], Awaitable[None]]) -> None:
    async def life() -> None:
        locker = WholeLocker(folder, 1, clock)
        await locker.start()
        await locker.accept()
        await story(locker)
        await locker.stop()

    with Disk().installed():
        run_virtual(life(), on_jump=clock.advance)


async def one_left(locker: WholeLocker) -> dict[str, str]:
    """A courier leaves one parcel; what its recipient is told."""
    await Courier(await locker.hire("c1", "SF"), Random(1)).deposit(locker, ["SF1234567890123"])
    stored = [event for event in await locker.events() if event["type"].endswith("parcel.deposited")]
    return locker.unseal(stored[0])


async def kinds(locker: WholeLocker) -> set[str]:
    return {event["type"].removeprefix("locker.") for event in await locker.events()}


def test_a_clock_three_years_behind_costs_no_service(tmp_path: Path) -> None:
    """F-066: no battery, no network: a deposit and its pickup as ever; the journal says how far to trust its dates."""
    clock = VirtualClock(datetime(2023, 3, 1, 8, 0, tzinfo=UTC))
    clock.quality = ClockQuality.UNSET

    async def story(locker: WholeLocker) -> None:
        message = await one_left(locker)

        assert await Recipient(Random(2)).pick_up(locker, code=message["code"])
        assert {event["clockquality"] for event in await locker.events()} == {"unset"}

    play(tmp_path / "site", clock, story)


@pytest.mark.parametrize("by_s", [86_400.0, YEARS_S, -YEARS_S])
def test_a_clock_that_jumps_while_somebody_stands_there_ends_nothing_early(
    tmp_path: Path, by_s: float
) -> None:
    """F-067: a day, ten years, and back: the code lives, nobody is overdue, and the jump itself is journalled."""
    clock = VirtualClock()

    async def story(locker: WholeLocker) -> None:
        message = await one_left(locker)
        clock.jump_wall(by_s)
        await locker.until(lambda: False, at_most_s=130.0)

        assert await Recipient(Random(2)).pick_up(locker, code=message["code"])
        assert "clock.jumped" in await kinds(locker)
        assert "parcel.overdue" not in await kinds(locker)

    play(tmp_path / "site", clock, story)


@pytest.mark.parametrize("by_s", [-3600.0, 3600.0])
def test_a_clock_that_jumps_in_a_lockout_neither_ends_nor_prolongs_it(tmp_path: Path, by_s: float) -> None:
    """F-068: three wrong codes, then the wall clock is moved: the keypad opens after its minute, not before."""
    clock = VirtualClock()

    async def story(locker: WholeLocker) -> None:
        message = await one_left(locker)
        for guess in ("00000001", "00000002", "00000003"):
            await locker.sees("home")
            locker.touch("code", digits=guess)
            locked_s = locker.loop.time()
            await locker.until(lambda: False, at_most_s=3.0)
        locked = locker.screen
        clock.jump_wall(by_s)
        await locker.sees("home", at_most_s=2 * LOCKOUT_S)

        assert locked == "locked-out"
        assert locker.loop.time() - locked_s == pytest.approx(LOCKOUT_S, abs=2.0)
        assert await Recipient(Random(2)).pick_up(locker, code=message["code"])

    play(tmp_path / "site", clock, story)


class NoEntropy:
    """The system's source of chance has failed."""

    def token_bytes(self, count: int) -> bytes:
        raise OSError("no entropy")

    def below(self, bound: int) -> int:
        raise OSError("no entropy")


def test_without_entropy_nothing_is_reserved(tmp_path: Path) -> None:
    """F-118: a failed source is an error and never a weaker one; nothing of the decision is kept."""

    async def story(locker: WholeLocker) -> None:
        await locker.hire("c1", "SF")
        request = DepositRequest("s1", "c1", "hash", "S", phone_hash="phone")
        before = await locker.events()

        with pytest.raises(OSError, match="no entropy"):
            await locker.ledger.transact(lambda state, at: reserve(state, request, at, NoEntropy()))

        assert await locker.events() == before

    play(tmp_path / "site", VirtualClock(), story)
