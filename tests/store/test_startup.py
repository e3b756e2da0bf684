"""What the agent makes of whatever lies in the state directory: a ledger to be trusted, or a clear refusal."""

from __future__ import annotations

import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from edge_agent.domain.words import CodeLife, Contents
from edge_agent.randomness import SeededRandomness
from edge_agent.store import backup, connection, keys, startup, upkeep
from edge_agent.store.errors import (
    KeyFileBad,
    LedgerMissing,
    NoBackup,
    SchemaTooNew,
    SqliteTooOld,
    StateDirBad,
)
from edge_agent.store.opening import Opened, open_ledger
from edge_agent.store.places import Settings
from edge_agent.store.schema import SCHEMA_VERSION
from tests.store.locker import SOURCE, a_day, clock, do_all, opened, settings, wait


def after_a_day(at: Settings, visits: int = 6) -> Opened:
    """An agent that has worked and is still running."""
    found = opened(at)
    wait(do_all(found.ledger, a_day(visits)))
    return found


def power_off(running: Opened) -> None:
    """The process is gone; nothing was tidied up."""
    running.ledger.engine.connection.close(True)


def stopped_after_a_day(at: Settings) -> None:
    wait(after_a_day(at).ledger.close())


def a_backup(at: Settings, running: Opened) -> None:
    backup.make(at, running.keys, made_ms=1_772_352_000_000)


def test_the_first_start_makes_a_ledger_and_keys_that_nobody_else_may_read(tmp_path: Path) -> None:
    at = settings(tmp_path)

    async def first_start() -> tuple[int, str]:
        found = await open_ledger(at, clock(), SeededRandomness(1))
        await found.ledger.close()
        return found.ledger.last_sequence, found.restored

    assert wait(first_start()) == (0, "")
    assert {path.name for path in at.keys.iterdir()} == set(keys.FILES)
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in at.keys.iterdir())


def test_a_restart_finds_everything_and_begins_no_new_epoch(tmp_path: Path) -> None:
    at = settings(tmp_path)
    running = after_a_day(at)
    epoch, last, state = running.ledger.epoch, running.ledger.last_sequence, running.ledger.state.folded()
    wait(running.ledger.close())

    again = opened(at)

    assert (again.ledger.epoch, again.ledger.last_sequence, again.restored) == (epoch, last, "")
    assert again.ledger.state.folded() == state
    assert again.keys == running.keys
    wait(again.ledger.close())


def test_a_ledger_that_vanished_is_never_replaced_by_an_empty_one(tmp_path: Path) -> None:
    """Somebody changed the card or removed the file while parcels are inside: a person has to restore."""
    at = settings(tmp_path)
    stopped_after_a_day(at)
    at.ledger.unlink()

    with pytest.raises(LedgerMissing, match="restore it from a backup") as refusal:
        opened(at)

    assert refusal.value.code == "STORE-407"
    assert not at.ledger.exists()


def test_a_ledger_cut_to_nothing_counts_as_missing(tmp_path: Path) -> None:
    at = settings(tmp_path)
    stopped_after_a_day(at)
    at.ledger.write_bytes(b"")

    with pytest.raises(LedgerMissing):
        opened(at)


def test_a_ledger_with_history_but_without_its_keys_is_refused(tmp_path: Path) -> None:
    """A new pepper would make every code wrong: the keys are restored, never made anew."""
    at = settings(tmp_path)
    stopped_after_a_day(at)
    shutil.rmtree(at.keys)

    with pytest.raises(KeyFileBad, match="restore them from the backup"):
        opened(at)

    assert not at.keys.exists()


@pytest.mark.parametrize("name", keys.FILES)
def test_one_key_that_is_missing_short_or_open_to_others_is_refused(tmp_path: Path, name: str) -> None:
    at = settings(tmp_path)
    at.state_dir.mkdir()
    keys.store(at.keys, keys.draw(SeededRandomness(1)))
    path = at.keys / name

    path.chmod(0o640)
    with pytest.raises(KeyFileBad, match="0600 expected"):
        keys.load(at.keys)
    path.chmod(0o600)
    path.write_bytes(b"")
    with pytest.raises(KeyFileBad, match="missing or empty"):
        keys.load(at.keys)
    path.unlink()
    with pytest.raises(KeyFileBad, match="expected a file"):
        keys.load_or_make(at.keys, SeededRandomness(2))


def test_keys_show_nothing_of_themselves_in_logs() -> None:
    found = keys.draw(SeededRandomness(1))

    assert repr(found) == "Keys()"


def test_a_newer_programs_ledger_is_left_alone(tmp_path: Path) -> None:
    at = settings(tmp_path)
    stopped_after_a_day(at)
    newer = sqlite3.connect(at.ledger)
    newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    newer.close()
    before = at.ledger.read_bytes()

    with pytest.raises(SchemaTooNew, match=f"schema {SCHEMA_VERSION + 1} found"):
        opened(at)

    assert at.ledger.read_bytes() == before


def test_an_sqlite_with_the_wal_reset_race_is_refused() -> None:
    with pytest.raises(SqliteTooOld, match=r"at least 3\.51\.3"):
        connection.check_sqlite("3.51.2")
    connection.check_sqlite("3.51.3")
    connection.check_sqlite()


def test_a_state_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file stands here")

    with pytest.raises(StateDirBad, match="state"):
        opened(settings(tmp_path))


KILLER = """
import os, signal, sqlite3, sys
from pathlib import Path
seen, last, connect = 0, int(sys.argv[2]), sqlite3.connect
def trace(statement):
    global seen
    seen += 1
    if seen == last:
        os.kill(os.getpid(), signal.SIGKILL)
def traced(*args, **named):
    found = connect(*args, **named)
    found.set_trace_callback(trace)
    return found
sqlite3.connect = traced
from edge_agent.store import migrate
migrate.main(Path(sys.argv[1]))
"""


def check_killed_migrations(tmp_path: Path, statements: range) -> None:
    for n in statements:
        at = settings(tmp_path / str(n))
        at.state_dir.mkdir(parents=True)
        killed = subprocess.run([sys.executable, "-c", KILLER, str(at.ledger), str(n)], check=False)
        with apsw.Connection(str(at.ledger)) as found:
            version = found.pragma("user_version")
            tables = found.execute(
                "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'folded_%'"
            ).fetchall()[0][0]
        found.close()

        whole = {(0, False), *((whole, True) for whole in range(1, SCHEMA_VERSION + 1))}
        assert (version, tables > 0) in whole, f"killed at statement {n}"
        wait(opened(at).ledger.close())
        if killed.returncode == 0:
            return


def test_a_killed_migration_leaves_the_old_schema_or_the_new_one(tmp_path: Path) -> None:
    check_killed_migrations(tmp_path, range(3, 60, 9))


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_a_migration_killed_at_any_statement_leaves_old_or_new(tmp_path: Path) -> None:
    check_killed_migrations(tmp_path, range(1, 400))


def flip_a_bit(path: Path, seed: int) -> None:
    """A worn card: one bit of one journal row or folded row, wherever chance puts it."""
    content = bytearray(path.read_bytes())
    chance = random.Random(seed)
    places = [found.start() for found in re.finditer(rb'"compartment":"|"session":"|"number":"', content)]
    content[chance.choice(places) + chance.randrange(5)] ^= 1 << chance.randrange(7)
    path.write_bytes(content)


def test_a_damaged_ledger_is_set_aside_and_the_last_sound_backup_takes_its_place(tmp_path: Path) -> None:
    """New epoch, every code spent, nothing believed of the contents: the back office has to reconcile."""
    at = settings(tmp_path)
    running = after_a_day(at, visits=9)
    a_backup(at, running)
    old_epoch = running.ledger.epoch
    wait(running.ledger.close())
    damaged = at.ledger.read_bytes()[:100] + b"\xff" * 4000 + at.ledger.read_bytes()[4100:]
    at.ledger.write_bytes(damaged)

    again = opened(at)

    assert (
        "STORE-405" in again.restored or "malformed" in again.restored or "not a database" in again.restored
    )
    assert again.ledger.epoch != old_epoch
    assert again.ledger.last_sequence == 1
    assert [path.read_bytes() for path in at.damaged.glob("*/ledger.db")] == [damaged]
    state = again.ledger.state
    assert state.code
    assert all(code.life is CodeLife.SPENT for code in state.code.values())
    assert all(c.contents is Contents.UNKNOWN for c in state.compartment.values())
    assert upkeep.check(at.ledger, SOURCE) == ()
    wait(again.ledger.close())


def test_a_damaged_ledger_without_any_backup_stays_where_it_is(tmp_path: Path) -> None:
    at = settings(tmp_path)
    stopped_after_a_day(at)
    at.ledger.write_bytes(b"not a ledger at all" * 1000)
    before = at.ledger.read_bytes()

    with pytest.raises(NoBackup, match="none was made"):
        opened(at)

    assert at.ledger.read_bytes() == before


@pytest.mark.parametrize("seed", range(8))
def test_a_flipped_bit_is_found_by_the_check_beside_service_at_the_latest(tmp_path: Path, seed: int) -> None:
    at = settings(tmp_path)
    stopped_after_a_day(at)
    assert upkeep.check(at.ledger, SOURCE) == ()

    flip_a_bit(at.ledger, seed)

    assert upkeep.check(at.ledger, SOURCE) != ()


def test_damage_found_beside_service_is_repaired_at_the_next_start(tmp_path: Path) -> None:
    """A table that is wrong: service goes on, the next start takes the backup, or goes on with what there is."""
    wrong = "UPDATE folded_compartment SET row = json_set(row, '$.openings', 99) WHERE key = '1'"
    at = settings(tmp_path)
    running = after_a_day(at)
    running.ledger.engine.connection.execute(wrong)
    wait(running.ledger.close())
    startup.condemn(at, upkeep.check(at.ledger, SOURCE))
    first = opened(at)
    assert (first.restored, at.condemned.exists()) == ("", True)
    wait(first.ledger.close())

    at = settings(tmp_path / "with backup")
    running = after_a_day(at)
    a_backup(at, running)
    running.ledger.engine.connection.execute(wrong)
    wait(running.ledger.close())
    startup.condemn(at, upkeep.check(at.ledger, SOURCE))
    second = opened(at)

    assert not at.condemned.exists()
    assert second.ledger.last_sequence == 1
    assert upkeep.check(at.ledger, SOURCE) == ()
    wait(second.ledger.close())


def test_a_lost_log_is_noticed_and_begins_a_new_epoch(tmp_path: Path) -> None:
    """The file alone is sound but ends too early: commits that were accepted are missing."""
    at = settings(tmp_path)
    running = after_a_day(at)
    power_off(running)
    at.ledger.with_name("ledger.db-wal").unlink()

    again = opened(at)

    assert "write-ahead log is missing" in again.restored
    assert again.ledger.last_sequence == 1
    wait(again.ledger.close())


def test_a_log_damaged_in_the_middle_is_noticed(tmp_path: Path) -> None:
    """SQLite would read up to the bad frame and silently forget the commits behind it."""
    at = settings(tmp_path)
    running = after_a_day(at)
    power_off(running)
    with at.ledger.with_name("ledger.db-wal").open("r+b") as log:
        log.seek(32 + 24 + 2000)
        log.write(b"\xa5" * 16)

    again = opened(at)

    assert "behind a damaged frame" in again.restored
    wait(again.ledger.close())


def test_a_log_whose_head_is_damaged_is_noticed(tmp_path: Path) -> None:
    at = settings(tmp_path)
    running = after_a_day(at)
    power_off(running)
    with at.ledger.with_name("ledger.db-wal").open("r+b") as log:
        log.write(b"\0" * 32)

    assert "behind a damaged frame" in opened(at).restored


def test_a_power_cut_alone_is_no_loss(tmp_path: Path) -> None:
    at = settings(tmp_path)
    running = after_a_day(at)
    last = running.ledger.last_sequence
    power_off(running)

    again = opened(at)

    assert (again.restored, again.ledger.last_sequence) == ("", last)
    wait(again.ledger.close())


def test_an_older_copy_put_in_the_ledgers_place_is_noticed(tmp_path: Path) -> None:
    """Codes that were used since would open doors again: a new epoch, and no old code is accepted."""
    at = settings(tmp_path)
    first = after_a_day(at, visits=4)
    wait(first.ledger.close())
    shutil.copyfile(at.ledger, tmp_path / "older")
    second = opened(at)
    wait(second.ledger.close())
    third = opened(at)
    wait(do_all(third.ledger, iter([*a_day(1)][:1])))
    wait(third.ledger.close())
    shutil.copyfile(tmp_path / "older", at.ledger)

    again = opened(at)

    assert "an older copy" in again.restored
    assert all(code.life is CodeLife.SPENT for code in again.ledger.state.code.values())
    wait(again.ledger.close())


def test_recovery_that_is_cut_and_begun_again_ends_the_same(tmp_path: Path) -> None:
    """The power goes while a damaged ledger is being replaced: the next start replaces it all the same."""
    at = settings(tmp_path)
    running = after_a_day(at)
    a_backup(at, running)
    wait(running.ledger.close())
    at.ledger.write_bytes(b"\0" * 50_000)
    startup.set_aside(at, "cut-here")

    again = opened(at)

    assert again.ledger.last_sequence == 1
    assert upkeep.check(at.ledger, SOURCE) == ()
    wait(again.ledger.close())


def test_a_foreign_process_that_holds_the_ledger_is_waited_for_and_then_named(tmp_path: Path) -> None:
    at = settings(tmp_path)
    running = after_a_day(at)
    foreign = apsw.Connection(str(at.ledger))
    running.ledger.engine.connection.set_busy_timeout(50)
    foreign.execute("BEGIN IMMEDIATE")

    with pytest.raises(Exception, match="locked") as refusal:
        wait(do_all(running.ledger, iter([*a_day(1)][:1])))
    foreign.execute("ROLLBACK")
    foreign.close()

    assert getattr(refusal.value, "code", "") == "STORE-409"
    assert running.ledger.engine.failed is None
    wait(do_all(running.ledger, iter([*a_day(1)][:1])))
    wait(running.ledger.close())


def test_the_boot_clock_of_another_boot_changes_nothing(tmp_path: Path) -> None:
    at = settings(tmp_path)
    power_off(after_a_day(at))
    time = clock()
    time.reboot("boot-0002", off_s=3600)
    time.jump_wall(-3 * 365 * 86400)

    again = opened(at, time)

    assert again.restored == ""
    wait(again.ledger.close())
    assert os.path.exists(at.mark)
