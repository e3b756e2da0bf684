"""From whatever lies in the state directory to a ledger that may be trusted, or a clear refusal.

nothing at all                        a new ledger and new keys are made
no ledger, but keys or backups        refused (STORE-407): a locker with parcels never starts with an empty one
newer schema                          refused (STORE-406)
older schema                          migrated in a process of its own
damaged                               set aside; the newest sound backup becomes the ledger, under a new epoch
log lost, or an older copy            kept, under a new epoch: the cloud has to reconcile
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import apsw

from edge_agent.domain import events as e
from edge_agent.domain.changes import Change
from edge_agent.domain.fold import changes_of
from edge_agent.domain.instant import Instant
from edge_agent.domain.stamp import instant_of, stamp_of
from edge_agent.domain.state import LockerState
from edge_agent.randomness import Randomness, uuid7
from edge_agent.store import backup, journal, migrate, wal
from edge_agent.store import keys as key_files
from edge_agent.store import mark as marks
from edge_agent.store.connection import check_sqlite
from edge_agent.store.engine import TAIL_ROWS, Engine, NewEvent, Unit
from edge_agent.store.errors import (
    BackupUnreadable,
    KeyFileBad,
    LedgerDamaged,
    LedgerError,
    LedgerMissing,
    NoBackup,
    SchemaTooNew,
    StateDirBad,
    from_sqlite,
)
from edge_agent.store.files import sync_file, sync_folder, write_durably
from edge_agent.store.journal import Stamp
from edge_agent.store.keys import Keys
from edge_agent.store.places import Settings
from edge_agent.store.schema import SCHEMA_VERSION
from edge_agent.store.vault import Vault

log = logging.getLogger(__name__)

SIDECARS = ("-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Started:
    """`restored`: why a new epoch began, "" where none did."""

    engine: Engine
    state: LockerState
    keys: Keys
    restored: str


def start(settings: Settings, at: Instant, chance: Randomness) -> Started:
    """Run on the store's executor, which the engine then belongs to. Raises StoreError kinds."""
    check_sqlite()
    log_present = _log_of(settings.ledger).exists()  # before anything opens the file and makes a new one
    _check_folder(settings.state_dir)
    _check_there(settings)
    try:
        _restore_condemned(settings, at, chance)
        _migrate_if_due(settings.ledger)
        started = _open(settings, at, chance, log_present=log_present)
    except SchemaTooNew:
        raise
    except LedgerDamaged as damage:
        log.error("ledger damaged", extra={"code": damage.code})
        restore_newest(settings, at, chance, str(damage))
        started = _open(settings, at, chance, log_present=False)
        started = Started(started.engine, started.state, started.keys, str(damage))
    started.engine.leave_mark(clean=False)
    return started


def condemn(settings: Settings, problems: Sequence[str]) -> None:
    """The check beside service found damage: the next start restores a backup. Service goes on until then."""
    write_durably(settings.condemned, "\n".join(problems).encode())


def _restore_condemned(settings: Settings, at: Instant, chance: Randomness) -> None:
    """Without a sound backup the file is opened as it is: pickup is the last service to go."""
    if not settings.condemned.exists():
        return
    try:
        restore_newest(settings, at, chance, settings.condemned.read_text())
    except NoBackup as error:
        log.error("damaged ledger kept", extra={"code": error.code})
    else:
        settings.condemned.unlink()


def _check_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StateDirBad(folder, f"cannot be made: {error.strerror}") from error
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise StateDirBad(folder, "this user may not read, write and enter it")


def _check_there(settings: Settings) -> None:
    """A missing ledger is made only where nothing says that there was one."""
    path = settings.ledger
    if path.exists() and path.stat().st_size > 0:
        return
    witnesses = [str(place) for place in (settings.keys, settings.mark) if place.exists() and _counts(place)]
    witnesses += [str(found) for found in backup.newest(settings)[:1]]
    if witnesses:
        raise LedgerMissing(path, f"it is not there, but {', '.join(witnesses)}: restore it from a backup")


def _counts(place: Path) -> bool:
    return key_files.exist(place) if place.is_dir() else True


def _migrate_if_due(path: Path) -> None:
    """Raises SchemaTooNew, MigrationFailed, LedgerDamaged."""
    if path.exists() and path.stat().st_size > 0:
        try:
            connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
            connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            found = int(connection.pragma("user_version"))
            connection.close()
        except apsw.Error as error:
            raise from_sqlite(path, error) from error
        if found > SCHEMA_VERSION:
            raise SchemaTooNew(path, f"schema {found} found, this program knows up to {SCHEMA_VERSION}")
        if found == SCHEMA_VERSION:
            return
    migrate.run(path)


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _open(settings: Settings, at: Instant, chance: Randomness, *, log_present: bool) -> Started:
    path = settings.ledger
    keys = _keys(settings, chance)
    vault = Vault(keys.device, chance, settings.cloud_key)
    engine = Engine(path, settings.source, vault, newborn=_at_birth(at, chance), mark=settings.mark)
    try:
        restored = _loss(settings, engine, log_present=log_present)
        journal.verify_tail(engine.connection, settings.source, TAIL_ROWS)
        state = engine.load()
        if restored:
            state = begin_restored(engine, state, at, chance, restored)
    except apsw.Error as error:
        engine.connection.close(True)
        raise from_sqlite(path, error) from error
    except LedgerError:
        engine.connection.close(True)
        raise
    return Started(engine, state, keys, restored)


def _loss(settings: Settings, engine: Engine, *, log_present: bool) -> str:
    accepted = engine.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)[0]
    behind = wal.commits_behind(_log_of(settings.ledger), accepted)
    if behind > wal.UNFINISHED_COMMITS:
        return f"{behind} commits of its write-ahead log are behind a damaged frame"
    return marks.loss(engine.connection, marks.read(settings.mark), log_present=log_present)


def _keys(settings: Settings, chance: Randomness) -> Keys:
    """Made where the ledger is newborn. Raises KeyFileBad where a ledger with history has none."""
    if not key_files.exist(settings.keys) and _has_history(settings.ledger):
        raise KeyFileBad(settings.keys, "the ledger has a history but no keys; restore them from the backup")
    return key_files.load_or_make(settings.keys, chance)


def _has_history(path: Path) -> bool:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        return journal.head(connection).position > 0
    except apsw.Error as error:
        raise from_sqlite(path, error) from error
    finally:
        connection.close()


def _at_birth(at: Instant, chance: Randomness) -> str:
    """The id of a ledger's first epoch; used only where it has none."""
    return uuid7(at.wall, chance)


def begin_restored(
    engine: Engine, state: LockerState, at: Instant, chance: Randomness, why: str
) -> LockerState:
    """One transaction: a new epoch whose first event is `ledger.restored`, and what follows from it."""
    moment = instant_of(stamp_of(at))
    event = e.LedgerRestored(backup=why, old_epoch=engine.epoch.id, last_sequence=engine.last_sequence)
    changes: tuple[Change, ...] = changes_of(state, event, moment)
    stamp = stamp_of(moment)
    engine.commit(
        Unit(
            stamp=Stamp(
                stamp.wall_ms, stamp.quality.value, stamp.boot_id, stamp.monotonic_ms, _uuid(at, chance)
            ),
            events=[NewEvent(_uuid(at, chance), event.TYPE, event.VERSION, e.encode(event))],
            changes=changes,
            new_epoch=uuid7(at.wall, chance),
        )
    )
    state.apply(changes)
    return state


def _uuid(at: Instant, chance: Randomness) -> bytes:
    return UUID(uuid7(at.wall, chance)).bytes


# ---- restoring -----------------------------------------------------------------------------------------------------


def restore_newest(settings: Settings, at: Instant, chance: Randomness, why: str) -> Path:
    """The newest backup that opens and is sound becomes the ledger. Raises NoBackup; nothing is touched then."""
    keys = key_files.load(settings.keys)
    tried: list[str] = []
    for found in backup.newest(settings):
        try:
            restore(settings, found, keys.backup, at, chance)
        except BackupUnreadable as error:
            tried.append(str(error))
        else:
            return found
    raise NoBackup(settings.ledger, f"{why}; no sound backup: {'; '.join(tried) or 'none was made'}")


def restore(settings: Settings, sealed: Path, identity: str, at: Instant, chance: Randomness) -> None:
    """Make one backup the ledger, in one step, under a new epoch. The present file is set aside, never deleted.

    `identity`: the locker's own age key or the operator's. Keys that are missing come from the backup and, where it
    opens, from the vault copy beside it. Raises StoreError kinds, OSError; the present file is then as it was.
    """
    settings.backups.mkdir(mode=0o700, parents=True, exist_ok=True)
    with backup.work_folder(settings) as work:
        backup.check(sealed, identity, work)
        ready = work / "ledger.db"
        keys = _keys_for(settings, work, sealed, identity, chance)
        engine = Engine(ready, settings.source, Vault(keys.device, chance, settings.cloud_key))
        state = engine.load()
        begin_restored(engine, state, at, chance, sealed.name)
        engine.close()
        sync_file(ready)
        set_aside(settings, f"{stamp_of(at).wall_ms:013d}")
        settings.mark.unlink(missing_ok=True)
        os.replace(ready, settings.ledger)
        sync_folder(settings.state_dir)


def _keys_for(settings: Settings, work: Path, sealed: Path, identity: str, chance: Randomness) -> Keys:
    if key_files.exist(settings.keys):
        return key_files.load(settings.keys)
    drawn = key_files.to_files(key_files.draw(chance))
    kept = {name: (work / "keys" / name).read_bytes() for name in backup.IN_BACKUP}
    keys = key_files.from_files(settings.keys, drawn | kept | _from_vault_copy(work, sealed, identity))
    key_files.store(settings.keys, keys)
    return keys


def _from_vault_copy(work: Path, sealed: Path, identity: str) -> dict[str, bytes]:
    copy = sealed.with_name(backup.VAULT_COPY)
    if not copy.exists():
        return {}
    backup.unseal(copy, identity, work / "vault")
    return {name: (work / "vault" / "keys" / name).read_bytes() for name in key_files.FILES}


def set_aside(settings: Settings, name: str) -> None:
    """Move the ledger's file set under `damaged/<name>`: the log first, so that it never meets another file."""
    if not settings.ledger.exists():
        return
    folder = settings.damaged / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.link(settings.ledger, folder / settings.ledger.name)
    for suffix in SIDECARS:
        beside = settings.ledger.with_name(settings.ledger.name + suffix)
        if beside.exists():
            os.rename(beside, folder / beside.name)
    sync_folder(folder)
    sync_folder(settings.state_dir)
