"""`locker-sim demo`: the whole locker on one desk, with simulated hardware. What `make demo` runs.

Starts the pretend cabinet with its panel and an MQTT broker, the shipped `locker-agent` and `locker-bridge` as
processes of their own, takes the cabinet into service with `lockerctl` as a technician would, and runs the back office
with its page: it sends its lists, the SMS appears there and in the terminal. Ctrl-C ends all of it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from sim import demo_cabinet
from sim.broker import EmbeddedBroker
from sim.cabinet import SimCabinet
from sim.cloud.command import PAGE, SIGNER, open_desk
from sim.cloud.desk import Desk
from sim.cloud.page import Page
from sim.cloud.signing import Signer
from sim.demo_cloud import CloudKey

BADGE, NUMBER, PIN = "LKB:demo-badge", "1001", "2468"
CARD, CARD_PIN = "LKS:demo-card", "8642"
LOCKER = demo_cabinet.LOCKER
EXPECTED = ("SF1000000000001", "SF1000000000002")
START_S = 20.0  # for the agent to be ready on a slow machine
STOP_S = 10.0  # what the agent allows itself: an opening under way, then the coils off

LISTS = {
    "carriers": [{"id": "SF", "name": "SF Express"}],
    "couriers": [{"id": NUMBER, "carrier": "SF", "badge": BADGE.removeprefix("LKB:"), "pin": PIN}],
    "staff": [{"id": "t1", "card": CARD.removeprefix("LKS:"), "pin": CARD_PIN}],
    "expected": [
        {"waybill": EXPECTED[0], "carrier": "SF", "size": "M", "phone": "91234567"},
        {"waybill": EXPECTED[1], "carrier": "SF", "size": "S", "phone": "97654321"},
    ],
}


@dataclass(frozen=True, slots=True)
class Places:
    """Where the three pages are served; host:port."""

    kiosk: str
    panel: str
    office: str


@click.command()
@click.option("--no-open", is_flag=True, help="Do not open a browser.")
@click.option("--kiosk", default="127.0.0.1:8080", show_default=True, help="Address of the kiosk page.")
@click.option("--panel", default="127.0.0.1:8081", show_default=True, help="Address of the cabinet's panel.")
@click.option("--office", default=PAGE, show_default=True, help="Address of the back office's page.")
@click.option("--seconds", default=0.0, help="End by itself after so long; 0: at Ctrl-C.")
def demo(no_open: bool, kiosk: str, panel: str, office: str, seconds: float) -> None:
    """A locker to play with: cabinet, agent, bridge, broker and back office on this machine."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopped.set())
    with tempfile.TemporaryDirectory(prefix="locker-demo-") as folder:
        try:
            _all_free({"kiosk": kiosk, "panel": panel, "office": office})
            _play(Path(folder), Places(kiosk, panel, office), no_open, stopped, seconds or None)
        except (OSError, RuntimeError) as error:
            if (
                not stopped.is_set()
            ):  # Ctrl-C in the middle of starting reaches the programs that we wait for, too
                raise click.ClickException(str(error)) from error
    click.echo("demo ended; nothing is left behind")


def _all_free(addresses: dict[str, str]) -> None:
    """Raises OSError that names the address and what to do."""
    for name, address in addresses.items():
        host, _, port = address.rpartition(":")
        try:
            socket.create_server((host, int(port))).close()
        except (OSError, ValueError) as error:
            raise OSError(
                f"{name} cannot be served at {address} ({error}): end what runs there, "
                f"or choose another place, for example make demo ARGS='--{name} 127.0.0.1:0'"
            ) from error


def _play(
    folder: Path, places: Places, no_open: bool, stopped: threading.Event, seconds: float | None
) -> None:
    key, signer = CloudKey(), Signer(SIGNER)
    with EmbeddedBroker(folder) as broker:
        security = {"cloud_key": key.public, "command_signers": {signer.name: signer.public}}
        paper = demo_cabinet.document(
            folder, kiosk={"listen": places.kiosk}, security=security, cloud={"urls": [broker.url]}
        )
        with (
            SimCabinet.of_document(paper) as cabinet,
            open_desk(broker.url, folder / "cloud.db", signer, key) as desk,
            _served(desk, places.office) as office_url,
        ):
            cabinet.open_ports(folder)
            panel_url = cabinet.serve(places.panel)
            config = cabinet.config_path
            assert config is not None
            with running("locker-agent", config, stopped) as agent:
                until_ready(agent, folder / "state" / "kiosk.url", folder / "locker-agent.log", stopped)
                kiosk_url = (folder / "state" / "kiosk.url").read_text().strip()
                with running("locker-bridge", config, stopped):
                    _first_day(cabinet, desk, config, folder, stopped)
                    click.echo(
                        WELCOME.format(
                            kiosk=kiosk_url,
                            panel=panel_url,
                            office=office_url,
                            lockerctl=_shown("lockerctl"),
                            config=config,
                        )
                    )
                    if not no_open:
                        webbrowser.open(kiosk_url)
                    stopped.wait(seconds)


@contextmanager
def _served(desk: Desk, address: str) -> Iterator[str]:
    page = Page(desk, address)
    try:
        yield page.start()
    finally:
        page.stop()


def _first_day(cabinet: SimCabinet, desk: Desk, config: Path, folder: Path, stopped: threading.Event) -> None:
    """In service, known to the back office, tried once; not a step further after Ctrl-C."""
    steps: tuple[Callable[[], None], ...] = (
        lambda: into_service(config, folder),
        lambda: _take_over(desk, folder, stopped),
        lambda: _tour(cabinet, config),
    )
    for step in steps:
        if stopped.is_set():
            raise RuntimeError("stopped on the first day")
        step()


def _take_over(desk: Desk, folder: Path, stopped: threading.Event) -> None:
    """The back office learns the locker's public opening key, and from now on the lists are its own."""
    key = json.loads((folder / "state" / "keys" / "opening.jwk").read_text())
    desk.lists.enrol(LOCKER, str(key["x"]))
    deadline = time.monotonic() + START_S
    while not desk.office.presence.get(LOCKER, {}).get("online"):
        if stopped.is_set() or time.monotonic() > deadline:
            raise RuntimeError(f"the bridge is not online after {START_S:g} s")
        time.sleep(0.05)
    for name in ("carriers", "couriers", "staff"):
        desk.publish(LOCKER, name, LISTS[name])
    desk.expect(LOCKER, LISTS["expected"])


@contextmanager
def running(program: str, config: Path, stopped: threading.Event) -> Iterator[subprocess.Popen[bytes]]:
    """A shipped program, until the block ends. Its log goes to a file beside the configuration."""
    with (config.parent / f"{program}.log").open("wb") as output:
        command = [_program(program), "--config", str(config)]
        process = subprocess.Popen(command, stdout=output, stderr=output)  # noqa: S603 - our own program
    threading.Thread(target=_end_with, args=(process, stopped), daemon=True).start()
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _end_with(process: subprocess.Popen[bytes], stopped: threading.Event) -> None:
    """A program that dies ends the demo."""
    process.wait()
    stopped.set()


def until_ready(
    process: subprocess.Popen[bytes], url: Path, log: Path, stopped: threading.Event | None = None
) -> None:
    """Until the kiosk has an address. Raises RuntimeError where the agent does not start, or is not to."""
    deadline = time.monotonic() + START_S
    while not url.exists():
        if stopped is not None and stopped.is_set():
            raise RuntimeError("stopped while the agent started")
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the agent did not start:\n{log.read_text()}")
        time.sleep(0.05)


def into_service(config: Path, folder: Path, given: Mapping[str, Any] = LISTS) -> None:
    """What a technician does on the first day, with the technician's tool."""
    lists = folder / "lists.json"
    lists.write_text(json.dumps(given), encoding="utf-8")
    lockerctl(config, "lists", "import", str(lists))
    lockerctl(config, "cabinet", "accept", "--yes", "--reason", "demo")


def _tour(cabinet: SimCabinet, config: Path) -> None:
    """One door opened over the wire, with the frames that crossed it, and closed again by a hand."""
    first = len(cabinet.trace())
    click.echo("\nTour: a technician unlocks door 7 over the wire")
    click.echo(
        "  " + lockerctl(config, "unlock", "--board", "A", "--channel", "7", "--yes", "--reason", "tour")
    )
    told = [frame for frame in cabinet.trace()[first:] if "unlock" in frame.meaning]
    for frame in told[:2]:
        click.echo(f"  {frame.bus} {frame.direction} {frame.data.hex(' ').upper():<20} {frame.meaning}")
    time.sleep(0.5)  # a hand takes its time; the latch has to be out of the way
    cabinet.hand("7", "close")


def lockerctl(config: Path, *words: str) -> str:
    command = [_program("lockerctl"), "--config", str(config), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    if done.returncode:
        raise RuntimeError(f"lockerctl {' '.join(words)}: {done.stderr or done.stdout}")
    return done.stdout.strip()


def _program(name: str) -> str:
    """The program beside this interpreter: the same installation, whatever the path says."""
    return str(Path(sys.executable).with_name(name))


def _shown(name: str) -> str:
    """As one would type it here."""
    path = Path(_program(name))
    return str(path.relative_to(os.getcwd()) if path.is_relative_to(os.getcwd()) else path)


WELCOME = f"""
A parcel locker with 60 doors is running: cabinet, agent, bridge, MQTT broker and back office.

  kiosk    {{kiosk}}
  panel    {{panel}}/   the cabinet: click a door to close it, its inside to put or take a parcel;
                                    type a code into the scanner's field
  office   {{office}}/   the back office: doors, parcels, messages; pre-advise a parcel, open a door

  courier     badge {BADGE}   or number {NUMBER} with PIN {PIN}
  waybills    {", ".join(EXPECTED)} are pre-advised; any SF + 13 digits will do
  technician  card {CARD} with PIN {CARD_PIN}
  terminal    {{lockerctl}} --config {{config}} doors

What to do next
  1. Panel: scan the badge, then a waybill. A door opens; click its inside, then the door. Kiosk: touch "Finish".
  2. The recipient's SMS appears here and in the office. Kiosk: type its code. Panel: take the parcel, shut the door.
  3. Office: pre-advise a waybill of your own, scan it; or choose a door and open it from afar.
Ctrl-C ends everything."""
