"""A locker whose root is read only: the state lies on a partition of its own, and everything works."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.package.locker import STATE, booted, layered

pytestmark = [pytest.mark.package, pytest.mark.timeout(600)]

IN_RAM = [f"--tmpfs={place}" for place in ("/tmp", "/var/tmp", "/var/log")]


def test_a_read_only_root_with_a_state_partition(with_dependencies: Path, deb: Path, tmp_path: Path) -> None:
    """Installed while writable, then booted read only: a door opens, is journalled, and survives the next boot."""
    state = tmp_path / "state"
    state.mkdir()
    parts = ["--read-only", f"--bind={state}:{STATE}", *IN_RAM]
    with layered(with_dependencies, tmp_path / "layers") as root:
        with booted(root) as locker:
            locker.sh(f"apt-get install -y /root/{deb.name}")
            locker.plug_in_the_cabinet()
            locker.sh("lockerctl setup --id PKG-0001 --port /dev/ttyUSB0 --addresses 1-2")
            locker.sh("sync")

        with booted(root, *parts) as locker:
            assert locker.sh("touch /etc/written", check=False).returncode != 0
            locker.plug_in_the_cabinet()
            locker.sh("systemctl restart locker-agent")
            locker.ready()
            opened = locker.json(
                "lockerctl unlock --board A --channel 3 --yes --reason 'read-only root' --json"
            )
            shown = locker.sh("lockerctl journal show --type door.").stdout

        with booted(root, *parts) as locker:
            locker.plug_in_the_cabinet()
            locker.sh("systemctl restart locker-agent")
            locker.ready()
            after = locker.sh("lockerctl journal show --type door.").stdout

    assert opened["outcome"] == "opened"
    assert "door.opened" in shown
    assert "door.opened" in after
    assert (state / "ledger.db").stat().st_size > 0
