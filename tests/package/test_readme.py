"""README's installation, tried as a new technician would: its very commands, one after the other, on a bare system."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.package.locker import Locker
from tests.package.machine import ROOT

pytestmark = [pytest.mark.package, pytest.mark.timeout(900)]

COMMANDS_MAX = 10
SECTION = re.compile(r"^## Installation$(.*?)^## ", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """What stands in the section's code blocks, a line each."""
    section = SECTION.search((ROOT / "README.md").read_text())
    assert section
    return [line for block in BLOCK.findall(section[1]) for line in block.splitlines() if line]


def test_the_way_to_the_first_door_is_short() -> None:
    """At most ten commands, the first door among them, and nothing that only a developer has."""
    typed = commands()

    assert 0 < len(typed) <= COMMANDS_MAX
    assert any("lockerctl unlock" in line for line in typed)
    assert all(line.startswith("sudo ") for line in typed)


def test_each_command_works_on_a_bare_system_and_a_door_opens(fresh: Locker, deb: Path) -> None:
    """Typed in /root, where the package lies. The boards are plugged in once something can pretend them."""
    doors_open = []
    for line in commands():
        if "lockerctl" in line and not doors_open:
            fresh.plug_in_the_cabinet()
            doors_open = [open_doors(fresh)]
        done = fresh.sh(f"cd /root && {line}", check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}\n{fresh.told()}"
        if "lockerctl unlock" in line:
            doors_open.append(open_doors(fresh))

    assert doors_open == [[], ["1"]]
    fresh.ready()
    assert fresh.json("lockerctl status --json")["accepted"]


def open_doors(locker: Locker) -> list[str]:
    """At the cabinet itself."""
    return [one["number"] for one in locker.cabinet("/doors")["doors"] if one["door"] == "open"]
