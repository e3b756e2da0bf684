"""A locker's life under its own systemd: installed, a door opened, upgraded, refused to go back, purged."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.package.conftest import NEXT
from tests.package.locker import CONFIG, STATE, Locker

pytestmark = [pytest.mark.package, pytest.mark.timeout(900)]

LEFT_BEHIND = "find / -xdev -iname '*locker*' -not -path '/proc/*' -not -path '/sys/*' -not -path '/root/*'"


@pytest.fixture
def in_service(fresh: Locker, deb: Path) -> Locker:
    """Installed, set up, accepted, running: its first door was opened by a technician."""
    fresh.sh(f"apt-get install -y /root/{deb.name}")
    fresh.plug_in_the_cabinet()
    fresh.sh("lockerctl setup --id PKG-0001 --port /dev/ttyUSB0 --addresses 1-2")
    fresh.sh("systemctl start locker.target")
    fresh.ready()
    fresh.sh("lockerctl cabinet accept --yes --reason 'all doors looked into'")
    return fresh


def events(locker: Locker) -> str:
    """The whole journal, a line each."""
    file = f"{STATE}/export.jsonl"
    return locker.sh(f"lockerctl journal export {file} >&2 && cat {file} && rm {file}").stdout


def installed(locker: Locker) -> str:
    return locker.sh("dpkg-query --show --showformat='${Version}' locker-edge").stdout


def door_at_the_cabinet(locker: Locker, number: str) -> str:
    """As the pretend cabinet knows it, which nobody has told anything."""
    return str(next(one["door"] for one in locker.cabinet("/doors")["doors"] if one["number"] == number))


def schema(locker: Locker) -> int:
    return int(locker.sh(f"od -An -tu1 -j63 -N1 {STATE}/ledger.db").stdout)


def test_installed_it_opens_a_door_upgraded_it_keeps_everything_and_purged_it_leaves_nothing(
    in_service: Locker, next_deb: Path
) -> None:
    """One life, because each part needs the one before it."""
    locker = in_service
    shutil.copy(next_deb, locker.root / "root")

    # in service
    opened = locker.json("lockerctl unlock --board A --channel 7 --yes --reason 'first door' --json")
    events_before = events(locker)
    schema_before = schema(locker)
    assert opened["outcome"] == "opened"
    assert door_at_the_cabinet(locker, "7") == "open"
    assert locker.sh(f"stat --format '%U %a' {STATE} {STATE}/keys {STATE}/keys/*").stdout.splitlines() == [
        "locker-agent 750",
        "locker-agent 700",
        *["locker-agent 600"] * len(list((locker.root / "var/lib/locker/keys").iterdir())),
    ]
    assert locker.sh("dpkg --verify locker-edge").stdout == ""

    # upgraded
    locker.sh(f"apt-get install -y /root/{next_deb.name}")
    locker.ready()
    events_after = events(locker)
    assert installed(locker).startswith(NEXT)
    assert schema(locker) == schema_before + 1
    assert events_after.startswith(events_before)
    assert "locker.backup.made" in events_after.removeprefix(events_before)
    assert locker.sh(f"ls {STATE}/backups/*.age").stdout
    assert locker.sh("lockerctl journal verify", check=False).returncode == 0

    # refused to go back
    older = next(path.name for path in (locker.root / "root").glob("*.deb") if path.name != next_deb.name)
    refused = locker.sh(f"dpkg --install /root/{older}", check=False)
    assert refused.returncode != 0
    assert f"(schema {schema_before + 1}), this one knows up to {schema_before}" in refused.stderr
    assert installed(locker).startswith(NEXT)
    locker.ready()

    # removed, then purged
    locker.sh("apt-get remove -y locker-edge")
    assert (locker.root / CONFIG.lstrip("/")).exists()
    assert locker.sh(f"test -s {STATE}/ledger.db").returncode == 0
    locker.sh("apt-get purge -y locker-edge")
    assert locker.sh(LEFT_BEHIND).stdout == ""
    assert locker.sh("getent passwd; getent group").stdout.count("locker") == 0
    assert "locker" not in locker.sh("nft list ruleset").stdout
