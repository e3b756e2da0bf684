"""The page that back offices are written by names what the code knows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from edge_agent.cloud.papers import PAPERS
from edge_agent.cloud.plans import ORDERS
from edge_agent.control.cloud_types import DocumentName, StatusWord

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "cloud.md").read_text()
CLOUD = ROOT / "edge_agent" / "cloud"
SOURCES = "".join((CLOUD / f"{name}.py").read_text() for name in ("desk", "jws", "timing"))
WORDS = sorted(set(re.findall(r'(?:Refused|NotSigned|return)\(?\s*"([a-z-]+)"', SOURCES)))


@pytest.mark.parametrize("word", [*ORDERS, *PAPERS, *get_args(StatusWord), *WORDS])
def test_a_name_stands_on_the_page(word: str) -> None:
    assert f"`{word}`" in PAGE


def test_the_documents_are_those_of_the_contract() -> None:
    assert set(PAPERS) == set(get_args(DocumentName))
