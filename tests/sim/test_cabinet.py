"""A cabinet in one object: other people's families, names that collide, pages that lag."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sim.events import WAITING_MAX, EventFeed
from sim.firmware import FAMILIES
from sim.firmware.lock_8a import Lock8A
from sim.links import PortTaken
from sim.pytest_plugin import LockerSim
from tests.sim.stage import Stage


class CousinBoard(Lock8A):
    """A family that another project pretends: the 8A's frames, eight channels."""

    family = "cousin"


def test_a_family_from_elsewhere_is_pretended_like_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put into the table it can be planned, asked and troubled."""
    monkeypatch.setitem(FAMILIES, CousinBoard.family, CousinBoard)
    stage = Stage("cousin")

    stage.faults.add("jam", door="8")

    assert len(stage.world.doors) == 8
    assert stage.unlock_first() == bytes.fromhex("8A 01 01 00 8A")
    assert stage.ask(bytes.fromhex("8A 01 08 11 92"), 2.0) == bytes.fromhex("8A 01 08 11 92")


@pytest.mark.parametrize(
    ("sections", "says"),
    [
        (
            {"scanner": [{"name": "front", "port": "/nowhere", "driver": "x-ray"}]},
            "scanner front: nobody pretends",
        ),
        (
            {"board": [{"name": "A", "bus": "main", "driver": "abacus", "address": 1, "channels": 24}]},
            "board A: nobody",
        ),
    ],
)
def test_a_family_that_nobody_pretends_is_named(sections: dict[str, object], says: str) -> None:
    """Thing, place and what there is."""
    with pytest.raises(ValueError, match=says):
        Stage("lock-8a", **sections)


def test_a_bus_and_a_scanner_of_one_name_are_refused(locker_sim: LockerSim, tmp_path: Path) -> None:
    """Their links would be one."""
    scanner = {"name": "main", "port": "/nowhere"}
    cabinet = locker_sim("lock-8a", ports=False, scanner=[scanner])

    with pytest.raises(PortTaken, match="both called main"):
        cabinet.open_ports(tmp_path)


def test_stopping_twice_is_as_good_as_once(locker_sim: LockerSim) -> None:
    """Whoever is first, fixture or test; and the world goes on without a port."""
    cabinet = locker_sim("wkly", control=True)

    cabinet.stop()
    cabinet.stop()
    cabinet.force("1")

    assert (cabinet.ports, cabinet.control_url) == ({}, "")
    assert cabinet.doors()[0]["door"] == "open"


async def test_a_page_that_lags_is_let_go() -> None:
    """More events than a page may lag behind: it hears those, then its stream ends and it can come again."""
    stage = Stage("lock-8a")
    feed = EventFeed(stage.cabinet)
    feed.bind(asyncio.get_running_loop())
    page = feed.subscribe()
    assert (await anext(page))[0] == "hello"
    waiting = asyncio.ensure_future(anext(page))
    await asyncio.sleep(0)

    for _ in range(WAITING_MAX):
        stage.cabinet.force("1")
        stage.cabinet.hand("1", "close")
    heard = [await waiting, *[told async for told in page]]

    assert WAITING_MAX <= len(heard) < 2 * WAITING_MAX
    assert {name for name, _ in heard} == {"door"}
    again = feed.subscribe()
    assert (await anext(again))[0] == "hello"
    await again.aclose()
    feed.close()
