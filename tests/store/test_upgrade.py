"""Ledgers that earlier programs left: each schema version's own file is brought up to date, and nothing of it is lost.

The files under `fixtures` were written by the programs of their time; a new schema brings a new one, and none is ever
written again.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import apsw
import pytest

from edge_agent.domain.fault import Clock
from edge_agent.store import journal, migrate, rebuild, tables
from edge_agent.store.connection import open_reader
from edge_agent.store.schema import SCHEMA_VERSION
from tests.store.locker import SOURCE, engine_on, ledger_on, wait

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("ledger-v*.sql"))


@pytest.fixture(params=FIXTURES, ids=lambda path: path.stem)
def upgraded_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    old = sqlite3.connect(path)
    old.executescript(request.param.read_text())
    old.close()
    migrate.main(path)
    return path


@pytest.fixture
def upgraded(upgraded_file: Path) -> apsw.Connection:
    return open_reader(upgraded_file)


def test_every_earlier_schema_has_its_file() -> None:
    """Whoever raises the version writes a file with the program of before."""
    assert [path.stem for path in FIXTURES] == [f"ledger-v{n}" for n in range(1, SCHEMA_VERSION)]


def test_an_old_ledger_is_brought_up_to_date_with_its_journal_whole(upgraded: apsw.Connection) -> None:
    verified = journal.verify(upgraded, SOURCE)

    assert upgraded.pragma("user_version") == SCHEMA_VERSION
    assert verified.rows == verified.last_sequence == 33
    assert len(tables.load(upgraded).compartment) == 6


def test_its_tables_are_what_this_program_folds_from_its_journal(upgraded: apsw.Connection) -> None:
    """Else the first check beside service would call a sound ledger damaged."""
    assert rebuild.compare(upgraded).differences == ()


def test_what_was_waiting_for_the_cloud_still_goes_up(upgraded_file: Path) -> None:
    """The upgrade came while the line was down: not one of the events had been acknowledged, and each goes up once."""
    ledger = ledger_on(engine_on(upgraded_file))

    batch = wait(ledger.events_after(ledger.watermark))
    numbers = [int(json.loads(event)["sequence"]) for event in batch.events]

    assert ledger.watermark == 0
    assert numbers == list(range(1, 34))


def test_its_open_tickets_run_on(upgraded: apsw.Connection) -> None:
    """One was taken on before the upgrade, one was not; nobody was on site."""
    faults = tables.load(upgraded).fault

    assert faults["BUS-110@A"].running == (Clock.ON_SITE, Clock.RESTORE)
    assert faults["DOOR-207@3"].running == tuple(Clock)
