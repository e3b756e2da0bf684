"""The demo's broker: the same bridge and back office over rumqttd, on loopback and nowhere else."""

from __future__ import annotations

import socket
from pathlib import Path

from sim.broker import EmbeddedBroker
from tests.bridge.agent import AgentEnd, Journal
from tests.bridge.stage import LOCKER, SOON_S, BackOffice, patient_bridge, until


def test_events_commands_and_replies_pass(tmp_path: Path) -> None:
    """Batches, single events, the cloud's word, a command with correlation data, presence."""
    journal = Journal(LOCKER)
    journal.append(2_000)
    with (
        EmbeddedBroker(tmp_path) as broker,
        BackOffice(tmp_path, broker.url) as office,
        AgentEnd(tmp_path / "state", journal),
        patient_bridge(tmp_path / "state", broker.url),
    ):
        assert journal.acknowledged(2_000, SOON_S)
        journal.append(3)
        assert journal.acknowledged(2_003, SOON_S)
        assert office.sequences() == list(range(1, 2_004))

        office.send(LOCKER, "dn/commands", b"signed", correlation=b"tag")

        until(lambda: len(office.replies()) == 1, "the reply")
        assert office.replies()[0].correlation == b"tag"
        assert office.presence["online"] is True


def test_it_listens_on_loopback_only(tmp_path: Path) -> None:
    """A listener on every interface would also answer at the machine's other loopback addresses."""
    with EmbeddedBroker(tmp_path) as broker, socket.socket() as probe, socket.socket() as other:
        port = int(broker.url.rsplit(":", 1)[1])

        assert probe.connect_ex(("127.0.0.1", port)) == 0
        assert other.connect_ex(("127.0.0.2", port)) != 0
