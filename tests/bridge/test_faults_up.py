"""Faults of broker, line and names, F-072 to F-083 and F-093 to F-095, on a whole locker of real processes.

One locker lives through all of them, each test leaves it sound: that, too, is what a locker has to do. Broker and line
are those of the documented example, with certificates on both sides. The bridge dials again at once and finds a dead
line within seconds; the shipped patience is looked at under virtual time in `test_line`.
"""

from __future__ import annotations

import socket
import ssl
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as mqtt

from cloud_bridge import words as w
from cloud_bridge.paho_transport import Identity, PahoTransport, tls_context
from cloud_bridge.topics import Topics
from edge_agent.control import types as t
from tests.bridge.agent import AgentEnd, Journal
from tests.bridge.backlog import fill
from tests.bridge.papers import Authority, documented
from tests.bridge.site import AGENT, BRIDGE, EAGER, WHOLE_S, Kind, Site, opened
from tests.bridge.stage import LOCKER, SOURCE, BackOffice, Mosquitto, shipped_bridge, until, written_config


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with opened(tmp_path_factory.mktemp("site"), Kind.SECURED, bridge=EAGER) as site:
        yield site


@pytest.fixture(autouse=True)
def sound(site: Site) -> Iterator[None]:
    """Before each test the line is up; after it everything is with the back office."""
    site.forget_logs()
    yield
    site.proxy.heal()
    site.whole()


def opens(site: Site, channel: int) -> str:
    """Local service: a technician opens a door of board A and closes it again."""
    asked = t.UnlockArguments(board="A", channel=channel, reason="fault test")
    outcome = str(site.technician("unlock", asked).outcome)
    site.cabinet.hand(str(channel), "close")
    return outcome


def kiosk_answers(site: Site) -> bool:
    url = (site.folder / "state" / "kiosk.url").read_text().strip()
    with urllib.request.urlopen(url, timeout=WHOLE_S) as answer:
        return bool(answer.status == 200)


def test_a_broker_that_is_down_at_the_start_costs_no_local_service(site: Site) -> None:
    """F-072: agent and bridge start without it. Doors open, the journal waits, and goes up when the broker is there."""
    site.kill(AGENT)
    site.kill(EAGER)
    site.broker.kill()

    site.start(AGENT)
    site.start(EAGER)
    until(lambda: site.told("CLOUD-551", EAGER), "the missing broker is told")
    outcome = opens(site, 7)
    running = [process.poll() for process in site.programs.values()]
    site.broker.start()

    assert outcome == "opened"
    assert running == [None, None]


def test_a_broker_killed_after_its_puback_costs_no_event(site: Site) -> None:
    """F-073: it confirmed events for an absent back office and was killed before it had stored them."""
    site.office.__exit__()
    with Ears(site) as ears:
        for _ in range(3):
            site.happen()
        until(lambda: ears.heard >= 6, "the broker has taken them")

        site.broker.kill()
    site.broker.start()

    site.office = site.office_of().__enter__()


def test_a_restarted_broker_finds_open_ears(site: Site) -> None:
    """F-074: sessions and subscriptions are gone with it. A canary command arrives and is answered."""
    session = site.session
    site.broker.kill()
    site.broker.start()
    site.up(after=session)

    site.order(site.claims("ping", jti="canary-1"))

    until(lambda: site.answered("canary-1") == ["done"], "the canary")


def test_a_half_open_line_is_found_and_everything_sent_again(site: Site) -> None:
    """F-075: bytes are taken and go nowhere. Within two keep-alives the line is given up; nothing is lost on it."""
    site.proxy.stall()
    site.happen()

    until(lambda: site.told("CLOUD-558", EAGER), "the dead line is told")


def test_an_idle_half_open_line_is_found_too(site: Site) -> None:
    """F-075: nothing is in flight; the keep-alive asks."""
    site.whole()
    connections = site.proxy.connections
    site.proxy.stall()

    until(lambda: site.proxy.connections > connections, "dialled anew")


def test_a_broker_that_stalls_is_given_up_and_the_screen_does_not_wait(site: Site) -> None:
    """F-076: the process stands still, its socket takes what fits."""
    assert isinstance(site.broker, Mosquitto)
    site.broker.freeze(True)
    site.happen()

    until(lambda: site.told("CLOUD-558", EAGER), "the dead line is told")
    outcome, kiosk = opens(site, 8), kiosk_answers(site)
    site.broker.freeze(False)

    assert outcome == "opened"
    assert kiosk


def test_a_flapping_line_repeats_no_effect(site: Site) -> None:
    """F-077: cut eight times while an order is under way: one door, one opening, one dial for each cut."""
    site.up()
    before, connections = len(site.cabinet.coils()), site.proxy.connections
    site.order(site.unlock("9", jti="flapping-1"))
    until(lambda: bool(site.answered("flapping-1")), "the order is taken")
    for _ in range(8):
        here = site.proxy.connections
        site.proxy.cut()
        until(lambda here=here: site.proxy.connections > here, "dialled again")  # type: ignore[misc]
        site.happen()

    until(lambda: "opened" in site.answered("flapping-1"), "the answer arrives", WHOLE_S)
    site.cabinet.hand("9", "close")
    assert len(site.cabinet.coils()) == before + 1
    assert site.proxy.connections <= connections + 8 + 3


@pytest.mark.parametrize(
    "delay_s", [0.2, pytest.param(2.0, marks=[pytest.mark.soak, pytest.mark.timeout(300)])]
)
def test_a_slow_and_late_line_drains_in_order(site: Site, delay_s: float) -> None:
    """F-078: 300 kbit/s and seconds of delay, and one reset in the middle of a message."""
    site.proxy.delay(delay_s)
    site.proxy.drip(300_000 / 8)
    site.proxy.cut_after(2_000)
    for _ in range(10):
        site.happen()

    site.whole()


def test_a_strangers_broker_is_refused_and_the_locker_works_on(site: Site) -> None:
    """F-080: a portal answers in the broker's place, with a certificate of its own."""
    site.broker.kill()
    stranger = Authority(site.folder, "stranger-ca")
    assert site.authority is not None
    wrong = documented(site.folder, site.authority, stranger.issue("portal"))
    _, _, port = site.broker.url.rpartition(":")
    with Mosquitto(site.folder, wrong, int(port), "portal"):
        until(lambda: site.told("CLOUD-552", EAGER), "the certificate is told")
        outcome = opens(site, 10)
    site.broker.start()

    assert outcome == "opened"


def test_a_broker_whose_certificate_has_run_out_is_refused(site: Site) -> None:
    """F-081: no switch lets it pass, and the alarm says to look at the clock as well."""
    site.broker.kill()
    assert site.authority is not None
    late = documented(site.folder, site.authority, site.authority.issue("late-broker", days=-1))
    _, _, port = site.broker.url.rpartition(":")
    with Mosquitto(site.folder, late, int(port), "late"):
        until(lambda: site.told("CLOUD-552", EAGER), "the certificate is told")
        outcome = opens(site, 11)
    site.broker.start()

    assert outcome == "opened"
    assert "expired" in site.log(EAGER)


def test_a_certificate_of_ours_that_runs_out_is_told_and_its_renewal_needs_no_restart(site: Site) -> None:
    """F-082: told while it holds; refused by the broker once it does not; the renewed one is used at the next dial."""
    assert site.authority is not None
    site.authority.issue(LOCKER, days=5)
    site.kill(EAGER)
    site.start(EAGER)
    until(lambda: site.told("CLOUD-560", EAGER), "it is told early")
    site.up()
    site.authority.issue(LOCKER, days=-1)
    site.proxy.cut()
    until(lambda: site.told("CLOUD-551", EAGER), "the broker refuses it")
    outcome = opens(site, 12)
    process = site.programs[EAGER]

    site.authority.issue(LOCKER, days=90)

    site.whole()
    assert outcome == "opened"
    assert process.poll() is None


def test_a_second_client_of_our_name_is_told(site: Site) -> None:
    """F-083: a copied card. Each pushes the other off the line; the alarm names what it looks like."""
    own = Identity(
        LOCKER,
        *(str(site.folder / name) for name in ("lockers-ca.pem", f"{LOCKER}.pem", f"{LOCKER}.key")),
    )
    rival = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=LOCKER, protocol=mqtt.MQTTv5)
    rival.reconnect_delay_set(1, 1)
    rival.tls_set_context(tls_context(own))
    rival.connect("127.0.0.1", site.proxy.port)
    rival.loop_start()
    try:
        until(lambda: site.told("CLOUD-553", EAGER), "the conflict is told", WHOLE_S)
    finally:
        rival.disconnect()
        rival.loop_stop()
    site.kill(EAGER)  # it rests for minutes now, as it should
    site.start(EAGER)


def test_of_two_bridges_one_works_and_the_other_waits(site: Site) -> None:
    """F-083 at home: a second one, started by hand, neither draws a session nor dials; the first stays on the line."""
    session, connections = site.session, site.proxy.connections

    site.start(BRIDGE)
    until(lambda: site.told("CLOUD-566", BRIDGE), "the second is turned away")
    site.happen()
    site.whole()

    assert (site.session, site.proxy.connections) == (session, connections)
    site.kill(BRIDGE)


def test_an_event_that_the_back_office_never_takes_blocks_nothing(site: Site) -> None:
    """F-095: refused for good: set aside with an alarm and a fault, and the journal goes on behind it."""
    site.office.__exit__()
    site.office = site.office_of(judge=no_blocking).__enter__()

    site.happen()
    site.whole()

    until(lambda: site.told("CLOUD-557", EAGER), "the refusal is told")
    until(lambda: faults(site).count("CLOUD-531") == 1, "and journalled as a fault")
    site.office.__exit__()
    site.office = site.office_of().__enter__()


def no_blocking(event: Mapping[str, Any]) -> str:
    return "schema" if event["type"] == "locker.compartment.out_of_service" else ""


def faults(site: Site) -> list[str]:
    events = site.office.record.events(SOURCE)
    return [event["data"]["code"] for event in events if event["type"] == "locker.fault.opened"]


@pytest.mark.parametrize(
    "count", [4_000, pytest.param(100_000, marks=[pytest.mark.soak, pytest.mark.timeout(300)])]
)
def test_a_long_backlog_drains_in_order_beside_service(site: Site, count: int) -> None:
    """F-094: weeks of events wait when the line comes; the screen and a command do not wait for them."""
    site.whole()
    site.kill(EAGER)
    site.kill(AGENT)
    session = site.session
    fill(site.folder / "state" / "ledger.db", count)
    site.start(AGENT)
    first = site.office.sequences()[-1]
    site.start(EAGER)
    site.up(after=session)

    site.order(site.claims("ping", jti=f"overtaking-{count}"))
    until(lambda: site.answered(f"overtaking-{count}") == ["done"], "the answer")
    reached, kiosk = site.office.sequences()[-1], kiosk_answers(site)
    until(lambda: site.office.sequences()[-1] >= first + count, "the backlog", 5 * WHOLE_S)

    assert reached < first + count
    assert kiosk


# ---- one part of the locker alone --------------------------------------------------------------------------------


def test_a_name_that_does_not_resolve_is_looked_up_anew_at_every_dial(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F-079: no resolver at first, then a wrong address, then the right one; each dial asks again, none gives up."""
    real, asked = socket.getaddrinfo, []

    def resolver(host: Any, *rest: Any, **more: Any) -> Any:
        if host != "broker.example":
            return real(host, *rest, **more)
        asked.append(host)
        if len(asked) == 1:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real("127.0.0.9" if len(asked) == 2 else "127.0.0.1", *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    heard: list[w.Heard] = []
    line = PahoTransport(Identity("somebody"), "t", heard.append)

    with Mosquitto(site.folder, port=0, name="named") as broker:
        for attempt in range(3):
            line.do(w.Dial(f"mqtt://broker.example:{broker.port}", b""))
            until(lambda attempt=attempt: len(heard) > attempt, "an outcome")  # type: ignore[misc]
        line.hang_up(politely=True)

    assert [type(one) for one in heard[:3]] == [w.Refused, w.Refused, w.Connected]
    assert len(asked) == 3


def test_a_bridge_goes_on_to_the_next_broker(tmp_path: Path) -> None:
    """F-079: the first name does not exist, nobody listens at the second; the third is the broker."""
    journal = Journal(LOCKER)
    journal.append(3)
    with Mosquitto(tmp_path) as broker, BackOffice(tmp_path, broker.url) as office:
        config = written_config(
            tmp_path, "mqtts://no-such-broker.invalid:8883", "mqtt://127.0.0.1:9", broker.url
        )
        with AgentEnd(tmp_path / "state", journal), shipped_bridge(config):
            assert journal.acknowledged(3, WHOLE_S)

        assert office.sequences() == [1, 2, 3]


def test_a_handler_that_raises_neither_ends_nor_deafens_the_network_thread(site: Site) -> None:
    """F-093: whatever happens to one message, the next one is heard."""
    heard: list[bytes] = []
    granted = threading.Event()

    def hear(word: w.Heard) -> None:
        if isinstance(word, w.Connected):
            line.do(w.Subscribe((topics.commands,)))
        if isinstance(word, w.Subscribed):
            granted.set()
        if isinstance(word, w.Arrived):
            heard.append(word.payload)
            if word.payload == b"1":
                raise RuntimeError("a fault of ours")

    topics = Topics("THIRD-0003")
    with Mosquitto(site.folder, port=0, name="raising") as broker:
        line = PahoTransport(Identity("THIRD-0003"), topics.presence, hear)
        line.do(w.Dial(broker.url, b""))
        assert granted.wait(WHOLE_S)
        with BackOffice(site.folder / "raising", broker.url) as office:
            for number in (b"1", b"2", b"3"):
                office.send("THIRD-0003", "dn/commands", number)
            until(lambda: b"3" in heard, "the one behind it")
        line.check()
        line.hang_up(politely=True)

    assert heard == [b"1", b"2", b"3"]


class Ears:
    """Hears what passes on `up/events`, as the back office does, and says nothing."""

    def __init__(self, site: Site) -> None:
        self.heard = 0
        self._ready = threading.Event()
        self._client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id="back-office", protocol=mqtt.MQTTv5
        )
        self._client.tls_set_context(_office_context(site))
        self._client.on_connect = lambda client, *_: client.subscribe(f"lockers/v1/{LOCKER}/up/events", 1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = lambda *_: setattr(self, "heard", self.heard + 1)
        self._client.connect("127.0.0.1", int(site.broker.url.rpartition(":")[2]))

    def __enter__(self) -> Ears:
        self._client.loop_start()
        assert self._ready.wait(WHOLE_S)
        return self

    def __exit__(self, *exception: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def _office_context(site: Site) -> ssl.SSLContext:
    papers = ("lockers-ca.pem", "back-office.pem", "back-office.key")
    return tls_context(Identity("", *(str(site.folder / name) for name in papers)))
