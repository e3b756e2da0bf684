"""MQTT 5 by paho, one client object and one thread a connection. Its queue, its reconnecting and its word are not used.

Callbacks only put what happened into the given hearer, guarded: an exception in one would kill paho's thread while
`is_connected()` still said True. Nagle is off: with it a command's round trip waits 40 ms for a delayed ACK.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from cloud_bridge import words as w
from cloud_bridge.incoming import PAYLOAD_MAX
from cloud_bridge.outgoing import KEEPALIVE_S

log = logging.getLogger(__name__)

WILL_DELAY_S = 20  # a reconnect within it is no news
SESSION_S = 3600  # pre-advice of the last hour waits at the broker; older is asked for anew
RECEIVE_MAX = 13  # unconfirmed messages of the broker's: so many PAYLOAD_MAX are the memory a flood can take
PACKET_MAX = PAYLOAD_MAX + 4096  # payload and its properties; a broker may not even send longer ones
IN_HAND_MAX = 200  # unconfirmed messages that are kept, fewer than questions to the agent may wait
IN_HAND_BYTES = RECEIVE_MAX * PAYLOAD_MAX  # of them, whatever the broker makes of our Receive Maximum
CONNECT_S = 20.0  # TCP and TLS together, on a mobile line
MANY = 65_535  # a broker's Receive Maximum where it names none
TOPIC_INVALID = 0x90  # MQTT 5: "topic name invalid"
TAKEN_OVER = 0x8E  # MQTT 5: "session taken over"
SILENT = 0x8D  # MQTT 5: "keep alive timeout"
CUT_OFF = (
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
)  # the line broke in the handshake: no word on any certificate
PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are on the line. Files as in `[cloud]`; empty ones only for `mqtt://` on loopback."""

    client_id: str
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""


def tls_context(identity: Identity) -> ssl.SSLContext:
    """TLS 1.2 or newer, chain and name checked, with our own certificate. Raises OSError, ssl.SSLError."""
    context = ssl.create_default_context(cafile=identity.ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if identity.cert_file:
        context.load_cert_chain(identity.cert_file, identity.key_file or None)
    return context


class PahoTransport:
    """One line at a time. `hear` is called from paho's threads and must only enqueue."""

    def __init__(
        self,
        identity: Identity,
        presence_topic: str,
        hear: Callable[[w.Heard], None],
        keepalive_s: float = KEEPALIVE_S,
    ) -> None:
        self.identity = identity  # what the next dial shows
        self._presence_topic = presence_topic
        self._hear = hear
        self._keepalive_s = keepalive_s
        self._line: _Line | None = None

    def do(self, wish: w.Wish) -> None:
        """Carry out one wish of the line. Never raises for what the network does: that is heard."""
        match wish:
            case w.Dial():
                self.hang_up(politely=False)
                self._line = _Line(self.identity, self._presence_topic, wish, self._hear, self._keepalive_s)
                self._line.start()
            case w.HangUp(politely):
                self.hang_up(politely=politely)
            case _ if self._line is not None:
                self._line.do(wish)

    def hang_up(self, *, politely: bool) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.end(politely=politely)

    def check(self) -> None:
        """Liveness: a thread that died without a word is a lost line."""
        if self._line is not None and not self._line.alive:
            self._line.tell(w.Lost("the network thread died"))


def _guarded(method: Callable[..., None]) -> Callable[..., None]:
    @wraps(method)
    def guard(self: _Line, *args: Any) -> None:
        try:
            method(self, *args)
        except Exception:  # the outermost place of paho's thread
            self.failures += 1
            log.exception("callback failed")

    return guard


class _Line:
    """One connection from dialling to its end; says nothing any more after `end` or its own Lost or Refused."""

    def __init__(
        self,
        identity: Identity,
        presence_topic: str,
        dial: w.Dial,
        hear: Callable[[w.Heard], None],
        keepalive_s: float,
    ) -> None:
        self._hear = hear
        self._keepalive_s = keepalive_s
        self._identity = identity
        self._url = urlsplit(dial.url)
        self._silent = False
        self._greeted = False
        self._lock = threading.Lock()
        self._tokens: dict[int, int] = {}  # paho's message id → our token
        self._early: dict[int, int] = {}  # PUBACKs that came before `publish` returned
        self._handles: dict[int, int] = {}  # our handle → the broker's message id
        self._sizes: dict[int, int] = {}  # of the unconfirmed messages, by handle
        self._subscribed: tuple[str, ...] = ()
        self.failures = 0
        self._socket: socket.socket | None = None
        self._client = self._made(presence_topic, dial.will)
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    def _made(self, presence_topic: str, will: bytes) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._identity.client_id,
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.max_inflight_messages_set(0)  # the core counts; a queue behind it would be a second one
        client.connect_timeout = CONNECT_S
        late = _properties(PacketTypes.WILLMESSAGE)
        late.WillDelayInterval = WILL_DELAY_S
        client.will_set(presence_topic, will, qos=1, retain=True, properties=late)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_publish, client.on_subscribe = self._on_publish, self._on_subscribe
        client.on_message, client.on_socket_open = self._on_message, self._on_socket
        return client

    # ---- our side ---------------------------------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        return self._thread.is_alive() or self._silent

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        """The thread: connect, then read and write until the connection ends."""
        try:
            if self._url.scheme == "mqtts":
                self._client.tls_set_context(tls_context(self._identity))
            self._client.connect(
                self._url.hostname or "",
                self._url.port or PORTS[self._url.scheme],
                keepalive=round(self._keepalive_s),
                clean_start=False,
                properties=_connect_properties(),
            )
        except ssl.SSLCertVerificationError as error:
            return self.tell(w.Refused(f"certificate: {error.verify_message}", certificate=True))
        except (OSError, ValueError, mqtt.WebsocketConnectionError) as error:
            distrust = isinstance(error, ssl.SSLError) and not isinstance(error, CUT_OFF)
            return self.tell(w.Refused(str(error) or type(error).__name__, distrust))
        try:
            self._client.loop_forever()
        except Exception as error:  # the outermost place of the thread: the line is gone, whatever it was
            log.exception("network thread failed")
            self.tell(w.Lost(f"network thread: {type(error).__name__}"))
        return self.tell(w.Lost("the connection ended"))

    def tell(self, heard: w.Heard) -> None:
        """Pass on what happened, unless the line's end was told already."""
        with self._lock:
            if self._silent:
                return
            self._silent = isinstance(heard, w.Lost | w.Refused)
        self._hear(heard)

    def end(self, *, politely: bool) -> None:
        with self._lock:
            self._silent = True
        if politely:
            self._client.disconnect()
        elif self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def do(self, wish: w.Wish) -> None:
        match wish:
            case w.Subscribe(topics):
                self._subscribed = topics
                # As published: a command that is being kept is refused at once, not only when it comes again.
                options = SubscribeOptions(qos=1, retainAsPublished=True)
                self._client.subscribe([(topic, options) for topic in topics])
            case w.Publish():
                self._publish(wish)
            case w.Confirm(handle) | w.LetGo(handle):
                mid = self._handles.pop(handle, None)
                self._sizes.pop(handle, None)
                if mid is not None and isinstance(wish, w.Confirm):
                    self._client.ack(mid, 1)
            case _:
                raise AssertionError(f"no wish of the line: {wish}")

    def _publish(self, wish: w.Publish) -> None:
        properties = _properties(PacketTypes.PUBLISH)
        properties.ContentType = wish.content_type
        if wish.correlation:
            properties.CorrelationData = wish.correlation
        try:
            mid = self._client.publish(wish.topic, wish.payload, wish.qos, wish.retain, properties).mid
        except ValueError:  # a topic that no broker takes
            self._done(wish.token, TOPIC_INVALID)
            return
        with self._lock:
            early = self._early.pop(mid, None)
            if early is None:
                self._tokens[mid] = wish.token
        if early is not None:
            self._done(wish.token, early)

    def _done(self, token: int, code: int) -> None:
        if token:
            self.tell(w.Published(token, code))

    # ---- paho's side ------------------------------------------------------------------------------------------------

    @_guarded
    def _on_socket(self, client: mqtt.Client, data: Any, connected: Any) -> None:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connected

    @_guarded
    def _on_connect(self, client: mqtt.Client, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self.tell(w.Refused(f"the broker refuses: {reason}"))
            return
        self._greeted = True
        receive_max = getattr(properties, "ReceiveMaximum", MANY)
        self.tell(w.Connected(bool(flags.session_present), receive_max))

    @_guarded
    def _on_disconnect(
        self, client: mqtt.Client, data: Any, flags: Any, reason: Any, properties: Any
    ) -> None:
        if not self._greeted:
            self.tell(w.Refused(f"no greeting: {reason}"))
        self.tell(w.Lost(str(reason), reason.value == TAKEN_OVER, reason.value == SILENT))

    @_guarded
    def _on_subscribe(self, client: mqtt.Client, data: Any, mid: int, reasons: Any, properties: Any) -> None:
        refused = tuple(t for t, reason in zip(self._subscribed, reasons, strict=False) if reason.is_failure)
        self.tell(w.Subscribed(refused))

    @_guarded
    def _on_publish(self, client: mqtt.Client, data: Any, mid: int, reason: Any, properties: Any) -> None:
        with self._lock:
            token = self._tokens.pop(mid, None)
            if token is None:
                self._early[mid] = reason.value
                return
        self._done(token, reason.value)

    @_guarded
    def _on_message(self, client: mqtt.Client, data: Any, message: mqtt.MQTTMessage) -> None:
        handle = 0
        if message.qos:
            if self._is_full(len(message.payload)):
                self.tell(w.Overflowed())
                return
            handle = _next_handle()
            self._handles[handle], self._sizes[handle] = message.mid, len(message.payload)
        properties = message.properties
        self.tell(
            w.Arrived(
                handle,
                message.topic,
                bytes(message.payload),
                message.retain,
                str(getattr(properties, "ResponseTopic", "")),
                bytes(getattr(properties, "CorrelationData", b"")),
            )
        )

    def _is_full(self, size: int) -> bool:
        """Mosquitto 2.0 sends more than our Receive Maximum once its queue has filled."""
        held = list(self._sizes.values())
        return len(held) >= IN_HAND_MAX or sum(held) + size > IN_HAND_BYTES


_handles = iter(
    range(1, 1 << 62)
)  # one series for all connections: a late Confirm must not hit another message


def _next_handle() -> int:
    return next(_handles)


def _properties(kind: int) -> Any:
    return Properties(kind)  # type: ignore[no-untyped-call] # paho's own types stop here


def _connect_properties() -> Any:
    properties = _properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = SESSION_S
    properties.ReceiveMaximum = RECEIVE_MAX
    properties.MaximumPacketSize = PACKET_MAX
    return properties
