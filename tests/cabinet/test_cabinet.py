"""What a person, a journal and a coil get to see when a door is opened: real frames to pretend boards."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from drivers.lock_board import DoorState
from edge_agent.domain.words import Outcome
from tests.cabinet.stage import LEFT_OPEN_S, OPEN_WAIT_S, Stage, play

FAMILIES = ("lock-8a", "kerong-cu16", "wkly", "waveshare-relay")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_door_that_opens_is_journalled_before_it_is_told(tmp_path: Path, family: str) -> None:
    """Intent, one pulse, the sensor twice, then the screen; closing is seen the same way."""

    async def story(stage: Stage) -> None:
        outcome = await stage.unlock("3")
        await asyncio.sleep(2.0)
        stage.sim.hand("3", "close")
        await asyncio.sleep(2.0)

        assert outcome is Outcome.OPENED
        assert stage.pulses() == 1
        assert stage.heard() == ["DoorOpened 3", "DoorClosed 3"]
        assert [t for t in await stage.journal() if t.startswith("door.")] == [
            "door.open_requested",
            "door.opened",
            "door.closed",
        ]

    play(tmp_path, story, family)


def test_what_a_technician_leaves_behind_is_unknown(tmp_path: Path) -> None:
    """Opened from the terminal and closed again: nobody at a screen said what is inside, so it is not offered."""

    async def story(stage: Stage) -> None:
        await stage.unlock("3")
        await asyncio.sleep(2.0)
        stage.sim.hand("3", "close")
        await asyncio.sleep(2.0)

        assert stage.ledger.state.intent == {}
        assert "compartment.contents_unknown" in await stage.journal()

    play(tmp_path, story)


def test_a_jammed_latch_is_not_opened_and_costs_one_pulse(tmp_path: Path) -> None:
    """F-030: the coil fires, the door stays shut, the compartment is suspect, nobody pulses again by himself."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("jam", door="7")

        outcome = await stage.unlock("7")
        await asyncio.sleep(60.0)

        assert outcome is Outcome.NOT_OPENED
        assert stage.pulses() == 1
        assert stage.heard() == ["DoorNotOpened 7"]
        assert "compartment.suspect" in await stage.journal()

    play(tmp_path, story)


def test_a_lost_reply_is_settled_by_the_sensor(tmp_path: Path) -> None:
    """F-001: the board pulses but its reply is lost. The door was seen open, so it is opened; one pulse."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("swallow-reply", board=stage.sim.config.board[0].name, count=1)

        outcome = await stage.unlock("1")

        assert outcome is Outcome.OPENED
        assert stage.pulses() == 1

    play(tmp_path, story)


def test_a_board_that_falls_silent_leaves_the_outcome_unknown(tmp_path: Path) -> None:
    """F-014: no sensor answers, so nobody claims anything; when the board is back, the door says what happened."""

    async def story(stage: Stage) -> None:
        board = stage.sim.config.board[0].name
        muted = stage.sim.faults.add("silent", board=board)

        outcome = await stage.unlock("5")
        journal_while_silent = await stage.journal()
        stage.sim.faults.clear(muted)
        await asyncio.sleep(60.0)

        assert outcome is Outcome.UNKNOWN
        assert stage.pulses() <= 1
        assert "door.outcome_unknown" in journal_while_silent
        assert stage.cabinet.watch.states()["5"] is not DoorState.UNKNOWN
        assert "board.back" in await stage.journal()

    play(tmp_path, story)


def test_a_door_that_nobody_commanded_is_forced(tmp_path: Path) -> None:
    """F-037: a crowbar is a security event, and nobody at the screen is told that his door opened."""

    async def story(stage: Stage) -> None:
        stage.sim.force("9")
        await asyncio.sleep(3.0)

        assert "door.forced" in await stage.journal()
        assert stage.heard() == []

    play(tmp_path, story)


def test_the_wrong_door_stops_the_flow(tmp_path: Path) -> None:
    """F-029: two harnesses are swapped. The commanded door is not opened, both are set aside."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("permuted-map", doors=["2", "4"])

        outcome = await stage.unlock("2")

        assert outcome is Outcome.NOT_OPENED
        assert "door.wrong_door" in await stage.journal()
        assert "WrongDoor 2" in stage.heard()

    play(tmp_path, story)


def test_a_door_left_open_is_told_once(tmp_path: Path) -> None:
    """F-036: after 180 s the alarm, and no second one while it stands."""

    async def story(stage: Stage) -> None:
        await stage.unlock("8")
        await asyncio.sleep(3 * LEFT_OPEN_S)

        assert stage.heard() == ["DoorOpened 8", "DoorLeftOpen 8"]
        assert (await stage.journal()).count("door.left_open") == 1

    play(tmp_path, story)


def test_a_sensor_that_is_stuck_open_does_not_veto_an_authorised_opening(tmp_path: Path) -> None:
    """F-033: cables fail. The frame goes out, and the outcome is honest: unknown."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("stuck-sensor", door="6", reads="open")
        await asyncio.sleep(5.0)

        outcome = await stage.unlock("6")

        assert outcome is Outcome.UNKNOWN
        assert stage.pulses() == 1

    play(tmp_path, story)


def test_two_doors_are_never_energised_together(tmp_path: Path) -> None:
    """F-043: two requests at the same moment on one supply, on two buses."""

    async def story(stage: Stage) -> None:
        outcomes = await asyncio.gather(stage.unlock("1"), stage.unlock("30"))

        pulses = sorted(stage.sim.coils(), key=lambda pulse: pulse.start_s)
        assert tuple(outcomes) == (Outcome.OPENED, Outcome.OPENED)
        assert pulses[0].start_s + (pulses[0].length_s or 0.0) <= pulses[1].start_s

    play(tmp_path, story, "lock-8a", "kerong-cu16")


def test_the_wait_for_a_door_is_bounded(tmp_path: Path) -> None:
    """Nobody stands before a screen that waits for ever."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("jam", door="7")
        begin_s = asyncio.get_running_loop().time()

        await stage.unlock("7")

        assert asyncio.get_running_loop().time() - begin_s <= OPEN_WAIT_S + 3.0

    play(tmp_path, story)
