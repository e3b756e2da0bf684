"""Doors that move without a command, sensors that flip, boards that nobody looked at: each is said, and said once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from drivers.lock_board import LockBoard
from drivers.transaction import Priority, Procedure
from edge_agent.cabinet.bursts import BURST_WINDOW_S, Bursts
from edge_agent.cabinet.door_watch import CHATTER_FLIPS, CHATTER_QUIET_S
from edge_agent.cabinet.sampling import GAP_REPORTS_S, SAMPLING_GAP_S, SAMPLING_LOOK_S, Sampling, SamplingGap
from edge_agent.domain import tampering
from edge_agent.domain.deposits import DepositRequest, reserve
from edge_agent.domain.refusals import DEPOSITS_STOPPED, Refusal
from edge_agent.domain.words import Outcome
from tests.cabinet.stage import Stage, play

BURST, CHATTERS, GAP = "DOOR-208", "DOOR-207", "BUS-117"


def questions(board: LockBoard, for_s: float) -> Procedure[None]:
    """A technician's procedure that keeps the line for so long."""
    loop = asyncio.get_running_loop()
    until = loop.time() + for_s
    while loop.time() < until:
        question = board.poll()
        assert question is not None
        yield question


def test_a_burst_of_forced_doors_stops_deposits(tmp_path: Path) -> None:
    """F-038: five doors at once. Each is forced, one fault says what it is, and a courier is sent away."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("burst", doors=["1", "2", "3", "4", "5"])
        await asyncio.sleep(5.0)

        assert len(await stage.events("door.forced")) == 5
        assert await stage.faults(BURST) == ["cabinet"]
        assert not stage.ledger.state.switched.deposits
        request = DepositRequest("s1", "c1", "hash", "M")
        with pytest.raises(Refusal) as refused:
            await stage.ledger.transact(lambda state, at: reserve(state, request, at, stage.chance))
        assert refused.value.code == DEPOSITS_STOPPED

    play(tmp_path, story)


def test_pickups_go_on_while_the_cabinet_is_tampered_with(tmp_path: Path) -> None:
    """F-038: whoever has a parcel in another door still gets it."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("burst", doors=["1", "2", "3"])
        await asyncio.sleep(5.0)

        assert await stage.unlock("9") is Outcome.OPENED

    play(tmp_path, story)


def test_a_person_ends_the_tamper_mode(tmp_path: Path) -> None:
    """F-038: it does not end by itself; who ended it stands in the journal, and the next burst counts again."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("burst", doors=["1", "2", "3"])
        await asyncio.sleep(3600.0)
        still_off = not stage.ledger.state.switched.deposits
        await stage.ledger.transact(
            lambda state, at: tampering.resume_deposits(state, "cmd-1", "technician:t1", "looked", at)
        )
        resumed = stage.ledger.state.switched.deposits
        stage.sim.faults.add("burst", doors=["4", "5", "6"])
        await asyncio.sleep(5.0)

        assert still_off
        assert resumed
        assert (await stage.last("fault.resolved"))["actor"] == "technician:t1"
        assert await stage.faults(BURST) == ["cabinet", "cabinet"]

    play(tmp_path, story)


def test_two_forced_doors_are_no_burst(tmp_path: Path) -> None:
    """Deposits go on for a loose panel; each door is a fault of its own."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("burst", doors=["1", "2"])
        await asyncio.sleep(5.0)

        assert stage.ledger.state.switched.deposits
        assert await stage.faults("DOOR-204") == ["1", "2"]

    play(tmp_path, story)


def test_a_burst_is_different_doors_close_together() -> None:
    """The same latch again and again, or one door an hour, is something else."""
    slow, loose, quick = Bursts(), Bursts(), Bursts()

    assert [slow.forced(n, at * BURST_WINDOW_S) for at, n in enumerate("1234")] == [()] * 4
    assert [loose.forced("7", at) for at in range(6)] == [()] * 6
    assert [quick.forced(n, at) for at, n in enumerate("123")] == [(), (), ("1", "2", "3")]


def test_fifty_flips_a_second_are_one_fault(tmp_path: Path) -> None:
    """F-034: a loose wire for ten minutes. The journal gets one fault and a handful of moves, not thousands."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("chatter", door="8", hz=47.0)
        await asyncio.sleep(600.0)

        assert await stage.faults(CHATTERS) == ["8"]
        moves = [kind for kind in await stage.journal() if kind.startswith("door.")]
        assert len(moves) <= CHATTER_FLIPS // 2
        assert "door.left_open" not in moves
        assert "8" not in stage.cabinet.not_now()
        assert stage.cabinet.watch.states()["8"].value == "unknown"

    play(tmp_path, story)


@pytest.mark.parametrize("hz", [50.0, 2.0, 4.0])
def test_a_flutter_in_step_with_the_looks_is_noticed(tmp_path: Path, hz: float) -> None:
    """F-034: the mains' hum, or a contact that swings as often as it is read: looks do not keep step with it."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("chatter", door="8", hz=hz)
        await asyncio.sleep(300.0)

        told = await stage.journal()
        assert "door.forced" in told or await stage.faults(CHATTERS) == ["8"]

    play(tmp_path, story, "lock-8a")


def test_a_mended_sensor_is_believed_without_anybody_touching_the_door(tmp_path: Path) -> None:
    """F-034: the plug is pushed in and the door never moves. It is asked once it was quiet, and the fault ends."""

    async def story(stage: Stage) -> None:
        loose = stage.sim.faults.add("chatter", door="8", hz=47.0)
        await asyncio.sleep(60.0)
        before = stage.cabinet.watch.states()["8"].value
        stage.sim.faults.clear(loose)
        await asyncio.sleep(2 * CHATTER_QUIET_S + 5.0)

        assert before == "unknown"
        assert stage.cabinet.watch.states()["8"].value == "closed"
        assert [event["fault"] for event in await stage.events("fault.resolved")] == [f"{CHATTERS}@8"]

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("family", "open_s"), [("waveshare-relay", 0.3), ("wkly", 0.4), ("kerong-cu16", 0.6)]
)
def test_an_authorised_door_that_is_slammed_was_seen(tmp_path: Path, family: str, open_s: float) -> None:
    """F-035: shut as soon as its coil lets go. Boards are read ten times a second after an unlock."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("slam", door="3", after_s=open_s)

        outcome = await stage.unlock("3")
        await asyncio.sleep(3.0)

        assert outcome is Outcome.OPENED
        assert stage.heard() == ["DoorOpened 3", "DoorClosed 3"]

    play(tmp_path, story, family)


def test_a_short_opening_behind_a_busy_line_is_said_to_be_possible(tmp_path: Path) -> None:
    """F-035: this family answers only when its pulse is over. Nobody saw the 300 ms, and the reason says so."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("slam", door="3", after_s=0.3)

        outcome = await stage.unlock("3")

        assert outcome is Outcome.NOT_OPENED
        assert "doors were not read for 0.3" in (await stage.last("door.not_opened"))["reason"]

    play(tmp_path, story, "lock-8a")


def test_a_board_that_nobody_looked_at_is_reported_when_it_is_read_again(tmp_path: Path) -> None:
    """F-035: the line is busy with something else for eight seconds. A fault that begins and ends says so, once."""

    async def story(stage: Stage) -> None:
        await asyncio.sleep(5.0)
        bus, board = stage.bus_of("A")
        busy = asyncio.create_task(bus.perform(questions(board, for_s=8.0), Priority.VERIFY))
        await asyncio.sleep(6.0)
        during = await stage.faults(GAP)
        await busy
        await asyncio.sleep(5.0)

        assert during == []
        assert await stage.faults(GAP) == ["A"]
        assert "not read for" in (await stage.events("fault.opened"))[-1]["detail"]
        assert not stage.ledger.state.fault

    play(tmp_path, story)


def test_a_quiet_hour_has_no_gaps(tmp_path: Path) -> None:
    """Normal work, a hint from the screen now and then, four families: nothing to report."""

    async def story(stage: Stage) -> None:
        for _ in range(60):
            stage.cabinet.armed()
            await asyncio.sleep(60.0)

        assert await stage.faults(GAP) == []

    play(tmp_path, story, "lock-8a", "kerong-cu16", "wkly", "waveshare-relay")


def test_the_silence_of_a_board_is_no_gap() -> None:
    """It is journalled as silence; its return begins a new count."""
    sampling = Sampling()

    for at in range(0, 60, 2):
        assert sampling.look("A", -1.0, True, float(at)) is None
    assert sampling.look("A", 60.5, False, 61.0) is None


def test_a_bus_that_is_always_too_slow_is_one_piece_of_news() -> None:
    """A gap every ten seconds for an hour: one report every ten minutes."""
    sampling, told = Sampling(), []

    looked_s = 0.0
    for step in range(int(3600 / SAMPLING_LOOK_S)):
        now_s = step * SAMPLING_LOOK_S
        looked_s = now_s if step % 5 == 0 else looked_s
        told.append(sampling.look("A", looked_s, False, now_s))

    gaps = [gap for gap in told if isinstance(gap, SamplingGap)]
    assert all(gap.length_s > SAMPLING_GAP_S for gap in gaps)
    assert 5 <= len(gaps) <= 3600 / GAP_REPORTS_S + 1


def test_doors_that_stand_open_are_not_offered(tmp_path: Path) -> None:
    """Somebody still stands there: the next deposit goes elsewhere."""

    async def story(stage: Stage) -> None:
        await stage.unlock("3")
        await asyncio.sleep(1.0)
        while_open = stage.cabinet.not_now()
        stage.sim.hand("3", "close")
        await asyncio.sleep(2.0)

        assert while_open == ("3",)
        assert stage.cabinet.not_now() == ()

    play(tmp_path, story)
