"""What may happen while a frame waits at the gate and its intent is still on the way to the disk.

The disk takes a second or more here, so that there is a while in which the rest of the world goes on.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from edge_agent.cabinet.head_start import Gate, QuickLedger
from edge_agent.domain.words import Outcome
from edge_agent.store.executor import Inline
from tests.cabinet.stage import OPEN_WAIT_S, Stage, play
from tests.cabinet.test_head_start import opening_of

T = TypeVar("T")


class SlowStore(Inline):
    """A card that takes `takes_s` for each piece of work."""

    takes_s = 0.0

    async def run(self, job: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        await asyncio.sleep(self.takes_s)
        return job(*args, **kwargs)


async def no_pulse_for(stage: Stage, seconds: float) -> None:
    before = stage.pulses()
    await asyncio.sleep(seconds)
    assert stage.pulses() == before


def asked_for(stage: Stage, number: str) -> asyncio.Task[Any]:
    """Somebody decides on a door, and waits for the commit."""
    return asyncio.create_task(QuickLedger(stage.ledger, stage.cabinet).transact(opening_of(stage, number)))


def test_a_slow_commit_is_waited_for(tmp_path: Path) -> None:
    """Three seconds of no pulse, then one."""
    store = SlowStore()

    async def story(stage: Stage) -> None:
        store.takes_s = 3.0
        asking = asked_for(stage, "3")
        await no_pulse_for(stage, 2.9)
        outcome = await stage.cabinet.open((await asking).result.intent)

        assert outcome is Outcome.OPENED
        assert stage.pulses() == 1

    play(tmp_path, story, store=store)


def test_a_commit_that_fails_late_takes_the_waiting_frame_back(tmp_path: Path) -> None:
    """It has waited at the gate for a second: it never leaves, and supply and door serve the next decision."""
    store = SlowStore()

    async def story(stage: Stage) -> None:
        def breaks(connection: Any, head: Any) -> None:
            raise OSError("the disk says no")

        store.takes_s = 1.0
        with pytest.raises(OSError, match="says no"):
            await stage.ledger.transact(opening_of(stage, "3"), also=breaks, at_once=stage.cabinet.at_once)
        store.takes_s = 0.0
        await no_pulse_for(stage, 60.0)

        assert "door.not_opened" not in await stage.journal()
        assert await stage.unlock("3") is Outcome.OPENED

    play(tmp_path, story, store=store)


def test_whoever_asked_may_be_gone_before_the_commit(tmp_path: Path) -> None:
    """The caller was cancelled; what is durable is executed once and journalled all the same."""
    store = SlowStore()

    async def story(stage: Stage) -> None:
        store.takes_s = 1.0
        asking = asked_for(stage, "3")
        await asyncio.sleep(0.5)
        asking.cancel()
        await asyncio.sleep(10.0)

        assert stage.pulses() == 1
        assert "door.opened" in await stage.journal()

    play(tmp_path, story, store=store)


def test_a_frame_whose_commit_takes_longer_than_anybody_waits_never_leaves(tmp_path: Path) -> None:
    """Half a minute later nobody stands there: the intent is durable, and its outcome says why no door opened."""
    store = SlowStore()

    async def story(stage: Stage) -> None:
        store.takes_s = 3 * OPEN_WAIT_S
        committed = await asked_for(stage, "3")
        store.takes_s = 0.0
        outcome = await stage.cabinet.open(committed.result.intent)
        await no_pulse_for(stage, 60.0)

        assert outcome is Outcome.NOT_OPENED
        assert (await stage.last("door.not_opened"))["reason"] == "not_sent: not durable within 10 s"
        assert await stage.unlock("4") is Outcome.OPENED

    play(tmp_path, story, store=store)


def test_a_line_that_is_lost_meanwhile_gets_no_frame_when_it_is_back(tmp_path: Path) -> None:
    """The adapter is pulled while the frame waits: not opened; the adapter comes back, and nothing more leaves."""
    store = SlowStore()

    async def story(stage: Stage) -> None:
        store.takes_s = 1.0
        asking = asked_for(stage, "3")
        await asyncio.sleep(0.5)
        unplugged = stage.sim.faults.add("unplug", port="main")
        outcome = await stage.cabinet.open((await asking).result.intent)
        stage.sim.faults.clear(unplugged)
        await no_pulse_for(stage, 30.0)

        assert outcome is Outcome.NOT_OPENED
        assert stage.pulses() == 0

    play(tmp_path, story, store=store)


def test_a_stop_waits_for_the_opening_at_the_gate(tmp_path: Path) -> None:
    """Somebody stands there: the agent takes no new intent, and finishes this one."""
    store = SlowStore()

    async def story(stage: Stage) -> None:
        store.takes_s = 1.0
        asking = asked_for(stage, "3")
        await asyncio.sleep(0.5)
        await stage.cabinet.finish()

        assert (await asking).events
        assert stage.pulses() == 1
        assert "door.opened" in await stage.journal()

    play(tmp_path, story, store=store)


def test_after_coils_off_a_late_commit_opens_nothing(tmp_path: Path) -> None:
    """The disk hung for longer than a stop waits. All-off is the last word: the commit that comes then is too late."""
    store = SlowStore()

    async def story(stage: Stage) -> None:
        store.takes_s = 1.0
        asking = asked_for(stage, "3")
        await asyncio.sleep(0.5)
        await stage.cabinet.stop()
        committed = await asking
        await no_pulse_for(stage, 60.0)

        assert stage.pulses() == 0
        assert (await stage.last("door.not_opened"))["intent"] == committed.result.intent

    play(tmp_path, story, store=store)


def test_coils_off_at_the_very_moment_of_the_commit_is_the_last_word(tmp_path: Path) -> None:
    """The frame was let go and waits for the line; all-off would overtake it there, so it is dropped."""

    async def story(stage: Stage) -> None:
        await QuickLedger(stage.ledger, stage.cabinet).transact(opening_of(stage, "3"))
        await stage.cabinet.stop()
        await no_pulse_for(stage, 60.0)

        assert stage.pulses() == 0

    play(tmp_path, story, "waveshare-relay")


@pytest.mark.parametrize("head_start", [True, False])
def test_after_coils_off_the_next_in_turn_at_a_supply_stays_shut(tmp_path: Path, head_start: bool) -> None:
    """Two doors of one supply: the first coil is on when the agent stops, the second has not had its turn."""

    async def story(stage: Stage) -> None:
        ledger = QuickLedger(stage.ledger, stage.cabinet) if head_start else stage.ledger
        committed = [await ledger.transact(opening_of(stage, number)) for number in ("3", "4")]
        opening = [asyncio.create_task(stage.cabinet.open(one.result.intent)) for one in committed]
        await stage.next_pulse(1)
        await stage.cabinet.stop()
        await asyncio.wait(opening)
        await no_pulse_for(stage, 60.0)

        assert stage.pulses() == 1
        assert opening[1].result() is Outcome.NOT_OPENED

    play(tmp_path, story, "waveshare-relay")


def test_a_frame_is_let_go_or_turned_away_whichever_thread_comes_first() -> None:
    """The commit's thread and the stop at the same moment, a thousand times: one of the two, once."""
    for _ in range(1000):
        said: list[str] = []
        gate, both = Gate(), threading.Barrier(2)
        gate.leave(lambda said=said: said.append("gone"), said.append)  # type: ignore[misc]

        def opens(gate: Gate = gate, both: threading.Barrier = both) -> None:
            both.wait()
            gate.durable()

        opener = threading.Thread(target=opens)
        opener.start()
        both.wait()
        barred = gate.bar("stop")
        opener.join()

        assert said == (["stop"] if barred else ["gone"])
