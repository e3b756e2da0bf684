"""The units as systemd itself reads them: no warning, and as little exposed as their work allows."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.package.machine import SYSTEMD, UNITS, needs, run

pytestmark = pytest.mark.package

EXPOSURE_MAX = {
    "locker-agent": 2.0,
    "locker-bridge": 2.0,
    "locker-kiosk": 4.0,
    "locker-update": 7.0,  # root, because it installs packages, whose scripts need most of what could be taken away
    "locker-update-resume": 7.0,  # the same at boot
}
OTHERS_EXPOSURE_MAX = 5.0  # one-shot helpers: they run for seconds and listen to nobody
COMMAND = re.compile(r"^Exec\w+=[-+!:@]*(/\S+)", re.MULTILINE)


def units(kind: str = "*") -> list[Path]:
    return sorted(path for path in UNITS.glob(f"*.{kind}"))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units beside the distribution's own, and an empty program wherever one of ours is started."""
    needs("systemd-analyze")
    place = tmp_path_factory.mktemp("units")
    own = place / "etc/systemd/system"
    shutil.copytree("/usr/lib/systemd/system", place / "usr/lib/systemd/system", symlinks=True)
    own.mkdir(parents=True)
    for unit in units():
        shutil.copy(unit, own)
        for program in COMMAND.findall(unit.read_text()):
            empty = place / program.removeprefix("/")
            empty.parent.mkdir(parents=True, exist_ok=True)
            empty.write_text("#!/bin/sh\n")
            empty.chmod(0o755)
    return place


def test_systemd_has_nothing_to_say_about_the_units(root: Path) -> None:
    """An unknown key, a missing unit or a program that is not there would be a line on stderr."""
    done = run("systemd-analyze", "verify", f"--root={root}", *(unit.name for unit in units()))

    assert done.stdout + done.stderr == ""


@pytest.mark.parametrize("unit", [unit.stem for unit in units("service")])
def test_a_unit_is_exposed_as_little_as_its_work_allows(root: Path, unit: str) -> None:
    """SEC-31: systemd's own measure, 0 nothing to 10 everything."""
    worst = EXPOSURE_MAX.get(unit, OTHERS_EXPOSURE_MAX)

    said = run(
        "systemd-analyze", "security", "--offline=yes", f"--root={root}", "--no-pager", f"{unit}.service"
    )

    score = re.search(r"Overall exposure level for \S+: ([\d.]+)", said.stdout)
    assert score, said.stdout
    assert float(score[1]) <= worst


def test_every_timer_starts_a_unit_of_ours() -> None:
    """A timer without its service would fail quietly, at night."""
    timers = {unit.stem for unit in units("timer")}

    assert timers
    assert timers <= {unit.stem for unit in units("service")}
    assert SYSTEMD.is_dir()
