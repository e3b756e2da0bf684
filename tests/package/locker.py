"""A locker in a root of its own: a fresh Debian whose own systemd runs as process 1, and a cabinet on pretend ports.

`systemd-nspawn` boots the root with a network of its own (loopback only), so that units, users, firewall and sandbox
are the shipped ones and nothing of this machine is touched. Each root is a thin layer over the bare system.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.package.machine import ROOT, run, search_path

BOOT_S, STOP_S, WAIT_S, LOOK_S = 60.0, 30.0, 60.0, 0.2
CHECKOUT = "/opt/checkout"
VENV = "/usr/lib/locker/venv"
CONFIG = "/etc/locker/locker.toml"
STATE = "/var/lib/locker"
CABINET = f"{CHECKOUT}/tests/package/cabinet.toml"
SIM_PORT = 7070
ENVIRONMENT = (
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "LANG=C.UTF-8",
)


class Locker:
    """One booted root. `sh` is root's shell in it."""

    def __init__(self, root: Path, leader: int) -> None:
        self.root, self.leader = root, leader
        self._programs: list[subprocess.Popen[str]] = []

    def sh(self, command: str, login: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """A line for the shell, as root or as another login; its output."""
        return run(*self._inside(command, login), check=check)

    def json(self, command: str) -> Any:
        """The one document that a `lockerctl … --json` prints, whatever its exit code."""
        return json.loads(self.sh(command, check=False).stdout)

    def begin(self, command: str) -> subprocess.Popen[str]:
        """A program that runs until the machine stops."""
        log = (self.root / "var/log/begun.log").open("a")
        with log:
            program = subprocess.Popen(self._inside(command), stdout=log, stderr=log, text=True)
        self._programs.append(program)
        return program

    def until(self, command: str, within_s: float = WAIT_S) -> str:
        """Ask again until a shell line succeeds; its output."""
        deadline = time.monotonic() + within_s
        while (done := self.sh(command, check=False)).returncode != 0:
            assert time.monotonic() < deadline, (
                f"{command}: not within {within_s} s\n{done.stderr}\n{self.told()}"
            )
            time.sleep(LOOK_S)  # another machine's state: nothing here can be waited on
        return done.stdout

    def told(self) -> str:
        """The end of the machine's log, for a failure's message."""
        return self.sh("journalctl --no-pager --lines 60; systemctl --failed --no-pager", check=False).stdout

    def plug_in_the_cabinet(self) -> None:
        """Pretend boards speak at /dev/ttyUSB0, a scanner at /dev/ttyUSB1, owned as a real adapter's port would be."""
        self.begin(
            f"cd {CHECKOUT} && exec {VENV}/bin/python3 -c 'from sim.main import run; run()' boards"
            f" --config {CABINET} --control 127.0.0.1:{SIM_PORT}"
        )
        self.until("test -e /dev/ttyUSB0 -a -e /dev/ttyUSB1")
        self.sh("chown root:dialout /dev/ttyUSB0 /dev/ttyUSB1 && chmod 660 /dev/ttyUSB0 /dev/ttyUSB1")

    def cabinet(self, path: str, body: str = "") -> Any:
        """A question to the pretend cabinet, or something done by hand."""
        data = f", data={body!r}.encode()" if body else ""
        program = (
            "import urllib.request as u; "
            f"print(u.urlopen(u.Request('http://127.0.0.1:{SIM_PORT}{path}'{data})).read().decode())"
        )
        return json.loads(self.sh(f"python3 -c {shlex.quote(program)}").stdout)

    def plug_in_and_start(self) -> None:
        """An installed locker after its boot: its adapter answers now, and the agent is in service."""
        self.plug_in_the_cabinet()
        self.sh("systemctl restart locker-agent.service && systemctl start locker.target")
        self.ready()

    def ready(self) -> None:
        """The agent has said so to systemd."""
        self.until("systemctl is-active locker-agent.service")

    def end(self) -> None:
        for program in self._programs:
            program.kill()
            program.wait()

    def _inside(self, command: str, login: str = "") -> list[str]:
        enter = ["nsenter", "--target", str(self.leader), "--all", "--", "env", "-i", *ENVIRONMENT]
        return [*enter, *(["runuser", "-u", login, "--"] if login else []), "sh", "-c", command]


Layers = tuple[Path, ...]
"""Folders of one root, the newest first: what a layer does not have, the one below it has."""


@contextmanager
def layered(below: Layers, work: Path) -> Iterator[Path]:
    """A root that begins as `below` and keeps its changes in `work`; afterwards `on_top` of them is a new base."""
    for name in ("upper", "work", "root"):
        (work / name).mkdir(parents=True)
    lower = ":".join(map(str, below))
    run("mount", "-t", "overlay", "overlay", "-o",
        f"lowerdir={lower},upperdir={work / 'upper'},workdir={work / 'work'}", work / "root")  # fmt: skip
    try:
        yield work / "root"
    finally:
        run("umount", "--lazy", work / "root")


def on_top(work: Path, below: Layers) -> Layers:
    """What `layered(below, work)` left, as a base for others."""
    return (work / "upper", *below)


@contextmanager
def booted(root: Path, *options: str) -> Iterator[Locker]:
    """systemd as process 1 in `root`, until the block ends. `options`: more of systemd-nspawn's."""
    name = f"locker-test-{os.getpid()}-{time.monotonic_ns() % 10**9}"
    with tempfile.TemporaryFile() as console:
        container = subprocess.Popen(
            ["systemd-nspawn", f"--directory={root}", f"--machine={name}", "--register=no", "--keep-unit",
             "--private-network", f"--bind-ro={ROOT}:{CHECKOUT}", "--console=pipe", *options, "--boot"],
            stdin=subprocess.DEVNULL, stdout=console, stderr=console, env={**os.environ, "PATH": search_path()},
        )  # fmt: skip
        locker, leader = None, 0
        try:
            leader = _leader(container, console)
            locker = Locker(root, leader)
            locker.until("systemctl is-system-running | grep -E 'running|degraded'", BOOT_S)
            yield locker
        finally:
            if locker is not None:
                locker.end()
            _stop(container, leader)


def _leader(container: subprocess.Popen[bytes], console: Any) -> int:
    """Process 1 of the container, as this machine counts."""
    children = Path(f"/proc/{container.pid}/task/{container.pid}/children")
    deadline = time.monotonic() + BOOT_S
    while container.poll() is None and time.monotonic() < deadline:
        for child in children.read_text().split():
            if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                return int(child)
        time.sleep(LOOK_S)  # another machine's start: nothing here can be waited on
    console.seek(0)
    raise AssertionError(f"the root did not boot:\n{console.read().decode(errors='replace')}")


def _stop(container: subprocess.Popen[bytes], leader: int) -> None:
    """Like a plug that is pulled: what is left in the root is thrown away."""
    if leader:
        os.kill(leader, signal.SIGKILL)
    else:
        container.terminate()
    container.wait(STOP_S)
