"""The back office on the broker: listens to lockers, commits what they say, and only then acknowledges it.

One worker thread owns the record; paho's callbacks put messages into its queue. A message is confirmed to the broker
after the commit, so that a killed office gets it again.
"""

from __future__ import annotations

import json
import logging
import queue
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from sim.cloud.record import Record, Taken

log = logging.getLogger(__name__)

ROOT = "lockers/v1"
BATCH = "application/vnd.locker.cloudevents-batch+json+zlib"
INFLATED_MAX = (
    1 << 20
)  # bytes of one batch: the contract's bound, so that a small message cannot fill the memory
SESSION_S = 3600  # the broker keeps what was not confirmed so long
RECEIVE_MAX = 100  # messages in hand
HEARD_MAX = 10_000  # QoS 0 and retained states of a test fleet; unconfirmed events are bounded by the broker
STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class Heard:
    """One message: `locker` and the rest of its topic ("up/events")."""

    mid: int
    qos: int
    locker: str
    about: str
    payload: bytes
    content_type: str
    correlation: bytes = b""
    retained: bool = False


class Office:
    """`start`, then it works until `stop`. The callbacks run in the worker's thread.

    `group`: members of one consumer group share the lockers' messages and a record. A broker keeps its retained
    messages from shared subscriptions, so a member knows nobody's presence before it changes.
    """

    def __init__(
        self,
        url: str,
        record: Record,
        *,
        client_id: str = "back-office",
        group: str = "",
        tls: ssl.SSLContext | None = None,
        on_taken: Callable[[str, Taken], None] = lambda locker, taken: None,
        on_word: Callable[[Heard], None] = lambda heard: None,
    ) -> None:
        self._url = urlsplit(url)
        self._share = f"$share/{group}/" if group else ""
        self._record = record
        self._on_taken, self._on_word = on_taken, on_word
        self._heard: queue.Queue[Heard | None] = queue.Queue(HEARD_MAX)
        self.presence: dict[str, dict[str, Any]] = {}
        self.connected = threading.Event()
        self._client = _client(client_id, tls)
        self._client.on_connect, self._client.on_message = self._on_connect, self._on_message
        self._client.on_disconnect = lambda *_: self.connected.clear()
        self._worker = threading.Thread(target=self._work, name="office", daemon=True)

    def start(self) -> None:
        self._worker.start()
        properties = _properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = SESSION_S
        properties.ReceiveMaximum = RECEIVE_MAX
        self._client.connect_async(
            self._url.hostname or "", self._url.port or 1883, clean_start=False, properties=properties
        )
        self._client.loop_start()

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._heard.put(None)
        self._worker.join(STOP_S)

    def send(
        self,
        locker: str,
        about: str,
        payload: bytes,
        *,
        retain: bool = False,
        response_topic: str = "",
        correlation: bytes = b"",
        expiry_s: int = 0,
    ) -> None:
        """Publish below the locker's branch: `dn/commands`, `dn/desired/couriers` ..."""
        properties = _properties(PacketTypes.PUBLISH)
        if response_topic:
            properties.ResponseTopic = response_topic
        if correlation:
            properties.CorrelationData = correlation
        if expiry_s:
            properties.MessageExpiryInterval = expiry_s
        self._client.publish(f"{ROOT}/{locker}/{about}", payload, qos=1, retain=retain, properties=properties)

    # ---- paho's thread ----------------------------------------------------------------------------------------------

    def _on_connect(self, client: mqtt.Client, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            log.warning("the broker refuses: %s", reason)
            return
        client.subscribe([(f"{self._share}{ROOT}/+/{branch}/#", 1) for branch in ("up", "st")])
        self.connected.set()

    def _on_message(self, client: mqtt.Client, data: Any, message: mqtt.MQTTMessage) -> None:
        _, _, locker, about = message.topic.split("/", 3)
        properties = message.properties
        self._heard.put(
            Heard(
                message.mid,
                message.qos,
                locker,
                about,
                bytes(message.payload),
                str(getattr(properties, "ContentType", "")),
                bytes(getattr(properties, "CorrelationData", b"")),
                message.retain,
            )
        )

    # ---- the worker's thread ----------------------------------------------------------------------------------------

    def _work(self) -> None:
        while (heard := self._heard.get()) is not None:
            try:
                self._one(heard)
            except (
                ValueError,
                KeyError,
                zlib.error,
            ) as error:  # a locker of another version must not stop the rest
                log.warning("message of %s on %s not understood: %s", heard.locker, heard.about, error)
            self._client.ack(heard.mid, heard.qos)

    def _one(self, heard: Heard) -> None:
        match heard.about:
            case "up/events":
                self._events(heard)
            case "up/hello":
                said = json.loads(heard.payload)
                wanted = self._record.hello(_source(heard.locker), said["epoch"], said["first"])
                self._acknowledge(heard.locker, said["epoch"], wanted)
            case "st/presence":
                self._presence(heard)
                self._on_word(heard)
            case _:
                self._on_word(heard)

    def _presence(self, heard: Heard) -> None:
        """A kept presence: the locker was here before us, and what it asked in its hello nobody heard."""
        there = json.loads(heard.payload)
        self.presence[heard.locker] = there
        if heard.retained and there["online"] and there["epoch"]:
            wanted = self._record.next(_source(heard.locker), there["epoch"])
            self._acknowledge(heard.locker, there["epoch"], wanted)

    def _events(self, heard: Heard) -> None:
        events = unpacked(heard.payload, heard.content_type)
        taken = self._record.take(_source(heard.locker), events)
        refused = [{"sequence": sequence, "reason": why} for sequence, why in taken.refused]
        self._acknowledge(heard.locker, taken.epoch, taken.next, refused)
        self._on_taken(heard.locker, taken)

    def _acknowledge(
        self, locker: str, epoch: str, sequence: int, refused: list[dict[str, Any]] | None = None
    ) -> None:
        word = {"epoch": epoch, "next": sequence, "rejected": refused or []}
        self.send(locker, "dn/acks", json.dumps(word).encode())


def unpacked(payload: bytes, content_type: str) -> list[Mapping[str, Any]]:
    """The events of one message, bounded. Raises ValueError, zlib.error."""
    if content_type != BATCH:
        return [json.loads(payload)]
    inflate = zlib.decompressobj()
    plain = inflate.decompress(payload, INFLATED_MAX)
    if not inflate.eof:
        raise ValueError(f"a batch inflates to more than {INFLATED_MAX} bytes")
    events: list[Mapping[str, Any]] = json.loads(plain)
    return events


def _source(locker: str) -> str:
    return f"/lockers/{locker}"


def _client(client_id: str, tls: ssl.SSLContext | None) -> mqtt.Client:
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5, manual_ack=True
    )
    client.max_inflight_messages_set(RECEIVE_MAX)
    client.reconnect_delay_set(0.1, 2)  # type: ignore[arg-type] # paho only compares and doubles them
    if tls is not None:
        client.tls_set_context(tls)
    client.on_socket_open = _no_delay
    return client


def _no_delay(client: mqtt.Client, data: Any, connected: Any) -> None:
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _properties(kind: int) -> Any:
    return Properties(kind)  # type: ignore[no-untyped-call] # paho's own types stop here
