"""The end of a locker: keys, personal data and sealed copies go for good; the journal, which holds none, stays.

Overwriting a file on flash proves nothing, so the order is: keys first. Without them whatever a chip still holds of
vault, backups and codes is noise.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from edge_agent.store import backup
from edge_agent.store.connection import checkpoint, open_writer
from edge_agent.store.files import sync_folder
from edge_agent.store.places import Settings
from edge_agent.store.schema import VAULT, table

PEOPLE = ("courier", "staff", "expected")
"""Given tables with hashes of people's PINs, badges and parcels."""


def wipe(settings: Settings) -> tuple[str, ...]:
    """Returns what is gone. Nothing may have the ledger open. Raises OSError, apsw.Error."""
    done = [_keys(settings.keys)]
    connection = open_writer(settings.ledger)
    try:
        names = (*VAULT, *(table(name) for name in PEOPLE), "inbox")
        with connection:
            for name in names:
                connection.execute(f"DELETE FROM {name}")  # noqa: S608 - constants only
        checkpoint(connection)
    finally:
        connection.close()
    done.append(f"{len(names)} tables of personal data")
    for target in settings.targets:
        files = [*backup.found_in(target), target / backup.VAULT_COPY]
        gone = sum(_unlink(path) for path in files)
        if gone:
            sync_folder(target)
            done.append(f"{gone} sealed copies in {target}")
    if settings.damaged.exists():
        shutil.rmtree(settings.damaged)
        done.append(str(settings.damaged))
    return tuple(done)


def _keys(folder: Path) -> str:
    """Overwritten, synced, removed: on a disk that writes in place nothing is left."""
    files = [path for path in folder.iterdir() if path.is_file()]
    for path in files:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, os.urandom(path.stat().st_size))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        path.unlink()
    folder.rmdir()
    sync_folder(folder.parent)
    return f"{len(files)} key files"


def _unlink(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True
