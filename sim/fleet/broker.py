"""Mosquitto as a child on loopback, for a fleet's run: as a site would set it up, without a disk behind it."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

START_S = 20.0
STOP_S = 10.0
# Nagle off: with it a round trip waits for delayed ACKs. Queue: an office that restarts loses nothing meanwhile.
SETTINGS = """user {user}
listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
persistence false
max_queued_messages 100000
"""


def program() -> str | None:
    """Mosquitto's path, if it is installed."""
    return shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")


class OwnMosquitto:
    """`start`, `kill`, `start` again on the same port, `stop`. Raises RuntimeError where it does not come up."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self._file = folder / "mosquitto.conf"
        self._file.write_text(SETTINGS.format(user=getpass.getuser(), port=self._port), encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        path = program()
        if path is None:
            raise RuntimeError("mosquitto is not installed: install it, or name a broker with --broker URL")
        with self._file.with_suffix(".log").open("ab") as log:
            self._process = subprocess.Popen([path, "-c", str(self._file)], stdout=log, stderr=log)  # noqa: S603
        deadline_s = time.monotonic() + START_S
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                raise RuntimeError(f"mosquitto did not start: {self._file.with_suffix('.log').read_text()}")
            time.sleep(0.02)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0

    def kill(self) -> None:
        """No word to anybody, nothing saved."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.kill()
