"""`locker-sim demo`: the whole locker on one desk, with simulated hardware. What `make demo` runs.

Starts the pretend cabinet with its panel and an MQTT broker, the shipped `locker-agent` and `locker-bridge` as
processes of their own, takes the cabinet into service with `lockerctl` as a technician would, and plays the back
office on the broker: the SMS appears in the terminal. Ctrl-C ends all of it.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from sim import demo_cabinet
from sim.broker import EmbeddedBroker
from sim.cabinet import SimCabinet
from sim.cloud.command import Voice
from sim.cloud.office import Office
from sim.cloud.record import Record
from sim.demo_cloud import CloudKey

BADGE, NUMBER, PIN = "LKB:demo-badge", "1001", "2468"
CARD, CARD_PIN = "LKS:demo-card", "8642"
EXPECTED = ("SF1000000000001", "SF1000000000002")
START_S = 20.0  # for the agent to be ready on a slow machine
STOP_S = 15.0

LISTS = {
    "carriers": [{"id": "SF", "name": "SF Express"}],
    "couriers": [{"id": NUMBER, "carrier": "SF", "badge": BADGE.removeprefix("LKB:"), "pin": PIN}],
    "staff": [{"id": "t1", "card": CARD.removeprefix("LKS:"), "pin": CARD_PIN}],
    "expected": [
        {"waybill": EXPECTED[0], "carrier": "SF", "size": "M", "phone": "91234567"},
        {"waybill": EXPECTED[1], "carrier": "SF", "size": "S", "phone": "97654321"},
    ],
}


@click.command()
@click.option("--no-open", is_flag=True, help="Do not open a browser.")
@click.option("--kiosk", default="127.0.0.1:8080", show_default=True, help="Address of the kiosk page.")
@click.option("--panel", default="127.0.0.1:8081", show_default=True, help="Address of the cabinet's panel.")
@click.option("--seconds", default=0.0, help="End by itself after so long; 0: at Ctrl-C.")
def demo(no_open: bool, kiosk: str, panel: str, seconds: float) -> None:
    """A locker to play with: cabinet, agent, bridge, broker and back office on this machine."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with tempfile.TemporaryDirectory(prefix="locker-demo-") as folder:
        try:
            _play(Path(folder), kiosk, panel, no_open, stopped, seconds or None)
        except (OSError, RuntimeError) as error:
            raise click.ClickException(str(error)) from error
    click.echo("demo ended; nothing is left behind")


def _play(
    folder: Path, kiosk: str, panel: str, no_open: bool, stopped: threading.Event, seconds: float | None
) -> None:
    key = CloudKey()
    with EmbeddedBroker(folder) as broker:
        security, cloud = {"cloud_key": key.public}, {"urls": [broker.url]}
        paper = demo_cabinet.document(folder, kiosk={"listen": kiosk}, security=security, cloud=cloud)
        with SimCabinet.of_document(paper) as cabinet, _back_office(folder, broker.url, key):
            cabinet.open_ports(folder)
            panel_url = cabinet.serve(panel)
            assert cabinet.config_path is not None
            config = cabinet.config_path
            with running("locker-agent", config, stopped) as agent:
                until_ready(agent, folder / "state" / "kiosk.url", folder / "locker-agent.log")
                kiosk_url = (folder / "state" / "kiosk.url").read_text().strip()
                with running("locker-bridge", config, stopped):
                    into_service(config, folder)
                    click.echo(WELCOME.format(kiosk=kiosk_url, panel=panel_url, config=config))
                    _tour(cabinet, config)
                    if not no_open:
                        webbrowser.open(kiosk_url)
                    stopped.wait(seconds)


@contextmanager
def _back_office(folder: Path, url: str, key: CloudKey) -> Iterator[None]:
    """On the broker, until the block ends: keeps events, acknowledges them, prints what a person would get."""
    voice = Voice(key, click.echo)
    record = Record(folder / "cloud.db")
    office = Office(url, record, on_taken=voice.taken, on_word=voice.word)
    office.start()
    try:
        yield
    finally:
        office.stop()
        record.close()


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


def until_ready(process: subprocess.Popen[bytes], url: Path, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while not url.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the agent did not start:\n{log.read_text()}")
        time.sleep(0.05)


def into_service(config: Path, folder: Path) -> None:
    """What a technician does on the first day, with the technician's tool."""
    lists = folder / "lists.json"
    lists.write_text(json.dumps(LISTS), encoding="utf-8")
    lockerctl(config, "lists", "import", str(lists))
    lockerctl(config, "cabinet", "accept", "--yes", "--reason", "demo")


def _tour(cabinet: SimCabinet, config: Path) -> None:
    """One door opened over the wire, with the frames that crossed it, and closed again by a hand."""
    first = len(cabinet.trace())
    click.echo("\nTour: a technician unlocks door 7 over the wire")
    click.echo(
        "  " + lockerctl(config, "unlock", "--board", "A", "--channel", "7", "--yes", "--reason", "tour")
    )
    told = [frame for frame in cabinet.trace()[first:] if "read" not in frame.meaning]
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


WELCOME = f"""
A parcel locker with 60 doors is running: cabinet, agent, bridge, MQTT broker and back office.

  kiosk   {{kiosk}}
  panel   {{panel}}   (the cabinet: click a door to close it, its inside to put or take a parcel;
                                 type a code into the scanner's box)

  courier    badge {BADGE}   or number {NUMBER} with PIN {PIN}
  waybills   {", ".join(EXPECTED)} are pre-advised; any SF + 13 digits will do
  technician card {CARD} with PIN {CARD_PIN}
  terminal   lockerctl --config {{config}} doors

Try it: scan the badge and a waybill in the panel, close the door that opens, touch "finish" at the kiosk.
The recipient's SMS appears here; type its code at the kiosk. Ctrl-C ends everything."""
