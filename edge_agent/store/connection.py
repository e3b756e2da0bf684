"""How the ledger's SQLite file is opened: pragmas, version gates, who may checkpoint.

WAL with `synchronous=FULL`: in a simulated power cut NORMAL loses acknowledged commits, FULL does not.
Automatic checkpoints are off, because a checkpoint in the middle of a pickup costs tens of milliseconds:
the store thread truncates the log when it is idle, and in any case when it has grown past its bound.
"""

from __future__ import annotations

from pathlib import Path

import apsw

from edge_agent.store.errors import LedgerDamaged, SchemaTooNew, SqliteTooOld, from_sqlite
from edge_agent.store.schema import SCHEMA_VERSION

# The first release without the WAL-reset race.
SQLITE_FLOOR = (3, 51, 3)
# A foreign writer (a technician's tool on a running agent) gets this long before we say so.
BUSY_MS = 2_000
# Checkpoint when idle past 1 MiB; at 16 MiB also in the middle of work: reading slows down with the log's
# length.
WAL_IDLE_BYTES = 1 << 20
WAL_MAX_BYTES = 16 << 20
PREPARED_MAX = 128
CACHE_KIB = 4_096  # the folded tables live in memory; the cache only serves journal pages

WRITER_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA wal_autocheckpoint=0",
    "PRAGMA secure_delete=ON",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA cache_size=-{CACHE_KIB}",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA trusted_schema=OFF",
)


def check_sqlite(version: str | None = None) -> None:
    """Raises SqliteTooOld below 3.51.3. `version` as "3.54.1"; default: the library in use."""
    found = apsw.sqlite_lib_version() if version is None else version
    if tuple(int(part) for part in found.split(".")) < SQLITE_FLOOR:
        floor = ".".join(map(str, SQLITE_FLOOR))
        raise SqliteTooOld(
            "SQLite", f"{found} found, at least {floor} expected: older ones may lose committed pages"
        )


def open_writer(path: Path, *, vfs: str | None = None, synchronous: str = "FULL") -> apsw.Connection:
    """The one writing connection. Raises StoreError kinds; never makes a file.

    `vfs` and `synchronous` are seams for the crash tests; the agent uses the defaults.
    """
    check_sqlite()
    try:
        connection = apsw.Connection(
            str(path), flags=apsw.SQLITE_OPEN_READWRITE, vfs=vfs, statementcachesize=PREPARED_MAX
        )
        connection.set_busy_timeout(BUSY_MS)
        # Closing must not checkpoint: after a failed sync the log is evidence, to be looked at before it is
        # moved.
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        for pragma in WRITER_PRAGMAS:
            connection.execute(pragma).fetchall()
        if synchronous != "FULL":
            connection.execute(f"PRAGMA synchronous={synchronous}")
        check_schema(connection, path)
    except apsw.Error as error:
        raise from_sqlite(path, error) from error
    return connection


def open_reader(path: Path) -> apsw.Connection:
    """The one read-only connection: checks, statistics and export, in short transactions. Raises StoreError
    kinds.
    """
    check_sqlite()
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        connection.set_busy_timeout(BUSY_MS)
        connection.execute("PRAGMA query_only=ON")
        check_schema(connection, path)
    except apsw.Error as error:
        raise from_sqlite(path, error) from error
    return connection


def schema_version(connection: apsw.Connection) -> int:
    return int(connection.pragma("user_version"))


def check_schema(connection: apsw.Connection, path: Path) -> None:
    """Raises SchemaTooNew, or LedgerDamaged where the schema is older than the migration left it."""
    found = schema_version(connection)
    if found > SCHEMA_VERSION:
        raise SchemaTooNew(path, f"schema {found} found, this program knows up to {SCHEMA_VERSION}")
    if found < SCHEMA_VERSION:
        raise LedgerDamaged(path, f"schema {found} found, {SCHEMA_VERSION} expected after migration")


def wal_bytes(path: Path) -> int:
    """Size of the write-ahead log; 0 when there is none."""
    try:
        return path.with_name(path.name + "-wal").stat().st_size
    except FileNotFoundError:
        return 0


def checkpoint(connection: apsw.Connection) -> bool:
    """Moves the log into the file and truncates it. False: a reader stands in the way; the log only grew.

    It never waits for that reader: a person at the screen would wait with it.
    """
    connection.set_busy_timeout(0)
    try:
        log, moved = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.BusyError:
        return False
    finally:
        connection.set_busy_timeout(BUSY_MS)
    return log == moved
