"""`locker-bridge`: the program. Reads `[locker]` and `[cloud]`, joins the agent's socket to the broker, keeps nothing.

It may die at any moment and be started again: what it carried is still with the agent or with the broker.
"""

from __future__ import annotations

import argparse
import ipaddress
import os
import random
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from cloud_bridge.agent_link import AgentLink
from cloud_bridge.certificate import CertificateWatch
from cloud_bridge.core import Core, Settings
from cloud_bridge.crank import Crank
from cloud_bridge.identity_watch import IdentityWatch
from cloud_bridge.outgoing import SHIPPED, Limits
from cloud_bridge.paho_transport import PORTS, Identity, PahoTransport
from cloud_bridge.topics import Topics
from cloud_bridge.words import Alarm, Heard, Lost, Refused
from edge_agent import logs
from edge_agent.config import Config, load
from edge_agent.errors import CloudError, ConfigError

EXIT_FAILED, EXIT_CONFIG = 1, 9
SWITCH_INTERVAL_S = 0.0005  # a command crosses three threads: none may wait 5 ms for one that packs a batch
CHANCE = random.SystemRandom().random  # lockers that start together must not dial together
BRIDGE_SOCKET = "bridge.sock"
ALARMS_MAX = 10  # of the certificates, until the next turn of the crank


def run(arguments: list[str] | None = None) -> None:
    """The entry point. Exit codes: 1 failed, 9 bad configuration."""
    parser = argparse.ArgumentParser(
        prog="locker-bridge", description="Joins one locker's agent to the cloud."
    )
    parser.add_argument("--config", required=True, type=Path, metavar="FILE", help="locker.toml")
    options = parser.parse_args(arguments)
    logs.set_up()
    try:
        config = load(options.config)
        _check(config)
    except (ConfigError, CloudError) as error:
        sys.stderr.write(f"locker-bridge: {error}\n")
        sys.exit(EXIT_CONFIG)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    work(config, stop)


def work(
    config: Config,
    stop: threading.Event,
    chance: Callable[[], float] = CHANCE,
    limits: Limits = SHIPPED,
) -> None:
    """Until `stop` is set. Sets the process's switch interval.

    `chance` returns a number in [0, 1): it spreads the waits between two dials.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    cloud = config.cloud
    topics = Topics(config.locker.id)
    crank = Crank(Core(Settings(config.locker.id, cloud.urls, chance, cloud.ack == "application", limits)))

    def hear(heard: Heard) -> None:
        """The line's words: whoever decides on certificates hears them first."""
        if watch.heard(heard):
            certificate.again()
        if isinstance(heard, Refused | Lost):
            line.identity = watch.identity()
        crank.hear(heard)

    identity = Identity(cloud.client_id or config.locker.id, cloud.ca_file, cloud.cert_file, cloud.key_file)
    alarms: deque[Alarm] = deque(maxlen=ALARMS_MAX)
    watch = IdentityWatch(identity, alarms.append)
    line = PahoTransport(watch.identity(), topics.presence, hear, limits.keepalive_s)
    folder = Path(os.environ.get("RUNTIME_DIRECTORY", config.locker.state_dir))
    certificate = CertificateWatch(cloud.cert_file)

    def check() -> Alarm | None:
        line.check()
        now = time.monotonic()
        if watch.look(now):
            hear(Lost("a new certificate waits"))
        return alarms.popleft() if alarms else certificate.look(now)

    link = AgentLink(folder / BRIDGE_SOCKET, crank.hear, certificate.figures)
    crank.run(link, line, check, stop)


def _check(config: Config) -> None:
    """TLS everywhere but on loopback. Raises CloudError CLOUD-550."""
    if not config.cloud.urls:
        raise CloudError("CLOUD-550", "locker.toml: cloud.urls", "no broker is named")
    for url in config.cloud.urls:
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise CloudError("CLOUD-550", "locker.toml: cloud.urls", f"{url}: mqtts://host:port is expected")
        if parts.scheme == "mqtt" and not _is_loopback(parts.hostname):
            raise CloudError(
                "CLOUD-550", "locker.toml: cloud.urls", f"{url}: TLS is required except on loopback"
            )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name may be pointed anywhere


if __name__ == "__main__":
    run()
