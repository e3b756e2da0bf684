"""Room on the card: warn, then stop deposits and give up the reserve; the journal is never dropped."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from edge_agent.domain.changes import Change
from edge_agent.domain.decision import Decision
from edge_agent.domain.policy import Switches
from edge_agent.domain.state import ONLY
from edge_agent.store import upkeep
from edge_agent.store.connection import WAL_IDLE_BYTES, open_reader, wal_bytes
from edge_agent.store.disk import MIB, RESERVE_NAME, DiskGuard, Room, Thresholds
from edge_agent.store.errors import DiskFull, DiskReadOnly, from_sqlite
from tests.store.crash_vfs import RecordingVfs
from tests.store.locker import a_day, do_all, doors, empty_file, engine_on, ledger_on, opened, settings, wait

LIMITS = Thresholds(warn_mib=50, stop_deposits_mib=20, reserve_mib=2)


class Card:
    """A card whose free space a test sets; the reserve file is a real one."""

    def __init__(self, folder: Path) -> None:
        self.free_mib = 100
        self.guard = DiskGuard(folder, LIMITS, free=lambda _: self.free_mib * MIB)
        self.reserve = folder / RESERVE_NAME


def test_the_reserve_is_made_of_real_blocks_while_there_is_plenty(tmp_path: Path) -> None:
    card = Card(tmp_path)

    assert card.guard.check().room is Room.PLENTY

    assert card.reserve.stat().st_size == 2 * MIB
    assert card.reserve.stat().st_blocks * 512 >= 2 * MIB


def test_a_card_that_fills_warns_first_and_then_gives_up_the_reserve(tmp_path: Path) -> None:
    card = Card(tmp_path)
    card.guard.check()

    card.free_mib = 49
    assert card.guard.check() == (Room.LOW, 49, 50)
    assert card.reserve.exists()
    card.free_mib = 19
    assert card.guard.check() == (Room.TIGHT, 19, 20)
    assert not card.reserve.exists()
    card.free_mib = 21
    assert card.guard.check().room is Room.LOW
    assert not card.reserve.exists(), "it is made again only where there is plenty"
    card.free_mib = 80
    assert card.guard.check().room is Room.PLENTY
    assert card.reserve.exists()


@pytest.mark.parametrize(("error", "ours"), [(apsw.FullError, DiskFull), (apsw.ReadOnlyError, DiskReadOnly)])
def test_a_full_or_read_only_card_is_named_and_nothing_is_half_done(
    tmp_path: Path, error: type[apsw.Error], ours: type[Exception]
) -> None:
    """In the middle of a deposit: the unit is refused whole, and the same unit is accepted after the repair."""
    path = empty_file(tmp_path / "template.db", tmp_path / "ledger.db")
    vfs = RecordingVfs(f"full-{error.__name__}")
    ledger = ledger_on(engine_on(path, vfs=vfs.name))
    wait(ledger.transact(doors(3)))
    before = ledger.state.folded()
    vfs.writes, vfs.fail_from, vfs.error = 0, 1, error

    with pytest.raises(ours):
        wait(do_all(ledger, iter([*a_day(1)][1:2])))

    assert ledger.state.folded() == before
    assert ledger.engine.failed is not None
    vfs.fail_from = 0
    ledger.served_again(ledger.engine.recover())
    assert wait(do_all(ledger, iter([*a_day(1)][1:]))) > 0
    ledger.engine.connection.close()
    vfs.unregister()


def test_every_kind_of_failure_has_its_own_code() -> None:
    kinds = (
        apsw.FullError,
        apsw.ReadOnlyError,
        apsw.BusyError,
        apsw.CorruptError,
        apsw.CantOpenError,
        apsw.IOError,
    )
    codes = [from_sqlite("ledger.db", kind("found")).code for kind in kinds]

    assert codes == ["STORE-403", "STORE-404", "STORE-409", "STORE-405", "STORE-418", "STORE-402"]


def test_deposits_stop_while_it_is_tight_and_begin_again_by_themselves(tmp_path: Path) -> None:
    """Pickups have no switch. What a person has stopped, the guard does not start."""
    card = Card(tmp_path)
    ledger = opened(settings(tmp_path)).ledger

    def look(free_mib: int) -> bool:
        card.free_mib = free_mib
        wait(upkeep.look_at_room(ledger, card.guard))
        return ledger.state.switched.deposits

    assert [look(free) for free in (100, 40, 10, 10, 40, 100)] == [True, True, False, False, False, True]
    rows = ledger.engine.connection.execute("SELECT type FROM journal").fetchall()
    assert rows == [("storage.low",)]
    stopped = Switches(deposits=False, reason="operator")
    wait(ledger.transact(lambda state, at: Decision(given=(Change("switches", ONLY, stopped),))))
    assert not look(100)


def test_a_reader_that_stays_keeps_the_log_long_and_that_is_told_without_waiting(tmp_path: Path) -> None:
    """A technician's export hangs: nobody at the screen waits for it, and the log is truncated once it is gone."""
    path = empty_file(tmp_path / "template.db", tmp_path / "ledger.db")
    vfs = RecordingVfs("stuck-reader")
    ledger = ledger_on(engine_on(path, vfs=vfs.name))
    reader = open_reader(path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM journal").fetchall()
    wait(do_all(ledger, a_day(30)))
    assert wal_bytes(path) > WAL_IDLE_BYTES

    assert not wait(upkeep.keep(ledger))
    assert vfs.naps == 0, "SQLite naps between two tries where it is told to wait for a lock"
    reader.execute("ROLLBACK")
    assert wait(upkeep.keep(ledger))

    assert wal_bytes(path) == 0
    reader.close()
    ledger.engine.connection.close()
    vfs.unregister()
