"""Openings that do not go by the book: late, only with force, with a sensor that lies. Each pulse was decided once."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from edge_agent.domain import service
from edge_agent.domain.refusals import ATTEMPTS_USED_UP, DOOR_BUSY, Refusal
from edge_agent.domain.words import Cause, Condition, Contents, Outcome
from tests.cabinet.stage import Stage, play

REST_S = 3.0  # a coil rests 2 s between two pulses


async def tries(stage: Stage, number: str, count: int) -> list[Outcome]:
    """So many tries of one visit, with the coil's rest between them."""
    outcomes = []
    for _ in range(count):
        outcomes.append(await stage.unlock(number, session="visit-1"))
        await asyncio.sleep(REST_S)
    return outcomes


def test_a_latch_that_needs_three_pulses_gets_three_decisions(tmp_path: Path) -> None:
    """F-031: each try is an intent of its own with its number, one pulse each, and the third opens."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("opens-on-nth", door="7", n=3)

        outcomes = await tries(stage, "7", 3)

        assert outcomes == [Outcome.NOT_OPENED, Outcome.NOT_OPENED, Outcome.OPENED]
        assert [intent["attempt"] for intent in await stage.events("door.open_requested")] == [1, 2, 3]
        starts = [pulse.start_s for pulse in stage.sim.coils()]
        assert len(starts) == 3
        assert all(later - earlier >= 2.3 for earlier, later in pairwise(starts))

    play(tmp_path, story)


def test_a_visit_has_no_fourth_try(tmp_path: Path) -> None:
    """F-031: after three the person is helped in another way, and the compartment is set aside as faulty."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("opens-on-nth", door="7", n=5)

        await tries(stage, "7", 3)

        with pytest.raises(Refusal) as refused:
            await stage.unlock("7", session="visit-1")
        assert refused.value.code == ATTEMPTS_USED_UP
        assert stage.ledger.state.compartment["7"].condition is Condition.FAULTY
        assert stage.pulses() == 3

    play(tmp_path, story)


def test_a_door_whose_sensor_stays_closed_is_not_pulsed_for_ever(tmp_path: Path) -> None:
    """F-032: the door is open and its sensor says closed. One pulse, set aside, a person has to look."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("stuck-sensor", door="6", reads="closed")

        outcome = await stage.unlock("6")
        await asyncio.sleep(120.0)

        assert outcome is Outcome.NOT_OPENED
        assert stage.pulses() == 1
        compartment = stage.ledger.state.compartment["6"]
        assert compartment.condition is Condition.SUSPECT
        assert not compartment.offered

    play(tmp_path, story)


def test_a_sensor_that_follows_late_is_waited_for(tmp_path: Path) -> None:
    """F-032: it says open only after three seconds, within the waiting time: opened."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("delayed-sensor", door="6", by_s=3.0)

        outcome = await stage.unlock("6")

        assert outcome is Outcome.OPENED
        assert stage.pulses() == 1

    play(tmp_path, story)


def test_an_opening_after_not_opened_is_nobodys(tmp_path: Path) -> None:
    """The waiting time is over and the code lives again; who opens the door then was not asked: forced, unknown."""

    async def story(stage: Stage) -> None:
        jam = stage.sim.faults.add("jam", door="7")
        outcome = await stage.unlock("7")
        stage.sim.faults.clear(jam)

        stage.sim.force("7")
        await asyncio.sleep(3.0)

        assert outcome is Outcome.NOT_OPENED
        assert [event["compartment"] for event in await stage.events("door.forced")] == ["7"]
        assert stage.ledger.state.compartment["7"].contents is Contents.UNKNOWN

    play(tmp_path, story)


def test_an_opening_after_unknown_belongs_to_its_intent(tmp_path: Path) -> None:
    """F-014: the board was silent, the outcome unknown; it comes back and the door reads open: opened, not forced."""

    async def story(stage: Stage) -> None:
        silent = stage.sim.faults.add("silent", board="A")
        outcome = await stage.unlock("5")
        stage.sim.faults.clear(silent)
        stage.sim.force("5")  # the latch had been freed, and somebody pulls
        await asyncio.sleep(60.0)

        assert outcome is Outcome.UNKNOWN
        opened = await stage.events("door.opened")
        assert [event["compartment"] for event in opened] == ["5"]
        assert await stage.events("door.forced") == []
        assert stage.heard() == ["OutcomeUnknown 5", "DoorOpened 5"]

    play(tmp_path, story)


def test_a_door_that_was_left_open_is_unlocked_all_the_same(tmp_path: Path) -> None:
    """F-033: left open before. The frame goes out, nobody claims that it opened now, and closing is seen."""

    async def story(stage: Stage) -> None:
        stage.sim.force("6")
        await asyncio.sleep(3.0)

        outcome = await stage.unlock("6")
        stage.sim.hand("6", "close")
        await asyncio.sleep(3.0)

        assert outcome is Outcome.UNKNOWN
        assert (await stage.last("door.outcome_unknown"))["reason"].startswith("the sensor said open before")
        assert stage.pulses() == 1
        assert [event["compartment"] for event in await stage.events("door.closed")] == ["6"]

    play(tmp_path, story)


def test_a_door_that_is_open_under_an_intent_is_busy(tmp_path: Path) -> None:
    """A second opening of a door that stands open for somebody is refused, and nothing is energised."""

    async def story(stage: Stage) -> None:
        await stage.unlock("6")

        with pytest.raises(Refusal) as refused:
            await stage.unlock("6")

        assert refused.value.code == DOOR_BUSY
        assert stage.pulses() == 1

    play(tmp_path, story)


def test_what_the_wire_knew_stands_in_the_journal(tmp_path: Path) -> None:
    """Refused by the board, and not sent at all: both end as not opened, each with its fact."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("exception", board="A", code=6, count=1)
        declined = await stage.unlock("1")
        reason_declined = (await stage.last("door.not_opened"))["reason"]
        begun = await stage.ledger.transact(
            lambda state, at: service.open_door(
                state, "2", Cause.TECHNICIAN, "technician:t1", at, stage.chance
            )
        )
        for bus in stage.buses.values():
            bus.stop()
        unsent = await stage.cabinet.open(begun.result.intent)

        assert (declined, unsent) == (Outcome.NOT_OPENED, Outcome.NOT_OPENED)
        assert reason_declined.startswith("refused: BUS-112 ")
        assert (await stage.last("door.not_opened"))["reason"].startswith("not_sent: BUS-1")
        assert stage.pulses() == 0

    play(tmp_path, story, "waveshare-relay")
