"""`locker-agent` as a process of its own, its cabinet in the test's process, and everything that a person does by hand.

The process reports to a service manager's socket that the test holds, so readiness is heard, never guessed. Doors and
coils wake the test by themselves. What waits has a bound and says what it waited for.
"""

from __future__ import annotations

import http.client
import json
import os
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

from sim import demo_cabinet
from sim.cabinet import SimCabinet
from sim.demo import LISTS
from sim.demo_cloud import CloudKey
from sim.soak.evidence import Deed, Evidence, Watcher, collect

WAIT_S = 30.0  # for anything, on a busy machine
HERE = Path(sys.executable)
KIOSK = "127.0.0.1:0"


class AgentSocket(http.client.HTTPConnection):
    """HTTP over one of the agent's Unix sockets."""

    def __init__(self, path: Path) -> None:
        super().__init__("agent", timeout=WAIT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(WAIT_S)
        self.sock.connect(str(self._path))


class Manager:
    """What a service manager hears: datagrams at `NOTIFY_SOCKET`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))

    def hears(self, message: str, within_s: float = WAIT_S) -> bool:
        """Whether this message arrives in time; earlier ones are taken note of and dropped."""
        deadline = time.monotonic() + within_s
        while (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                if self._socket.recv(4096).decode() == message:
                    return True
            except TimeoutError:
                return False
        return False

    def forget(self) -> None:
        """Drop what has arrived so far."""
        self._socket.settimeout(0.0)
        try:
            while self._socket.recv(4096):
                pass
        except BlockingIOError:
            return

    def close(self) -> None:
        self._socket.close()


class Site:
    """One folder, one cabinet, one program after the other. Start with `site(folder)`."""

    def __init__(self, folder: Path, watchdog_s: float = 0.0, listen: str = KIOSK, **sections: Any) -> None:
        """`sections` are added to the demo's configuration."""
        self.folder, self.state = folder, folder / "state"
        self._key = CloudKey()
        self._watchdog_s = watchdog_s
        paper = demo_cabinet.document(
            folder,
            kiosk={"listen": listen, "speech": False},
            security={"cloud_key": self._key.public, **sections.pop("security", {})},
            **sections,
        )
        self.cabinet = SimCabinet.of_document(paper)
        self.cabinet.open_ports(folder)
        assert self.cabinet.config_path is not None
        self.config = self.cabinet.config_path
        self.watcher = Watcher(self.cabinet)
        self.manager = Manager(folder / "notify")
        self.deeds: list[Deed] = []
        self.program: subprocess.Popen[bytes] | None = None
        self._moved = threading.Condition()
        self.cabinet.world.on_change.append(lambda number, at_s: self._wake())
        self.cabinet.world.on_coil.append(lambda pulse: self._wake())

    # The program

    def launch(self, code: str = "") -> subprocess.Popen[bytes]:
        """A process; not waited for. `code`: what to run instead of the installed script, ending in `run()`."""
        environment = {**os.environ, "NOTIFY_SOCKET": str(self.manager.path)}
        environment.pop("WATCHDOG_USEC", None)
        if self._watchdog_s:
            environment["WATCHDOG_USEC"] = str(int(self._watchdog_s * 1e6))
        log = (self.folder / "agent.log").open("ab")
        program = [sys.executable, "-c", code] if code else [str(HERE.with_name("locker-agent"))]
        command = [*program, "--config", str(self.config)]
        with log:
            return subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=self.folder)

    def start(self, code: str = "") -> None:
        """Until it says READY=1."""
        self.manager.forget()
        self.program = self.launch(code)
        if not self.manager.hears("READY=1"):
            raise AssertionError(
                f"no READY=1 in {WAIT_S} s:\n{(self.folder / 'agent.log').read_text()[-2000:]}"
            )
        self.did("agent-up")

    def send(self, number: signal.Signals) -> None:
        assert self.program is not None
        os.kill(self.program.pid, number)

    def kill(self) -> None:
        """The process is gone at once."""
        self.send(signal.SIGKILL)
        self.gone()

    def gone(self) -> int:
        """Wait for the process's end; its exit code."""
        assert self.program is not None
        code = self.program.wait(WAIT_S)
        self.did("agent-down")
        return code

    def accept(self) -> None:
        """A technician's first day, with the technician's tool."""
        lists = self.folder / "lists.json"
        lists.write_text(json.dumps(LISTS), encoding="utf-8")
        self.lockerctl("lists", "import", str(lists))
        self.lockerctl("cabinet", "accept", "--yes", "--reason", "test")

    def lockerctl(self, *words: str) -> str:
        command = [str(HERE.with_name("lockerctl")), "--config", str(self.config), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=WAIT_S).stdout

    def close(self) -> None:
        if self.program is not None and self.program.poll() is None:
            self.program.kill()
            self.program.wait()
        self.cabinet.stop()
        self.manager.close()

    # The journal

    def ask(self, name: str, path: str) -> dict[str, Any]:
        """A question at `control.sock` or `bridge.sock`."""
        agent = AgentSocket(self.state / name)
        try:
            agent.request("GET", path)
            answer: dict[str, Any] = json.loads(agent.getresponse().read())
        finally:
            agent.close()
        return answer

    def until_asked(self, name: str) -> None:
        """Until a question that was put to this socket is on its way: a later one has been answered."""
        deadline = time.monotonic() + WAIT_S
        listed = f"{self.state / name}"
        while time.monotonic() < deadline:
            table = Path("/proc/net/unix").read_text()
            if (
                sum(line.endswith(listed) for line in table.splitlines()) > 1
            ):  # the listener, and who was let in
                break
        self.ask(name, "/events?after=0&wait=0")

    def events(self, after: int = 0, wait_s: float = 0.0) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            batch = self.ask("bridge.sock", f"/events?after={after + len(found)}&wait={wait_s:.0f}")
            if not batch["events"]:
                return found
            found.extend(batch["events"])
            wait_s = 0.0

    def happens(self, kind: str, after: int = 0) -> Mapping[str, Any]:
        """Long-poll until an event of this type is in the journal behind `after`."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            fresh = self.events(after, wait_s=5)
            for event in fresh:
                if event["type"] == f"locker.{kind}":
                    return event
            after += len(fresh)
        raise AssertionError(f"no {kind} within {WAIT_S} s")

    def last(self) -> int:
        return len(self.events())

    def message(self) -> dict[str, str]:
        """What the newest deposit's recipient is told."""
        newest = [one for one in self.events() if one["type"] == "locker.parcel.deposited"][-1]
        return self.opened(newest)

    def opened(self, event: Mapping[str, Any]) -> dict[str, str]:
        """The personal data of one event, as the back office reads it."""
        fields: dict[str, str] = self._key.open(event["data"]["sealed"])["fields"]
        return fields

    def evidence(self) -> Evidence:
        """For the judge; the journal's clock counts suspended time, the cabinet's does not."""
        apart_s = time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
        return collect(
            self.cabinet,
            self.watcher,
            self.deeds,
            self.events(),
            lambda event: int(event["monotonicms"]) / 1000 - apart_s,
        )

    # Hands

    def did(self, what: str, door: str = "") -> None:
        self.deeds.append(Deed(self.cabinet.world.now(), what, door))

    def scan(self, text: str) -> None:
        assert self.cabinet.scan("front", text), "the scanner took nothing"

    def until(self, wanted: Callable[[], bool], what: str, within_s: float = WAIT_S) -> None:
        """Wait for something in the cabinet; every movement of a door or coil looks again."""
        with self._moved:
            assert self._moved.wait_for(wanted, within_s), f"{what}: not within {within_s} s"

    def open_door(self) -> str:
        """The door that stands open, as soon as there is one."""
        self.until(lambda: bool(self._open()), "a door opens")
        return self._open()[0]

    def passes(self, seconds: float) -> None:
        """A person takes their time: this long in the cabinet's own clock."""
        over = threading.Event()
        self.cabinet.world.at(self.cabinet.world.now() + seconds, lambda at_s: over.set())
        if self.cabinet.hub is not None:
            self.cabinet.hub.wake()
        assert over.wait(seconds + WAIT_S), "the cabinet's time stands still"

    def is_shut(self, door: str) -> bool:
        return self.cabinet.door_json(door)["door"] == "closed"

    def puts(self, door: str) -> None:
        if self.cabinet.inside(door, "parcel"):
            self.did("puts", door)

    def takes(self, door: str) -> None:
        if self.cabinet.door_json(door)["inside"] == "parcel" and self.cabinet.inside(door, "empty"):
            self.did("takes", door)

    def shuts(self, door: str) -> None:
        """Not before the pulse is over: a pulled latch does not hold."""
        self.until(lambda: not self.energised(), "the coil is off")
        self.cabinet.hand(door, "close")

    def at_next_pulse(self, act: Callable[[], None]) -> None:
        """Do this the moment a coil draws current, once."""
        coils = self.cabinet.world.on_coil

        def energised(pulse: object) -> None:
            coils.remove(energised)
            act()

        coils.append(energised)

    def energised(self) -> bool:
        return any(coil.length_s is None for coil in self.cabinet.coils())

    def _open(self) -> list[str]:
        return [one["number"] for one in self.cabinet.doors() if one["door"] == "open"]

    def _wake(self) -> None:
        with self._moved:
            self._moved.notify_all()


@contextmanager
def site(folder: Path, watchdog_s: float = 0.0, listen: str = KIOSK) -> Iterator[Site]:
    """A cabinet without a program yet; whatever was started is ended."""
    made = Site(folder, watchdog_s, listen)
    try:
        yield made
    finally:
        made.close()
