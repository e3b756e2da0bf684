"""The back office's record: every event once, by (source, epoch, sequence), in order and without a gap.

What is committed here is what `dn/acks` speaks of. A double is recognised and not counted twice; behind a gap nothing
is taken, the locker is asked for the missing ones instead. Several processes may share one file: each reads what is
wanted and writes it in one transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BUSY_S = 30.0  # for another process's commit on a slow disk
SCHEMA = """
CREATE TABLE IF NOT EXISTS event(
  source TEXT NOT NULL, epoch TEXT NOT NULL, sequence INTEGER NOT NULL, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL,
  body TEXT NOT NULL, refused TEXT NOT NULL DEFAULT '', PRIMARY KEY (source, epoch, sequence)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS want(
  source TEXT NOT NULL, epoch TEXT NOT NULL, next INTEGER NOT NULL, lost INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (source, epoch)) WITHOUT ROWID;
"""


def accept_all(event: Mapping[str, Any]) -> str:
    """No event is refused."""
    return ""


@dataclass
class Taken:
    """What became of one message. `fresh` are the events that were new, in order."""

    epoch: str
    next: int
    fresh: list[Mapping[str, Any]] = field(default_factory=list)
    doubles: int = 0
    gap: bool = False
    refused: list[tuple[int, str]] = field(default_factory=list)


class Record:
    """One thread owns it. `judge` says why an event is refused for good, or ""."""

    def __init__(self, file: Path | str, judge: Callable[[Mapping[str, Any]], str] = accept_all) -> None:
        self._judge = judge
        self._base = sqlite3.connect(file, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute("PRAGMA synchronous = FULL")
        self._base.executescript(SCHEMA)

    def hello(self, source: str, epoch: str, first: int) -> int:
        """A locker has connected: what it should send next. What it has purged meanwhile is noted as lost."""
        with self._transaction():
            wanted = self.next(source, epoch)
            if first > wanted:
                self._set_next(source, epoch, first, first - wanted)
        return max(first, wanted)

    def next(self, source: str, epoch: str) -> int:
        row = self._base.execute(
            "SELECT next FROM want WHERE source = ? AND epoch = ?", (source, epoch)
        ).fetchone()
        return int(row[0]) if row else 1

    def take(self, source: str, events: Sequence[Mapping[str, Any]]) -> Taken:
        """All events of one message, in one transaction."""
        epoch = str(events[0]["epoch"])
        with self._transaction():
            taken = Taken(epoch, self.next(source, epoch))
            for event in events:
                self._one(source, event, taken)
            if taken.fresh or taken.refused:
                self._set_next(source, epoch, taken.next)
        return taken

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._base.execute("COMMIT")
        except BaseException:
            self._base.execute("ROLLBACK")
            raise

    def _one(self, source: str, event: Mapping[str, Any], taken: Taken) -> None:
        sequence = int(event["sequence"])
        if sequence < taken.next:
            taken.doubles += 1
            return
        if sequence > taken.next:
            taken.gap = True
            return
        why = self._judge(event)
        self._base.execute(
            "INSERT INTO event VALUES (?,?,?,?,?,?,?)",
            (source, taken.epoch, sequence, event["id"], event["type"], json.dumps(event), why),
        )
        taken.next = sequence + 1
        if why:
            taken.refused.append((sequence, why))
        else:
            taken.fresh.append(event)

    def _set_next(self, source: str, epoch: str, sequence: int, lost: int = 0) -> None:
        self._base.execute(
            "INSERT INTO want VALUES (?,?,?,?) "
            "ON CONFLICT DO UPDATE SET next = excluded.next, lost = lost + excluded.lost",
            (source, epoch, sequence, lost),
        )

    def sequences(self, source: str) -> list[tuple[str, int]]:
        """Every event that is kept, as (epoch, sequence), in order."""
        rows = self._base.execute(
            "SELECT epoch, sequence FROM event WHERE source = ? ORDER BY epoch, sequence", (source,)
        )
        return [(str(epoch), int(sequence)) for epoch, sequence in rows]

    def sources(self) -> list[str]:
        """Whoever was heard."""
        return [
            str(source)
            for (source,) in self._base.execute("SELECT DISTINCT source FROM want ORDER BY source")
        ]

    def lost(self, source: str) -> int:
        """Events that the locker had purged before we had them."""
        row = self._base.execute("SELECT sum(lost) FROM want WHERE source = ?", (source,)).fetchone()
        return int(row[0] or 0)

    def events(self, source: str) -> list[dict[str, Any]]:
        rows = self._base.execute(
            "SELECT body FROM event WHERE source = ? ORDER BY epoch, sequence", (source,)
        )
        return [json.loads(body) for (body,) in rows]

    def close(self) -> None:
        self._base.close()
