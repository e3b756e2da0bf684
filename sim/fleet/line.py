"""One MQTT 5 connection by paho, driven by the event loop: thousands of them share one thread.

paho hands over its socket and says when it wants to write; the loop reads, writes and lets it look at its keep-alive.
Only dialling (TCP, TLS) blocks: a few helper threads do that for everybody.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

KEEPALIVE_S, WILL_DELAY_S, SESSION_S = 30, 20, 3600  # the shipped bridge's
CONNECT_S = 20.0
PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class Broker:
    """Where to dial; `tls` for `mqtts`, with our certificate in it."""

    url: str
    tls: ssl.SSLContext | None = None

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or PORTS[parts.scheme]


@dataclass(frozen=True, slots=True)
class Ears:
    """Called in the loop's thread: greeted by the broker, subscribed, a message came, the connection is gone."""

    greeted: Callable[[], None]
    subscribed: Callable[[], None]
    message: Callable[[str, bytes], None]
    lost: Callable[[], None]


class Line:
    """`dial`, then `subscribe` and `publish` until `Ears.lost`. Made in the loop's thread."""

    def __init__(self, client_id: str, broker: Broker, will: tuple[str, bytes], ears: Ears) -> None:
        self._loop = asyncio.get_running_loop()
        self._broker, self._ears = broker, ears
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
        )
        self._client.connect_timeout = CONNECT_S
        late = properties(PacketTypes.WILLMESSAGE, WillDelayInterval=WILL_DELAY_S)
        self._client.will_set(will[0], will[1], qos=1, retain=True, properties=late)
        if broker.tls is not None:
            self._client.tls_set_context(broker.tls)
        self._listen()

    def _listen(self) -> None:
        client, ears = self._client, self._ears
        client.on_socket_open = self._opened
        client.on_socket_close = self._closed
        client.on_socket_register_write = self._wants_to_write
        client.on_socket_unregister_write = self._has_written
        client.on_connect = self._greeted
        client.on_subscribe = lambda *_: ears.subscribed()
        client.on_message = lambda c, d, message: ears.message(message.topic, bytes(message.payload))
        client.on_disconnect = lambda *_: ears.lost()

    async def dial(self, helpers: Executor) -> None:
        """TCP, TLS and CONNECT. Raises OSError."""
        host, port = self._broker.address
        wishes = properties(PacketTypes.CONNECT, SessionExpiryInterval=SESSION_S, ReceiveMaximum=20)
        await self._loop.run_in_executor(
            helpers,
            lambda: self._client.connect(host, port, KEEPALIVE_S, clean_start=False, properties=wishes),
        )

    def subscribe(self, topics: list[str]) -> None:
        self._client.subscribe([(topic, 1) for topic in topics])

    def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False, content_type: str = ""
    ) -> None:
        what = properties(PacketTypes.PUBLISH, **({"ContentType": content_type} if content_type else {}))
        self._client.publish(topic, payload, qos, retain, what)

    def look(self) -> None:
        """Keep-alive: to be called every few seconds."""
        self._client.loop_misc()

    def cut(self) -> None:
        """The network is gone: no word to the broker."""
        connected: Any = self._client.socket()
        if connected is not None:
            try:
                connected.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it was gone before

    def end(self) -> None:
        """A polite goodbye."""
        self._client.disconnect()

    # ---- paho's side: from the loop's thread, or from a helper's while it dials --------------------------------------

    def _greeted(self, client: mqtt.Client, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        if not reason.is_failure:
            self._ears.greeted()

    def _opened(self, client: mqtt.Client, data: Any, connected: Any) -> None:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop.call_soon_threadsafe(self._watch, connected)

    def _watch(self, connected: Any) -> None:
        if connected.fileno() >= 0:
            self._loop.add_reader(connected, self._read, connected)

    def _read(self, connected: Any) -> None:
        self._client.loop_read()
        while self._client.socket() is connected and _decrypted(connected):
            self._client.loop_read()

    def _closed(self, client: mqtt.Client, data: Any, connected: Any) -> None:
        self._loop.remove_reader(connected)

    def _wants_to_write(self, client: mqtt.Client, data: Any, connected: Any) -> None:
        self._loop.call_soon_threadsafe(self._watch_writing, connected)

    def _watch_writing(self, connected: Any) -> None:
        if connected.fileno() >= 0 and self._client.want_write():
            self._loop.add_writer(connected, self._client.loop_write)

    def _has_written(self, client: mqtt.Client, data: Any, connected: Any) -> None:
        self._loop.remove_writer(connected)


def _decrypted(connected: Any) -> int:
    """Bytes that TLS has in hand already: no selector would wake us for them."""
    return int(connected.pending()) if isinstance(connected, ssl.SSLSocket) else 0


def properties(kind: int, **values: Any) -> Any:
    made = Properties(kind)  # type: ignore[no-untyped-call] # paho's own types stop here
    for name, value in values.items():
        setattr(made, name, value)
    return made
