"""The unchanged agent, its doors and its people in one process under virtual time."""

from __future__ import annotations

from pathlib import Path
from random import Random

from sim.soak.people import Courier, Recipient
from sim.soak.whole_locker import WholeLocker, run_locker


def deposit_and_pickup(seen: list[str]):  # type: ignore[no-untyped-def]
    """A courier leaves one parcel; its recipient gets a code by message and takes it out."""

    async def story(locker: WholeLocker) -> None:
        random = Random(locker.seed)
        badge = await locker.hire("c1", "SF")
        left = await Courier(badge, random).deposit(locker, ["SF1234567890123"])
        fields = [
            locker.unseal(event)
            for event in await locker.events()
            if event["type"].endswith("parcel.deposited")
        ]
        taken = [await Recipient(random).pick_up(locker, code=one["code"]) for one in fields]
        seen.append(f"left {left} taken {taken}")

    return story


def test_a_deposit_and_a_pickup_twice_with_identical_traces(tmp_path: Path) -> None:
    """The same seed gives the same frames, coils, journal rows and glances, to the byte."""
    seen: list[str] = []

    first = run_locker(tmp_path / "site", 7, deposit_and_pickup(seen))
    second = run_locker(tmp_path / "site", 7, deposit_and_pickup(seen))

    assert seen == ["left 1 taken [True]"] * 2
    assert first == second
