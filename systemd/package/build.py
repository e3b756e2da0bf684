"""The .deb of one architecture and distribution: `python systemd/package/build.py --arch arm64`. What `make deb` runs.

The package brings its own virtual environment under /usr/lib/locker/venv and runs it with the distribution's Python.
Everything in it is a wheel, fetched by the hashes of requirements/run.lock, so the foreign architecture needs no
foreign machine. The simulator and the test plug-in stay out: nothing on a locker can pretend a door.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_agent.self_check import write_manifest

HERE = Path(__file__).parent
SYSTEMD = HERE.parent
ROOT = SYSTEMD.parent
OUT = ROOT / "out"
LIB = "usr/lib/locker"
VENV = f"{LIB}/venv"
OURS = ("edge_agent", "drivers", "cloud_bridge", "sim")  # the project's wheel is built from these folders
KEPT_OUT = ("sim/", "sim-")  # of the project's wheel
PROGRAMS = {
    "locker-agent": "edge_agent.main",
    "locker-bridge": "cloud_bridge.main",
    "lockerctl": "edge_agent.cli.main",
}
NOT_SHIPPED = {"iotcore": "the simulator's broker", "pip": "sqlite-utils' way to install plug-ins"}


@dataclass(frozen=True)
class Distribution:
    """`python`: what its python3 is; `tag`: the version's suffix; `grows`: its systemd lengthens restart pauses."""

    python: str
    tag: str
    grows: bool


DISTRIBUTIONS = {
    "bookworm": Distribution("3.11", "deb12", grows=False),  # Debian 12 and Raspberry Pi OS of that name
    "trixie": Distribution("3.13", "deb13", grows=True),
}
WHEEL_MACHINE = {"amd64": "x86_64", "arm64": "aarch64"}
GLIBC_OLDEST, GLIBC = 17, 36  # wheels for any manylinux up to bookworm's 2.36


def main() -> None:
    """Build one package; its path is printed."""
    parser = argparse.ArgumentParser(description="Build the locker's Debian package.")
    parser.add_argument("--arch", default=own_architecture(), choices=sorted(WHEEL_MACHINE))
    parser.add_argument("--dist", default="bookworm", choices=sorted(DISTRIBUTIONS))
    parser.add_argument("--version", default=project_version(), help="another one than pyproject.toml's")
    parser.add_argument(
        "--sign", type=Path, metavar="KEY", help="Ed25519 private key (PEM): FILE.sig is made too"
    )
    parser.add_argument("--out", default=OUT, type=Path, metavar="DIR")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="locker-deb-") as work:
        made = build(Path(work), options.arch, options.dist, options.version, options.out)
    if options.sign:
        sign(made, options.sign)
    sys.stdout.write(f"{made}\n")


def sign(package: Path, key: Path) -> None:
    """The signature that `locker-update` wants beside the package."""
    signature = package.with_name(package.name + ".sig")
    words = ["openssl", "pkeyutl", "-sign", "-inkey", key, "-rawin", "-in", package, "-out", signature]
    subprocess.run(["/usr/bin/env", *map(str, words)], check=True)  # noqa: S603 - our own words


def build(work: Path, arch: str, dist: str, version: str, out: Path) -> Path:
    """Stage everything below `work`, then pack it."""
    stage, distribution = work / "stage", DISTRIBUTIONS[dist]
    site = stage / VENV / f"lib/python{distribution.python}/site-packages"
    site.mkdir(parents=True)
    for wheel in dependency_wheels(work / "wheels", arch, distribution.python):
        unpack(wheel, site)
    unpack(project_wheel(work), site, KEPT_OUT)
    forget_the_simulator(site)
    say_the_version(site, version)
    virtual_environment(stage / VENV, distribution.python)
    system_files(stage, distribution)
    scripts(work, stage / LIB)
    write_manifest(stage / LIB)
    return pack(work, stage, arch, distribution, version, out)


def own_architecture() -> str:
    """As Debian names it."""
    machine = os.uname().machine
    return next(arch for arch, name in WHEEL_MACHINE.items() if name == machine)


def project_version() -> str:
    """pyproject.toml's, read without its libraries."""
    found = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert found
    return found[1]


def schema_version() -> int:
    """The ledger's schema that this version writes: the scripts refuse to install over a newer one."""
    found = re.search(
        r"^SCHEMA_VERSION = (\d+)", (ROOT / "edge_agent/store/schema.py").read_text(), re.MULTILINE
    )
    assert found
    return int(found[1])


def dependency_wheels(folder: Path, arch: str, python: str) -> list[Path]:
    """Fetched for that architecture and Python; pip refuses what is not in the lock by hash."""
    platforms = [
        f"--platform=manylinux_2_{minor}_{WHEEL_MACHINE[arch]}"
        for minor in range(GLIBC, GLIBC_OLDEST - 1, -1)
    ] + [f"--platform=manylinux2014_{WHEEL_MACHINE[arch]}"]
    lock = folder.parent / "run.lock"
    lock.write_text("".join(shipped_requirements()))
    pip("download", "--no-deps", "--require-hashes", "--only-binary=:all:", "--implementation=cp",
        f"--python-version={python}", *platforms, f"--requirement={lock}", f"--dest={folder}")  # fmt: skip
    return sorted(folder.glob("*.whl"))


def shipped_requirements() -> Iterator[str]:
    """The lock without what no locker needs. A requirement is its first line and the hashes under it."""
    keep = True
    for line in (ROOT / "requirements/run.lock").read_text().splitlines(keepends=True):
        if found := re.match(r"([A-Za-z0-9._-]+)==", line):
            keep = found[1] not in NOT_SHIPPED
        if keep:
            yield line


def project_wheel(work: Path) -> Path:
    """Built from a copy: a build leaves folders behind."""
    source = work / "source"
    for name in OURS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip("wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={work}", str(source))
    return next(work.glob("locker_edge-*.whl"))


def pip(*words: str) -> None:
    subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *words], check=True
    )


def unpack(wheel: Path, site: Path, without: tuple[str, ...] = ()) -> None:
    """A wheel's modules; the programs it may bring are not wanted."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            inside = re.sub(r"^[^/]+\.data/(purelib|platlib)/", "", name)
            if name.endswith("/") or ".data/" in inside or (without and inside.startswith(without)):
                continue
            target = site / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(name))


def forget_the_simulator(site: Path) -> None:
    """Its program and pytest plug-in leave the project's entry points."""
    entries = next(site.glob("locker_edge-*.dist-info/entry_points.txt"))
    kept = [
        line for line in entries.read_text().splitlines() if "= sim." not in line and line != "[pytest11]"
    ]
    entries.write_text("\n".join(kept) + "\n")


def say_the_version(site: Path, version: str) -> None:
    """`lockerctl version` tells the package's own."""
    constant = site / "edge_agent/version.py"
    constant.write_text(
        re.sub(r'^VERSION = ".*"$', f'VERSION = "{version}"', constant.read_text(), flags=re.MULTILINE)
    )


def virtual_environment(venv: Path, python: str) -> None:
    """What `python -m venv` would make there, without running the foreign architecture's Python."""
    binaries = venv / "bin"
    binaries.mkdir()
    (venv / "pyvenv.cfg").write_text(
        f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {python}\n"
    )
    (binaries / f"python{python}").symlink_to(f"/usr/bin/python{python}")
    for name in ("python", "python3"):
        (binaries / name).symlink_to(f"python{python}")
    for name, module in PROGRAMS.items():
        program = binaries / name
        # -I: no PYTHON* variable and no folder of the caller's decides what is imported
        program.write_text(f"#!/{VENV}/bin/python3 -I\nfrom {module} import run\n\nrun()\n")
        program.chmod(0o755)


def system_files(stage: Path, distribution: Distribution) -> None:
    """Units, rules and policies at the places where the system looks for them."""
    for source, target in placed(distribution):
        place = stage / target
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, place)
        place.chmod(0o755 if target.startswith(f"{LIB}/") else 0o644)
    updater = stage / LIB / "locker-update"  # runs under the distribution's Python: it replaces ours
    updater.write_text("#!/usr/bin/python3 -I\n" + (ROOT / "edge_agent/updater.py").read_text())
    updater.chmod(0o755)
    (stage / "usr/bin").mkdir(parents=True, exist_ok=True)
    (stage / "usr/bin/lockerctl").symlink_to(f"/{VENV}/bin/lockerctl")
    (stage / "usr/sbin").mkdir()
    (stage / "usr/sbin/locker-update").symlink_to(f"/{LIB}/locker-update")


def placed(distribution: Distribution) -> Iterator[tuple[Path, str]]:
    """Where each file of systemd/ goes, and the documents beside the package."""
    for unit in sorted((SYSTEMD / "units").iterdir()):
        yield unit, f"usr/lib/systemd/system/{unit.name}"
    if distribution.grows:
        yield (
            SYSTEMD / "config/growing-delay.conf",
            "usr/lib/systemd/system/locker-agent.service.d/growing-delay.conf",
        )
    for line in (SYSTEMD / "config/places.txt").read_text().splitlines():
        name, _, target = line.partition(" ")
        if name and not name.startswith("#"):
            yield SYSTEMD / "config" / name, target.strip().removeprefix("/")
    for document in (ROOT / "docs/install.md", ROOT / "docs/configuration.md", ROOT / "docs/keys.md"):
        yield document, f"usr/share/doc/locker-edge/{document.name}"
    yield ROOT / "LICENSE", "usr/share/doc/locker-edge/copyright"


def scripts(work: Path, lib: Path) -> None:
    """The maintainer scripts, each after the common lines, with this version's schema filled in."""
    common = (HERE / "common.sh").read_text().replace("@SCHEMA@", str(schema_version()))
    for name in ("preinst", "postinst", "prerm", "postrm"):
        (work / name).write_text(f"#!/bin/sh\n{common}\n{(HERE / name).read_text()}")


def pack(work: Path, stage: Path, arch: str, distribution: Distribution, version: str, out: Path) -> Path:
    """nfpm writes the archive."""
    out.mkdir(parents=True, exist_ok=True)
    full = f"{version}+{distribution.tag}"
    made = out / f"locker-edge_{full}_{arch}.deb"
    words = {
        "STAGE": str(stage),
        "WORK": str(work),
        "ARCH": arch,
        "FULL_VERSION": full,
        "PYTHON": distribution.python,
    }
    config = work / "nfpm.yaml"
    text = (HERE / "nfpm.yaml").read_text()
    for name, value in words.items():
        text = text.replace(f"@{name}@", value)
    config.write_text(text)
    nfpm = Path(sys.executable).with_name("nfpm")
    subprocess.run(  # noqa: S603 - our own words
        [str(nfpm), "package", "--config", str(config), "--packager", "deb", "--target", str(made)],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return made


if __name__ == "__main__":
    main()
