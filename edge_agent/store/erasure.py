"""When a stay's personal data goes: 72 h after it ended and the cloud has acknowledged that, at latest after 30 days.

The wall clock counts only while it is synchronised; besides it the powered clock, which never runs ahead of true
time, makes an erasure due. A jump of the wall clock therefore erases nothing early.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import apsw

from edge_agent.domain.changes import Change
from edge_agent.domain.stay import Stay
from edge_agent.domain.words import StayStatus
from edge_agent.store.journal import Epoch, Stamp
from edge_agent.store.schema import VAULT

AFTER_ACK_MS = 72 * 3_600_000  # support's questions about a pickup come within three days
LATEST_MS = 30 * 86_400_000  # whatever the cloud says
SYNCED = "synced"
# Erased in one go: bounds the transaction; the rest follows a minute later.
STAYS_MAX = 200

_DUE = """
SELECT stay, ended_position - :base <= :acked FROM vault_key
WHERE ended_position IS NOT NULL AND (
    (:synced AND ended_synced AND :wall - ended_wall_ms >= :limit) OR :powered - ended_powered_ms >= :limit)
LIMIT :most
"""


class Due(NamedTuple):
    """`sent`: the cloud has acknowledged the end of this stay."""

    stay: str
    sent: bool


def note_ended(
    connection: apsw.Connection, changes: Iterable[Change], stamp: Stamp, powered_ms: int, position: int
) -> None:
    """Remember when a stay ended, inside the transaction that ended it; the first end counts.

    A stay that a courier had called recalled and finds still inside goes on: then no end counts.
    """
    for change in changes:
        if change.table == "stay" and (
            change.row is None or (isinstance(change.row, Stay) and not change.row.live)
        ):
            connection.execute(
                "UPDATE vault_key SET ended_wall_ms = ?, ended_synced = ?, ended_powered_ms = ?, ended_position = ?"
                " WHERE stay = ? AND ended_position IS NULL",
                (stamp.wall_ms, stamp.quality == SYNCED, powered_ms, position, change.key),
            )
        elif isinstance(change.row, Stay) and change.row.status is StayStatus.UNCERTAIN:
            connection.execute(
                "UPDATE vault_key SET ended_wall_ms = NULL, ended_synced = NULL, ended_powered_ms = NULL,"
                " ended_position = NULL WHERE stay = ? AND ended_position IS NOT NULL",
                (change.key,),
            )


def due(connection: apsw.Connection, epoch: Epoch, acked: int, stamp: Stamp, powered_ms: int) -> list[Due]:
    """Stays whose data has to go now: acknowledged and 72 h past their end, or 30 days past it in any case."""
    ask = {
        "base": epoch.base,
        "acked": acked,
        "synced": stamp.quality == SYNCED,
        "wall": stamp.wall_ms,
        "powered": powered_ms,
        "most": STAYS_MAX,
    }
    late = [Due(*row) for row in connection.execute(_DUE, ask | {"limit": LATEST_MS})]
    soon = [Due(*row) for row in connection.execute(_DUE, ask | {"limit": AFTER_ACK_MS})]
    return list({found.stay: found for found in [*late, *(one for one in soon if one.sent)]}.values())


def erase(connection: apsw.Connection, stays: Sequence[str]) -> None:
    """Keys and rows go, inside the caller's transaction."""
    for stay in stays:
        for name in VAULT:
            connection.execute(f"DELETE FROM {name} WHERE stay = ?", (stay,))  # noqa: S608 - constant names
