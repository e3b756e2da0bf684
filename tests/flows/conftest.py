"""A kiosk for every test, closed again whatever happened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.at_hand import Kiosk


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("template") / "empty.db"


@pytest.fixture
def kiosk(tmp_path: Path, empty_ledger: Path) -> Iterator[Kiosk]:
    one = Kiosk(tmp_path / "locker", empty_ledger)
    yield one
    one.stop()
