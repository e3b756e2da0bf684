"""Everything real but the doors: the shipped agent and bridge, Mosquitto, a back office that signs."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sim import demo, demo_cabinet
from sim.cabinet import SimCabinet
from sim.cloud.signing import Signer
from sim.demo_cloud import CloudKey
from tests.bridge.stage import LOCKER, SOURCE, BackOffice, Mosquitto, free_port, until

ARGS = {"reason": "latch test", "case": "C-1", "operator": "op-1"}


@dataclass
class Site:
    """One locker in service, seen from its cabinet, its programs and its back office."""

    cabinet: SimCabinet
    office: BackOffice
    signer: Signer
    config: Path
    programs: dict[str, subprocess.Popen[bytes]]
    start: Callable[[str], None]

    def unlock(self, door: str, signer: Signer | None = None, **changed: Any) -> bytes:
        session = str(self.office.presence["session"])
        return (signer or self.signer).command(
            LOCKER, session, "unlock", {"compartment": door, **ARGS}, **changed
        )

    def order(self, payload: bytes, **how: Any) -> None:
        self.office.send(LOCKER, "dn/commands", payload, **how)

    def answers(self) -> list[dict[str, Any]]:
        return [json.loads(reply.payload) for reply in self.office.replies()]

    def statuses(self) -> list[str]:
        return [answer["status"] for answer in self.answers()]

    def kill(self, program: str) -> None:
        process = self.programs.pop(program)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def up(self) -> None:
        """The present line is up, and its session is known."""
        until(lambda: self.office.presence.get("agent") == "up", "the locker is online")

    def complete(self) -> bool:
        """The back office has the whole journal."""
        told = demo.lockerctl(self.config, "--json", "journal", "show", "--last", "1")
        return self.office.sequences()[-1:] == [int(json.loads(told)["events"][0]["sequence"])]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    signer = Signer("office-1")
    with ExitStack() as stack:
        broker = stack.enter_context(Mosquitto(tmp_path))
        paper = demo_cabinet.document(
            tmp_path,
            kiosk={"listen": f"127.0.0.1:{free_port()}"},
            security={"cloud_key": CloudKey().public, "command_signers": {signer.name: signer.public}},
            cloud={"urls": [broker.url]},
        )
        cabinet = stack.enter_context(SimCabinet.of_document(paper))
        cabinet.open_ports(tmp_path)
        config = cabinet.config_path
        assert config is not None
        office = stack.enter_context(BackOffice(tmp_path, broker.url))
        programs: dict[str, subprocess.Popen[bytes]] = {}

        def start(program: str) -> None:
            url = tmp_path / "state" / "kiosk.url"
            if program == "locker-agent":
                url.unlink(missing_ok=True)
            programs[program] = stack.enter_context(demo.running(program, config, threading.Event()))
            if program == "locker-agent":
                demo.until_ready(programs[program], url, tmp_path / "locker-agent.log")

        start("locker-agent")
        start("locker-bridge")
        demo.into_service(config, tmp_path)
        site = Site(cabinet, office, signer, config, programs, start)
        site.up()
        yield site


def test_a_signed_unlock_opens_one_door_once_and_nothing_else_opens_any(site: Site) -> None:
    """F-084 to F-086, F-089, F-091: replayed, retained, expired, foreign, unsigned: the coil log has the last word."""
    now = int(time.time())
    order, stale = site.unlock("7", jti="order-1"), site.unlock("8", iat=now, exp=now + 1)
    site.order(order)
    until(lambda: "opened" in site.statuses(), "the door is open")
    site.cabinet.hand("7", "close")
    own = len(site.cabinet.coils())
    before = len(site.answers())

    until(lambda: time.time() > now + 2.5, "the stale order has run out")
    hostile = (
        order,
        stale,
        site.unlock("8", aud="OTHER-0002"),
        site.unlock("8", session="0" * 32),
        site.unlock("8", signer=Signer("office-1")),
        b"open sesame",
        b"\xff\xfe",
    )
    for payload in hostile:
        site.order(payload)
    site.order(site.unlock("8"), retain=True)
    until(lambda: len(site.answers()) >= before + len(hostile) + 1, "every one is answered")

    late = site.answers()[before:]
    assert own == 1
    assert len(site.cabinet.coils()) == own
    assert {answer["status"] for answer in late if answer["id"] != "order-1"} <= {"rejected", "expired"}


def test_the_back_office_has_the_whole_journal_whoever_is_killed(site: Site) -> None:
    """F-073, F-093: agent and bridge killed in turn while doors open; no gap, no double, the same ids."""
    for door, victim in (("3", "locker-bridge"), ("4", "locker-agent"), ("5", "locker-bridge")):
        demo.lockerctl(
            site.config, "unlock", "--board", "A", "--channel", door, "--yes", "--reason", "kill test"
        )
        site.cabinet.hand(door, "close")
        site.kill(victim)
        site.start(victim)

    until(site.complete, "the journal is there", 60.0)

    sequences = site.office.sequences()
    events = site.office.record.events(SOURCE)
    assert sequences == list(range(1, len(sequences) + 1))
    assert [event["type"] for event in events].count("locker.door.opened") == 3
    assert len({event["id"] for event in events}) == len(events)
