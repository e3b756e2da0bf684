"""Real processes: the shipped bridge, Mosquitto, a back office, and an agent's end that keeps its journal in memory."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt import client as mqtt

from sim.proxy import ChaosProxy
from tests.bridge.agent import AgentEnd, Journal
from tests.bridge.stage import (
    LOCKER,
    SOON_S,
    BackOffice,
    Mosquitto,
    patient_bridge,
    shipped_bridge,
    until,
    written_config,
)

ROOT = f"lockers/v1/{LOCKER}"


@pytest.fixture
def journal() -> Journal:
    return Journal(LOCKER)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path) as broker:
        yield broker


def all_there(journal: Journal, office: BackOffice) -> None:
    """The back office's record equals the journal: gap-free, no doubles, and the agent knows it."""
    assert journal.acknowledged(len(journal.events), 40.0), f"{journal.acked} of {len(journal.events)}"
    assert office.sequences() == list(range(1, len(journal.events) + 1))
    kept = [event["id"] for event in office.record.events(f"/lockers/{LOCKER}")]
    assert kept == [json.loads(event)["id"] for event in journal.events]


def test_events_reach_the_back_office_live_and_in_batches(
    tmp_path: Path, broker: Mosquitto, journal: Journal
) -> None:
    """A backlog of 3,000 waits when the bridge starts; then single events follow."""
    config = written_config(tmp_path, broker.url)
    journal.append(3_000)
    with BackOffice(tmp_path, broker.url) as office, AgentEnd(tmp_path / "state", journal):
        with shipped_bridge(config):
            assert journal.acknowledged(3_000, SOON_S)
            for _ in range(5):
                journal.append()
            all_there(journal, office)

            assert office.presence["online"] is True
            assert office.presence["agent"] == "up"
        until(lambda: len(office.taken) >= 6, "batches and single events")


def test_a_killed_bridge_is_missed_by_the_broker_and_loses_nothing(
    tmp_path: Path, broker: Mosquitto, journal: Journal
) -> None:
    """It keeps no queue, so that there is nothing to lose with it."""
    config = written_config(tmp_path, broker.url)
    with BackOffice(tmp_path, broker.url) as office, AgentEnd(tmp_path / "state", journal):
        for _ in range(3):
            with shipped_bridge(config):
                journal.append(40)
                until(lambda: len(office.sequences()) > 0, "something arrived")
        journal.append(40)
        with shipped_bridge(config):
            all_there(journal, office)


def test_a_broker_killed_after_its_puback_costs_no_event(
    tmp_path: Path, broker: Mosquitto, journal: Journal
) -> None:
    """F-073: Mosquitto without persistence has confirmed events for an absent back office and is killed."""
    with AgentEnd(tmp_path / "state", journal), patient_bridge(tmp_path / "state", broker.url):
        with BackOffice(tmp_path, broker.url):
            journal.append(5)
            assert journal.acknowledged(5, SOON_S)
        with Witness(broker.url) as witness:
            journal.append(7)
            until(lambda: witness.seen >= 7, "the broker has taken seven more")
        broker.kill()
        broker.start()

        with BackOffice(tmp_path, broker.url) as office:
            all_there(journal, office)


def test_a_restarted_broker_finds_subscribed_ears(
    tmp_path: Path, broker: Mosquitto, journal: Journal
) -> None:
    """F-074: sessions and subscriptions are gone with it; commands arrive all the same."""
    with (
        AgentEnd(tmp_path / "state", journal),
        patient_bridge(tmp_path / "state", broker.url),
        BackOffice(tmp_path, broker.url) as office,
    ):
        journal.append()
        all_there(journal, office)
        broker.kill()
        broker.start()
        journal.append()
        all_there(journal, office)

        office.send(LOCKER, "dn/commands", b"signed", correlation=b"tag")

        assert journal.commanded(1, SOON_S)
        until(lambda: len(office.replies()) == 1, "the reply")
        assert office.replies()[0].correlation == b"tag"


def test_a_command_kept_by_the_broker_arrives_marked_as_kept(
    tmp_path: Path, broker: Mosquitto, journal: Journal
) -> None:
    """F-086: the agent sees the flag and rejects; the rejection is answered."""
    with BackOffice(tmp_path, broker.url) as office:
        office.send(LOCKER, "dn/commands", b"signed", retain=True)
        with AgentEnd(tmp_path / "state", journal), patient_bridge(tmp_path / "state", broker.url):
            assert journal.commanded(1, SOON_S)
            until(lambda: len(office.replies()) == 1, "the rejection")

            office.send(LOCKER, "dn/commands", b"signed", retain=True)
            until(lambda: len(office.replies()) == 2, "the rejection of one that is just being kept")

    assert [command.retained for command in journal.commands] == [True, True]
    assert json.loads(office.replies()[0].payload)["status"] == "rejected"


def test_an_agent_that_dies_shows_in_presence_and_one_that_returns_goes_on(
    tmp_path: Path, broker: Mosquitto, journal: Journal
) -> None:
    with patient_bridge(tmp_path / "state", broker.url), BackOffice(tmp_path, broker.url) as office:
        with AgentEnd(tmp_path / "state", journal):
            journal.append(3)
            all_there(journal, office)
            session = office.presence["session"]
        until(lambda: office.presence.get("agent") == "down", "presence says that the agent is away")
        with AgentEnd(tmp_path / "state", journal):
            journal.append(3)
            all_there(journal, office)
            until(lambda: office.presence.get("agent") == "up", "the agent is back")

    assert office.presence["session"] != session


@pytest.mark.parametrize("cuts", [10, pytest.param(200, marks=[pytest.mark.soak, pytest.mark.timeout(600)])])
def test_whatever_the_line_does_the_record_equals_the_journal(
    tmp_path: Path, broker: Mosquitto, journal: Journal, cuts: int
) -> None:
    """F-077, F-078: cuts, cuts in the middle of a packet, half-closes, drips and delays while events are made."""
    dice = random.Random(cuts)
    with (
        ChaosProxy(("127.0.0.1", broker.port)) as proxy,
        BackOffice(tmp_path, broker.url) as office,
        AgentEnd(tmp_path / "state", journal),
        patient_bridge(tmp_path / "state", f"mqtt://127.0.0.1:{proxy.port}"),
    ):
        deeds = (
            proxy.cut,
            proxy.half_close,
            lambda: proxy.cut_after(dice.randint(1, 5_000)),
            lambda: proxy.drip(100_000.0),
            lambda: proxy.delay(0.005),
        )
        for _ in range(cuts):
            before = journal.acked
            journal.append(dice.choice((1, 3, 30, 200)))
            dice.choice(deeds)()
            until(lambda: journal.acked > before, "something gets through", 40.0)  # noqa: B023 - called at once
            proxy.heal()
        all_there(journal, office)

    assert proxy.connections > cuts // 5


def test_replies_overtake_a_backlog_on_a_slow_line(
    tmp_path: Path, broker: Mosquitto, journal: Journal
) -> None:
    """F-094: twenty thousand events wait; a command is answered long before they are through."""
    journal.append(20_000)
    with (
        AgentEnd(tmp_path / "state", journal),
        BackOffice(tmp_path, broker.url) as office,
        patient_bridge(tmp_path / "state", broker.url),
    ):
        until(lambda: journal.acked > 0, "the backlog drains")
        office.send(LOCKER, "dn/commands", b"signed")
        until(lambda: len(office.replies()) == 1, "the reply")

        assert journal.acked < 20_000


def test_ten_thousand_kept_messages_beside_our_topics_do_not_arrive(
    tmp_path: Path, broker: Mosquitto, journal: Journal
) -> None:
    """F-092: no wildcard is subscribed, so that a flood of retained messages costs neither memory nor time."""
    with BackOffice(tmp_path, broker.url) as office:
        for number in range(10_000):
            office.send(LOCKER, f"dn/desired/flood-{number}", b"x" * 100, retain=True)
        with (
            AgentEnd(tmp_path / "state", journal),
            shipped_bridge(written_config(tmp_path, broker.url)) as bridge,
        ):
            journal.append(5)
            all_there(journal, office)

            assert resident_kib(bridge.pid) < 40 * 1024


def resident_kib(pid: int) -> int:
    """What a process has in memory."""
    return next(
        int(line.split()[1])
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if "VmRSS" in line
    )


def test_two_bridges_of_one_name_are_told_apart_from_a_sound_line(
    tmp_path: Path, broker: Mosquitto, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    """F-083: each pushes the other out; the pattern is told, whatever the broker says or does not say about it."""
    state = tmp_path / "state"
    with AgentEnd(state, journal), patient_bridge(state, broker.url), patient_bridge(state, broker.url):
        until(lambda: "CLOUD-553" in codes(caplog), "the conflict is told", 40.0)


def codes(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Codes of the alarms so far."""
    return [record.fields["code"] for record in caplog.records if hasattr(record, "fields")]


class Witness:
    """Counts what passes on `up/events`."""

    def __init__(self, url: str) -> None:
        self.seen = 0
        self._ready = False
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe(f"{ROOT}/up/events", 1)
        self._client.on_subscribe = lambda *_: setattr(self, "_ready", True)
        self._client.on_message = lambda *_: setattr(self, "seen", self.seen + 1)
        self._client.connect("127.0.0.1", int(url.rsplit(":", 1)[1]))

    def __enter__(self) -> Witness:
        self._client.loop_start()
        until(lambda: self._ready, "the witness listens")
        return self

    def __exit__(self, *exception: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
