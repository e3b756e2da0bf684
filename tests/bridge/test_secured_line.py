"""TLS with certificates on both sides, by the documented Mosquitto example: who is let in, and how far."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from paho.mqtt import client as mqtt

from cloud_bridge.main import run
from cloud_bridge.paho_transport import Identity, tls_context
from tests.bridge.agent import AgentEnd, Journal
from tests.bridge.papers import DOCS, Authority, Pair, documented
from tests.bridge.stage import LOCKER, SOON_S, BackOffice, Mosquitto, patient_bridge, until, written_config

VICTIM = "OTHER-0002"


@dataclass
class Site:
    """A broker by the documented example, and everybody's papers."""

    authority: Authority
    broker: Mosquitto
    locker: Pair
    office: Pair

    @property
    def url(self) -> str:
        return f"mqtts://127.0.0.1:{self.broker.port}"

    def identity(self, pair: Pair | None = None, ca: Path | None = None) -> Identity:
        pair = pair or self.locker
        return Identity(LOCKER, str(ca or self.authority.ca), pair.cert, pair.key)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    authority = Authority(tmp_path)
    settings = documented(tmp_path, authority, authority.issue("broker"))
    with Mosquitto(tmp_path, settings) as broker:
        yield Site(authority, broker, authority.issue(LOCKER), authority.issue("back-office"))


def test_a_whole_line_over_mutual_tls(tmp_path: Path, site: Site) -> None:
    """Events up, the cloud's word and a command down, a reply up: all that the access list has to grant."""
    journal = Journal(LOCKER)
    tls = tls_context(site.identity(site.office))
    with (
        BackOffice(tmp_path, site.url, tls=tls) as office,
        AgentEnd(tmp_path / "state", journal),
        patient_bridge(tmp_path / "state", site.url, site.identity()),
    ):
        journal.append(300)
        assert journal.acknowledged(300, SOON_S)

        office.send(LOCKER, "dn/commands", b"signed")

        until(lambda: len(office.replies()) == 1, "the reply")
        assert office.sequences() == list(range(1, 301))


def test_a_broker_with_a_strangers_certificate_is_refused(
    tmp_path: Path, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """F-080: a portal answers in the broker's place. Nothing is said to it."""
    stranger = Authority(tmp_path, "stranger-ca")
    journal = Journal(LOCKER)
    journal.append(3)
    with (
        AgentEnd(tmp_path / "state", journal),
        patient_bridge(tmp_path / "state", site.url, site.identity(ca=stranger.ca)),
    ):
        until(lambda: "CLOUD-552" in told(caplog), "the certificate is told")

    assert journal.acked == 0


def test_an_expired_broker_certificate_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """F-081: no switch lets it pass; the alarm says what to look at."""
    authority = Authority(tmp_path)
    settings = documented(tmp_path, authority, authority.issue("broker", days=-1))
    with Mosquitto(tmp_path, settings) as broker, AgentEnd(tmp_path / "state", Journal(LOCKER)):
        site = Site(authority, broker, authority.issue(LOCKER), authority.issue("back-office"))
        with patient_bridge(tmp_path / "state", site.url, site.identity()):
            until(lambda: "CLOUD-552" in told(caplog), "the certificate is told")


def test_two_authorities_are_trusted_while_one_takes_over(tmp_path: Path, site: Site) -> None:
    """F-082: during a rotation the file holds both; the broker may change its side at any moment."""
    both = tmp_path / "both.pem"
    both.write_bytes(Authority(tmp_path, "next-ca").ca.read_bytes() + site.authority.ca.read_bytes())
    journal = Journal(LOCKER)
    journal.append()
    tls = tls_context(site.identity(site.office))
    with (
        BackOffice(tmp_path, site.url, tls=tls),
        AgentEnd(tmp_path / "state", journal),
        patient_bridge(tmp_path / "state", site.url, site.identity(ca=both)),
    ):
        assert journal.acknowledged(1, SOON_S)


def test_a_stolen_identity_reaches_its_own_branch_and_nothing_else(tmp_path: Path, site: Site) -> None:
    """SEC-22: the thief has a locker's key. It neither hears nor speaks for another, nor for the back office."""
    thief = Client(site, site.locker, client_id=VICTIM)
    office = Client(site, site.office)
    office.listen("lockers/v1/#")
    thief.listen("#", f"lockers/v1/{VICTIM}/#", f"lockers/v1/{LOCKER}/up/#", "$SYS/#")

    own = thief.say(f"lockers/v1/{LOCKER}/up/events")
    stolen = [
        thief.say(topic)
        for topic in (
            f"lockers/v1/{VICTIM}/up/events",
            f"lockers/v1/{VICTIM}/st/presence",
            f"lockers/v1/{VICTIM}/dn/commands",
            f"lockers/v1/{LOCKER}/dn/commands",
            f"lockers/v1/{LOCKER}/dn/acks",
        )
    ]
    office.say(f"lockers/v1/{VICTIM}/dn/commands")
    office.say(f"lockers/v1/{LOCKER}/dn/acks")
    until(lambda: f"lockers/v1/{LOCKER}/dn/acks" in thief.heard, "its own branch")
    until(lambda: f"lockers/v1/{LOCKER}/up/events" in office.heard, "the office hears the locker")

    assert own < 0x80
    assert all(code == 0x87 for code in stolen)
    assert set(thief.heard) == {f"lockers/v1/{LOCKER}/dn/acks"}
    assert set(office.heard) == {f"lockers/v1/{LOCKER}/up/events"}
    thief.close()
    office.close()


def test_a_stolen_identity_cannot_push_another_locker_off_the_line(tmp_path: Path, site: Site) -> None:
    """SEC-22: the client id is the certificate's, whatever a client calls itself."""
    victim = Client(site, site.authority.issue(VICTIM))
    thief = Client(site, site.locker, client_id=VICTIM)

    assert victim.say(f"lockers/v1/{VICTIM}/up/events") < 0x80
    assert victim.stands
    victim.close()
    thief.close()


@pytest.mark.parametrize(
    "url", ["mqtt://10.0.0.1:1883", "mqtt://localhost:1883", "http://127.0.0.1", "mqtts://"]
)
def test_a_url_without_tls_is_refused_unless_it_is_loopback(
    tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """SEC-20: a name may be pointed anywhere, so that only an address counts as loopback."""
    config = written_config(tmp_path, url)

    with pytest.raises(SystemExit) as ended:
        run(["--config", str(config)])

    assert ended.value.code == 9
    assert "cloud.urls" in capsys.readouterr().err


def test_the_context_checks_chain_and_name_and_speaks_nothing_old(site: Site) -> None:
    context = tls_context(site.identity())

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_no_code_of_the_bridge_can_switch_the_check_off() -> None:
    """SEC-20: a look at the sources."""
    sources = "".join(file.read_text() for file in (DOCS.parents[1] / "cloud_bridge").glob("*.py"))

    assert "tls_insecure" not in sources
    assert "CERT_NONE" not in sources
    assert "_create_unverified_context" not in sources


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.fields["code"] for record in caplog.records if hasattr(record, "fields")]


class Client:
    """A bare MQTT client with somebody's papers."""

    def __init__(self, site: Site, pair: Pair, client_id: str = "") -> None:
        self.heard: list[str] = []
        self.stands = False
        self._codes: dict[int, int] = {}
        self._granted = 0
        self._client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
        )
        self._client.tls_set_context(tls_context(site.identity(pair)))
        self._client.on_connect = lambda *_: setattr(self, "stands", True)
        self._client.on_disconnect = lambda *_: setattr(self, "stands", False)
        self._client.on_message = lambda client, data, message: self.heard.append(message.topic)
        self._client.on_publish = lambda client, data, mid, code, _: self._codes.update({mid: code.value})
        self._client.on_subscribe = lambda *_: setattr(self, "_granted", self._granted + 1)
        self._client.connect("127.0.0.1", site.broker.port)
        self._client.loop_start()
        until(lambda: self.stands, "connected")

    def listen(self, *topics: str) -> None:
        for topic in topics:
            self._client.subscribe(topic, 1)
        until(lambda: self._granted == len(topics), "SUBACKs")

    def say(self, topic: str) -> int:
        """The reason code of the PUBACK."""
        mid = self._client.publish(topic, json.dumps({"forged": True}), 1).mid
        until(lambda: mid in self._codes, f"PUBACK for {topic}")
        return self._codes[mid]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
