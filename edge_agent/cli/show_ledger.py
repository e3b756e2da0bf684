"""The ledger's results for a person: journal, backup, parcels, compartments, couriers."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from edge_agent.cli.terminal import Grid, say, show
from edge_agent.control import ledger_types as t


def journal_verify(result: t.JournalVerifyResult) -> None:
    if result.sound:
        print(f"sound: {result.rows} rows, {result.first} to {result.last} of epoch {result.epoch}")
        print(f"last hash {result.chainhash}")
    for problem in result.problems:
        print(problem)


def journal_rebuild(result: t.JournalRebuildResult) -> None:
    for difference in result.differences:
        print(f"differs: {difference}")
    if not result.differences:
        print(f"the tables are what the journal says ({result.rows} rows folded)")
    elif result.written:
        say("The tables were written anew from the journal.")
    else:
        say("Next: lockerctl journal rebuild --write")


def journal_export(result: t.JournalExportResult) -> None:
    print(f"{result.events} events written to {result.file}")


def journal_show(result: t.JournalShowResult) -> None:
    for event in result.events:
        data = {name: value for name, value in event["data"].items() if value not in ("", None)}
        name = event["type"].removeprefix("locker.")
        print(
            f"{int(event['sequence']):>8}  {event['time']}  {name:<28} {json.dumps(data, ensure_ascii=False)}"
        )


def backup_make(result: t.BackupMakeResult) -> None:
    print(f"{result.name}, {result.size_bytes} bytes, up to {result.last_sequence} of epoch {result.epoch}")
    for target in result.targets:
        print(f"  on {target}")
    for missed in result.missed:
        print(f"  missed: {missed}")


def backup_verify(result: t.BackupVerifyResult) -> None:
    made = datetime.fromtimestamp(result.made_ms / 1000, UTC)
    print(
        f"sound: locker {result.locker}, up to {result.last_sequence} of epoch {result.epoch}, made {made:%F %T} UTC"
    )


def backup_restore(result: t.BackupRestoreResult) -> None:
    print(f"restored; epoch {result.epoch} begins")
    say("Codes are spent and contents unknown until the back office has reconciled. Start the agent now.")


def parcels(result: t.ParcelsResult) -> None:
    columns = ("Compartment", "Status", "Carrier", "Waybill", "Phone", "Parcel")
    rows = [(p.compartment, p.status, p.carrier, p.waybill, p.phone, p.parcel) for p in result.parcels]
    show(Grid(columns, rows, ()))


def compartments(result: t.CompartmentsResult) -> None:
    columns = ("Compartment", "Size", "Contents", "Basis", "Condition", "Door", "Openings")
    rows = [
        (c.number, c.size, c.contents, c.basis, c.condition, c.door, str(c.openings))
        for c in result.compartments
    ]
    show(Grid(columns, rows, ("Openings",)))


def couriers_import(result: t.CouriersImportResult) -> None:
    print(f"{result.imported} couriers taken over")


def couriers_list(result: t.CouriersListResult) -> None:
    columns = ("Courier", "Carrier", "PIN", "Badge", "Revoked")
    rows = [(c.id, c.carrier, *map(_yes, (c.pin, c.badge, c.revoked))) for c in result.couriers]
    show(Grid(columns, rows, ()))


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def couriers_revoke(result: t.CouriersRevokeResult) -> None:
    print("revoked" if result.revoked else "there is no courier of this id")


SHOW: dict[str, Callable[[Any], None]] = {
    "journal.verify": journal_verify,
    "journal.rebuild": journal_rebuild,
    "journal.export": journal_export,
    "journal.show": journal_show,
    "backup.make": backup_make,
    "backup.verify": backup_verify,
    "backup.restore": backup_restore,
    "parcels": parcels,
    "compartments": compartments,
    "couriers.import": couriers_import,
    "couriers.list": couriers_list,
    "couriers.revoke": couriers_revoke,
}
