"""`docs/traps.md` names a test for each trap: every one of them exists under that name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
TABLE = (ROOT / "docs" / "traps.md").read_text(encoding="utf-8")
ROWS = [line for line in TABLE.splitlines() if line.startswith("| ") and not line.startswith("| trap ")]


def test_each_trap_has_its_test() -> None:
    """A row without one is a wish."""
    assert len(ROWS) >= 20
    assert [row for row in ROWS if not NAMED.search(row)] == []


@pytest.mark.parametrize(("file", "name"), NAMED.findall(TABLE))
def test_the_test_of_a_trap_exists(file: str, name: str) -> None:
    """Renamed or removed, it takes its row along."""
    assert re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
