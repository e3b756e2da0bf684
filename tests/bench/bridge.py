"""The bridge: a backlog of 100,000 events to the back office, each of its stages alone, and commands meanwhile.

Real processes: agent, bridge, Mosquitto on loopback, a back office that commits each message with a full sync before it
acknowledges. Events are the agent's own, read from its own ledger. Stages alone, on the same events in the same run:
reading them as CloudEvents, sealing and compressing batches, publishing these, and the back office's commit. The
pipeline can at best be as fast as the slowest, and on two cores no faster than their sum allows.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from paho.mqtt import client as mqtt

from cloud_bridge import words as w
from cloud_bridge.batching import batch_of
from cloud_bridge.paho_transport import Identity, PahoTransport
from cloud_bridge.topics import BATCH, Topics
from edge_agent.store.outbox import BYTES_MAX, EVENTS_MAX
from sim.cloud.office import unpacked
from sim.cloud.record import Record
from tests.bench.table import Row, show
from tests.bridge.backlog import fill
from tests.bridge.site import AGENT, Site, opened, resident_kib
from tests.bridge.stage import LOCKER, SOURCE, until
from tests.store.locker import engine_on

BACKLOG, QUICK = 100_000, 20_000
COMMANDS = 50  # of each kind: a locker takes sixty a minute
WINDOW = 3  # batches in flight, as shipped
UNBOUNDED = "unbounded"
TOPICS = Topics(LOCKER)
DRAIN_S = 300.0
LOOK_S = 0.05  # between two looks at the record, and two commands
CALM = 0.05  # of a core: what an idle agent spends on its looks, and a little
TICKS = os.sysconf("SC_CLK_TCK")


def run(quick: bool) -> None:
    count = QUICK if quick else BACKLOG
    with tempfile.TemporaryDirectory(prefix="bench-bridge-") as name:
        folder = Path(name)
        with opened(folder, bridge=UNBOUNDED) as site:
            with Operator(site) as operator:
                site.proxy.cut()  # its presence is told anew, with the session
                idle = operator.round_trips(COMMANDS, pause_s=0.02)
            site.kill(UNBOUNDED)
            site.kill(AGENT)
            fill(folder / "state" / "ledger.db", count)
            stages = _stages(site, folder, count)
            site.start(AGENT)
            _settled(site)
            drain = _drain(site, count)
            site.whole()
    _told(count, stages, drain, idle)


def _told(count: int, stages: dict[str, float], drain: dict[str, Any], idle: list[float]) -> None:
    slowest = min(stages.values())
    busy = drain["trips"]
    show(
        f"A backlog of {count} events",
        [
            *(Row(f"{stage}, alone", rate, "events/s") for stage, rate in stages.items()),
            Row("the whole way, acknowledged", drain["rate"], "events/s"),
            Row("of the slowest stage", drain["rate"] / slowest, "", 0.8, at_least=True),
            *(
                Row(f"processor time of {name}, an event", spent / count * 1e6, "us")
                for name, spent in drain["spent"].items()
            ),
            Row("bridge, resident at most", drain["bridge_kib"] / 1024, "MB", 40.0),
            Row("bridge, grown in the second half", drain["bridge_grown_kib"] / 1024, "MB", 2.0),
            Row("agent, grown in the second half", drain["agent_grown_kib"] / 1024, "MB", 4.0),
        ],
    )
    show(
        "A signed command, from the operator and back",
        [
            Row("idle, median", median(idle), "ms", 5.0),
            Row("idle, the worst", max(idle), "ms", note=f"{len(idle)} commands"),
            Row("while the backlog drains, median", median(busy), "ms", 10.0),
            Row("while the backlog drains, p99", quantiles(busy, n=100)[98], "ms", 50.0, note=f"{len(busy)}"),
        ],
    )


# ---- the backlog and its stages -------------------------------------------------------------------------------------


def _stages(site: Site, folder: Path, count: int) -> dict[str, float]:
    """Events a second of each stage by itself, one after the other over the same events."""
    engine = engine_on(folder / "state" / "ledger.db")
    engine.source = SOURCE
    polls: list[list[bytes]] = []
    batches: list[tuple[bytes, int]] = []

    def read() -> None:
        sequence = 0
        while events := engine.outgoing(sequence, EVENTS_MAX, BYTES_MAX):
            polls.append(events)
            sequence += len(events)

    def pack() -> None:
        for events in polls:
            at = 0
            while at < len(events):
                wire, held = batch_of(events[at:])
                batches.append((wire, held))
                at += held

    def commit() -> None:
        record = Record(folder / "alone.db")
        for wire, _ in batches:
            record.take(SOURCE, unpacked(wire, BATCH))
        record.close()

    stages = {
        "read from the ledger": count / _seconds(read),
        "seal and compress": count / _seconds(pack),
        "publish": count / _seconds(lambda: _publish(site, batches)),
        "the back office's commit": count / _seconds(commit),
    }
    engine.close()
    return stages


def _publish(site: Site, batches: list[tuple[bytes, int]]) -> None:
    """By the bridge's own line, as many in flight as it keeps; nobody listens to the topic."""
    room, up = threading.Semaphore(WINDOW), threading.Event()

    def hear(heard: w.Heard) -> None:
        if isinstance(heard, w.Connected):
            up.set()
        if isinstance(heard, w.Published):
            room.release()

    line = PahoTransport(Identity("bench"), TOPICS.presence, hear)
    line.do(w.Dial(site.broker.url, b""))
    assert up.wait(DRAIN_S)
    for token, (wire, _) in enumerate(batches, 1):
        room.acquire()
        line.do(w.Publish(token, "bench/events", wire, content_type=BATCH))
    for _ in range(WINDOW):
        room.acquire()
    line.hang_up(politely=True)


def _seconds(job: Callable[[], None]) -> float:
    began = time.perf_counter()
    job()
    return time.perf_counter() - began


# ---- the drain ------------------------------------------------------------------------------------------------------


def _drain(site: Site, count: int) -> dict[str, Any]:
    """From the first event that the back office takes to the last; commands are asked for all the time."""
    before = _reached(site)
    moments: list[tuple[float, int]] = []
    resident: dict[str, list[int]] = {AGENT: [], UNBOUNDED: []}
    with _office(site), Operator(site) as operator:
        site.start(UNBOUNDED)
        until(lambda: _reached(site) > before, "the drain begins")
        moments.append((time.perf_counter(), _reached(site)))
        cpu = _spent(site)
        trips: list[float] = []
        while _reached(site) < before + count:
            trips += operator.round_trips(1, pause_s=0.0) if len(trips) < COMMANDS else []
            time.sleep(LOOK_S)
            for name, seen in resident.items():
                seen.append(resident_kib(site.programs[name].pid))
            assert time.perf_counter() - moments[0][0] < DRAIN_S
        moments.append((time.perf_counter(), _reached(site)))
        spent_at_end = _spent(site)
    (begin, first), (end, last) = moments
    spent = {name: now - cpu[name] for name, now in spent_at_end.items()}
    half = {name: max(seen) - seen[len(seen) // 2] for name, seen in resident.items()}
    return {
        "rate": (last - first) / (end - begin),
        "spent": spent,
        "trips": trips,
        "bridge_kib": max(resident[UNBOUNDED]),
        "bridge_grown_kib": half[UNBOUNDED],
        "agent_grown_kib": half[AGENT],
    }


def _settled(site: Site) -> None:
    """The check of the whole journal that follows a start is over: a line that was cut finds no agent just started."""
    busy = 1.0
    while busy > CALM:
        before = _spent(site)[AGENT]
        time.sleep(2.0)
        busy = (_spent(site)[AGENT] - before) / 2.0


@contextmanager
def _office(site: Site) -> Iterator[None]:
    """In place of the one in this process: an operator must not wait for its interpreter."""
    site.office.__exit__()
    command = [sys.executable, "-m", "tests.bench.bridge_office", site.broker.url, str(_record(site))]
    process = subprocess.Popen(command)
    site.programs["office"] = process
    try:
        yield
    finally:
        del site.programs["office"]
        process.terminate()
        process.wait()
        site.office = site.office_of().__enter__()


def _record(site: Site) -> Path:
    return site.folder / "cloud.db"


def _reached(site: Site) -> int:
    """The newest event that the back office has committed."""
    base = sqlite3.connect(_record(site))
    (wanted,) = base.execute("SELECT max(next) FROM want").fetchone()
    base.close()
    return int(wanted) - 1


def _spent(site: Site) -> dict[str, float]:
    """Processor seconds of agent, bridge and back office so far; the broker's are few."""
    found = {}
    for name, process in site.programs.items():
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        found[name] = (int(fields[11]) + int(fields[12])) / TICKS
    return found


class Operator:
    """A person's program: sends a signed ping and waits for its answer, on a connection of its own."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._answered = threading.Event()
        self._ready, self._online = threading.Event(), threading.Event()
        self._session = ""
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.on_socket_open = lambda client, data, opened: opened.setsockopt(6, 1, 1)  # TCP_NODELAY
        self._client.on_connect = lambda client, *_: client.subscribe(
            [(f"{TOPICS.replies}#", 1), (TOPICS.presence, 1)]
        )
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._heard
        self._client.connect("127.0.0.1", int(site.broker.url.rpartition(":")[2]))

    def __enter__(self) -> Operator:
        self._client.loop_start()
        assert self._ready.wait(DRAIN_S)
        return self

    def __exit__(self, *exception: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _heard(self, client: mqtt.Client, data: object, message: mqtt.MQTTMessage) -> None:
        if message.topic != TOPICS.presence:
            self._answered.set()
            return
        said = json.loads(message.payload)
        self._session = said["session"]
        if said["online"] and said["agent"] == "up" and not message.retain:
            self._online.set()

    def round_trips(self, count: int, pause_s: float) -> list[float]:
        """Milliseconds of each."""
        found = []
        for _ in range(count):
            assert self._online.wait(DRAIN_S)
            order = self._site.signer.command(LOCKER, self._session, "ping", {})
            self._answered.clear()
            began = time.perf_counter()
            self._client.publish(TOPICS.commands, order, 1)
            assert self._answered.wait(DRAIN_S), "no answer"
            found.append((time.perf_counter() - began) * 1000)
            time.sleep(pause_s)
        return found
