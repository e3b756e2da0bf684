"""SIGKILL of the real program at journalled steps of deposit, pickup and recall: started again, nothing is broken.

The journal's long poll names the moment, so each kill falls within milliseconds of the step. The default run takes a
seeded few of all moments; virtual time (`tests/soak/test_kill_points.py`) takes each one, before and after.
"""

from __future__ import annotations

import signal
from pathlib import Path
from random import Random

import pytest

from sim.soak.oracle import broken
from tests.power.program import Site, site
from tests.power.stories import STEPS, STORIES, deposit, pickup, tell

ALL = [(name, step) for name, steps in STEPS.items() for step in steps]
FEW = Random(20_260_401).sample(ALL, 3)


def prepare(at: Site, name: str) -> None:
    """What has to have happened before this story."""
    at.start()
    at.accept()
    if name == "pickup":
        tell(at, deposit)
    if name == "recall":
        tell(at, deposit)
        assert tell(at, pickup, until="door.opened")  # nobody knows now whether the parcel was taken
        at.start()
        for number in [one["number"] for one in at.cabinet.doors() if one["door"] == "open"]:
            at.shuts(number)


def killed_and_started_again(folder: Path, name: str, step: str) -> list[str]:
    with site(folder) as at:
        prepare(at, name)
        assert tell(at, STORIES[name], until=step), "the story went past its step"
        for one in at.cabinet.doors():
            if one["door"] == "open":
                at.shuts(one["number"])
        at.start()
        return broken(at.evidence())


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("name", "step"), FEW)
def test_killed_at_a_step_and_started_again(tmp_path: Path, name: str, step: str) -> None:
    """A few of them, by seed."""
    assert killed_and_started_again(tmp_path, name, step) == []


@pytest.mark.soak
@pytest.mark.timeout(240)
@pytest.mark.parametrize(("name", "step"), ALL)
def test_killed_at_every_step_and_started_again(tmp_path: Path, name: str, step: str) -> None:
    """All of them."""
    assert killed_and_started_again(tmp_path, name, step) == []


@pytest.mark.timeout(120)
def test_killed_in_the_middle_of_a_pulse(tmp_path: Path) -> None:
    """F-040: the board ends the pulse by itself, the next start switches all coils off, and nothing is pulsed again."""
    with site(tmp_path) as at:
        prepare(at, "deposit")
        at.at_next_pulse(lambda: at.send(signal.SIGKILL))
        story = deposit(at)
        at.happens(next(story))
        next(story)
        at.gone()

        at.until(lambda: not at.energised(), "the pulse ends without a program")
        for number in [one["number"] for one in at.cabinet.doors() if one["door"] == "open"]:
            at.shuts(number)
        at.start()

        assert len(at.cabinet.coils()) == 1
        assert broken(at.evidence()) == []
