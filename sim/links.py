"""Stable names for ptys: symbolic links, made only where nothing stands.

Never over a device or somebody's file; a dangling link into /dev/pts, left by a simulator that was killed, counts as
nothing. A link that somebody turned elsewhere meanwhile is not ours any more and stays.
"""

from __future__ import annotations

import os
from pathlib import Path

PTS = "/dev/pts/"


class PortTaken(OSError):
    """Something stands where a link should go, or the configured port is no path."""


def link_of(name: str, port: str, folder: Path | None) -> Path:
    """Where the link of one bus or scanner goes. Raises PortTaken for a port that is no path."""
    if folder is not None:
        return folder / name
    if "://" in port or not port:
        raise PortTaken(f"port of {name} is {port!r}: no place for a link; give a folder (--ports DIR)")
    return Path(port)


def place_link(link: Path, target: str) -> None:
    """Link to a pty, only where nothing stands. Raises PortTaken."""
    try:
        os.symlink(target, link)
    except FileExistsError:
        left_behind = link.is_symlink() and os.readlink(link).startswith(PTS) and not link.exists()
        if not left_behind:
            raise PortTaken(f"{link} exists; links are made only where nothing stands") from None
        point_link(link, os.readlink(link), target)


def point_link(link: Path, old_target: str, target: str) -> None:
    """Turn our own link to another pty in one step. Raises PortTaken if it is not ours any more."""
    if not link.is_symlink() or os.readlink(link) != old_target:
        raise PortTaken(f"{link} no longer points to {old_target}")
    beside = link.with_name(f".{link.name}.{os.getpid()}")
    os.symlink(target, beside)
    os.replace(beside, link)


def remove_link(link: Path, target: str) -> None:
    """Take our link away; somebody else's stays."""
    if link.is_symlink() and os.readlink(link) == target:
        link.unlink()
