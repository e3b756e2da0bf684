"""The agent is killed, or the whole site loses its power, at every journalled step of what people do at it.

Each trial is one story in virtual time with one cut, before or just after one step is durable; the agent starts again
on the same folder in the same world, people come back, and a judge that knows only the coils, the doors, the people and
the journal looks for broken invariants (INV-01 to INV-13). A failure names story, step and trouble; repeat one with
`pytest tests/soak/test_kill_points.py -k NAME`.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from sim.soak.cuts import STORIES, TROUBLES, Cut, Trial, cuts_of, steps_of
from sim.soak.lives import Fuse
from sim.soak.oracle import broken, known

SEED = 20_260_301
TROUBLED_SHARE = 0.1  # of the trials with a trouble, in the default run


def found(folder: Path, name: str, cut: Cut, trouble: str = "") -> list[str]:
    """Breaches of one trial, each with how to find it again."""
    trial = Trial(STORIES[name], cut, trouble)
    breaches = broken(trial.run(folder))
    where = f"{name}, {trouble or 'no trouble'}, {cut}: "
    return [where + breach for breach in breaches]


@pytest.mark.parametrize("name", STORIES)
def test_a_cut_at_every_step_leaves_every_invariant_whole(tmp_path: Path, name: str) -> None:
    """Before each step is durable and right after, killed and dark by turns."""
    steps = steps_of(STORIES[name], tmp_path / "site")

    breaches = [one for cut in cuts_of(len(steps)) for one in found(tmp_path / "site", name, cut)]

    assert len(steps) >= 4, "the story is shorter than its flow"
    assert breaches == []


@pytest.mark.parametrize("name", STORIES)
def test_a_cut_in_every_step_of_the_recovery_too_ends_in_the_same_state(tmp_path: Path, name: str) -> None:
    """INV-20: the first start dies at its first step, the next at its second, and so on, until one lives."""
    steps = steps_of(STORIES[name], tmp_path / "site")
    again = tuple(Fuse(step) for step in range(1, 4)) + tuple(Fuse(step, lost=True) for step in range(1, 4))
    differing = []
    for step in range(1, len(steps) + 1):
        once, often = (Trial(STORIES[name], Cut(Fuse(step), more)) for more in ((), again))
        breaches = [broken(trial.run(tmp_path / "site")) for trial in (once, often)]
        assert once.settled is not None
        assert often.settled is not None
        same = known(once.settled) == known(often.settled)
        if any(breaches) or not same:
            differing.append((step, breaches, known(once.settled), known(often.settled)))
        assert len(often.starts) > len(once.starts), "no recovery was interrupted"

    assert differing == []


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", STORIES)
def test_a_cut_beside_a_trouble(tmp_path: Path, name: str, trouble: str) -> None:
    """A silent board, a jammed door, crossed cables or a door that stays open, and a cut on top: a share of them."""
    steps = steps_of(STORIES[name], tmp_path / "site", trouble)
    cuts = cuts_of(len(steps))
    chosen = Random(f"{SEED} {name} {trouble}").sample(cuts, max(1, round(len(cuts) * TROUBLED_SHARE)))

    assert [one for cut in chosen for one in found(tmp_path / "site", name, cut, trouble)] == []


@pytest.mark.soak
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", STORIES)
def test_a_cut_at_every_step_beside_every_trouble(tmp_path: Path, name: str, trouble: str) -> None:
    """All of them."""
    steps = steps_of(STORIES[name], tmp_path / "site", trouble)

    assert [one for cut in cuts_of(len(steps)) for one in found(tmp_path / "site", name, cut, trouble)] == []
