"""The frame waits at a gate while its intent goes to the disk: never before it, at once after it, never without it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from edge_agent.cabinet.head_start import Gate, QuickLedger
from edge_agent.domain import recovery, service
from edge_agent.domain.decision import Decision
from edge_agent.domain.instant import Instant
from edge_agent.domain.state import LockerState
from edge_agent.domain.words import Cause, Outcome
from edge_agent.errors import DoorError
from tests.cabinet.stage import TECHNICIAN, Stage, play


def opening_of(stage: Stage, number: str) -> Callable[[LockerState, Instant], Decision]:
    return lambda state, at: service.open_door(state, number, Cause.TECHNICIAN, TECHNICIAN, at, stage.chance)


def durable_intents(folder: Path) -> int:
    """What another program reads in the file."""
    with apsw.Connection(str(folder / "ledger.db"), flags=apsw.SQLITE_OPEN_READONLY) as file:
        return int(file.execute("SELECT count(*) FROM journal WHERE type = 'door.open_requested'").get)


def test_a_door_that_was_decided_on_is_opened_once_its_intent_is_durable(tmp_path: Path) -> None:
    """The frame leaves before anybody asks for it, one frame, and whoever asks hears the outcome."""

    async def story(stage: Stage) -> None:
        committed = await QuickLedger(stage.ledger, stage.cabinet).transact(opening_of(stage, "3"))
        await stage.next_pulse(1)
        outcome = await stage.cabinet.open(committed.result.intent)

        assert outcome is Outcome.OPENED
        assert stage.pulses() == 1
        assert stage.heard() == ["DoorOpened 3"]
        with pytest.raises(DoorError):
            await stage.cabinet.open(committed.result.intent)

    play(tmp_path, story)


def test_the_gate_opens_when_others_can_read_the_intent(tmp_path: Path) -> None:
    """Wall 2: at the moment that the frame is let go, the transaction is over and the row is in the file."""

    async def story(stage: Stage) -> None:
        found: list[int] = []

        def at_once(decision: Decision) -> Gate:
            found.append(durable_intents(tmp_path))
            gate = Gate()
            gate.leave(lambda: found.append(durable_intents(tmp_path)), found.remove)
            return gate

        await stage.ledger.transact(opening_of(stage, "3"), at_once=at_once)

        assert found == [0, 1]

    play(tmp_path, story)


def test_a_commit_that_fails_lets_nothing_go(tmp_path: Path) -> None:
    """No energy without a durable intent; the door is free for the next decision, which opens it."""

    async def story(stage: Stage) -> None:
        def breaks(connection: Any, head: Any) -> None:
            raise OSError("the disk says no")

        with pytest.raises(OSError, match="says no"):
            await stage.ledger.transact(opening_of(stage, "3"), also=breaks, at_once=stage.cabinet.at_once)
        await asyncio.sleep(60.0)

        assert stage.pulses() == 0
        assert stage.ledger.state.intent == {}
        assert await stage.unlock("3") is Outcome.OPENED

    play(tmp_path, story)


def test_an_opening_ends_by_itself_when_nobody_asks_for_it(tmp_path: Path) -> None:
    """The screen's flow breaks between commit and opening: the outcome is journalled all the same."""

    async def story(stage: Stage) -> None:
        await QuickLedger(stage.ledger, stage.cabinet).transact(opening_of(stage, "3"))
        await asyncio.sleep(5.0)

        assert "door.opened" in await stage.journal()
        assert stage.pulses() == 1

    play(tmp_path, story)


def test_two_doors_at_once_still_take_turns_at_their_supply(tmp_path: Path) -> None:
    """A head start does not jump the queue of coils."""

    async def story(stage: Stage) -> None:
        quick = QuickLedger(stage.ledger, stage.cabinet)
        first = await quick.transact(opening_of(stage, "3"))
        second = await quick.transact(opening_of(stage, "4"))

        outcomes = await asyncio.gather(*(stage.cabinet.open(one.result.intent) for one in (first, second)))

        assert outcomes == [Outcome.OPENED, Outcome.OPENED]
        before, after = stage.sim.coils()
        assert before.length_s is not None
        assert after.start_s >= before.start_s + before.length_s

    play(tmp_path, story)


def test_what_was_opened_without_the_agent_is_not_opened_again(tmp_path: Path) -> None:
    """A direct unlock's record is an intent with its outcome: no frame is due."""

    async def story(stage: Stage) -> None:
        record = recovery.DirectRecord("01a20000-0000-7000-8000-000000000001", "3", TECHNICIAN, "test")
        await QuickLedger(stage.ledger, stage.cabinet).transact(
            lambda state, at: recovery.import_direct(state, [record], "direct", at)
        )
        await asyncio.sleep(5.0)

        assert stage.pulses() == 0

    play(tmp_path, story)


def test_a_gate_lets_go_once_whichever_thread_comes_first() -> None:
    """Left first or opened first, a thousand times with both at the same moment: one call."""
    for _ in range(1000):
        let_go: list[int] = []
        gate, both = Gate(), threading.Barrier(2)

        def opens(gate: Gate = gate, both: threading.Barrier = both) -> None:
            both.wait()
            gate.durable()

        opener = threading.Thread(target=opens)
        opener.start()
        both.wait()
        gate.leave(lambda let_go=let_go: let_go.append(1), let_go.remove)  # type: ignore[misc]
        opener.join()

        assert let_go == [1]
