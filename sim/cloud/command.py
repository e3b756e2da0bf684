"""`locker-sim cloud`: the back office as a program. Prints what a person would want to hear: SMS, pickups, presence."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import click

from sim.cloud.office import Heard, Office
from sim.cloud.record import Record, Taken
from sim.demo_cloud import CloudKey, message_for


class Voice:
    """Turns what lockers report into lines for a person. Holds the key that opens sealed data."""

    def __init__(self, key: CloudKey, say: Callable[[str], None]) -> None:
        self._key = key
        self._say = say

    def taken(self, locker: str, taken: Taken) -> None:
        if taken.gap:
            self._say(f"cloud: events before those of {locker} are missing; asked for {taken.next}")
        for event in taken.fresh:
            self._event(str(event["type"]).removeprefix("locker."), event["data"])

    def word(self, heard: Heard) -> None:
        if heard.about == "st/presence":
            there = json.loads(heard.payload)
            state = f"online, its agent {there['agent']}" if there["online"] else "offline"
            self._say(f"cloud: locker {heard.locker} is {state}")
        elif heard.about.startswith("up/replies/"):
            reply = json.loads(heard.payload)
            self._say(
                f"cloud: {heard.locker} answers {reply['id']}: {reply['status']} {reply.get('code', '')}"
            )

    def _event(self, kind: str, data: dict[str, str]) -> None:
        if kind == "parcel.deposited" and data.get("sealed"):
            self._say(message_for(data, self._key.open(data["sealed"])["fields"]))
        elif kind == "parcel.collected":
            self._say(f"cloud: the parcel in door {data['compartment']} was collected")


@click.command()
@click.option("--broker", default="mqtt://127.0.0.1:1883", show_default=True, help="URL of the broker.")
@click.option("--db", type=click.Path(path_type=Path), required=True, help="The record, an SQLite file.")
@click.option("--key", type=click.Path(path_type=Path), help="Private key; made when the file is not there.")
def cloud(broker: str, db: Path, key: Path | None) -> None:
    """Keep the events of every locker on a broker, acknowledge them, print the SMS."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    keys = CloudKey() if key is None else CloudKey.of_file(key)
    voice = Voice(keys, click.echo)
    record = Record(db)
    office = Office(broker, record, on_taken=voice.taken, on_word=voice.word)
    office.start()
    click.echo(f'back office on {broker}; [security] cloud_key = "{keys.public}"   (Ctrl-C ends)')
    stopped.wait()
    office.stop()
    record.close()
