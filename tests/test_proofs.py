"""Tables of claims in the docs: every row is there, and every test that a row names exists.

A table's first cell is the claim's number, its last cell the proof: one or more tests as
`tests/room/test_file.py::test_name`, or the words "Not proved here:" and the reason.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)::(?:\w+::)?(test_\w+)`")
NOT_PROVED = "Not proved here:"
SHORTEST_REASON = 20  # characters; less is an excuse


@dataclass(frozen=True)
class Table:
    """A page with a table of numbered claims: `SEC-01` to `SEC-58`."""

    page: str
    prefix: str
    last: int
    digits: int

    def numbers(self) -> list[str]:
        return [f"{self.prefix}{number:0{self.digits}d}" for number in range(1, self.last + 1)]

    def proofs(self) -> dict[str, str]:
        """Claim's number → the text of its last cell."""
        rows = {}
        for line in (ROOT / self.page).read_text().splitlines():
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if line.startswith("|") and cells[0].startswith(self.prefix):
                assert cells[0] not in rows, f"{self.page}: {cells[0]} stands twice"
                rows[cells[0]] = cells[-1]
        return rows


TABLES = [
    Table("docs/security.md", "SEC-", last=58, digits=2),
    Table("docs/faults.md", "F-", last=118, digits=3),
    Table("docs/traps.md", "T-", last=34, digits=2),
]


@cache
def _tests_in(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text()) if path.is_file() else ast.Module([], [])
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, functions))


def missing_tests(proof: str) -> list[str]:
    """Tests that a proof names and nobody wrote."""
    named = NAMED_TEST.findall(proof)
    return [f"{path}::{name}" for path, name in named if name not in _tests_in(ROOT / path)]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.page)
def test_every_claim_has_its_row(table: Table) -> None:
    """A row that was dropped is a demand that nobody answers for."""
    assert list(table.proofs()) == table.numbers()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.page)
def test_every_row_names_tests_that_exist_or_a_reason(table: Table) -> None:
    """A renamed test takes its row along."""
    wrong = {}
    for number, proof in table.proofs().items():
        reason = proof.partition(NOT_PROVED)[2].strip()
        if missing_tests(proof) or not (NAMED_TEST.search(proof) or len(reason) >= SHORTEST_REASON):
            wrong[number] = missing_tests(proof) or proof

    assert wrong == {}


def test_a_test_that_nobody_wrote_is_noticed() -> None:
    assert missing_tests("`tests/test_proofs.py::test_never_written`") == [
        "tests/test_proofs.py::test_never_written"
    ]
    assert missing_tests("`tests/test_proofs.py::test_every_claim_has_its_row`") == []
