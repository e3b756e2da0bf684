"""A long journal in a moment: true rows behind what a ledger has, for drains that would take weeks to live through."""

from __future__ import annotations

from pathlib import Path

from edge_agent.store import journal
from edge_agent.store.canonical import canonical_json
from edge_agent.store.journal import Entry, Stamp
from tests.bridge.stage import SOURCE
from tests.store.locker import engine_on


def fill(ledger: Path, count: int) -> None:
    """A true chain of small events behind what is there; no agent may run meanwhile."""
    kinds = [
        ("door.closed", {"compartment": "7", "intent": "", "open_ms": None}),
        ("session.started", {"actor": "", "kind": "recipient", "scopes": [], "session": "session-bench"}),
        ("feedback.given", {"rating": 5, "session": "session-bench", "stay": ""}),
        ("door.left_open", {"compartment": "7", "intent": "", "open_ms": 20_000}),
    ]
    encoded = [(kind, canonical_json(data)) for kind, data in kinds]
    engine = engine_on(ledger, synchronous="OFF")
    engine.connection.execute("BEGIN IMMEDIATE")
    head = engine.head
    for n in range(count):
        kind, data = encoded[n % 4]
        identity = (head.position + 1).to_bytes(16, "big")
        stamp = Stamp(1_772_352_000_000 + n, "synced", "boot-bench", 1_000_000 + n, identity)
        entry = Entry(identity, kind, 1, data)
        head, _ = journal.append(engine.connection, SOURCE, engine.epoch, head, stamp, [entry])
    engine.connection.execute("COMMIT")
    engine.close()
