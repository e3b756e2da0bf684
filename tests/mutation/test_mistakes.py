"""The table of planted mistakes: every piece is still there, and (in `make soak`) every mistake is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutation.__main__ import ROOT, plant, run
from tests.mutation.mistakes import MISTAKES, Change, Mistake

KNOWN = 20


def test_there_are_at_least_twenty() -> None:
    """Each with a name of its own and tests that exist."""
    assert len({one.name for one in MISTAKES}) >= KNOWN
    assert [name for one in MISTAKES for name in one.noticed_by if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: one.name)
def test_the_piece_that_would_be_wrong_is_still_there(mistake: Mistake) -> None:
    """Exactly once: a table that has lost its place plants nothing."""
    assert [
        change.file for change in mistake.changes if (ROOT / change.file).read_text().count(change.right) != 1
    ] == []


def test_a_piece_that_has_moved_is_an_error_and_no_silent_success(tmp_path: Path) -> None:
    """The tree stays as it was."""
    (tmp_path / "door.py").write_text("open()\n")
    lost = Mistake("lost", (Change("door.py", "close()", "pass"),), ())

    with pytest.raises(ValueError, match="0 times"):
        plant(lost, tmp_path)

    assert (tmp_path / "door.py").read_text() == "open()\n"


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_every_planted_mistake_is_noticed() -> None:
    """`python -m tests.mutation` prints the table by itself."""
    assert run() == []
