"""What the agent and the bridge really say is sound by the published schemas, and others' libraries read it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import msgspec
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from paho.mqtt import client as mqtt

from sim.soak.people import Courier
from tests.bridge import test_whole_locker
from tests.bridge.stage import LOCKER, SOURCE, until
from tests.bridge.test_whole_locker import Site as RealSite
from tests.cloud.office import Site, play, unlock
from tests.cloud.test_documents import BADGE, furnish
from tests.contract.reading import contents, validator

site = test_whole_locker.site  # a real locker, its bridge, Mosquitto and a back office
EXPECTED = {"presence", "hello", "event", "acks", "reply", "state"}


class Listener:
    """Subscribes to everything and keeps it: (topic, payload, content type)."""

    def __init__(self, url: str) -> None:
        self.heard: list[tuple[str, bytes, str]] = []
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe("lockers/v1/#", 1)
        self._client.on_message = lambda client, data, one: self.heard.append(
            (one.topic, bytes(one.payload), str(getattr(one.properties, "ContentType", "")))
        )
        self._client.connect("127.0.0.1", urlsplit(url).port or 0)
        self._client.loop_start()

    def messages(self) -> list[tuple[str, object]]:
        """(schema's name, content) of everything but what is signed."""
        plain = [one for one in list(self.heard) if "/dn/commands" not in one[0]]
        return [pair for one in plain for pair in contents(*one)]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def listener(site: RealSite) -> Iterator[Listener]:
    made = Listener(tomllib.loads(site.config.read_text())["cloud"]["urls"][0])
    yield made
    made.close()


def test_everything_on_the_broker_is_sound_and_the_public_sdk_reads_the_events(
    site: RealSite, listener: Listener
) -> None:
    """A door opened by a signed command and a new connection of the bridge: every kind of message crosses the line."""
    site.order(site.unlock("7"), correlation=b"case-1")
    until(lambda: "opened" in site.statuses(), "the door is open")
    site.cabinet.hand("7", "close")
    site.kill("locker-bridge")
    site.start("locker-bridge")

    until(lambda: {name for name, _ in listener.messages()} >= EXPECTED, "every kind of message")
    until(lambda: "locker.door.closed" in types(listener), "the closed door")

    for name, content in listener.messages():
        validator(name, closed=True).validate(content)
    singles = [payload for topic, payload, kind in listener.heard if kind == "application/cloudevents+json"]
    read = [JSONFormat().read(CloudEvent, payload) for payload in singles]
    assert {event.get_source() for event in read} == {SOURCE}
    assert "locker.door.opened" in {event.get_type() for event in read}
    assert all(int(event.get_extension("sequence")) > 0 for event in read)


def types(listener: Listener) -> set[str]:
    return {content["type"] for name, content in listener.messages() if name == "event"}  # type: ignore[index]


def test_a_day_s_events_and_figures_are_sound(tmp_path: Path) -> None:
    """Deposit, remote unlock, service, refused commands: the journal as the bridge gets it, and the health figures."""

    async def story(site: Site) -> None:
        await furnish(site)
        await Courier(BADGE, Random(1)).deposit(site.locker, ["SF1234567890123"])
        await site.order("unlock", unlock("3"), jti="order-3")
        await site.closed("order-3")
        await site.order("set_out_of_service", {"compartment": "5", "reason": "latch", "operator": "op-3"})
        await site.post(b"not signed")
        await site.document("carriers", 1, "nonsense")

        events = await site.locker.events()

        for event in events:
            validator("event", closed=True).validate(event)
        for name in ("state", "telemetry", "hello"):
            content = json.loads(msgspec.json.encode(await site.ask(name, None)))
            content.pop("session", None)  # of the socket's answer; the bridge publishes the rest
            validator(name, closed=True).validate(content)
        assert {"locker.parcel.deposited", "locker.door.opened", "locker.command.rejected"} <= {
            event["type"] for event in events
        }
        assert LOCKER in events[0]["source"]

    play(tmp_path, story)
