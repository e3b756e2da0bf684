"""An MQTT 5 broker in a wheel, for the demo: rumqttd by `iotcore`, on loopback only.

Its own default speaks 3.1.1 and binds every interface; the configuration written here has one listener of version 5
on 127.0.0.1 and nothing else. Tests hold the bridge to Mosquitto; this one only has to be there on any machine.
"""

from __future__ import annotations

import socket
from pathlib import Path

from iotcore import Broker

# Payloads: documents of 768 KiB, batches of 64 KiB. Segments: 10 × 1 MiB hold a demo's whole traffic.
CONFIG = """
id = 0

[router]
id = 0
max_connections = 64
max_outgoing_packet_count = 200
max_segment_size = 1048576
max_segment_count = 10

[v5.1]
name = "loopback"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 10000
max_payload_size = 819200
max_inflight_count = 100
dynamic_filters = true
"""


class EmbeddedBroker:
    """`with EmbeddedBroker(folder) as broker: broker.url`. A child process; it ends with the block or with us."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self._port = port or _free_port()
        file = folder / "broker.toml"
        file.write_text(CONFIG.format(port=self._port), encoding="utf-8")
        self._broker = Broker(config_path=str(file))

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Returns when it listens. Raises OSError, RuntimeError."""
        self._broker.start()

    def kill(self) -> None:
        """Everything that it had taken is gone: it keeps nothing on disk."""
        self._broker.stop()

    def __enter__(self) -> EmbeddedBroker:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
