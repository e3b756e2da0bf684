"""The packages of the other machines: made here, and right for there, from the same locked wheels."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.package.conftest import build
from tests.package.machine import ROOT, needs, run

pytestmark = [pytest.mark.package, pytest.mark.timeout(600)]

AARCH64 = b"\xb7\x00"  # e_machine of an ELF file, at byte 18
MACHINE_AT = 18
SITE = "usr/lib/locker/venv/lib/python{python}/site-packages"


@pytest.fixture(
    scope="module",
    params=[("bookworm", "3.11", "deb12"), ("trixie", "3.13", "deb13")],
    ids=lambda one: one[0],
)
def foreign(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, str, str]:
    """An arm64 package and what is in it, with the distribution's Python and tag."""
    needs("dpkg-deb")
    dist, python, tag = request.param
    out = tmp_path_factory.mktemp(f"arm64-{dist}")
    package = build(ROOT, out, "--arch=arm64", f"--dist={dist}")
    run("dpkg-deb", "--raw-extract", package, out / "content")
    return package, out / "content", python, tag


def test_the_foreign_package_is_for_that_machine_and_that_python(
    foreign: tuple[Path, Path, str, str],
) -> None:
    """Name, control fields and every compiled file: nothing of the machine that built it."""
    package, content, python, tag = foreign
    control = (content / "DEBIAN/control").read_text()
    compiled = list((content / SITE.format(python=python)).rglob("*.so"))

    assert package.name.endswith(f"+{tag}_arm64.deb")
    assert "Architecture: arm64" in control
    assert re.search(rf"^Depends:.*\bpython{python}\b", control, re.MULTILINE)
    assert len(compiled) > 10
    assert [so.name for so in compiled if so.read_bytes()[MACHINE_AT : MACHINE_AT + 2] != AARCH64] == []


def test_what_is_only_for_developers_stays_out(foreign: tuple[Path, Path, str, str]) -> None:
    """SEC-57: no simulator, no test plug-in, no broker: nothing on a locker can pretend a door."""
    _, content, python, _ = foreign
    site = content / SITE.format(python=python)
    entry_points = next(site.glob("locker_edge-*.dist-info/entry_points.txt")).read_text()

    assert (site / "edge_agent/main.py").is_file()
    assert not (site / "sim").exists()
    assert not list(site.glob("iotcore*")) + list(site.glob("pytest*"))
    assert "sim" not in entry_points
    assert "lock-8a" in entry_points


def test_conffiles_are_what_a_person_edits(foreign: tuple[Path, Path, str, str]) -> None:
    """Two files survive an upgrade edited; the configuration itself belongs to nobody but the person."""
    _, content, _, _ = foreign

    assert sorted((content / "DEBIAN/conffiles").read_text().split()) == [
        "/etc/chromium/policies/managed/locker.json",
        "/etc/locker/firewall.nft",
    ]
