"""One locker in service as real processes: the shipped agent and bridge, a broker, a bad line, a back office.

`opened(folder, Kind.MOSQUITTO)` is a context. The bridge meets the broker through `site.proxy`, the back office
directly. Everything is killed at the end: what a locker loses by that is what these tests are about.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from cloud_bridge.paho_transport import Identity, tls_context
from edge_agent.control import door_types as d
from edge_agent.control.client import Client
from edge_agent.control.operations import OPERATIONS
from sim import demo, demo_cabinet
from sim.broker import EmbeddedBroker
from sim.cabinet import SimCabinet
from sim.cloud.signing import Signer
from sim.demo_cloud import CloudKey
from sim.proxy import ChaosProxy
from tests.bridge.papers import Authority, documented
from tests.bridge.stage import LOCKER, SOURCE, BackOffice, Mosquitto, free_port, until

AGENT, BRIDGE, EAGER = "locker-agent", "locker-bridge", "eager"
COMMANDS: dict[str, tuple[str, ...]] = {
    AGENT: (str(Path(sys.executable).with_name(AGENT)),),
    BRIDGE: (str(Path(sys.executable).with_name(BRIDGE)),),
    EAGER: (sys.executable, "-m", "tests.bridge.eager"),
    "unbounded": (sys.executable, "-m", "tests.bridge.eager", "--unbounded"),
}
ROWS = {row.name: row for row in OPERATIONS}
ARGS = {"reason": "latch test", "operator": "op-1"}
WIDE = {"remote_per_minute": 20, "remote_per_hour": 200, "remote_per_day": 500, "remote_doors_percent": 100}
WHOLE_S = 30.0  # for a journal to be with the back office after the last fault


class Kind(Enum):
    """Which broker stands in the middle."""

    MOSQUITTO = "mosquitto"
    SECURED = "mosquitto-tls"  # by the documented example: certificates on both sides, the access list
    EMBEDDED = "iotcore"


class Broker(Protocol):
    @property
    def url(self) -> str: ...

    def start(self) -> object: ...

    def kill(self) -> None: ...


@dataclass
class Site:
    """`programs` are those that run now, by name."""

    folder: Path
    cabinet: SimCabinet
    broker: Broker
    proxy: ChaosProxy
    signer: Signer
    config: Path
    office_of: Callable[..., BackOffice]
    office: BackOffice
    authority: Authority | None  # whose papers everybody has, on a secured line
    programs: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _since: dict[str, int] = field(default_factory=dict)

    # ---- programs ---------------------------------------------------------------------------------------------------

    def start(self, program: str) -> None:
        """Returns when the agent is ready; a bridge is merely started."""
        url = self.folder / "state" / "kiosk.url"
        if program == AGENT:
            url.unlink(missing_ok=True)
        with (self.folder / f"{program}.log").open("ab") as log:
            command = [*COMMANDS[program], "--config", str(self.config)]
            self.programs[program] = subprocess.Popen(command, stdout=log, stderr=log)
        if program == AGENT:
            demo.until_ready(self.programs[program], url, self.folder / f"{program}.log")
            until(self._answers, "the agent's socket answers")

    def kill(self, program: str) -> None:
        """No word, no saving."""
        process = self.programs.pop(program)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def freeze(self, program: str, frozen: bool) -> None:
        self.programs[program].send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)

    def forget_logs(self) -> None:
        """Alarms count from here on."""
        self._since = {name: len(self._whole_log(name)) for name in COMMANDS}

    def _whole_log(self, program: str) -> str:
        file = self.folder / f"{program}.log"
        return file.read_text() if file.exists() else ""

    def log(self, program: str = BRIDGE) -> str:
        return self._whole_log(program)[self._since.get(program, 0) :]

    def told(self, code: str, program: str = BRIDGE) -> bool:
        """Whether a program has raised this alarm."""
        return code in self.log(program)

    def close(self) -> None:
        for process in self.programs.values():
            process.kill()
            process.wait()
        self.office.__exit__()

    # ---- people -----------------------------------------------------------------------------------------------------

    def technician(self, verb: str, arguments: Any) -> Any:
        """One question on the technician's socket. Raises AgentError."""
        return Client(self.folder / "state" / "control.sock").ask(ROWS[verb], arguments)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            return probe.connect_ex(str(self.folder / "state" / "control.sock")) == 0

    def happen(self, door: str = "60") -> None:
        """One event in the journal: a compartment is set aside and put back. Raises AgentError."""
        self.technician("compartment block", d.CompartmentBlockArguments(number=door, reason="test"))
        self.technician("compartment unblock", d.CompartmentUnblockArguments(number=door, reason="test"))

    @property
    def session(self) -> object:
        """The one that the newest presence shows."""
        return self.office.presence.get("session")

    def up(self, after: object = None) -> None:
        """A line is up and its session known, another one than `after`."""
        there = self.office
        until(
            lambda: there.presence.get("agent") == "up" and self.session != after,
            "the locker is online",
            WHOLE_S,
        )

    def claims(self, cmd: str, args: dict[str, Any] | None = None, **changed: Any) -> bytes:
        session = str(self.office.presence["session"])
        return self.signer.command(LOCKER, session, cmd, args or {}, **changed)

    def unlock(self, door: str, case: str = "C-1", **changed: Any) -> bytes:
        return self.claims("unlock", {"compartment": door, **ARGS, "case": case}, **changed)

    def order(self, payload: bytes, **how: Any) -> None:
        self.office.send(LOCKER, "dn/commands", payload, **how)

    def answers(self) -> list[dict[str, Any]]:
        return [json.loads(reply.payload) for reply in self.office.replies()]

    def answered(self, command: str) -> list[str]:
        """The statuses that one command was answered with, in their order."""
        return [answer["status"] for answer in self.answers() if answer["id"] == command]

    # ---- the truth --------------------------------------------------------------------------------------------------

    def last(self) -> int:
        """Sequence number of the journal's newest event."""
        shown = demo.lockerctl(self.config, "--json", "journal", "show", "--last", "1")
        return int(json.loads(shown)["events"][0]["sequence"])

    def whole(self) -> None:
        """The back office's record equals the journal: gap-free, no doubles, the same bytes under each number."""
        last = self.last()
        until(lambda: self.office.sequences()[-1:] >= [last], f"event {last} at the back office", WHOLE_S)
        file = self.folder / "journal.jsonl"
        file.unlink(missing_ok=True)
        demo.lockerctl(self.config, "journal", "export", str(file))
        journal = [json.loads(line) for line in file.read_text().splitlines()][:last]
        kept = self.office.record.events(SOURCE)
        assert self.office.sequences()[:last] == list(range(1, last + 1))
        assert [mark(event) for event in kept[:last]] == [mark(event) for event in journal]


def mark(event: dict[str, Any]) -> tuple[str, str, str, str]:
    """What makes an event this one: two of the same mark hold the same bytes, the chain sees to that."""
    return event["sequence"], event["id"], event["type"], event["chainhash"]


@contextmanager
def opened(
    folder: Path, kind: Kind = Kind.MOSQUITTO, *, bridge: str = BRIDGE, **security: Any
) -> Iterator[Site]:
    """A locker in service on a broker of this kind; `security` goes into its configuration."""
    signer = Signer("office-1")
    with ExitStack() as stack:
        authority = Authority(folder) if kind is Kind.SECURED else None
        broker, cloud, office = _broker(stack, folder, kind, authority)
        scheme = "mqtts" if authority else "mqtt"
        proxy = stack.enter_context(ChaosProxy(("127.0.0.1", broker.port)))
        paper = demo_cabinet.document(
            folder,
            kiosk={"listen": f"127.0.0.1:{free_port()}"},
            security={
                "cloud_key": CloudKey().public,
                "command_signers": {signer.name: signer.public},
                **security,
            },
            cloud={"urls": [f"{scheme}://127.0.0.1:{proxy.port}"], **cloud},
        )
        cabinet = stack.enter_context(SimCabinet.of_document(paper))
        cabinet.open_ports(folder)
        config = cabinet.config_path
        assert config is not None
        site = Site(folder, cabinet, broker, proxy, signer, config, office, office().__enter__(), authority)
        stack.callback(site.close)
        site.start(AGENT)
        demo.into_service(config, folder)
        site.start(bridge)
        site.up()
        yield site


def _broker(
    stack: ExitStack, folder: Path, kind: Kind, authority: Authority | None
) -> tuple[Any, dict[str, str], Callable[..., BackOffice]]:
    """The broker, the locker's papers for `[cloud]`, and what makes a back office on it."""
    if kind is Kind.EMBEDDED:
        embedded = stack.enter_context(EmbeddedBroker(folder))
        return embedded, {}, partial(BackOffice, folder, embedded.url)
    if authority is None:
        plain = stack.enter_context(Mosquitto(folder))
        return plain, {}, partial(BackOffice, folder, plain.url)
    secured = stack.enter_context(Mosquitto(folder, documented(folder, authority, authority.issue("broker"))))
    own, their = authority.issue(LOCKER), authority.issue("back-office")
    papers = {"ca_file": str(authority.ca), "cert_file": own.cert, "key_file": own.key}
    tls = tls_context(Identity("back-office", str(authority.ca), their.cert, their.key))
    url = f"mqtts://127.0.0.1:{secured.port}"
    return secured, papers, partial(BackOffice, folder, url, tls=tls)


def resident_kib(pid: int) -> int:
    """What a process has in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if "VmRSS" in line)
