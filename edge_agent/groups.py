"""Who may open what the agent leaves in its run-time folder: one group of the machine for each file.

The package makes these groups and puts the agent into all of them. On a desk they do not exist, and everything stays
with whoever runs the agent.
"""

from __future__ import annotations

import grp
import os
from pathlib import Path

TECHNICIANS, BRIDGE, SCREEN = "locker", "locker-bridge", "locker-kiosk"


def hand_to(path: Path, group: str) -> None:
    """Make `group` the file's group. Where it does not exist or is not ours to give, nothing is changed."""
    try:
        os.chown(path, -1, grp.getgrnam(group).gr_gid)
    except (KeyError, PermissionError):
        pass
