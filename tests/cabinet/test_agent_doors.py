"""The whole agent under virtual time: a person's decisions about compartments, and the ways an agent stops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from drivers.bus import LineSettings
from drivers.serial_bus import SerialBus
from edge_agent.clock import VirtualClock
from edge_agent.control import door_types as d
from edge_agent.control.operations import OPERATIONS, Role
from edge_agent.control.peer import Peer
from edge_agent.control.server import Caller
from edge_agent.domain import hardware, service
from edge_agent.domain.refusals import NOT_SEEN_CLOSED, NOT_USABLE, Refusal
from edge_agent.domain.words import Basis, Cause, Condition, Contents, Outcome
from edge_agent.errors import ControlError
from edge_agent.liveness import Liveness, answers
from edge_agent.serving import Serving
from sim.soak.people import Courier
from sim.soak.whole_locker import WholeLocker
from sim.virtual_time import run_virtual

CALLER = Caller(Role.TECHNICIAN, Peer(1, 0, 0))
Story = Callable[[WholeLocker], Awaitable[None]]


def live(tmp_path: Path, story: Story, **sections: Any) -> None:
    """The demo's cabinet, accepted; `sections` of its configuration may differ."""
    clock = VirtualClock()
    (folder := tmp_path / "site").mkdir()

    async def life() -> None:
        locker = WholeLocker(folder, 3, clock, **sections)
        await locker.start()
        try:
            await locker.accept()
            await story(locker)
        finally:
            await locker.stop()

    run_virtual(life(), on_jump=clock.advance)


async def ask(locker: WholeLocker, key: str, arguments: Any) -> Any:
    """What a technician's tool would be answered."""
    return await Serving(locker.awake).technician()[key](arguments, CALLER)  # type: ignore[misc]


async def journal(locker: WholeLocker, kind: str) -> list[dict[str, Any]]:
    return [event["data"] for event in await locker.events() if event["type"] == f"locker.{kind}"]


async def opened(locker: WholeLocker, number: str) -> Outcome:
    """A technician's opening."""
    agent = locker.awake
    committed = await agent.ledger.transact(
        lambda state, at: service.open_door(
            state, number, Cause.TECHNICIAN, "technician:t1", at, agent.seams.chance
        )
    )
    return await agent.cabinet.open(committed.result.intent)


def test_every_door_row_is_served(tmp_path: Path) -> None:
    """What the table offers about compartments, deposits and emergencies has its handler."""

    async def story(locker: WholeLocker) -> None:
        wanted = {
            row.key for row in OPERATIONS if row.key.startswith(("compartment.", "deposits.", "emergency."))
        }
        assert wanted
        assert wanted <= set(Serving(locker.awake).technician())

    live(tmp_path, story)


def test_a_compartment_is_set_aside_and_comes_back(tmp_path: Path) -> None:
    """F-030: jammed three times it is faulty; blocked, mended, and back in service with its faults ended."""

    async def story(locker: WholeLocker) -> None:
        jam = locker.sim.faults.add("jam", door="7")
        conditions = []
        for _ in range(3):
            await opened(locker, "7")
            conditions.append(locker.ledger.state.compartment["7"].condition)
            await asyncio.sleep(5.0)
        blocked = await ask(
            locker, "compartment.block", d.CompartmentBlockArguments(number="7", reason="bent")
        )
        locker.sim.faults.clear(jam)
        back = await ask(
            locker, "compartment.unblock", d.CompartmentUnblockArguments(number="7", reason="new latch")
        )

        assert conditions == [Condition.SUSPECT, Condition.SUSPECT, Condition.FAULTY]
        assert (blocked.condition, back.condition, back.resolved) == ("out_of_service", "ok", 1)
        assert not locker.ledger.state.fault
        assert [event["reason"] for event in await journal(locker, "compartment.in_service")] == ["new latch"]

    live(tmp_path, story)


def test_a_blocked_compartment_opens_for_technicians_only(tmp_path: Path) -> None:
    """A courier who is to look into unknown doors is refused this one."""

    async def story(locker: WholeLocker) -> None:
        await ask(locker, "compartment.block", d.CompartmentBlockArguments(number="7"))
        await locker.ledger.transact(lambda state, at: service.contents_unknown(state, "7", "test", at))
        await locker.hire("c1", "SF")

        with pytest.raises(Refusal) as refused:
            await locker.ledger.transact(
                lambda state, at: service.open_to_verify(
                    state, "7", "c1", "s1", at, locker.awake.seams.chance
                )
            )
        assert refused.value.code == NOT_USABLE
        assert await opened(locker, "7") is Outcome.OPENED

    live(tmp_path, story)


def test_a_technician_looks_and_says_what_is_inside(tmp_path: Path) -> None:
    """Open, look, shut, say: empty counts on his word. Said before the door is shut it does not."""

    async def story(locker: WholeLocker) -> None:
        look = await ask(locker, "compartment.verify", d.CompartmentVerifyArguments(number="9"))
        with pytest.raises(Refusal) as early:
            await ask(locker, "compartment.verify", d.CompartmentVerifyArguments(number="9", found="empty"))
        locker.shuts("9")
        await asyncio.sleep(2.0)
        between = locker.ledger.state.compartment["9"].contents
        said = await ask(
            locker, "compartment.verify", d.CompartmentVerifyArguments(number="9", found="empty")
        )

        assert (look.outcome, look.exit_code()) == ("opened", 0)
        assert early.value.code == NOT_SEEN_CLOSED
        assert between is Contents.UNKNOWN
        assert said.contents == "empty"
        assert locker.ledger.state.compartment["9"].basis is Basis.TECHNICIAN

    live(tmp_path, story)


def test_something_strange_inside_is_not_offered(tmp_path: Path) -> None:
    """Occupied, and no parcel of ours: unknown, with a report that a person has to clear."""

    async def story(locker: WholeLocker) -> None:
        said = await ask(
            locker, "compartment.verify", d.CompartmentVerifyArguments(number="9", found="occupied")
        )

        assert said.contents == "unknown"
        assert not locker.ledger.state.compartment["9"].offered

    live(tmp_path, story)


def test_a_compartment_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A typing error changes nothing."""

    async def story(locker: WholeLocker) -> None:
        with pytest.raises(ControlError) as refused:
            await ask(locker, "compartment.block", d.CompartmentBlockArguments(number="999"))
        assert refused.value.code == "CTRL-705"

    live(tmp_path, story)


def test_deposits_are_stopped_and_resumed_by_name(tmp_path: Path) -> None:
    """F-038: by either verb; the switch survives, and both acts stand in the journal with who did them."""

    async def story(locker: WholeLocker) -> None:
        off = await ask(locker, "emergency.stop-deposits", d.DepositsStopArguments(reason="flood"))
        while_off = locker.ledger.state.switched.deposits
        on = await ask(locker, "deposits.resume", d.DepositsResumeArguments(reason="dry"))

        assert (off.deposits, off.reason, on.deposits) == ("off", "flood", "on")
        assert not while_off
        done = [(event["cmd"], event["issuer"]) for event in await journal(locker, "command.done")]
        assert done == [("deposits.stop", "technician:root"), ("deposits.resume", "technician:root")]

    live(tmp_path, story)


def test_a_worker_that_dies_leaves_no_coil_on(tmp_path: Path) -> None:
    """Wall 7: the watchdog is not fed any more, and the stop that follows switches everything off."""

    async def story(locker: WholeLocker) -> None:
        agent = locker.awake
        agent.supervisor.fail("cabinet ended")
        locker.sim.world.hold("C", 1, locker.loop.time())

        healthy = agent.healthy()
        await agent.stop(await agent.supervisor.failed)
        still_on = locker.sim.world.relay("C", 1)
        await locker.start()

        assert not healthy
        assert not still_on

    live(tmp_path, story)


def test_a_jammed_door_does_not_hold_the_stop_up(tmp_path: Path) -> None:
    """Less than the ten seconds that the program has, coils off included; the next start settles the opening."""

    async def story(locker: WholeLocker) -> None:
        for number in ("7", "41"):  # 41 hangs on the coil that is held
            locker.sim.faults.add("jam", door=number)
        opening = asyncio.create_task(opened(locker, "7"))
        locker.keep.add(opening)
        await asyncio.sleep(1.0)
        locker.sim.world.hold("C", 1, locker.loop.time())

        begin_s = locker.loop.time()
        await locker.awake.stop("asked to stop")
        took_s = locker.loop.time() - begin_s
        still_on = locker.sim.world.relay("C", 1)
        opening.cancel()
        await locker.start()

        assert took_s < 8.0
        assert not still_on
        assert locker.ledger.state.intent == {}

    live(tmp_path, story, policy={"open_wait_s": 20.0})


def test_a_thread_that_does_not_answer_stops_the_watchdogs_food(tmp_path: Path) -> None:
    """Asked once, not answered by the next time: named, and again until it answers."""

    async def story(locker: WholeLocker) -> None:
        stuck = asyncio.Event()

        async def hangs() -> None:
            await stuck.wait()

        liveness = Liveness({"bus-main": hangs})
        first = liveness.silent()
        await asyncio.sleep(10.0)
        second, third = liveness.silent(), liveness.silent()
        stuck.set()
        await asyncio.sleep(1.0)

        assert (first, second, third) == ((), ("bus-main",), ("bus-main",))
        assert liveness.silent() == ()
        liveness.stop()

    live(tmp_path, story)


def test_a_healthy_agent_feeds_the_watchdog(tmp_path: Path) -> None:
    """Every bus and the store answer; a bus whose port is gone answers too, because its thread is alive."""

    async def story(locker: WholeLocker) -> None:
        agent = locker.awake
        rounds = []
        for _ in range(3):
            rounds.append(agent.healthy())
            await asyncio.sleep(10.0)
        bus = next(iter(agent.buses.values()))
        bus.stop()

        await asyncio.wait_for(answers(bus), 1.0)
        assert rounds == [True, True, True]

    live(tmp_path, story)


def test_a_courier_is_sent_to_a_door_that_may_be_energised(tmp_path: Path) -> None:
    """F-039: a coil of the first supply stays on. Its doors look free; the parcel goes to the other supply."""

    async def story(locker: WholeLocker) -> None:
        await locker.ledger.transact(lambda state, at: hardware.coil_stuck(state, "1", "stays on", at))
        badge = await locker.hire("c1", "SF")

        left = await Courier(badge, Random(1)).deposit(locker, ["SF1234567890123"])

        assert left == 1
        [intent] = await journal(locker, "door.open_requested")
        boards = {door.number: door.board for door in locker.sim.config.doors()}
        assert boards[intent["compartment"]] == "B"

    live(tmp_path, story)


def test_a_bus_whose_thread_does_not_run_is_named() -> None:
    """The real thing: nobody takes up what the loop asks, until the bus ends and refuses it."""

    async def story() -> list[tuple[str, ...]]:
        bus = SerialBus(LineSettings("main", "/dev/null"), asyncio.get_running_loop())
        asked = asyncio.create_task(answers(bus))
        liveness = Liveness({"main": lambda: asked})
        said = [liveness.silent()]
        await asyncio.sleep(0)
        said.append(liveness.silent())
        bus.stop()
        await asked
        return [*said, liveness.silent()]

    assert asyncio.run(story()) == [(), ("main",), ()]
