"""The locker of the load run: 390 doors on three buses, and its programs, broker and back office as processes."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.broker import EmbeddedBroker
from sim.cabinet import SimCabinet
from sim.cloud.asking import ask
from sim.cloud.command import SIGNER
from sim.cloud.signing import Signer
from sim.demo import LISTS, into_service, running, until_ready
from sim.demo_cloud import CloudKey
from sim.fleet.broker import OwnMosquitto, program
from sim.plans import BoardPlan, ScannerPlan, document

LOCKER = "SIM-0001"
BOARDS, CHANNELS, BUSES = 13, 30, 3  # 390 doors, the largest locker that is known
OFFICE_S = 20.0
Broker = OwnMosquitto | EmbeddedBroker


@dataclass
class Site:
    """Everything that runs. `page`: the back office's address; `pids`: programs to be measured."""

    cabinet: SimCabinet
    broker: Broker
    config: Path
    page: str
    pids: dict[str, int]


def paper(folder: Path, doors: int, **sections: Any) -> dict[str, Any]:
    """The locker's configuration: `doors` on equal boards, spread over three buses."""
    boards = -(-doors // CHANNELS)
    plans = [
        BoardPlan("lock-8a", CHANNELS, bus=f"bus{index % BUSES + 1}", address=index + 1, name=f"B{index + 1}")
        for index in range(boards)
    ]
    return document(plans, [ScannerPlan()], folder, **sections)


def expected(waybills: int) -> list[dict[str, Any]]:
    """Pre-advice for every parcel of the run, so that a door opens without a touch."""
    return [
        {"waybill": waybill(number), "carrier": "SF", "size": "M", "phone": f"9{number:07d}"}
        for number in range(1, waybills + 1)
    ]


def waybill(number: int) -> str:
    return f"SF{number:013d}"


@contextmanager
def site(folder: Path, doors: int, waybills: int) -> Iterator[Site]:
    """A locker in service with pre-advice for so many parcels; whatever was started is ended."""
    key, signer = CloudKey.of_file(folder / "cloud.key"), Signer.of_file(SIGNER, folder / "signing.key")
    broker: Broker = OwnMosquitto(folder) if program() else EmbeddedBroker(folder)
    broker.start()
    with ExitStack() as stack:
        stack.callback(broker.kill)
        security = {"cloud_key": key.public, "command_signers": {signer.name: signer.public}}
        kiosk = {"listen": "127.0.0.1:0", "speech": False}
        cabinet = stack.enter_context(
            SimCabinet.of_document(
                paper(folder, doors, kiosk=kiosk, security=security, cloud={"urls": [broker.url]})
            )
        )
        cabinet.open_ports(folder)
        config = cabinet.config_path
        assert config is not None
        office, page = _office(folder, broker.url)
        stack.callback(_end, office)
        agent = stack.enter_context(running("locker-agent", config, threading.Event()))
        until_ready(agent, folder / "state" / "kiosk.url", folder / "locker-agent.log")
        bridge = stack.enter_context(running("locker-bridge", config, threading.Event()))
        into_service(config, folder, {**LISTS, "expected": expected(waybills)})
        opening = json.loads((folder / "state" / "keys" / "opening.jwk").read_text())["x"]
        ask(page, f"/lockers/{LOCKER}/opening", {"key": opening})
        pids = {"agent": agent.pid, "bridge": bridge.pid, "office": office.pid}
        yield Site(cabinet, broker, config, page, pids)


def _office(folder: Path, url: str) -> tuple[subprocess.Popen[str], str]:
    """`locker-sim cloud` as a process, and the address of its page."""
    files = ["--db", "cloud.db", "--key", "cloud.key", "--signing-key", "signing.key"]
    command = [sys.executable, "-c", "from sim.main import run; run()", "cloud", "--broker", url]
    office = subprocess.Popen(  # noqa: S603 - our own program
        [*command, *files, "--page", "127.0.0.1:0"], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    assert office.stdout is not None
    first = office.stdout.readline()
    page = first.partition("page http://")[2].partition("/")[0]
    if not page:
        _end(office)
        raise RuntimeError(f"the back office did not start: {first}")
    threading.Thread(target=office.stdout.read, daemon=True).start()  # its SMS are read from the page
    return office, page


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(OFFICE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
