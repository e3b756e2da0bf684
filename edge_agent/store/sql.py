"""Reading rows: one place where SQLite's loose types are taken for what the schema says."""

from __future__ import annotations

from typing import Any

import apsw


def rows(connection: apsw.Connection, statement: str, arguments: Any = ()) -> list[tuple[Any, ...]]:
    """All rows at once, so that no statement stays open and holds a snapshot."""
    return connection.execute(statement, arguments).fetchall()


def one(connection: apsw.Connection, statement: str, arguments: Any = ()) -> tuple[Any, ...] | None:
    """The first row, or None; the statement is finished."""
    found = connection.execute(statement, arguments).fetchall()
    return found[0] if found else None
