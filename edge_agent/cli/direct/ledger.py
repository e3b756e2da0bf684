"""The ledger's operations without an agent: on the state directory itself, under the state lock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import msgspec

from edge_agent.cli.direct.bench import Bench
from edge_agent.control import ledger_types as t
from edge_agent.control import types as common
from edge_agent.errors import ControlError

if TYPE_CHECKING:
    from edge_agent.store.places import Settings

R = TypeVar("R")


def _settings(bench: Bench) -> Settings:
    from edge_agent.store.places import settings_of

    bench.hold_state()
    return settings_of(bench.config)


def _rows(kind: type[R], lines: list[msgspec.Struct]) -> tuple[R, ...]:
    """The store's lines as the contract's rows: the same fields."""
    return tuple(msgspec.convert(msgspec.to_builtins(line), kind) for line in lines)


def journal_verify(asked: common.Nothing, bench: Bench) -> t.JournalVerifyResult:
    from edge_agent.store import offline

    found, problems = offline.journal_verify(_settings(bench))
    return t.JournalVerifyResult(
        sound=not problems,
        rows=found.rows,
        epoch=found.epoch,
        first=found.first_sequence,
        last=found.last_sequence,
        chainhash=found.chainhash,
        problems=problems,
    )


def journal_rebuild(asked: t.JournalRebuildArguments, bench: Bench) -> t.JournalRebuildResult:
    from edge_agent.store import offline

    found = offline.journal_rebuild(_settings(bench), write=asked.write)
    written = asked.write and bool(found.differences)
    return t.JournalRebuildResult(rows=found.rows, differences=found.differences, written=written)


def journal_export(asked: t.JournalExportArguments, bench: Bench) -> t.JournalExportResult:
    from edge_agent.store import offline

    with _new_file(asked.file) as out:
        count = offline.journal_export(_settings(bench), out)
    return t.JournalExportResult(file=asked.file, events=count)


def _new_file(name: str) -> BinaryIO:
    """A file that was not there before, open for writing. Raises ControlError CTRL-708."""
    try:
        return Path(name).open("xb")
    except OSError as error:
        raise ControlError("CTRL-708", name, error.strerror or str(error)) from None
    except ValueError as error:  # a NUL in the name
        raise ControlError("CTRL-708", "the file's name", str(error)) from None


def journal_show(asked: t.JournalShowArguments, bench: Bench) -> t.JournalShowResult:
    from edge_agent.store import offline

    found = offline.journal_show(_settings(bench), asked.last, asked.type, asked.stay, asked.compartment)
    return t.JournalShowResult(events=tuple(found))


def backup_make(asked: common.Nothing, bench: Bench) -> t.BackupMakeResult:
    from edge_agent.store import offline

    made = offline.backup_make(_settings(bench))
    return t.BackupMakeResult(
        name=made.name,
        size_bytes=made.size_bytes,
        epoch=made.manifest.epoch,
        last_sequence=made.manifest.last_sequence,
        targets=made.targets,
        missed=made.missed,
    )


def backup_verify(asked: t.BackupVerifyArguments, bench: Bench) -> t.BackupVerifyResult:
    from edge_agent.store import offline

    found = offline.backup_verify(_settings(bench), _path(asked.file), _path(asked.identity))
    return t.BackupVerifyResult(
        locker=found.locker, epoch=found.epoch, last_sequence=found.last_sequence, made_ms=found.made_ms
    )


def backup_restore(asked: t.BackupRestoreArguments, bench: Bench) -> t.BackupRestoreResult:
    from edge_agent.store import offline

    settings = _settings(bench)
    return t.BackupRestoreResult(
        epoch=offline.backup_restore(settings, Path(asked.file), _path(asked.identity))
    )


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def parcels(asked: common.Nothing, bench: Bench) -> t.ParcelsResult:
    from edge_agent.store import offline

    return t.ParcelsResult(parcels=_rows(t.ParcelRow, [*offline.parcels(_settings(bench))]))


def compartments(asked: common.Nothing, bench: Bench) -> t.CompartmentsResult:
    from edge_agent.store import offline

    return t.CompartmentsResult(
        compartments=_rows(t.CompartmentRow, [*offline.compartments(_settings(bench))])
    )


def couriers_import(asked: t.CouriersImportArguments, bench: Bench) -> t.CouriersImportResult:
    from edge_agent.store import offline

    return t.CouriersImportResult(imported=offline.couriers_import(_settings(bench), Path(asked.file)))


def couriers_list(asked: common.Nothing, bench: Bench) -> t.CouriersListResult:
    from edge_agent.store import offline

    return t.CouriersListResult(couriers=_rows(t.CourierRow, [*offline.couriers_list(_settings(bench))]))


def couriers_revoke(asked: t.CouriersRevokeArguments, bench: Bench) -> t.CouriersRevokeResult:
    from edge_agent.store import offline

    return t.CouriersRevokeResult(revoked=offline.couriers_revoke(_settings(bench), asked.courier))
