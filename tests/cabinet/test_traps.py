"""Traps that other controllers fell into, where no other story tells them. The table is `docs/traps.md`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from edge_agent.domain.words import Outcome
from tests.cabinet.stage import Stage, play


@pytest.mark.parametrize("family", ["lock-8a", "kerong-cu16", "wkly", "waveshare-relay"])
def test_a_poll_that_is_lost_while_the_door_stands_open_loses_nothing(tmp_path: Path, family: str) -> None:
    """One answer goes astray between opening and closing: both are journalled, once, and no board was silent."""

    async def story(stage: Stage) -> None:
        outcome = await stage.unlock("3")
        stage.sim.faults.add("swallow-reply", board="A", count=1)
        await asyncio.sleep(1.0)
        stage.sim.hand("3", "close")
        await asyncio.sleep(3.0)

        assert outcome is Outcome.OPENED
        assert stage.heard() == ["DoorOpened 3", "DoorClosed 3"]
        assert "board.silent" not in await stage.journal()

    play(tmp_path, story, family)
