"""What this machine must bring for the package's tests, and how they run its programs.

A tool or right that is missing fails the test that needs it, by name: a package test that did not run proves nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SYSTEMD = ROOT / "systemd"
UNITS = SYSTEMD / "units"
COMMAND_S = 600.0  # for one program; a fresh root on a slow line takes minutes
TOLD = 4000  # characters of a failed program's last words


def needs(*programs: str, root: bool = False) -> None:
    """Fail, naming everything that is missing."""
    missing = [name for name in programs if not shutil.which(name, path=search_path())]
    if root and os.geteuid() != 0:
        missing.append("root's rights")
    assert not missing, f"this machine lacks {', '.join(missing)}: the package cannot be proven here"


def search_path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def run(
    *command: str | Path, check: bool = True, env: Mapping[str, str] | None = None, **more: object
) -> subprocess.CompletedProcess[str]:
    """Run one program to its end; a failure carries its last words."""
    done: subprocess.CompletedProcess[str] = subprocess.run(  # type: ignore[call-overload]
        [str(word) for word in command],
        **{"text": True, "capture_output": True, "timeout": COMMAND_S, **more},
        env={**os.environ, "PATH": search_path(), "LC_ALL": "C.UTF-8", **(env or {})},
    )
    if check and done.returncode != 0:
        raise AssertionError(
            f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout[-TOLD:]}\n{done.stderr[-TOLD:]}"
        )
    return done


def apt_sources() -> Path:
    """The package sources of this machine: a fresh root is made from the same ones."""
    found = list(Path("/etc/apt/sources.list.d").glob("debian.sources"))
    assert found, "this machine has no /etc/apt/sources.list.d/debian.sources to make a fresh root from"
    return found[0]


def mirror() -> str:
    """The first address in those sources."""
    return next(
        line.split()[1] for line in apt_sources().read_text().splitlines() if line.startswith("URIs:")
    )
