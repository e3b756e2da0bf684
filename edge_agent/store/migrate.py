"""Schema and migrations, on sqlite-utils, in a process of its own: `python -m edge_agent.store.migrate LEDGER`.

It runs before the store opens, and only when `PRAGMA user_version` says that one is due: two SQLite libraries on one
open file would break each other's locks, and the agent need not keep sqlite-utils in memory. Each migration is one
transaction together with its version number, so that a killed one leaves the old schema or the new one.

To change the schema: add a function at the end of the list, raise `SCHEMA_VERSION`, never edit an older one. Only the
first one makes whatever keyed tables the domain names; a table that comes later comes with a migration of its own.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.store.errors import MigrationFailed
from edge_agent.store.schema import KEYED, SCHEMA_VERSION, table

if TYPE_CHECKING:
    from sqlite_utils import Database

# A migration of a full card may copy a gigabyte; past this something is stuck.
TIME_LIMIT_S = 600.0

_V1 = """
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE epoch(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, base INTEGER NOT NULL,
                   acked INTEGER NOT NULL DEFAULT 0);
CREATE TABLE journal(position INTEGER PRIMARY KEY, id BLOB NOT NULL, type TEXT NOT NULL, version INTEGER NOT NULL,
                     wall_ms INTEGER NOT NULL, quality TEXT NOT NULL, boot_id TEXT NOT NULL,
                     monotonic_ms INTEGER NOT NULL, txn BLOB NOT NULL, data BLOB NOT NULL, chainhash BLOB NOT NULL);
CREATE TABLE purged(one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL, chainhash BLOB NOT NULL);
CREATE TABLE snapshot(one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL, digest TEXT NOT NULL,
                      folded BLOB NOT NULL);
CREATE TABLE vault_key(stay TEXT PRIMARY KEY, wrapped BLOB NOT NULL, ended_wall_ms INTEGER, ended_synced INTEGER,
                       ended_powered_ms INTEGER, ended_position INTEGER) WITHOUT ROWID;
CREATE INDEX vault_key_ended ON vault_key(ended_position) WHERE ended_position IS NOT NULL;
CREATE TABLE vault_item(stay TEXT NOT NULL, field TEXT NOT NULL, cipher BLOB NOT NULL, PRIMARY KEY (stay, field))
    WITHOUT ROWID;
CREATE TABLE vault_hash(stay TEXT NOT NULL, blind TEXT NOT NULL, real TEXT NOT NULL, PRIMARY KEY (stay, blind))
    WITHOUT ROWID;
CREATE TABLE vault_sealed(position INTEGER PRIMARY KEY, stay TEXT NOT NULL, jwe TEXT NOT NULL);
CREATE INDEX vault_sealed_stay ON vault_sealed(stay);
CREATE TABLE inbox(id TEXT PRIMARY KEY, keep_until_ms INTEGER NOT NULL, answer TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX inbox_keep ON inbox(keep_until_ms);
CREATE TABLE daily(day TEXT NOT NULL, name TEXT NOT NULL, part TEXT NOT NULL, value INTEGER NOT NULL,
                   PRIMARY KEY (day, name, part)) WITHOUT ROWID;
CREATE TABLE tally(one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL, state TEXT NOT NULL);
"""
# What the cloud gave and what is due to it; a ledger that was born with them has them already.
_V2_KEYED = ("command", "reply", "document", "uplink", "granted_access")
# What upkeep has found and done; what the new fields of tickets and codes are in a row that has none.
_V3_KEYED = ("device", "maintenance", "inspection", "drill")
_V3_FAULT = "UPDATE folded_fault SET row = json_insert(row, '$.on_site', NULL, '$.escalated', json('[]'))"
_V3_CODE = "UPDATE folded_code SET row = json_insert(row, '$.delegates', json('[]'), '$.delegate', '')"
_V3_WEAR = """
CREATE TABLE wear(door TEXT PRIMARY KEY, row TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE wear_position(one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL, pending TEXT NOT NULL);
"""
# A code is looked up by its hash, which no two live stays may share.
_V1_CODE = (
    "CREATE UNIQUE INDEX folded_code_hash ON folded_code(json_extract(row, '$.code_hash'))"
    " WHERE json_extract(row, '$.life') <> 'spent'"
)


def main(path: Path) -> None:
    """Bring the file at `path` to SCHEMA_VERSION; it is made where it does not exist. Raises sqlite3.Error."""
    from sqlite_utils import Database, Migrations

    migrations = Migrations("ledger")

    @migrations()
    def v1_ledger(db: Database) -> None:
        _each(db, _V1)
        _keyed(db, KEYED)
        db.execute(_V1_CODE)
        db.execute("PRAGMA user_version = 1")

    @migrations()
    def v2_cloud(db: Database) -> None:
        _keyed(db, _V2_KEYED)
        db.execute("PRAGMA user_version = 2")

    @migrations()
    def v3_upkeep(db: Database) -> None:
        _keyed(db, _V3_KEYED)
        _each(db, _V3_WEAR)
        db.execute(_V3_FAULT)
        db.execute(_V3_CODE)
        db.execute("PRAGMA user_version = 3")

    database = Database(str(path))
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        migrations.apply(database)
    finally:
        database.close()


def _each(db: Database, statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            db.execute(statement)


def _keyed(db: Database, names: Iterable[str]) -> None:
    """Tables that a ledger born with this program has already are left alone."""
    for name in names:
        db.execute(
            f"CREATE TABLE IF NOT EXISTS {table(name)}(key TEXT PRIMARY KEY, row TEXT NOT NULL) WITHOUT ROWID"
        )


def run(path: Path) -> None:
    """Run it in a process of its own and wait. Raises MigrationFailed with what that process said."""
    command = [sys.executable, "-m", "edge_agent.store.migrate", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise MigrationFailed(
            path, f"no end after {TIME_LIMIT_S:.0f} s; the old schema is untouched"
        ) from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise MigrationFailed(path, f"to schema {SCHEMA_VERSION}: {last}; the old schema is untouched")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
