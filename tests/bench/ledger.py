"""The ledger: commits against the bare driver, and a month of a large locker: look-up, allocation, outbox, start.

Commits: `Engine.commit` of one event and one folded row, against apsw writing the same two rows with the same pragmas
on the same disk, in turns; the hop from the loop and back, and the sealing of personal data, are printed apart.
The month: 30 days x 300 doors, 1.1 million journal rows with a true chain, made without syncs in a temporary folder.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import apsw
import msgspec

from edge_agent.clock import SystemClock, VirtualClock
from edge_agent.domain import events as e
from edge_agent.domain.allocation import choose
from edge_agent.domain.carrier import Carrier
from edge_agent.domain.changes import Change
from edge_agent.domain.decision import VaultWrite
from edge_agent.domain.words import DoorPosition, Report
from edge_agent.randomness import SeededRandomness
from edge_agent.store import jose, journal, keys, migrate, upkeep
from edge_agent.store.canonical import canonical_json
from edge_agent.store.connection import WRITER_PRAGMAS
from edge_agent.store.engine import Engine, NewEvent, Unit
from edge_agent.store.executor import StoreThread
from edge_agent.store.journal import Entry, Stamp
from edge_agent.store.ledger import Ledger
from edge_agent.store.opening import open_ledger
from edge_agent.store.places import Settings
from tests.store.locker import KEYS, LOCKER, SOURCE, a_day, do_all, doors, engine_on, ledger_on, says, wait

ROUNDS = 7
COMMITS = 300  # a round of one kind
ROWS = 1_100_000
DOORS = 300
BATCH = 50
STAMP = Stamp(1_772_352_000_000, "synced", "3b8d9f6e-7c1a-4b6e-9a52-0d9f3c1e5a77", 1_000_000, bytes(16))
BARS = {"commits": 0.6, "median_ms": 2.0, "ready_s": 2.0, "events_s": 20_000}


def run(quick: bool) -> None:
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-ledger-") as folder:
        commits(Path(folder), 2 if quick else ROUNDS)
        month(Path(folder), ROWS // 10 if quick else ROWS)


# ---- commits -------------------------------------------------------------------------------------------------------


def commits(folder: Path, rounds: int) -> None:
    path, bare_path = folder / "ledger.db", folder / "bare.db"
    migrate.main(path)
    engine = engine_on(path)
    ledger = ledger_on(engine)
    wait(do_all(ledger, iter([doors(DOORS)])))
    row = ledger.state.compartment["7"]
    bare = _bare(bare_path)
    data = {"compartment": "7", "intent": "019ca869-5000-7e1e-bdbc-4c01940fabad", "open_ms": 9000}

    def unit(n: int, vault: tuple[VaultWrite, ...] = ()) -> Unit:
        moved = msgspec.structs.replace(row, openings=n, door=DoorPosition.CLOSED)
        event = NewEvent(n.to_bytes(16, "big"), "door.closed", 1, dict(data))
        return Unit(STAMP, [event], [Change("compartment", "7", moved)], vault)

    ours, theirs = [], []
    for n in range(rounds):
        ours.append(_rate(_ours, engine, [unit(n * COMMITS + i) for i in range(COMMITS)]))
        theirs.append(_rate(_theirs, bare, n * COMMITS, row))
        engine.tidy()
        bare.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    print(f"commits of state and event in the store thread: {statistics.median(ours):8.0f}/s")
    print(f"bare apsw, the same two rows and pragmas:       {statistics.median(theirs):8.0f}/s")
    print(f"ratio {ratio:.2f} (median of {rounds} rounds; bar {BARS['commits']})")
    engine.close()
    bare.close()
    _hop_and_sealing(folder)


def _bare(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    for pragma in WRITER_PRAGMAS:
        connection.execute(pragma).fetchall()
    connection.execute("CREATE TABLE state(key TEXT PRIMARY KEY, row TEXT NOT NULL) WITHOUT ROWID")
    connection.execute(
        "CREATE TABLE journal(position INTEGER PRIMARY KEY, id BLOB, type TEXT, version INTEGER, wall_ms INTEGER,"
        " quality TEXT, boot_id TEXT, monotonic_ms INTEGER, txn BLOB, data BLOB, chainhash BLOB)"
    )
    return connection


def _ours(engine: Engine, units: list[Unit]) -> None:
    for unit in units:
        engine.commit(unit)


def _theirs(connection: apsw.Connection, first: int, row: msgspec.Struct) -> None:
    text = msgspec.json.encode(row).decode()
    data = canonical_json(
        {"compartment": "7", "intent": "019ca869-5000-7e1e-bdbc-4c01940fabad", "open_ms": 9000}
    )
    fixed = ("door.closed", 1, *STAMP, data, bytes(32))
    for n in range(first + 1, first + COMMITS + 1):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "INSERT INTO journal VALUES (?,?,?,?,?,?,?,?,?,?,?)", (n, n.to_bytes(16, "big"), *fixed)
        )
        connection.execute("INSERT OR REPLACE INTO state(key, row) VALUES ('7', ?)", (text,))
        connection.execute("COMMIT")


def _hop_and_sealing(folder: Path) -> None:
    """The same through the ledger: decision, fold, hop to the thread and back; then with a phone to seal."""
    plain = asyncio.run(_through_ledger(folder / "plain", sealing=False))
    sealed = asyncio.run(_through_ledger(folder / "sealed", sealing=True))
    print(f"through the ledger, decision, fold and hop included: {plain:6.0f}/s")
    print(f"the same with personal data encrypted and sealed:    {sealed:6.0f}/s")


async def _through_ledger(state_dir: Path, sealing: bool) -> float:
    cloud = {name: value for name, value in jose.new_private_key().items() if name != "d"}
    at = Settings(state_dir, LOCKER, cloud_key=cloud)
    ledger = (await open_ledger(at, VirtualClock(), SeededRandomness(1), StoreThread())).ledger
    await ledger.transact(doors(DOORS))
    await ledger.transact(says(e.DepositReserved("s", "p", "7", "sf", "c", "x", "w", "h")))
    vault = (VaultWrite("s", "phone", "+85291234567"),) if sealing else ()
    event = e.CompartmentReported("7", Report.DIRTY, "recipient", "s")
    began = time.perf_counter()
    for _ in range(COMMITS):
        await ledger.transact(says(event, vault=vault))
    rate = COMMITS / (time.perf_counter() - began)
    await ledger.close()
    return rate


def _rate(job: Callable[..., None], *args: object) -> float:
    began = time.perf_counter()
    job(*args)
    return COMMITS / (time.perf_counter() - began)


# ---- a month of a large locker -------------------------------------------------------------------------------------


def month(folder: Path, rows: int) -> None:
    at = Settings(folder / "month", LOCKER)
    at.state_dir.mkdir()
    migrate.main(at.ledger)
    began = time.perf_counter()
    _fill(at.ledger, rows)
    print(
        f"\n{rows} journal rows made in {time.perf_counter() - began:.0f} s, {at.ledger.stat().st_size >> 20} MiB"
    )
    asyncio.run(_measure(at, rows))


def _fill(path: Path, rows: int) -> None:
    """A locker with people in it, then a long true chain: made in large transactions, without syncs."""
    engine = engine_on(path, synchronous="OFF")
    wait(do_all(ledger_on(engine), a_day(200, DOORS)))
    kinds = [
        ("door.closed", {"compartment": "7", "intent": "", "open_ms": None}),
        ("session.started", {"actor": "", "kind": "recipient", "scopes": [], "session": "session-bench"}),
        ("feedback.given", {"rating": 5, "session": "session-bench", "stay": ""}),
        ("door.left_open", {"compartment": "7", "intent": "", "open_ms": 20_000}),
    ]
    encoded = [(kind, canonical_json(data)) for kind, data in kinds]
    head, step = engine.head, 20_000
    while head.position < rows:
        count = min(step, rows - head.position)
        entries = [
            Entry((head.position + i).to_bytes(16, "big"), encoded[i % 4][0], 1, encoded[i % 4][1])
            for i in range(count)
        ]
        engine.connection.execute("BEGIN IMMEDIATE")
        head, _ = journal.append(engine.connection, SOURCE, engine.epoch, head, STAMP, entries)
        engine.connection.execute("COMMIT")
        engine.tidy()
    engine.close()


async def _measure(at: Settings, rows: int) -> None:
    keys.store(at.keys, KEYS)
    began = time.perf_counter()
    ledger = (await open_ledger(at, SystemClock(VirtualClock().wall), SeededRandomness(1))).ledger
    print(f"ready to open doors: {time.perf_counter() - began:.3f} s (bar {BARS['ready_s']} s)")
    engine = ledger.engine
    events = _batches(engine, min(rows, 100_000))
    print(f"batches for the uplink: {events:.0f} events/s (bar {BARS['events_s']})")
    print(
        "\n| median, ms (bar 2) | code look-up | allocation | next batch of 50 |\n| --- | --- | --- | --- |"
    )
    print(_line("quiet", *_medians(ledger, rows)))
    check = threading.Thread(
        target=upkeep.check, args=(at.ledger, SOURCE, upkeep.BESIDE_SERVICE_S), daemon=True
    )
    check.start()
    print(_line("beside quick_check", *_medians(ledger, rows)))
    beside = check.is_alive()
    await asyncio.sleep(1.0 if rows < ROWS else 6.0)
    print(_line("beside chain and fold", *_medians(ledger, rows)))
    print(f"check was running: {beside}, {check.is_alive()}")
    await ledger.close()


def _batches(engine: Engine, count: int) -> float:
    began, sequence = time.perf_counter(), 0
    while sequence < count:
        sequence += len(engine.outgoing(sequence, 500, 1 << 20))
    return sequence / (time.perf_counter() - began)


def _medians(ledger: Ledger, rows: int) -> tuple[float, float, float]:
    state, engine = ledger.state, ledger.engine
    known = next(iter(state.stay_by_code))
    alive = "json_extract(row, '$.life') <> 'spent'"
    lookup = f"SELECT key FROM folded_code WHERE json_extract(row, '$.code_hash') = ? AND {alive}"
    return (
        _median_ms(lambda: engine.connection.execute(lookup, (known,)).fetchall()),
        _median_ms(lambda: choose(state, Carrier("sf"), "S")),
        _median_ms(lambda: engine.outgoing(rows // 2, BATCH, 1 << 20)),
    )


def _median_ms(job: Callable[[], object], times: int = 200) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        job()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


def _line(name: str, *figures: float) -> str:
    return f"| {name} | " + " | ".join(f"{figure:.3f}" for figure in figures) + " |"
