"""Everything is opened in an emergency: two proven persons, one door after the other, on the record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from edge_agent.control import door_types as d
from edge_agent.domain import service
from edge_agent.domain.changes import Change
from edge_agent.domain.decision import Decision
from edge_agent.domain.refusals import DOOR_BUSY, LOCKED_OUT, NOT_PERMITTED, Refusal
from edge_agent.domain.staff_member import Staff
from edge_agent.domain.words import Contents
from edge_agent.emergency import Emergency
from edge_agent.errors import ControlError
from edge_agent.kiosk.session_inputs import pin_text
from tests.cabinet.stage import Stage, play

SITE = "SIM-0001"
PINS = {"t1": "4711", "t2": "0815"}


async def staffed(stage: Stage) -> Emergency:
    """Two technicians with PINs of their own, and the doors of this cabinet, all of them known to be empty."""
    rows = []
    for name, pin in PINS.items():
        hashed = await stage.hasher.code_hash_off_loop(pin_text(name, pin))
        rows.append(Change("staff", name, Staff(name, f"card-{name}", hashed)))
    await stage.ledger.transact(lambda state, at: Decision(given=tuple(rows)))
    numbers = [door.number for door in stage.sim.config.doors()]
    await stage.ledger.transact(lambda state, at: service.accept(state, "technician:t1", tuple(numbers), at))
    return Emergency(
        SITE,
        numbers,
        stage.ledger,
        stage.cabinet,
        stage.hasher,
        stage.clock,
        stage.chance,
        stage.journal_later,
    )


def asking(first: str = "t1", second: str = "t2", **more: str) -> d.OpenAllArguments:
    pins = {"first_pin": PINS.get(first, "?"), "second_pin": PINS.get(second, "?")}
    given = {"reason": "fire drill", "confirm": SITE, **pins, **more}
    return d.OpenAllArguments(first=first, second=second, **given)


async def everything(items: AsyncIterator[d.OpenAllItem]) -> list[d.OpenAllItem]:
    return [item async for item in items]


def test_two_persons_open_every_door_in_turn(tmp_path: Path) -> None:
    """F-042: 16 doors on a supply that bears one coil. Both names stand in each intent, and nothing is known after."""

    async def story(stage: Stage) -> None:
        stage.sim.faults.add("brown-out", supply="psu-1", coils=1)
        emergency = await staffed(stage)

        items = await everything(emergency.open_all(asking()))
        await asyncio.sleep(1.0)

        assert [item.outcome for item in items] == ["opened"] * 16
        assert [item.place for item in items] == list(range(1, 17))
        intents = await stage.events("door.open_requested")
        assert {intent["actor"] for intent in intents} == {"technician:t1+technician:t2"}
        assert {intent["reason"] for intent in intents} == {"emergency.open-all: fire drill"}
        pulses = sorted(stage.sim.coils(), key=lambda pulse: pulse.start_s)
        ends = [pulse.start_s + (pulse.length_s or 99.0) for pulse in pulses]
        assert all(end <= later.start_s for end, (_, later) in zip(ends, pairwise(pulses), strict=False))
        assert stage.sim.world.supplies["psu-1"].sags == 0
        contents = {row.contents for row in stage.ledger.state.compartment.values()}
        assert contents == {Contents.UNKNOWN}
        assert stage.ledger.state.intent == {}
        assert (await stage.last("command.done"))["status"] == "done"

    play(tmp_path, story, "waveshare-relay", "waveshare-relay")


def test_one_person_is_not_two(tmp_path: Path) -> None:
    """F-042: the same name twice, a stranger, or a person who has left: nothing is energised."""

    async def story(stage: Stage) -> None:
        emergency = await staffed(stage)

        for first, second in (("t1", "t1"), ("t1", "t9")):
            with pytest.raises(Refusal) as refused:
                await everything(emergency.open_all(asking(first, second)))
            assert refused.value.code == NOT_PERMITTED
        assert stage.pulses() == 0

    play(tmp_path, story)


def test_a_wrong_pin_is_counted_against_its_person(tmp_path: Path) -> None:
    """F-042: three wrong ones lock t2 out, at the screen too; the right PIN does not help then. t1 has lost nothing."""

    async def story(stage: Stage) -> None:
        emergency = await staffed(stage)

        codes = []
        for pin in ("1", "2", "3", PINS["t2"]):
            with pytest.raises(Refusal) as refused:
                await everything(emergency.open_all(asking(second_pin=pin)))
            codes.append(refused.value.code)

        assert codes == [NOT_PERMITTED] * 3 + [LOCKED_OUT]
        assert "staff:t2" in stage.ledger.state.lockout
        assert "staff:t1" not in stage.ledger.state.lockout
        assert len(await stage.events("command.rejected")) == 3
        assert stage.pulses() == 0

    play(tmp_path, story)


def test_the_site_code_has_to_be_this_lockers(tmp_path: Path) -> None:
    """F-042: typed for another site, nobody's PIN is even looked at."""

    async def story(stage: Stage) -> None:
        emergency = await staffed(stage)

        with pytest.raises(ControlError) as refused:
            await everything(emergency.open_all(asking(confirm="SIM-0002")))

        assert refused.value.code == "CTRL-704"
        assert await stage.events("login.failed") == []

    play(tmp_path, story)


def test_whoever_breaks_it_off_stops_it(tmp_path: Path) -> None:
    """F-042: Ctrl-C during the third door: that one gets its outcome, the fourth is not opened, the record says so."""

    async def story(stage: Stage) -> None:
        emergency = await staffed(stage)
        seen: list[str] = []

        async def watcher() -> None:
            async for item in emergency.open_all(asking()):
                seen.append(item.door)

        watching = asyncio.create_task(watcher())
        third = stage.next_pulse(of=3)
        await third
        watching.cancel()
        await asyncio.sleep(30.0)

        assert seen == ["1", "2"]
        assert stage.pulses() == 3
        assert len(await stage.events("door.opened")) == 3
        known = [stage.ledger.state.compartment[number].contents for number in ("3", "4")]
        assert known == [Contents.UNKNOWN, Contents.EMPTY]
        assert (await stage.last("command.done"))["status"] == "stopped"

    play(tmp_path, story)


def test_a_door_that_cannot_be_opened_does_not_hold_the_others_up(tmp_path: Path) -> None:
    """F-042: one latch is jammed and one door stands open for somebody; each is named, and all others open."""

    async def story(stage: Stage) -> None:
        emergency = await staffed(stage)
        stage.sim.faults.add("jam", door="2")
        await stage.unlock("4")

        items = {item.door: item for item in await everything(emergency.open_all(asking()))}

        assert (items["2"].outcome, items["2"].code) == ("not_opened", "DOOR-201")
        assert (items["4"].outcome, items["4"].code) == (None, DOOR_BUSY)
        assert [items[n].outcome for n in ("1", "3", "5", "6", "7", "8")] == ["opened"] * 6

    play(tmp_path, story, "waveshare-relay", open_wait_s=2.0)


def test_a_second_open_all_waits_for_nobody(tmp_path: Path) -> None:
    """Two terminals at once would only confuse two people."""

    async def story(stage: Stage) -> None:
        emergency = await staffed(stage)
        first = asyncio.create_task(everything(emergency.open_all(asking())))
        await asyncio.sleep(0.5)

        with pytest.raises(Refusal) as refused:
            await everything(emergency.open_all(asking()))

        assert refused.value.code == DOOR_BUSY
        assert len(await first) == 8

    play(tmp_path, story, "waveshare-relay")
