"""Coils: off again after each pulse, one at a time on each supply, none left on at the end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from edge_agent.domain import hardware
from edge_agent.domain.refusals import COIL_RESTS, NOT_USABLE, Refusal
from edge_agent.domain.words import Condition, Outcome
from edge_agent.errors import DoorError
from sim.plans import BoardPlan
from tests.cabinet.stage import Stage, play

STUCK = "DOOR-206"


def test_a_coil_that_stays_on_stops_its_supply(tmp_path: Path) -> None:
    """F-039: the output ignores the all-off. The door is faulty, and nothing else on that supply is energised."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("coil-stuck", board="A", channel=3, shown=True)

        first = await stage.unlock("3")
        await asyncio.sleep(3.0)
        other = await stage.unlock("5")

        assert first is Outcome.OPENED
        assert other is Outcome.NOT_OPENED
        assert stage.pulses() == 1
        assert "coil.stuck" in await stage.journal()
        assert stage.ledger.state.compartment["3"].condition is Condition.FAULTY
        assert (await stage.last("door.not_opened"))["reason"] == (
            "not_sent: DOOR-206 supply psu-1 is left alone: the coil at 3 stays on"
        )
        with pytest.raises(Refusal) as refused:
            await stage.unlock("3")
        assert refused.value.code == NOT_USABLE

    play(tmp_path, story, "waveshare-relay")


def test_the_next_door_waits_until_the_coil_is_proved_off(tmp_path: Path) -> None:
    """F-039: two doors at the same moment. The second has its turn only when the first coil was looked at: never."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("coil-stuck", board="A", channel=3, shown=True)

        first, second = await asyncio.gather(stage.unlock("3"), stage.unlock("5"))

        assert (first, second) == (Outcome.OPENED, Outcome.NOT_OPENED)
        assert stage.pulses() == 1

    play(tmp_path, story, "waveshare-relay")


def test_doors_of_a_supply_that_is_left_alone_are_not_offered(tmp_path: Path) -> None:
    """F-039: a courier is sent to a door that can be opened; the other supply's are."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("coil-stuck", board="A", channel=3, shown=True)

        await stage.unlock("3")
        await asyncio.sleep(3.0)

        assert stage.cabinet.not_now() == tuple(str(number) for number in range(1, 9))

    play(tmp_path, story, "waveshare-relay", "lock-8a", supplies={"B": "psu-2"})


def test_a_person_who_has_looked_brings_the_supply_back(tmp_path: Path) -> None:
    """F-039: the board was replaced and the fault resolved by name; the next pulse is proved again."""

    async def story(stage: Stage) -> None:
        stuck = stage.sim.faults.add("coil-stuck", board="A", channel=3, shown=True)
        await stage.unlock("3")
        await asyncio.sleep(3.0)
        stage.sim.faults.clear(stuck)
        await stage.ledger.transact(
            lambda state, at: hardware.resolve_fault(state, f"{STUCK}@3", "technician:t1", at)
        )

        outcome = await stage.unlock("5")

        assert outcome is Outcome.OPENED

    play(tmp_path, story, "waveshare-relay")


def test_an_output_that_lets_go_at_the_second_word_is_no_fault(tmp_path: Path) -> None:
    """F-039: on after its pulse, off after one more all-off: nothing to alarm anybody about."""

    async def story(stage: Stage) -> None:
        stuck = stage.sim.faults.add("coil-stuck", board="A", channel=3, shown=True)
        await stage.unlock("3")
        stage.sim.faults.clear(stuck)
        await asyncio.sleep(3.0)

        assert "coil.stuck" not in await stage.journal()

    play(tmp_path, story, "waveshare-relay")


def test_a_pulse_ends_by_itself_when_the_agent_does_not(tmp_path: Path) -> None:
    """F-040, F-041: killed or hung right after the frame; every family's board times the pulse."""

    async def story(stage: Stage) -> None:
        for bus in stage.buses.values():  # not a byte leaves any more
            asyncio.get_running_loop().call_later(0.1, bus.stop)
        opening = asyncio.create_task(stage.unlock("3"))
        await asyncio.sleep(5.0)
        opening.cancel()

        assert [pulse.length_s is not None for pulse in stage.sim.coils()] == [True]

    for family in ("lock-8a", "kerong-cu16", "wkly", "waveshare-relay", "modbus-relay"):
        play(tmp_path / family, story, family)


def test_everything_is_switched_off_at_the_end(tmp_path: Path) -> None:
    """Wall 7: a stop tells every board, and a board that is silent does not hold the stop up."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("silent", board="B")
        stage.sim.world.hold("A", 4, asyncio.get_running_loop().time())

        await stage.cabinet.stop()

        assert not stage.sim.world.relay("A", 4)

    play(tmp_path, story, "waveshare-relay", BoardPlan("waveshare-relay"))


def test_no_opening_begins_after_the_stop_has(tmp_path: Path) -> None:
    """Wall 7: whatever stops the agent, all-off is the last word."""

    async def story(stage: Stage) -> None:
        await stage.cabinet.stop()

        with pytest.raises(DoorError) as refused:
            await stage.unlock("3")
        assert refused.value.code == "DOOR-203"
        assert stage.pulses() == 0

    play(tmp_path, story)


def test_two_coils_never_fire_together_on_a_weak_supply(tmp_path: Path) -> None:
    """F-043: on this supply a second coil resets every board. Four doors at once, on two boards: no sag."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("brown-out", supply="psu-1", coils=1)

        outcomes = await asyncio.gather(*(stage.unlock(number) for number in ("1", "2", "30", "31")))

        assert outcomes == [Outcome.OPENED] * 4
        assert stage.sim.world.supplies["psu-1"].sags == 0

    play(tmp_path, story, "lock-8a", "kerong-cu16")


def test_after_a_board_has_reset_every_door_is_read_again(tmp_path: Path) -> None:
    """F-043: a crowbar while a board had no power: seen as soon as it is back; until then nothing is believed."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("reset", board="A", for_s=9.0)
        await asyncio.sleep(5.0)  # looks come at an irregular half second; several in a row have to fail
        while_gone = set(stage.cabinet.watch.states().values())
        stage.sim.force("9")
        await asyncio.sleep(20.0)

        assert {state.value for state in while_gone} == {"unknown"}
        states = stage.cabinet.watch.states()
        assert states.pop("9").value == "open"
        assert {state.value for state in states.values()} == {"closed"}
        journal = await stage.journal()
        assert journal.index("board.silent") < journal.index("board.back") < journal.index("door.forced")

    play(tmp_path, story)


def test_a_door_that_is_asked_for_again_and_again_rests(tmp_path: Path) -> None:
    """F-044: somebody keeps asking for one door. The coil keeps its duty, and the refusal says how long to wait."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("jam", door="7")
        refused: list[Refusal] = []
        for _ in range(40):
            try:
                await stage.unlock("7")
            except Refusal as refusal:
                refused.append(refusal)
                await asyncio.sleep(0.1)

        assert {refusal.code for refusal in refused} == {COIL_RESTS}
        assert all(refusal.wait_s > 0 for refusal in refused)
        minute = [p for p in stage.sim.coils() if p.start_s <= stage.sim.coils()[0].start_s + 60]
        assert sum(pulse.length_s or 0.0 for pulse in minute) <= 6.0

    play(tmp_path, story, open_wait_s=0.5)
