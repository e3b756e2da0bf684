"""The installed program looks itself over, and says which file is not the one that was built."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent import self_check
from edge_agent.self_check import changed_files, told, write_manifest


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A small installation; the path of its manifest."""
    (tmp_path / "venv" / "lib").mkdir(parents=True)
    for number in range(8):
        (tmp_path / "venv" / "lib" / f"part{number}.py").write_text(f"PART = {number}\n")
    return write_manifest(tmp_path)


def test_an_untouched_installation_is_silent(installed: Path) -> None:
    assert changed_files(installed) == []


def test_a_file_that_was_changed_is_named(installed: Path) -> None:
    """SEC-42: a flipped bit and a missing file are told by name."""
    (installed.parent / "venv" / "lib" / "part3.py").write_text("PART = 4\n")
    (installed.parent / "venv" / "lib" / "part5.py").unlink()

    assert changed_files(installed) == ["venv/lib/part3.py", "venv/lib/part5.py"]


def test_a_dead_card_is_told_in_one_line(installed: Path) -> None:
    for path in (installed.parent / "venv" / "lib").iterdir():
        path.unlink()

    assert told(changed_files(installed)).endswith("part4.py and 3 more")


def test_a_checkout_is_not_judged(tmp_path: Path) -> None:
    assert changed_files(tmp_path / self_check.NAME) == []
