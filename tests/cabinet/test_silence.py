"""A board goes quiet and comes back: what the ledger says of its doors afterwards is what the sensors say."""

from __future__ import annotations

import asyncio
from pathlib import Path

from edge_agent.domain.words import DoorPosition
from sim.soak.whole_locker import WholeLocker, run_locker
from tests.cabinet.stage import Stage, play

BACK_S = 12.0  # the slowest look at a silent board, its steady time, and two equal reads


def test_a_door_that_was_shut_while_its_board_was_silent_is_closed_afterwards(tmp_path: Path) -> None:
    """The plug was pulled with door 3 open, somebody shut it meanwhile: two equal reads, and the ledger says closed."""

    async def story(stage: Stage) -> None:
        await stage.unlock("3")
        await asyncio.sleep(2.0)
        muted = stage.sim.faults.add("silent", board="A")
        await asyncio.sleep(5.0)
        while_silent = stage.ledger.state.compartment["3"].door
        stage.sim.hand("3", "close")
        stage.sim.faults.clear(muted)
        await asyncio.sleep(BACK_S)

        assert while_silent is DoorPosition.UNKNOWN
        assert stage.ledger.state.compartment["3"].door is DoorPosition.CLOSED
        assert stage.cabinet.not_now() == ()

    play(tmp_path, story)


def test_a_door_with_nobody_behind_it_is_closed_afterwards_too(tmp_path: Path) -> None:
    """Forced before the silence, no opening under way: the same two reads settle it, told once."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("burst", doors=["3"])
        await asyncio.sleep(2.0)
        muted = stage.sim.faults.add("silent", board="A")
        await asyncio.sleep(5.0)
        stage.sim.hand("3", "close")
        stage.sim.faults.clear(muted)
        await asyncio.sleep(BACK_S)

        assert stage.ledger.state.compartment["3"].door is DoorPosition.CLOSED
        assert [event["compartment"] for event in await stage.events("door.closed")] == ["3"]

    play(tmp_path, story)


def test_a_board_that_comes_back_while_the_agent_is_down_is_back(tmp_path: Path) -> None:
    """Nobody saw it return: the first answer after the start says so, and its doors are offered again."""

    async def falls_silent(stage: Stage) -> None:
        stage.sim.faults.add("silent", board="A")
        await asyncio.sleep(5.0)
        assert not stage.ledger.state.compartment["3"].reachable

    async def answers(stage: Stage) -> None:
        await asyncio.sleep(1.0)
        assert stage.ledger.state.compartment["3"].reachable
        assert (await stage.journal()).count("board.back") == 1
        assert not stage.ledger.state.fault

    play(tmp_path, falls_silent)
    play(tmp_path, answers)


def test_when_every_board_is_back_so_is_the_keypad(tmp_path: Path) -> None:
    """F-014: cut cables put up the sign for whoever stands there; mended, it goes by itself, and every door counts."""
    signs: list[bool] = []

    async def story(locker: WholeLocker) -> None:
        await locker.accept()
        doors = locker.ledger.state.compartment.values()
        for silent_s in (5.0, 300.0):
            cut = [locker.sim.faults.add("silent", board=board) for board in locker.sim.boards]
            signs.append(await locker.sees("out-of-service"))
            await asyncio.sleep(silent_s)
            for fault in cut:
                locker.sim.faults.clear(fault)
            signs.append(await locker.sees("home", at_most_s=BACK_S))
            signs.append(await locker.until(lambda: all(door.reachable for door in doors), BACK_S))

    run_locker(tmp_path / "site", 1, story)

    assert signs == [True] * 6
