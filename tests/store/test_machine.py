"""The domain's state machine over the real store: every decision is committed, every power cut reads the file again."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from edge_agent.domain import events as e
from edge_agent.domain.instant import ClockQuality, Instant
from edge_agent.domain.stamp import Stamp, instant_of
from edge_agent.domain.state import LockerState
from edge_agent.store import journal, rebuild, tables, vault
from edge_agent.store.ledger import Decide
from tests.domain.locker import Book, Locker
from tests.domain.machine import LockerMachine
from tests.store.locker import SOURCE, empty_file, engine_on, ledger_on

QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much]
TEMPLATE_FOLDER = tempfile.TemporaryDirectory(prefix="machine-template-")  # gone with the process
TEMPLATE = Path(TEMPLATE_FOLDER.name) / "template.db"


class _Now:
    """The machine hands in each moment; the ledger asks its clock for it."""

    at: Instant

    def now(self) -> Instant:
        return self.at

    def monotonic_s(self) -> float:
        return self.at.monotonic_s


class StoredBook(Book):
    """The book of the machine, kept by the ledger in a file. A crash closes nothing: the file is opened anew."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="machine-"))
        self.clock = _Now()
        self.loop = asyncio.new_event_loop()
        empty_file(TEMPLATE, self.folder / "ledger.db")
        self._open()

    def _open(self) -> None:
        self.ledger = ledger_on(engine_on(self.folder / "ledger.db"), self.clock)  # type: ignore[arg-type]

    @property
    def state(self) -> LockerState:  # type: ignore[override]
        return self.ledger.state

    def transact(self, decide: Decide, at: Instant) -> Any:
        self.clock.at = at
        return self.loop.run_until_complete(self.ledger.transact(decide)).result

    def journal(self, after: int = 0) -> list[tuple[e.Event, Instant]]:
        connection = self.ledger.engine.connection
        names = vault.real_hashes(connection)
        found = []
        for stored in journal.walk(connection, after):
            row = stored.row
            data = vault.unblind(msgspec.json.decode(row.data), names)
            stamp = Stamp(row.wall_ms, row.monotonic_ms, ClockQuality(row.quality), row.boot_id)
            found.append((e.decode(row.type, row.version, data), instant_of(stamp)))
        return found

    def crash(self) -> None:
        self.ledger.engine.connection.close(True)
        self._open()

    def gone(self) -> None:
        self.ledger.engine.connection.close(True)
        self.loop.close()
        shutil.rmtree(self.folder)


class StoredMachine(LockerMachine):
    """As the domain's, with what only a store can get wrong checked after every step."""

    def make_locker(self) -> Locker:
        self.book = StoredBook()
        return Locker(book=self.book)

    @invariant()
    def the_file_holds_what_the_state_says(self) -> None:
        connection = self.book.ledger.engine.connection
        assert tables.load(connection).folded() == self.book.state.folded()

    @invariant()
    def the_chain_is_whole_and_the_numbers_have_no_gap(self) -> None:
        connection = self.book.ledger.engine.connection
        verified = journal.verify(connection, SOURCE)
        assert (verified.rows, verified.first_sequence) == (verified.last_sequence, 1)

    def teardown(self) -> None:
        if hasattr(self, "book"):
            assert rebuild.compare(self.book.ledger.engine.connection).differences == ()
            self.book.gone()


def walk(examples: int, steps: int, **more: Any) -> None:
    limits = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=QUIET, **more
    )
    run_state_machine_as_test(StoredMachine, settings=limits)


def test_any_order_of_events_leaves_a_sound_file() -> None:
    """A short walk, the same each time."""
    walk(12, 30, derandomize=True)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_thousands_of_steps_leave_a_sound_file() -> None:
    walk(120, 100, database=None)
