"""A locker whose root is read only: the state lies on a partition of its own, and everything works."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.package.locker import STATE, Layers, booted, layered

pytestmark = [pytest.mark.package, pytest.mark.timeout(600)]

IN_RAM = [f"--tmpfs={place}" for place in ("/tmp", "/var/tmp", "/var/log")]


def test_a_read_only_root_with_a_state_partition(installed: Layers, tmp_path: Path) -> None:
    """Installed while writable, then booted read only: a door opens, is journalled, and survives the next boot."""
    state = tmp_path / "state"
    state.mkdir()
    parts = ["--read-only", f"--bind={state}:{STATE}", *IN_RAM]
    with layered(installed, tmp_path / "layers") as root:
        with booted(root, *parts) as locker:
            writable = locker.sh("touch /etc/written", check=False).returncode == 0
            locker.plug_in_and_start()
            opened = locker.json(
                "lockerctl unlock --board A --channel 3 --yes --reason 'read-only root' --json"
            )
            shown = locker.sh("lockerctl journal show --type door. && sync").stdout

        with booted(root, *parts) as locker:
            locker.plug_in_and_start()
            after = locker.sh("lockerctl journal show --type door.").stdout

    assert not writable
    assert opened["outcome"] == "opened"
    assert "door.opened" in shown
    assert "door.opened" in after
    assert (state / "ledger.db").stat().st_size > 0
