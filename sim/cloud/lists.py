"""What the back office keeps beside the record: whom it can seal to, its lists, its pre-advice, its commands.

An operator's own data: phones and PINs stand here in clear, as in any office that sends them. The file is for its owner
alone. Any thread may call; each call is one transaction.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS locker(
  id TEXT PRIMARY KEY, opening TEXT NOT NULL DEFAULT '', step INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS document(
  locker TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (locker, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS expected(
  locker TEXT NOT NULL, waybill TEXT NOT NULL, entry TEXT NOT NULL, PRIMARY KEY (locker, waybill)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS command(
  n INTEGER PRIMARY KEY, at REAL NOT NULL, id TEXT NOT NULL UNIQUE, locker TEXT NOT NULL,
  cmd TEXT NOT NULL, args TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'sent', code TEXT NOT NULL DEFAULT '', result TEXT NOT NULL DEFAULT '{}');
"""
BUSY_S = 30.0  # the record writes to the same file
COMMANDS_SHOWN = 30


class Lists:
    """In `file`, beside the record's tables."""

    def __init__(self, file: Path | str) -> None:
        self._lock = threading.Lock()
        self._base = sqlite3.connect(file, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        self._base.executescript(SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._base.close()

    def _all(self, sql: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._base.execute(sql, values).fetchall()

    # ---- lockers ----------------------------------------------------------------------------------------------------

    def enrol(self, locker: str, opening: str) -> None:
        """From now on this locker can be sealed to. `opening`: its X25519 public key, base64url."""
        self._all(
            "INSERT INTO locker(id, opening) VALUES (?,?) ON CONFLICT DO UPDATE SET opening = excluded.opening",
            locker,
            opening,
        )

    def enrolled(self) -> list[str]:
        return [str(name) for (name,) in self._all("SELECT id FROM locker")]

    def opening(self, locker: str) -> str:
        """Raises ValueError where the locker was never enrolled."""
        rows = self._all("SELECT opening FROM locker WHERE id = ? AND opening != ''", locker)
        if not rows:
            raise ValueError(f"no opening key of locker {locker} is known: enrol it first")
        return str(rows[0][0])

    # ---- documents --------------------------------------------------------------------------------------------------

    def keep_document(self, locker: str, name: str, body: Any, above: int) -> int:
        """The version under which it goes out: higher than any before and than `above`, the locker's own."""
        with self._lock:
            row = self._base.execute(
                "INSERT INTO document VALUES (?,?,?,?) ON CONFLICT DO UPDATE "
                "SET version = max(version, ?) + 1, body = excluded.body RETURNING version",
                (locker, name, above + 1, json.dumps(body), above),
            ).fetchone()
        return int(row[0])

    def documents(self, locker: str) -> dict[str, tuple[int, Any]]:
        """Name → (version, body)."""
        rows = self._all("SELECT name, version, body FROM document WHERE locker = ?", locker)
        return {name: (version, json.loads(body)) for name, version, body in rows}

    # ---- pre-advice -------------------------------------------------------------------------------------------------

    def expect(
        self, locker: str, put: Iterable[Mapping[str, Any]], drop: Iterable[str], above: int = 0
    ) -> int:
        """Keep the change and answer the number of the step that carries it; `above`: the locker's last one."""
        with self._lock:
            self._base.execute("BEGIN IMMEDIATE")
            for entry in put:
                self._base.execute(
                    "INSERT OR REPLACE INTO expected VALUES (?,?,?)",
                    (locker, entry["waybill"], json.dumps(entry)),
                )
            self._base.executemany(
                "DELETE FROM expected WHERE locker = ? AND waybill = ?", [(locker, number) for number in drop]
            )
            row = self._base.execute(
                "INSERT INTO locker(id, step) VALUES (?, ?) ON CONFLICT DO UPDATE SET step = max(step, ?) + 1 "
                "RETURNING step",
                (locker, above + 1, above),
            ).fetchone()
            self._base.execute("COMMIT")
        return int(row[0])

    def step(self, locker: str) -> int:
        """The last step that went out; 0 before the first."""
        rows = self._all("SELECT step FROM locker WHERE id = ?", locker)
        return int(rows[0][0]) if rows else 0

    def expected(self, locker: str) -> list[dict[str, Any]]:
        rows = self._all("SELECT entry FROM expected WHERE locker = ? ORDER BY waybill", locker)
        return [json.loads(entry) for (entry,) in rows]

    def arrived(self, locker: str, waybill: str) -> dict[str, Any]:
        """It is no longer expected: it lies there. Answers what was known of it."""
        sql = "DELETE FROM expected WHERE locker = ? AND waybill = ? RETURNING entry"
        rows = self._all(sql, locker, waybill)
        return dict(json.loads(rows[0][0])) if rows else {}

    # ---- commands ---------------------------------------------------------------------------------------------------

    def sent(self, command: str, locker: str, cmd: str, args: Mapping[str, Any]) -> None:
        self._all(
            "INSERT INTO command(at, id, locker, cmd, args) VALUES (?,?,?,?,?)",
            time.time(),
            command,
            locker,
            cmd,
            json.dumps(args),
        )

    def answered(self, reply: Mapping[str, Any]) -> None:
        """A locker's word on a command; one that is not ours changes nothing."""
        self._all(
            "UPDATE command SET status = ?, code = ?, result = ? WHERE id = ?",
            reply["status"],
            reply.get("code", ""),
            json.dumps(reply.get("result", {})),
            reply["id"],
        )

    def commands(self, locker: str) -> list[dict[str, Any]]:
        """The newest first."""
        rows = self._all(
            "SELECT at, id, cmd, args, status, code, result FROM command WHERE locker = ? ORDER BY n DESC LIMIT ?",
            locker,
            COMMANDS_SHOWN,
        )
        names = ("at", "id", "cmd", "args", "status", "code", "result")
        whole = [dict(zip(names, row, strict=True)) for row in rows]
        return [
            {**one, "args": json.loads(one["args"]), "result": json.loads(one["result"])} for one in whole
        ]
