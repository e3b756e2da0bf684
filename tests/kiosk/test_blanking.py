"""A screen rests when nobody is there, and the first touch both wakes it and counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from drivers.screen import Backlight
from edge_agent.kiosk.blanking import Blanking, orders


def backlight(folder: Path) -> Backlight:
    (folder / "max_brightness").write_text("200")
    (folder / "brightness").write_text("200")
    return Backlight(folder)


def level(folder: Path) -> int:
    return int((folder / "brightness").read_text())


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.005)  # bounded by the time-out above


async def test_it_dims_when_nobody_is_there_and_wakes_with_a_touch(tmp_path: Path) -> None:
    """Two minutes shortened to a moment: 30 % of the light, and all of it again at once."""
    rest, wake = orders(backlight(tmp_path), dim_percent=30)
    blanking = Blanking(rest, wake, after_s=0.02, busy=lambda: False)
    task = asyncio.create_task(blanking.run())

    await until(lambda: level(tmp_path) == 60)
    resting = blanking.resting
    blanking.stir()
    await until(lambda: level(tmp_path) == 200)

    assert resting
    task.cancel()


async def test_it_stays_bright_while_somebody_has_the_screen(tmp_path: Path) -> None:
    """A person who reads does not touch: the session keeps the light on."""
    asked: list[bool] = []

    def busy() -> bool:
        asked.append(True)
        return True

    rest, wake = orders(backlight(tmp_path), dim_percent=30)
    blanking = Blanking(rest, wake, after_s=0.01, busy=busy)
    task = asyncio.create_task(blanking.run())

    await until(lambda: len(asked) >= 3)

    assert level(tmp_path) == 200
    task.cancel()


async def test_a_display_that_does_not_obey_costs_nothing_else(tmp_path: Path) -> None:
    """No such backlight: it is logged once, and the worker goes on."""
    rest, wake = orders(Backlight(tmp_path / "gone"), dim_percent=30)
    blanking = Blanking(rest, wake, after_s=0.01, busy=lambda: False)
    task = asyncio.create_task(blanking.run())

    await until(lambda: blanking.resting)

    assert not task.done()
    task.cancel()
