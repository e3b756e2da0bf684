"""Backups: a copy of the running ledger, sealed with age for the locker itself and for the operator's recovery key.

Inside is a plain tar (an operator opens it with `age -d | tar x`): `manifest.json`, `ledger.db` and the keys without
which the ledger is of no use (pepper, salt, opening key). No personal data: the vault's tables are emptied and look-up
hashes blinded. One sealed copy of the vault, with the device key, lies beside the newest backup and is replaced each
time, so that an erasure reaches it too. A backup counts only after it was opened again and found sound.
"""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import msgspec

from edge_agent.domain.events import BackupMade
from edge_agent.store import journal, tables, vault
from edge_agent.store import keys as key_files
from edge_agent.store.connection import check_schema
from edge_agent.store.domain_rows import blind_tables
from edge_agent.store.errors import BackupUnreadable, CommitFailed, LedgerError, from_sqlite
from edge_agent.store.files import sync_file, sync_folder
from edge_agent.store.keys import Keys
from edge_agent.store.places import Settings
from edge_agent.store.schema import VAULT

if TYPE_CHECKING:  # a native library of 5 MB: loaded when a backup is made or opened
    import pyrage

KEPT = 7  # a week of nightly backups on each target
VAULT_COPY = "vault.age"
WORK = ".work"  # plain copies live here for seconds, mode 0700
IN_BACKUP = ("pepper.key", "locker.salt", "opening.jwk")
COPY_BYTES = 1 << 20


class Manifest(msgspec.Struct, frozen=True):
    """What the copy holds. `digest` is the SHA-256 of `ledger.db` in hex."""

    locker: str
    epoch: str
    last_sequence: int
    chainhash: str
    made_ms: int
    digest: str


class Made(msgspec.Struct, frozen=True):
    """One backup on its targets. `missed`: targets that could not be written, with the reason."""

    name: str
    size_bytes: int
    manifest: Manifest
    targets: tuple[str, ...]
    missed: tuple[str, ...]


@contextmanager
def work_folder(settings: Settings) -> Iterator[Path]:
    """An empty private folder, gone afterwards whatever happens."""
    folder = settings.backups / WORK
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def recipients(settings: Settings, keys: Keys) -> list[pyrage.x25519.Recipient]:
    """The locker itself, and the operator where one is configured. Raises BackupUnreadable for a bad key."""
    import pyrage

    try:
        found = [pyrage.x25519.Recipient.from_str(keys.backup_recipient)]
        if settings.recovery_key:
            found.append(pyrage.x25519.Recipient.from_str(settings.recovery_key))
    except pyrage.RecipientError as error:
        raise BackupUnreadable("[security] recovery_key", f"not an age recipient: {error}") from error
    return found


def make(settings: Settings, keys: Keys, made_ms: int) -> Made:
    """Copy, strip, seal, open again, put on every target, rotate. Runs beside service, on a thread of its own.

    Raises StoreError kinds where the copy is not sound or no target took it.
    """
    settings.backups.mkdir(mode=0o700, parents=True, exist_ok=True)
    with work_folder(settings) as work:
        manifest = _copy(settings, work, made_ms)
        sealed = _seal(settings, keys, work, manifest)
        check(sealed, keys.backup, work / "check")
        name = f"ledger-{made_ms:013d}-{manifest.epoch[:8]}-{manifest.last_sequence}.age"
        done = _spread(settings, sealed, name)
        made = Made(name, sealed.stat().st_size, manifest, *done)
    if not made.targets:
        raise CommitFailed("backup", "; ".join(made.missed))
    copy_vault(settings, keys)
    for target in made.targets:
        rotate(Path(target))
    return made


def _copy(settings: Settings, work: Path, made_ms: int) -> Manifest:
    copy = work / "ledger.db"
    try:
        source = apsw.Connection(str(settings.ledger), flags=apsw.SQLITE_OPEN_READONLY)
        source.execute("VACUUM INTO ?", (str(copy),))
        source.close()
        connection = apsw.Connection(str(copy))
        epoch, head = journal.current_epoch(connection), journal.head(connection)
        _strip(connection)
        connection.close()
    except apsw.Error as error:
        raise from_sqlite(copy, error) from error
    sequence = head.position - epoch.base
    digest = _digest(copy)
    return Manifest(settings.locker_id, epoch.id, sequence, head.chainhash.hex(), made_ms, digest)


def _strip(connection: apsw.Connection) -> None:
    """No personal data in a backup: hashes blinded, vault emptied, overwritten pages."""
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute("BEGIN")
    blind_tables(connection, vault.blinded_hashes(connection))
    for name in VAULT:
        connection.execute(f"DELETE FROM {name}")  # noqa: S608 - constant names
    connection.execute("COMMIT")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _seal(settings: Settings, keys: Keys, work: Path, manifest: Manifest) -> Path:
    import pyrage

    (work / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    plain, sealed = work / "backup.tar", work / "backup.age"
    files = key_files.to_files(keys)
    with tarfile.open(plain, "w") as tar:
        tar.add(work / "manifest.json", "manifest.json")
        tar.add(work / "ledger.db", "ledger.db")
        for name in IN_BACKUP:
            _add_bytes(tar, work, name, files[name])
    pyrage.encrypt_file(str(plain), str(sealed), recipients(settings, keys))
    plain.unlink()
    return sealed


def _add_bytes(tar: tarfile.TarFile, work: Path, name: str, content: bytes) -> None:
    path = work / name
    path.touch(mode=0o600)
    path.write_bytes(content)
    tar.add(path, f"keys/{name}")


def unseal(sealed: Path, identity: str, into: Path) -> None:
    """Decrypt and unpack into the folder `into`, which is made. Raises BackupUnreadable."""
    import pyrage

    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    plain = into / "plain.tar"
    try:
        pyrage.decrypt_file(str(sealed), str(plain), [pyrage.x25519.Identity.from_str(identity)])
        with tarfile.open(plain) as tar:
            _unpack(tar, into)
        plain.unlink()
    except (pyrage.DecryptError, pyrage.IdentityError, tarfile.TarError, OSError) as error:
        raise BackupUnreadable(sealed, f"does not open with this key, or is damaged: {error}") from error


def _unpack(tar: tarfile.TarFile, into: Path) -> None:
    """Plain files below `into` and nothing else, by hand: Debian 12's Python knows no `extractall(filter=)`.

    Raises TarError for a link, a device, or a name that leads out.
    """
    for member in tar:
        target = into / member.name
        content = tar.extractfile(member) if member.isreg() else None
        if content is None or not target.resolve().is_relative_to(into.resolve()):
            raise tarfile.ExtractError(f"{member.name}: not a plain file of a backup")
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.touch(mode=0o600)
        with content, target.open("wb") as file:
            shutil.copyfileobj(content, file)


def check(sealed: Path, identity: str, work: Path) -> Manifest:
    """Open a backup and prove it: file digest, SQLite's own check, the whole chain. Raises BackupUnreadable.

    `work` holds the plain content afterwards.
    """
    unseal(sealed, identity, work)
    copy = work / "ledger.db"
    try:
        manifest = msgspec.json.decode((work / "manifest.json").read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError) as error:
        raise BackupUnreadable(sealed, f"no manifest inside: {error}") from error
    if _digest(copy) != manifest.digest:
        raise BackupUnreadable(sealed, "its ledger is not the one that its manifest names")
    try:
        connection = apsw.Connection(str(copy), flags=apsw.SQLITE_OPEN_READONLY)
        check_schema(connection, copy)
        found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(10)")]
        verified = journal.verify(connection, f"/lockers/{manifest.locker}")
        tables.load(connection)
        connection.close()
    except (apsw.Error, LedgerError) as error:
        raise BackupUnreadable(sealed, str(error)) from error
    if found != ["ok"]:
        raise BackupUnreadable(sealed, "; ".join(found))
    if (verified.epoch, verified.last_sequence) != (manifest.epoch, manifest.last_sequence):
        raise BackupUnreadable(sealed, "its journal does not end where its manifest says")
    return manifest


def _spread(settings: Settings, sealed: Path, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    taken, missed = [], []
    for target in settings.targets:
        try:
            place(sealed, target, name)
            taken.append(str(target))
        except OSError as error:
            missed.append(f"{target}: {error.strerror}")
    return tuple(taken), tuple(missed)


def place(sealed: Path, target: Path, name: str) -> None:
    """Copy one file to a target in one step, synced. Raises OSError."""
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = target / f".{name}.new"
    try:
        shutil.copyfile(sealed, beside)
        sync_file(beside)
        beside.rename(target / name)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(target)


def rotate(target: Path) -> None:
    """Keep the newest `KEPT`."""
    for old in found_in(target)[KEPT:]:
        old.unlink(missing_ok=True)


def found_in(target: Path) -> list[Path]:
    """Backups in this folder, newest first (their names begin with the time they were made)."""
    return sorted(target.glob("ledger-*.age"), key=lambda path: path.name, reverse=True)


def newest(settings: Settings) -> list[Path]:
    """Backups on all targets, newest first."""
    everywhere = [path for target in settings.targets for path in found_in(target)]
    return sorted(everywhere, key=lambda path: path.name, reverse=True)


def copy_vault(settings: Settings, keys: Keys) -> None:
    """Replace the one sealed vault copy on every target: after each backup, and after each erasure.

    A target that cannot be reached now holds an old copy: it is replaced there by the next call that
    reaches it. Raises StoreError kinds, CommitFailed where no target took it.
    """
    import pyrage

    with work_folder(settings) as work:
        copy = work / "vault.db"
        try:
            flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
            connection = apsw.Connection(str(copy), flags=flags)
            connection.execute("ATTACH ? AS ledger", (f"file:{settings.ledger}?mode=ro",))
            for name in VAULT:
                connection.execute(f"CREATE TABLE {name} AS SELECT * FROM ledger.{name}")  # noqa: S608
            connection.close()
        except apsw.Error as error:
            raise from_sqlite(copy, error) from error
        plain, sealed = work / "vault.tar", work / VAULT_COPY
        with tarfile.open(plain, "w") as tar:
            tar.add(copy, "vault.db")
            for name, content in key_files.to_files(keys).items():
                _add_bytes(tar, work, name, content)
        pyrage.encrypt_file(str(plain), str(sealed), recipients(settings, keys))
        taken, missed = _spread(settings, sealed, VAULT_COPY)
    if not taken:
        raise CommitFailed("vault copy", "; ".join(missed))


def event_of(made: Made) -> BackupMade:
    """The journal's word for one backup."""
    return BackupMade(", ".join(made.targets), made.manifest.digest, made.size_bytes)
