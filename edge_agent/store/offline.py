"""The technician's verbs on a stopped agent's state directory, as plain functions: journal, backup, parcels, couriers.

The caller holds the state lock, so that no agent runs meanwhile. Reading verbs use the read-only connection and change
nothing; writing ones open the ledger as the agent does and journal what they did. Personal data comes out masked.
All raise StoreError kinds.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, TypeVar

import apsw
import msgspec

from edge_agent.clock import SystemClock
from edge_agent.domain import events as e
from edge_agent.domain.changes import Change
from edge_agent.domain.courier import Courier
from edge_agent.domain.decision import Decision
from edge_agent.domain.door_numbers import natural
from edge_agent.domain.stamp import stamp_of
from edge_agent.domain.state import LockerState
from edge_agent.randomness import SystemRandomness
from edge_agent.store import backup, cloudevents, journal, keys, rebuild, startup, tables, upkeep, vault
from edge_agent.store.connection import open_reader
from edge_agent.store.engine import Engine
from edge_agent.store.errors import BackupUnreadable, DocumentBad, LedgerMissing, from_sqlite
from edge_agent.store.executor import Inline
from edge_agent.store.journal import Stored, Verified
from edge_agent.store.ledger import Ledger
from edge_agent.store.opening import hasher_of, open_ledger
from edge_agent.store.places import Settings
from edge_agent.store.rebuild import Rebuilt
from edge_agent.store.vault import Vault

T = TypeVar("T")

SHOWN_MAX = 1_000  # events of one `journal show`: more belongs into an export
COURIERS_MAX = 20_000  # lines of one list: more than any operator has at one locker
TECHNICIAN = "technician"


class ParcelLine(msgspec.Struct, frozen=True):
    """One parcel that the locker knows. `waybill` and `phone` are masked; "" where they are erased."""

    parcel: str
    stay: str
    compartment: str
    status: str
    carrier: str
    waybill: str
    phone: str
    deposited_ms: int | None


class CompartmentLine(msgspec.Struct, frozen=True):
    """One compartment as the ledger knows it; the door as it was last seen."""

    number: str
    size: str
    contents: str
    basis: str
    condition: str
    stay: str
    door: str
    openings: int


class CourierLine(msgspec.Struct, frozen=True):
    """One courier; no PIN, no badge, only whether there is one."""

    id: str
    carrier: str
    pin: bool
    badge: bool
    revoked: bool


@contextmanager
def _reading(settings: Settings) -> Iterator[apsw.Connection]:
    if not settings.ledger.exists():
        raise LedgerMissing(settings.ledger, "no ledger found in this state directory")
    connection = open_reader(settings.ledger)
    try:
        yield connection
    except apsw.Error as error:
        raise from_sqlite(settings.ledger, error) from error
    finally:
        connection.close()


# ---- journal -------------------------------------------------------------------------------------------------------


def journal_verify(settings: Settings) -> tuple[Verified, tuple[str, ...]]:
    """The chain's figures, and everything that is wrong: SQLite's check, the chain, the fold. None when sound."""
    problems = upkeep.check(settings.ledger, settings.source)
    with _reading(settings) as connection:
        found = Verified(0, 0, "", 0, 0, "") if problems else journal.verify(connection, settings.source)
    return found, problems


def journal_rebuild(settings: Settings, *, write: bool) -> Rebuilt:
    """Fold the journal and compare; `write` makes the folded tables what the journal says."""
    with _reading(settings) as connection:
        compared = rebuild.compare(connection)
    if not (write and compared.differences):
        return compared
    engine = _engine(settings)

    def replace(connection: apsw.Connection) -> None:
        tables.replace_folded(connection, rebuild.fold_journal(connection)[0])

    engine.run(replace)
    after = rebuild.compare(engine.connection)
    engine.close()
    return msgspec.structs.replace(compared, digest=after.digest)


def _engine(settings: Settings) -> Engine:
    known = keys.load(settings.keys)
    return Engine(
        settings.ledger, settings.source, Vault(known.device, SystemRandomness()), mark=settings.mark
    )


def journal_export(settings: Settings, out: IO[bytes], after: int = 0) -> int:
    """Write every row behind position `after` as one CloudEvents JSON a line, sealed data included.

    Returns how many.
    """
    count = 0
    with _reading(settings) as connection:
        for stored in journal.walk(connection, after):
            out.write(msgspec.json.encode(_sent(connection, stored, settings.source)) + b"\n")
            count += 1
    return count


def journal_show(
    settings: Settings, last: int = 20, kind: str = "", stay: str = "", compartment: str = ""
) -> list[dict[str, Any]]:
    """The newest events, oldest first; only of a type ("door." is a whole group), a stay or a compartment."""
    wanted = {name: value for name, value in (("stay", stay), ("compartment", compartment)) if value}
    found: list[dict[str, Any]] = []
    with _reading(settings) as connection:
        start = 0 if kind or wanted else journal.head(connection).position - last
        for stored in journal.walk(connection, start):
            data = msgspec.json.decode(stored.row.data)
            if stored.row.type.startswith(kind) and wanted.items() <= data.items():
                found.append(_sent(connection, stored, settings.source))
                del found[: -min(last, SHOWN_MAX)]
    return found


def _sent(connection: apsw.Connection, stored: Stored, source: str) -> dict[str, Any]:
    sealed, erased = vault.sealed_state(connection, stored)
    return cloudevents.to_send(stored.row, source, stored.chainhash, sealed, erased)


# ---- backup --------------------------------------------------------------------------------------------------------


def backup_make(settings: Settings) -> backup.Made:
    """One backup on every target, proved by opening, and journalled as `backup.made`."""

    async def job(ledger: Ledger, known: keys.Keys) -> backup.Made:
        made = backup.make(settings, known, stamp_of(ledger.now()).wall_ms)
        await ledger.transact(lambda state, at: Decision((backup.event_of(made),)))
        return made

    return _writing(settings, job)


def backup_verify(
    settings: Settings, sealed: Path | None = None, identity_file: Path | None = None
) -> backup.Manifest:
    """Open one backup (the newest where none is named) and prove it.

    `identity_file`: an age key; by default the locker's own.
    """
    chosen = sealed or next(iter(backup.newest(settings)), None)
    if chosen is None:
        raise BackupUnreadable(settings.backups, "no backup found on any target")
    settings.backups.mkdir(mode=0o700, parents=True, exist_ok=True)
    with backup.work_folder(settings) as work:
        return backup.check(chosen, _identity(settings, identity_file), work)


def backup_restore(settings: Settings, sealed: Path, identity_file: Path | None = None) -> str:
    """Make this backup the ledger, under a new epoch; the present file is set aside. Returns the new epoch."""
    clock = machine_clock()
    startup.restore(settings, sealed, _identity(settings, identity_file), clock.now(), SystemRandomness())
    with _reading(settings) as connection:
        return journal.current_epoch(connection).id


def _identity(settings: Settings, identity_file: Path | None) -> str:
    if identity_file is None:
        return keys.load(settings.keys).backup
    lines = _text(identity_file).splitlines()
    found = next((line.strip() for line in lines if line.startswith("AGE-SECRET-KEY-")), None)
    if found is None:
        raise BackupUnreadable(identity_file, "holds no age secret key")
    return found


# ---- what is inside ------------------------------------------------------------------------------------------------


def parcels(settings: Settings) -> list[ParcelLine]:
    """Every parcel that the locker knows, by compartment."""
    with _reading(settings) as connection:
        state = tables.load(connection)
        opened = Vault(keys.load(settings.keys).device, SystemRandomness())
        lines = [_parcel_line(connection, opened, state, parcel) for parcel in state.parcel]
    return sorted(lines, key=lambda line: (natural(line.compartment), line.parcel))


def _parcel_line(connection: apsw.Connection, opened: Vault, state: LockerState, name: str) -> ParcelLine:
    parcel = state.parcel[name]
    stay = state.stay[parcel.stay]
    shown = opened.read_masked(connection, stay.id)
    return ParcelLine(
        parcel.id,
        stay.id,
        stay.compartment,
        parcel.status.value,
        stay.carrier,
        shown.get(f"waybill:{parcel.id}", ""),
        shown.get("phone", ""),
        stay.deposited.wall_ms if stay.deposited else None,
    )


def compartments(settings: Settings) -> list[CompartmentLine]:
    """Every configured compartment, in the order that people count in."""
    with _reading(settings) as connection:
        state = tables.load(connection)
    return [
        CompartmentLine(
            c.number,
            c.size,
            c.contents.value,
            c.basis.value,
            c.condition.value,
            c.stay,
            c.door.value,
            c.openings,
        )
        for _, c in sorted(state.compartment.items(), key=lambda item: natural(item[0]))
    ]


# ---- couriers ------------------------------------------------------------------------------------------------------


class _CourierIn(msgspec.Struct, forbid_unknown_fields=True):
    """One entry of a list as people write it: PIN and badge in clear, hashed before anything is stored."""

    id: str
    carrier: str
    pin: str = ""
    badge: str = ""
    revoked: bool = False
    may_recall: bool = True
    may_verify: bool = True


def couriers_list(settings: Settings) -> list[CourierLine]:
    with _reading(settings) as connection:
        state = tables.load(connection)
    return [
        CourierLine(c.id, c.carrier, bool(c.pin_hash), bool(c.badge_hash), c.revoked)
        for _, c in sorted(state.courier.items())
    ]


def couriers_import(settings: Settings, path: Path) -> int:
    """Take over a list (`.csv` with a header line, or a JSON array): all of it, or nothing where a line is wrong.

    Columns: id, carrier, pin, badge, revoked, may_recall, may_verify. Others than those named stay in the ledger.
    """
    return _writing(settings, lambda ledger, known: take_couriers(ledger, known, path))


async def take_couriers(ledger: Ledger, known: keys.Keys, path: Path) -> int:
    """The same on an open ledger."""
    entries = _entries(path)
    hasher = hasher_of(known, Inline())
    rows = [_courier(hasher.code_hash, hasher.lookup_hash, entry) for entry in entries]
    given = tuple(Change("courier", row.id, row) for row in rows)
    await ledger.transact(lambda state, at: Decision((_done(path.name, "couriers.import"),), given=given))
    return len(rows)


def couriers_revoke(settings: Settings, courier: str) -> bool:
    """From now on neither PIN nor badge opens a session. False where nobody has this id."""

    return _writing(settings, lambda ledger, _: revoke_courier(ledger, courier))


async def revoke_courier(ledger: Ledger, courier: str) -> bool:
    """The same on an open ledger."""
    row = ledger.state.courier.get(courier)
    if row is None:
        return False
    revoked = Change("courier", courier, msgspec.structs.replace(row, revoked=True))
    await ledger.transact(lambda state, at: Decision((_done(courier, "couriers.revoke"),), given=(revoked,)))
    return True


def pin_text(courier: str, pin: str) -> str:
    """What is hashed for a PIN: the same text as at the screen, bound to its person."""
    return f"pin\0{courier}\0{pin}"


def _courier(slow: Callable[[str], str], keyed: Callable[[str, str], str], entry: _CourierIn) -> Courier:
    return Courier(
        entry.id,
        entry.carrier,
        slow(pin_text(entry.id, entry.pin)) if entry.pin else "",
        keyed("badge", entry.badge) if entry.badge else "",
        entry.revoked,
        entry.may_recall,
        entry.may_verify,
    )


def _entries(path: Path) -> list[_CourierIn]:
    text = _text(path)
    try:
        plain = (
            list(csv.DictReader(io.StringIO(text))) if path.suffix == ".csv" else msgspec.json.decode(text)
        )
        found = [_entry(path, number, one) for number, one in enumerate(plain, 1)]
    except (msgspec.DecodeError, csv.Error) as error:
        raise DocumentBad(path, str(error)) from error
    repeated = len(found) - len({entry.id for entry in found})
    if repeated or not 0 < len(found) <= COURIERS_MAX:
        raise DocumentBad(
            path, f"{len(found)} couriers, {repeated} ids twice; 1 to {COURIERS_MAX} expected, each once"
        )
    return found


def _entry(path: Path, number: int, plain: Any) -> _CourierIn:
    try:
        entry = msgspec.convert(plain, _CourierIn, strict=False)
    except msgspec.ValidationError as error:
        raise DocumentBad(f"{path}: courier {number}", str(error)) from error
    if not (entry.id and entry.carrier):
        raise DocumentBad(f"{path}: courier {number}", "id or carrier is empty")
    return entry


# ---- tools ---------------------------------------------------------------------------------------------------------


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentBad(path, f"cannot be read: {error}") from error


def _done(command: str, verb: str) -> e.CommandDone:
    return e.CommandDone(command, verb, TECHNICIAN, "done")


def machine_clock() -> SystemClock:
    return SystemClock(floor=datetime(2026, 1, 1, tzinfo=UTC))


def _writing(settings: Settings, job: Callable[[Ledger, keys.Keys], Coroutine[Any, Any, T]]) -> T:
    """Open the ledger as the agent does, do the job, close."""

    async def run() -> T:
        opened = await open_ledger(settings, machine_clock(), SystemRandomness(), Inline())
        try:
            return await job(opened.ledger, opened.keys)
        finally:
            await opened.ledger.close()

    if not settings.ledger.exists():
        raise LedgerMissing(settings.ledger, "no ledger found in this state directory")
    return asyncio.run(run())
