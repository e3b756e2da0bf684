"""Cabinets on paper: documents that are legal configurations, written as TOML and read back the same."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.config import decode
from edge_agent.config_rules import check
from sim.demo_cabinet import document as demo_document
from sim.fault_table import TABLE
from sim.firmware import FAMILIES
from sim.plans import BoardPlan, ScannerPlan, document
from sim.toml_text import dumps

PLANS: list[list[str | BoardPlan]] = [
    ["lock-8a"],
    list(FAMILIES),
    ["kerong-cu16"] * 3,
    [
        BoardPlan("lock-8a", doors=5, address=9),
        BoardPlan("waveshare-relay", bus="main", feedback="closed-when-open"),
    ],
]


@pytest.mark.parametrize("boards", PLANS)
def test_every_plan_is_a_legal_configuration(boards: list[str | BoardPlan]) -> None:
    """Nothing that the agent would refuse."""
    config = decode(document(boards, [ScannerPlan("front"), ScannerPlan("back", "grow")], "/nowhere"))

    assert check(config, "plan") == []
    assert [door.number for door in config.doors()] == [str(n) for n in range(1, len(config.doors()) + 1)]


def test_the_demo_has_sixty_doors_over_three_families_on_two_buses() -> None:
    """Every size, every column, a screen, one line scanner; legal, and written out and read back the same."""
    paper = demo_document(Path("/nowhere"))
    config = decode(paper)

    assert check(config, "demo") == []
    assert len(config.doors()) == 60
    assert {board.driver for board in config.board} == {"lock-8a", "kerong-cu16", "waveshare-relay"}
    assert len(config.bus) == 2
    assert {door.size for door in config.doors()} == {"S", "M", "L", "XL"}
    assert {door.height for door in config.doors()} == {"low", "middle", "high"}
    assert [number for column in config.column for number in column.doors] == [str(n) for n in range(1, 61)]
    assert [column.name for column in config.column if column.screen] == ["3"]
    assert tomllib.loads(dumps(paper)) == paper


VALUES = st.recursive(
    st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(max_size=20)
    | st.floats(-1e6, 1e6, allow_nan=False),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)
KEYS = st.text(min_size=1, max_size=8)
TABLES = st.dictionaries(KEYS, VALUES | st.dictionaries(KEYS, VALUES, max_size=3), max_size=5)


@given(TABLES.map(lambda table: {**table, "run": [{"n": 1}, {"n": 2, "deep": {"x": "y"}}]}))
def test_what_is_written_is_read_back(paper: dict[str, Any]) -> None:
    """Any text in keys and values: quotes, line ends, Chinese, control characters."""
    assert tomllib.loads(dumps(paper)) == paper


def test_what_has_no_place_in_a_configuration_is_refused() -> None:
    """None and objects are not silently written as something else."""
    with pytest.raises(TypeError, match="no place"):
        dumps({"a": None})


def test_the_documentation_names_every_fault_with_its_rows_and_words() -> None:
    """docs/simulator.md and the table say the same."""
    text = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| `")]

    for kind in TABLE.values():
        assert any(
            line.startswith(f"| `{kind.name}` | {', '.join(kind.rows)} |")
            and line.endswith(f"| {kind.says} |")
            for line in lines
        ), kind.name
