"""The journal as an outbox: batches for the bridge, and what an acknowledgement may move.

A PUBACK of the broker proves nothing and does not come here. The watermark moves only by the word of the cloud's
application, never beyond what was handed out, never by another epoch's word.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import apsw
import msgspec

from edge_agent.store import journal
from edge_agent.store.sql import one

if TYPE_CHECKING:
    from edge_agent.store.engine import Engine

# One batch on the wire: 64 KiB compressed, 1 MiB inflated; so many small events stay below both.
EVENTS_MAX = 500
# Read at once, a millisecond or so: a command's commit never waits behind more of a backlog.
SLICE_EVENTS = 100
BYTES_MAX = 1 << 20


class Ack(Enum):
    """`RESEND`: the cloud asks for older rows again; the watermark stays. The last two are ignored and alarmed."""

    TAKEN = "taken"
    RESEND = "resend"
    FOREIGN_EPOCH = "foreign-epoch"
    BEYOND = "beyond"


class Hello(NamedTuple):
    """Sequence numbers: oldest kept, newest (0 where there is none), and the next one that the cloud wants."""

    epoch: str
    first: int
    last: int
    next: int


class Batch(NamedTuple):
    """`events` are CloudEvents JSON in sequence order from `first` on, no gap; `next` asks for what follows."""

    epoch: str
    first: int
    events: tuple[bytes, ...]

    @property
    def last(self) -> int:
        """Sequence number of the newest event in it; `first - 1` where it is empty."""
        return self.first + len(self.events) - 1


class Cursor(msgspec.Struct):
    """How far the outbox is. What stood in the journal at the start counts as handed out in an earlier run."""

    handed_out: int
    acked: int

    def judge(self, current_epoch: str, epoch: str, next_sequence: int) -> Ack:
        if epoch != current_epoch:
            return Ack.FOREIGN_EPOCH
        if next_sequence > self.handed_out + 1 or next_sequence < 1:
            return Ack.BEYOND
        return Ack.TAKEN if next_sequence > self.acked else Ack.RESEND


def acked(engine: Engine) -> int:
    """The watermark on disk. Called before the loop uses the engine, or on its executor."""
    found = one(engine.connection, "SELECT acked FROM epoch WHERE number = ?", (engine.epoch.number,))
    return int(found[0]) if found else 0


def keep_watermark(engine: Engine, sequence: int) -> None:
    """Durable when it returns; it only rises. Raises CommitFailed kinds."""

    def raise_it(connection: apsw.Connection) -> None:
        connection.execute(
            "UPDATE epoch SET acked = max(acked, ?) WHERE number = ?", (sequence, engine.epoch.number)
        )

    engine.run(raise_it)


def first_kept(engine: Engine) -> int:
    """Sequence number of the oldest row of this epoch that is still there, or would be the next."""
    oldest = journal.purged(engine.connection).position
    return max(oldest - engine.epoch.base, 0) + 1
