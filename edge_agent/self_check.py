"""Whether the installed program is the one that was built: every shipped file against the hashes that came with it.

The package brings `manifest.sha256` beside its virtual environment, in the form of `sha256sum`. A checkout has none,
and is not judged. Whoever can write to the package can write the manifest too, so this finds a dying card and a
careless hand; the package's signature is what keeps a stranger's program out.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

CHANGED_CODE = "HOST-710"
NAME = "manifest.sha256"
TOLD_MAX = 5  # files named in a fault; a dead card changes thousands


def manifest_path() -> Path:
    """Beside the virtual environment that runs us."""
    return Path(sys.prefix).parent / NAME


def changed_files(manifest: Path) -> list[str]:
    """Shipped files that are gone or differ, relative to the manifest's folder; empty without a manifest."""
    if not manifest.is_file():
        return []
    lines = manifest.read_text("utf-8").splitlines()
    return [
        name
        for digest, _, name in (line.partition("  ") for line in lines)
        if _digest(manifest, name) != digest
    ]


def told(changed: list[str]) -> str:
    """For a fault's text."""
    more = len(changed) - TOLD_MAX
    return ", ".join(changed[:TOLD_MAX]) + (f" and {more} more" if more > 0 else "")


def write_manifest(folder: Path) -> Path:
    """List every file below `folder` with its hash; what the package's build calls."""
    made = folder / NAME
    found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    files = sorted(path for path in found if path != made)  # a link leads out: to the distribution's Python
    names = [path.relative_to(folder).as_posix() for path in files]
    made.write_text("".join(f"{_digest(made, name)}  {name}\n" for name in names), "utf-8")
    return made


def _digest(manifest: Path, name: str) -> str:
    try:
        with (manifest.parent / name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
