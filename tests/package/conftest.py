"""Roots and packages that several tests share: a bare Debian, and a .deb of this tree and of the version after it."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.package import machine
from tests.package.locker import Layers, Locker, booted, layered, on_top
from tests.package.machine import ROOT, needs, run

SUITE = "bookworm"
# What a bare Debian or Raspberry Pi OS has and debootstrap's smallest variant leaves out.
BARE = "systemd-sysv,udev,dbus,sudo,ca-certificates,iproute2"
CACHE = Path(os.environ.get("LOCKER_PACKAGE_CACHE", ROOT / "out/package-cache"))
NEXT, BROKEN = "0.9.0", "0.9.1"
MIGRATION = """
    @migrations()
    def v{number}_next(db: Database) -> None:
        db.execute("CREATE TABLE of_the_next_version(one INTEGER)")
        db.execute("PRAGMA user_version = {number}")

    database = Database(str(path))
"""
NO_NETWORK = 'APT::Install-Recommends "false";\nAcquire::http::Timeout "5";\n'


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh Debian as it comes; made once, kept as an archive for the next run on this machine."""
    needs("debootstrap", "systemd-nspawn", "nsenter", "mount", "umount", "tar", "nft", root=True)
    root, kept = tmp_path_factory.mktemp("bare") / "root", CACHE / f"{SUITE}.tar"
    root.mkdir()
    if kept.exists():
        run("tar", "--extract", "--numeric-owner", f"--file={kept}", f"--directory={root}")
        return root
    run("debootstrap", "--variant=minbase", f"--include={BARE}", SUITE, root, machine.mirror())
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    shutil.copy(machine.apt_sources(), root / "etc/apt/sources.list.d")
    run("systemd-nspawn", "--quiet", f"--directory={root}", "--register=no", "--keep-unit",
        "--resolv-conf=copy-host", "apt-get", "update", "-q")  # fmt: skip
    CACHE.mkdir(parents=True, exist_ok=True)
    run("tar", "--create", "--numeric-owner", f"--file={kept}.new", f"--directory={root}", ".")
    Path(f"{kept}.new").rename(kept)
    return root


@pytest.fixture(scope="session")
def deb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of this tree for this machine, as `make deb` makes it."""
    return build(ROOT, tmp_path_factory.mktemp("deb"))


def build(tree: Path, out: Path, *options: str) -> Path:
    """One package; pip's remarks about this machine stay out of the way."""
    done = run(sys.executable, tree / "systemd/package/build.py", f"--out={out}", *options)
    return Path(done.stdout.strip().splitlines()[-1])


@pytest.fixture(scope="session")
def next_deb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The version after this one, which brings one more migration."""
    tree = next_tree(tmp_path_factory.mktemp("next") / "tree")
    return build(tree, tmp_path_factory.mktemp("next-deb"), f"--version={NEXT}")


@pytest.fixture(scope="session")
def broken_deb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A later version still: it migrates the ledger, and then its agent crashes before it is ready."""
    tree = next_tree(tmp_path_factory.mktemp("broken") / "tree")
    faces = tree / "edge_agent/faces.py"
    faces.write_text(faces.read_text() + '\nraise RuntimeError("this version crashes")\n')
    return build(tree, tmp_path_factory.mktemp("broken-deb"), f"--version={BROKEN}")


def next_tree(tree: Path) -> Path:
    """A copy of this tree whose schema is one higher."""
    for folder in ("edge_agent", "drivers", "cloud_bridge", "sim", "systemd", "requirements", "docs"):
        shutil.copytree(ROOT / folder, tree / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    schema = tree / "edge_agent/store/schema.py"
    found = re.search(r"^SCHEMA_VERSION = (\d+)", schema.read_text(), re.MULTILINE)
    assert found
    number = int(found[1]) + 1
    schema.write_text(schema.read_text().replace(found[0], f"SCHEMA_VERSION = {number}"))
    migrate = tree / "edge_agent/store/migrate.py"
    before = "\n    database = Database(str(path))\n"
    assert before in migrate.read_text()
    migrate.write_text(migrate.read_text().replace(before, MIGRATION.format(number=number)))
    return tree


@pytest.fixture(scope="session")
def with_dependencies(bare: Path, deb: Path, tmp_path_factory: pytest.TempPathFactory) -> Layers:
    """The bare system with what apt will want fetched already, because a booted root has no network.

    Recommended packages (browser, fonts, voice) are left out: they are some hundred megabytes that no test here starts.
    """
    work = tmp_path_factory.mktemp("fetched")
    with layered((bare,), work) as root:
        shutil.copy(deb, root / "root")
        (root / "etc/apt/apt.conf.d/99-test").write_text(NO_NETWORK)
        run("systemd-nspawn", "--quiet", f"--directory={root}", "--register=no", "--keep-unit",
            "--resolv-conf=copy-host",
            "apt-get", "install", "-y", "-q", "--download-only", f"/root/{deb.name}")  # fmt: skip
    return on_top(work, (bare,))


@pytest.fixture(scope="session")
def installed(with_dependencies: Layers, deb: Path, tmp_path_factory: pytest.TempPathFactory) -> Layers:
    """The same after `apt install` and `lockerctl setup`: the next boot is in service."""
    work = tmp_path_factory.mktemp("installed")
    with layered(with_dependencies, work) as root, booted(root) as locker:
        locker.sh(f"apt-get install -y /root/{deb.name}")
        locker.plug_in_the_cabinet()
        locker.sh("lockerctl setup --id PKG-0001 --port /dev/ttyUSB0 --addresses 1-2 && sync")
    return on_top(work, with_dependencies)


@pytest.fixture
def fresh(with_dependencies: Layers, tmp_path: Path) -> Iterator[Locker]:
    """A booted system on which nobody has installed anything yet; the package's file lies in /root."""
    with layered(with_dependencies, tmp_path / "fresh") as root, booted(root) as locker:
        yield locker
