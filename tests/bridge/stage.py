"""Real processes for the bridge's tests: Mosquitto on loopback, certificates, the shipped bridge, a back office."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cloud_bridge.agent_link import AgentLink
from cloud_bridge.core import Core, Settings
from cloud_bridge.crank import Crank
from cloud_bridge.outgoing import Limits
from cloud_bridge.paho_transport import Identity, PahoTransport
from cloud_bridge.topics import Topics
from sim import demo_cabinet
from sim.cloud.office import Heard, Office
from sim.cloud.record import Record, Taken, accept_all
from sim.toml_text import dumps

LOCKER = "DEMO-0001"
SOURCE = f"/lockers/{LOCKER}"
SOON_S = 20.0  # for anything that should happen at once, on a machine that does much else
PLAIN = "allow_anonymous true\nset_tcp_nodelay true\npersistence false\nmax_queued_messages 100000\n"


def mosquitto_program() -> str:
    """Its path. Without it a test is skipped by name; in CI it must be there."""
    found = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("mosquitto is not installed; CI tests against the real broker")
        pytest.skip("mosquitto is not installed")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(true: Callable[[], bool], what: str, timeout_s: float = SOON_S) -> None:
    """Look until it is so."""
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {what}"
        time.sleep(0.01)  # other processes work meanwhile: there is nothing here to wait on


class Mosquitto:
    """The real broker with its own configuration, on loopback."""

    def __init__(self, folder: Path, settings: str = PLAIN, port: int = 0, name: str = "mosquitto") -> None:
        self.port = port or free_port()
        self._program = mosquitto_program()
        self._file = folder / f"{name}.conf"
        own = f"user {getpass.getuser()}\n"  # as root it would become another, who may not read the test's folder
        self._file.write_text(f"{own}listener {self.port} 127.0.0.1\n{settings}", encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        log = self._file.with_suffix(".log").open("ab")
        self._process = subprocess.Popen([self._program, "-c", str(self._file)], stdout=log, stderr=log)
        log.close()
        until(self._listens, "mosquitto listens")

    def reads(self, setting: str) -> None:
        """A line more in its configuration, and a new start."""
        with self._file.open("a", encoding="utf-8") as file:
            file.write(f"{setting}\n")
        self._end(signal.SIGTERM)
        self.start()

    def kill(self) -> None:
        """No word, no saving."""
        self._end(signal.SIGKILL)

    def freeze(self, frozen: bool) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)

    def __enter__(self) -> Mosquitto:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(number)
            self._process.wait(SOON_S)
            self._process = None

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._file.with_suffix(".log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class BackOffice:
    """`sim.cloud` on a broker, its record in `folder`; every message of presence and replies is kept."""

    def __init__(
        self,
        folder: Path,
        url: str,
        judge: Callable[[Mapping[str, Any]], str] = accept_all,
        **settings: object,
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.record = Record(folder / "cloud.db", judge)
        self.words: list[Heard] = []
        self.taken: list[Taken] = []
        self._office = Office(
            url,
            self.record,
            on_word=self.words.append,
            on_taken=lambda locker, taken: self.taken.append(taken),
            **settings,  # type: ignore[arg-type]
        )
        self.send = self._office.send

    def __enter__(self) -> BackOffice:
        self._office.start()
        until(self._office.connected.is_set, "the back office is connected")
        return self

    def __exit__(self, *exception: object) -> None:
        self._office.stop()

    @property
    def presence(self) -> dict[str, object]:
        return self._office.presence.get(LOCKER, {})

    def replies(self) -> list[Heard]:
        return [word for word in list(self.words) if word.about.startswith("up/replies/")]

    def sequences(self) -> list[int]:
        return [sequence for _, sequence in self.record.sequences(SOURCE)]


def written_config(folder: Path, *urls: str, **cloud: str) -> Path:
    """A `locker.toml` with the agent's socket in `folder/state`."""
    paper = demo_cabinet.document(folder, cloud={"urls": list(urls), **cloud})
    file = folder / "locker.toml"
    file.write_text(dumps(paper), encoding="utf-8")
    (folder / "state").mkdir(exist_ok=True)
    return file


@contextmanager
def shipped_bridge(config: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`locker-bridge` as a process of its own; its log lies beside the configuration."""
    with (config.parent / "bridge.log").open("ab") as log:
        command = [sys.executable, "-m", "cloud_bridge.main", "--config", str(config)]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def patient_bridge(
    state: Path, url: str, identity: Identity | None = None, limits: Limits | None = None
) -> Iterator[None]:
    """The same bridge in a thread, dialling again at once: for tests with more cuts than a fleet should survive."""
    core = Core(Settings(LOCKER, (url,), lambda: 0.01, True, limits or Limits()))
    crank, stop = Crank(core), threading.Event()
    line = PahoTransport(identity or Identity(LOCKER), Topics(LOCKER).presence, crank.hear)
    link = AgentLink(state / "bridge.sock", crank.hear)
    thread = threading.Thread(target=crank.run, args=(link, line, line.check, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(SOON_S)
