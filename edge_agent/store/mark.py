"""What the ledger had reached at its last checkpoint, in a small file beside it.

A ledger file alone cannot tell that its log was lost or that an older copy was put in its place: both are sound
files. The mark is written where the log is truncated, so a ledger that ends before it has lost commits.
"""

from __future__ import annotations

from pathlib import Path

import apsw
import msgspec

from edge_agent.store import journal
from edge_agent.store.files import write_durably
from edge_agent.store.sql import one


class Mark(msgspec.Struct, frozen=True):
    """`clean`: the agent closed the ledger itself, no log is left behind."""

    position: int
    chainhash: str
    clean: bool


def write(path: Path, head: journal.Head, *, clean: bool) -> None:
    """Durable when it returns. Raises OSError."""
    write_durably(path, msgspec.json.encode(Mark(head.position, head.chainhash.hex(), clean)))


def read(path: Path) -> Mark | None:
    """None where there is none, or where it cannot be understood: then nothing is concluded from it."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Mark)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def loss(connection: apsw.Connection, mark: Mark | None, *, log_present: bool) -> str:
    """What the ledger has lost against its mark, in words; "" where it is as it should be."""
    if mark is None:
        return ""
    head = journal.head(connection)
    if head.position < mark.position:
        return f"it ends at row {head.position}, the last checkpoint was at {mark.position}: an older copy"
    if not mark.clean and not log_present:
        return "its write-ahead log is missing although the agent had not closed it"
    if mark.position > journal.purged(connection).position:
        found = one(connection, "SELECT chainhash FROM journal WHERE position = ?", (mark.position,))
        if found is None or bytes(found[0]).hex() != mark.chainhash:
            return f"row {mark.position} is another one than at the last checkpoint: another ledger's file"
    return ""
