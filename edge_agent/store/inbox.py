"""Answers already given: the same command again gets the same answer, until 30 days past its expiry."""

from __future__ import annotations

from typing import Any

import apsw
import msgspec

from edge_agent.store.sql import one

KEPT_MS = 30 * 86_400_000  # past the command's `exp`; afterwards it is answered `expired` by its date alone
# Answers of a month at the quota's highest rate; more than this is an attack, and the oldest go first.
ROWS_MAX = 50_000


class Answer(msgspec.Struct, frozen=True):
    """One command's identity (`jti`), its expiry in Unix milliseconds, and the answer as JSON material."""

    id: str
    exp_ms: int
    body: dict[str, Any]


def put(connection: apsw.Connection, answer: Answer) -> None:
    """Keep or update an answer, inside the caller's transaction: it is durable together with what it answers."""
    connection.execute(
        "INSERT OR REPLACE INTO inbox(id, keep_until_ms, answer) VALUES (?,?,?)",
        (answer.id, answer.exp_ms + KEPT_MS, msgspec.json.encode(answer.body).decode()),
    )


def get(connection: apsw.Connection, command_id: str) -> dict[str, Any] | None:
    """The answer given before, or None where this command is new."""
    found = one(connection, "SELECT answer FROM inbox WHERE id = ?", (command_id,))
    return msgspec.json.decode(found[0]) if found else None


def purge(connection: apsw.Connection, wall_ms: int) -> int:
    """Forget what is past its time, and the oldest past the bound. Returns how many rows went."""
    before = connection.total_changes()
    connection.execute("DELETE FROM inbox WHERE keep_until_ms < ?", (wall_ms,))
    connection.execute(
        "DELETE FROM inbox WHERE id IN (SELECT id FROM inbox ORDER BY keep_until_ms DESC LIMIT -1 OFFSET ?)",
        (ROWS_MAX,),
    )
    return connection.total_changes() - before
