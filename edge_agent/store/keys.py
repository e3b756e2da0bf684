"""The locker's own secrets: files under `{state_dir}/keys`, mode 0600, made at the first start.

They are made together: a folder is filled beside and renamed, so that a power cut leaves all or none. A
folder in which one is missing is an error and never a reason to draw a new one: a new pepper would make
every code wrong. `docs/keys.md` says for each key who owns it, whether backups carry it, and what its loss
means.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from edge_agent.randomness import Randomness
from edge_agent.store import jose
from edge_agent.store.errors import KeyFileBad
from edge_agent.store.files import sync_folder, write_durably

PEPPER_BYTES = 32
SALT_BYTES = 16
DEVICE_BYTES = 32
# Others may not read a key: group and world bits must be off.
FORBIDDEN_BITS = 0o077


@dataclass(frozen=True, slots=True)
class Keys:
    """Everything secret that the agent holds. Never logged: the representation shows no field."""

    pepper: bytes = field(repr=False)  # HMAC key before the code's hash, and of phone and token look-up
    salt: bytes = field(repr=False)  # one per locker: one computation per try, whatever is live
    device: bytes = field(repr=False)  # wraps the key of each stay
    backup: str = field(repr=False)  # age identity: opens the locker's own backups
    opening: dict[str, str] = field(repr=False)  # X25519 private JWK: opens documents sealed to this locker

    @property
    def backup_recipient(self) -> str:
        """The public half that backups are sealed to (age1…)."""
        import pyrage  # here and below: a native library of 5 MB that a start does without

        return str(pyrage.x25519.Identity.from_str(self.backup).to_public())

    @property
    def opening_public(self) -> dict[str, str]:
        """The public JWK that back offices seal documents to."""
        return {name: value for name, value in self.opening.items() if name != "d"}


FILES = ("pepper.key", "locker.salt", "device.key", "backup.age", "opening.jwk")


def draw(chance: Randomness) -> Keys:
    """New secrets. The two key pairs come from their libraries, which use the system's source."""
    import pyrage

    return Keys(
        pepper=chance.token_bytes(PEPPER_BYTES),
        salt=chance.token_bytes(SALT_BYTES),
        device=chance.token_bytes(DEVICE_BYTES),
        backup=str(pyrage.x25519.Identity.generate()),
        opening=jose.new_private_key(),
    )


def to_files(keys: Keys) -> dict[str, bytes]:
    """File name → content, as they stand in the folder and in the sealed vault copy."""
    return {
        "pepper.key": keys.pepper,
        "locker.salt": keys.salt,
        "device.key": keys.device,
        "backup.age": keys.backup.encode() + b"\n",
        "opening.jwk": json.dumps(keys.opening).encode(),
    }


def from_files(where: Path, files: dict[str, bytes]) -> Keys:
    """Raises KeyFileBad for a missing one or a wrong length."""
    for name in FILES:
        if not files.get(name):
            raise KeyFileBad(
                where / name, "key missing or empty; restore it from the backup, do not make a new one"
            )
    lengths = {"pepper.key": PEPPER_BYTES, "locker.salt": SALT_BYTES, "device.key": DEVICE_BYTES}
    for name, length in lengths.items():
        if len(files[name]) != length:
            raise KeyFileBad(where / name, f"{len(files[name])} bytes found, {length} expected")
    return Keys(
        pepper=files["pepper.key"],
        salt=files["locker.salt"],
        device=files["device.key"],
        backup=files["backup.age"].decode().strip(),
        opening=json.loads(files["opening.jwk"]),
    )


def exist(folder: Path) -> bool:
    """True where keys were made before, whole or not."""
    return folder.is_dir() and any(folder.iterdir())


def load(folder: Path) -> Keys:
    """Raises KeyFileBad for a missing, empty or openly readable file."""
    files: dict[str, bytes] = {}
    for name in FILES:
        path = folder / name
        try:
            mode = path.stat().st_mode
            files[name] = path.read_bytes()
        except OSError as error:
            raise KeyFileBad(path, f"{error.strerror}; expected a file of mode 0600") from error
        if mode & FORBIDDEN_BITS:
            raise KeyFileBad(path, f"mode {mode & 0o777:04o} found, 0600 expected")
    return from_files(folder, files)


def store(folder: Path, keys: Keys) -> None:
    """Write all files into a folder that does not exist yet. Raises OSError."""
    beside = folder.with_name(folder.name + ".new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(mode=0o700, parents=True)
    for name, content in to_files(keys).items():
        write_durably(beside / name, content)
    sync_folder(beside)
    os.rename(beside, folder)
    sync_folder(folder.parent)


def load_or_make(folder: Path, chance: Randomness) -> Keys:
    """The first start makes them; later ones only read. Raises KeyFileBad, OSError."""
    if not exist(folder):
        if folder.is_dir():
            folder.rmdir()  # an empty folder, made by the installer: the rename needs its place
        store(folder, draw(chance))
    return load(folder)
