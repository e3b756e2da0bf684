"""What the machine says of itself, from files as a Raspberry Pi's kernel lays them out."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from edge_agent.config import decode
from edge_agent.health import host
from edge_agent.health.machine import Machine, largest, takes_a_write
from edge_agent.store.disk import Thresholds
from edge_agent.store.places import Settings
from tests.test_config import GOOD

MEMINFO = "MemTotal:        4000000 kB\nMemFree:  10 kB\nMemAvailable:     {} kB\n"


def laid_out(root: Path, **files: str) -> Machine:
    """A machine whose files are these; `__` stands for a slash."""
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Machine(root)


def looked(root: Path, machine: Machine, **limits: int) -> host.Host:
    return host.Host(
        decode(tomllib.loads(GOOD)), Settings(root, "HK-0001", thresholds=Thresholds(**limits)), machine
    )


@pytest.mark.parametrize(
    ("flags", "verdict"), [("0", "well"), ("50000", "attention"), ("50005", "bad"), ("0x10000", "attention")]
)
def test_a_supply_that_sags_is_told_now_and_afterwards(tmp_path: Path, flags: str, verdict: str) -> None:
    """The firmware keeps a bit for "now" and one for "since the start"."""
    machine = laid_out(tmp_path, **{"sys__devices__platform__soc__soc:firmware__get_throttled": flags})

    (check,) = host.supply(looked(tmp_path, machine))

    assert check.verdict == verdict
    assert check.code == ("" if verdict == "well" else "HOST-701")


def test_the_kernels_own_alarm_serves_where_the_firmware_says_nothing(tmp_path: Path) -> None:
    machine = laid_out(tmp_path, sys__class__hwmon__hwmon1__in0_lcrit_alarm="1\n")

    assert [check.verdict for check in host.supply(looked(tmp_path, machine))] == ["bad"]


def test_a_machine_that_tells_nothing_is_not_called_ill(tmp_path: Path) -> None:
    """A virtual machine, a board of another maker."""
    looks = (host.supply, host.temperature, host.memory)

    verdicts = [check.verdict for look in looks for check in look(looked(tmp_path, Machine(tmp_path)))]

    assert verdicts == ["skipped"] * 3


@pytest.mark.parametrize(("milli", "verdict"), [("55000", "well"), ("72000", "attention"), ("81500", "bad")])
def test_heat_is_told_before_the_machine_slows_down(tmp_path: Path, milli: str, verdict: str) -> None:
    machine = laid_out(tmp_path, sys__class__thermal__thermal_zone0__temp=milli)

    assert [check.verdict for check in host.temperature(looked(tmp_path, machine))] == [verdict]


def test_short_memory_is_told_before_the_browser_is_killed(tmp_path: Path) -> None:
    machine = laid_out(tmp_path, proc__meminfo=MEMINFO.format(90_000))

    (check,) = host.memory(looked(tmp_path, machine))

    assert (check.verdict, check.code) == ("attention", "HOST-703")
    assert check.fact.startswith("87 of 3906 MiB")


@pytest.mark.parametrize(
    ("limits", "verdict"),
    [
        ({"warn_mib": 1, "stop_deposits_mib": 1}, "well"),
        ({"warn_mib": 1 << 40, "stop_deposits_mib": 1}, "attention"),
        ({"warn_mib": 1 << 40, "stop_deposits_mib": 1 << 40}, "bad"),
    ],
)
def test_a_filling_disk_is_told_before_deposits_stop(
    tmp_path: Path, limits: dict[str, int], verdict: str
) -> None:
    (check,) = host.room(looked(tmp_path, Machine(tmp_path), **limits))

    assert check.verdict == verdict


def test_a_disk_that_takes_no_write_is_found_out(tmp_path: Path) -> None:
    """Room alone proves nothing: the folder may be read-only, or gone."""
    with pytest.raises(OSError, match="No such file"):
        takes_a_write(tmp_path / "gone")

    takes_a_write(tmp_path)

    assert list(tmp_path.iterdir()) == [], "the probe is removed"


def test_what_takes_the_room_is_named_largest_first(tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "old").write_bytes(b"x" * 300_000)
    (tmp_path / "ledger.db").write_bytes(b"x" * 100_000)
    (tmp_path / "small").write_bytes(b"x")

    assert [name for name, _ in largest(tmp_path, 2)] == ["backups", "ledger.db"]


def test_a_damaged_ledger_is_found_by_its_quick_check(tmp_path: Path) -> None:
    looked_at = looked(tmp_path, Machine(tmp_path))
    looked_at.settings.ledger.write_bytes(b"no database at all" * 100)

    (check,) = host.ledger(looked_at)

    assert (check.verdict, check.code) == ("bad", "STORE-405")
