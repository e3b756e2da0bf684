"""The back office's desk before a locker that a test plays over a real broker: what is signed, sealed, sent again."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.cloud import jws
from edge_agent.store import jose
from sim.broker import EmbeddedBroker
from sim.cloud.command import open_desk
from sim.cloud.desk import Desk
from sim.cloud.signing import Signer
from sim.demo_cloud import CloudKey
from tests.bridge.stage import SOON_S, until

LOCKER, SESSION = "HK-0001", "ab" * 16
ROW = {"waybill": "SF1000000000001", "carrier": "SF", "phone": "91234567"}


class PlayedLocker:
    """Says what the test wants; opens and checks what comes down with the agent's own rules."""

    def __init__(self, port: int, signer: Signer) -> None:
        self._keys = jws.pinned({signer.name: signer.public})
        self._opening = jose.new_private_key()
        self.heard: list[tuple[str, dict[str, Any], bool]] = []
        self._subscribed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=LOCKER, protocol=mqtt.MQTTv5)
        self._client.on_message = self._message
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._client.subscribe(f"lockers/v1/{LOCKER}/dn/#", 1)
        assert self._subscribed.wait(SOON_S)

    @property
    def opening_key(self) -> str:
        return self._opening["x"]

    def _message(self, client: Any, data: Any, message: mqtt.MQTTMessage) -> None:
        about = message.topic.rpartition("/dn/")[2]
        if about == "acks":
            self.heard.append((about, json.loads(message.payload), False))
        else:
            signed = jws.opened(bytes(message.payload), self._keys, self._opening, 1 << 20)
            self.heard.append((about, json.loads(signed.content), signed.sealed))

    def say(self, about: str, content: Any, *, retain: bool = False) -> None:
        self._client.publish(
            f"lockers/v1/{LOCKER}/{about}", json.dumps(content).encode(), qos=1, retain=retain
        ).wait_for_publish(SOON_S)

    def presence(self, online: bool, session: str = SESSION) -> None:
        self.say("st/presence", {"online": online, "agent": "up", "session": session, "epoch": "e1"})

    def answers(self, command: str, status: str, code: str = "") -> None:
        self.say("up/replies/office-1", {"id": command, "status": status, "code": code, "result": {}})

    def happens(self, sequence: int, kind: str, epoch: str = "e1", **data: Any) -> None:
        event = {"id": f"{epoch}-{sequence}", "type": f"locker.{kind}", "epoch": epoch, "data": data}
        self.say("up/events", {**event, "sequence": f"{sequence:020d}", "time": "2026-01-01T00:00:00.000Z"})

    def got(self, about: str) -> list[dict[str, Any]]:
        return [content for name, content, _ in list(self.heard) if name == about]

    def end(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


Site = tuple[Desk, PlayedLocker]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    signer = Signer("office-1")
    with EmbeddedBroker(tmp_path) as broker:
        port = int(broker.url.rpartition(":")[2])
        with open_desk(
            broker.url, tmp_path / "office.db", signer, CloudKey(), say=lambda line: None, repair_s=0.0
        ) as desk:
            until(desk.office.connected.is_set, "the office is connected")
            locker = PlayedLocker(port, signer)
            desk.lists.enrol(LOCKER, locker.opening_key)
            locker.presence(True)
            until(lambda: LOCKER in desk.office.presence, "the office has heard it")
            yield desk, locker
            locker.end()


def comes(locker: PlayedLocker, about: str, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    until(lambda: any(map(fits, locker.got(about))), f"{about} comes")
    return next(filter(fits, locker.got(about)))


def test_an_order_is_signed_for_the_session_and_sealed_where_it_names_a_person(site: Site) -> None:
    desk, locker = site

    plain = desk.order(LOCKER, "ping", {})
    personal = desk.order(LOCKER, "correct_parcel", {"stay": "s1", "operator": "op", "phone": "91234567"})

    claims = comes(locker, "commands", lambda said: said["jti"] == plain)
    assert (claims["aud"], claims["iss"], claims["session"]) == (LOCKER, "office-1", SESSION)
    comes(locker, "commands", lambda said: said["jti"] == personal)
    assert {said["jti"]: sealed for name, said, sealed in locker.heard if name == "commands"} == {
        plain: False,
        personal: True,
    }


def test_nothing_is_ordered_of_a_locker_that_is_gone(site: Site) -> None:
    """The order would come with a session that is over, and be refused."""
    desk, locker = site
    locker.presence(False)
    until(lambda: not desk.office.presence[LOCKER]["online"], "the office knows")

    with pytest.raises(ValueError, match="not online"):
        desk.order(LOCKER, "ping", {})

    assert desk.lists.commands(LOCKER) == []


def test_an_order_under_a_session_that_was_over_is_signed_again_once(site: Site) -> None:
    """A locker without a clock renews its session; whoever ordered sees one order and its end."""
    desk, locker = site
    command = desk.order(LOCKER, "ping", {})
    comes(locker, "commands", lambda said: said["jti"] == command)

    locker.answers(command, "rejected", "session")
    locker.presence(True, "cd" * 16)
    again = comes(locker, "commands", lambda said: said["session"] == "cd" * 16)
    locker.answers(again["jti"], "rejected", "session")
    locker.presence(True, "ef" * 16)
    until(lambda: desk.office.presence[LOCKER]["session"] == "ef" * 16, "the third session is known")
    last = desk.order(LOCKER, "read_doors", {})
    comes(locker, "commands", lambda said: said["jti"] == last)
    assert again["jti"] != command
    assert [(one["id"], one["status"]) for one in desk.lists.commands(LOCKER)] == [
        (last, "sent"),
        (command, "rejected"),
    ]
    assert [said["jti"] for said in locker.got("commands")] == [command, again["jti"], last]


def test_an_order_that_was_done_is_never_signed_again(site: Site) -> None:
    """The line breaks after the door has opened: the new session brings no second opening."""
    desk, locker = site
    command = desk.order(LOCKER, "unlock", {"compartment": "7"})
    comes(locker, "commands", lambda said: said["jti"] == command)
    locker.answers(command, "rejected", "session")
    locker.presence(True, "cd" * 16)
    again = comes(locker, "commands", lambda said: said["session"] == "cd" * 16)
    locker.answers(again["jti"], "opened")

    locker.presence(True, "ef" * 16)

    until(lambda: desk.office.presence[LOCKER]["session"] == "ef" * 16, "the third session is known")
    last = desk.order(LOCKER, "ping", {})
    comes(locker, "commands", lambda said: said["jti"] == last)
    assert [said["jti"] for said in locker.got("commands")] == [command, again["jti"], last]
    assert desk.lists.commands(LOCKER)[1]["status"] == "opened"


def test_after_a_restore_the_locker_hears_which_stays_live_and_what_is_expected(site: Site) -> None:
    """A new epoch begins; one parcel was collected meanwhile, one lies there: only that one lives."""
    desk, locker = site
    desk.expect(LOCKER, [ROW])
    for sequence, (stay, door) in enumerate((("s1", "1"), ("s2", "2")), 1):
        locker.happens(sequence, "parcel.deposited", stay=stay, compartment=door)
    locker.happens(3, "parcel.collected", stay="s1", compartment="1")
    locker.say("st/state", {"expected_n": 40, "documents": {}})

    locker.happens(1, "ledger.restored", epoch="e2")

    step = comes(locker, "expected", lambda said: "reconcile" in said)
    assert step["reconcile"] == ["s2"]
    assert (step["reset"], step["put"], step["n"]) == (True, [ROW], 41)
    assert comes(locker, "acks", lambda said: said["epoch"] == "e2")["next"] == 2
    assert desk.view(LOCKER)["picture"]["restored"] is True


def test_a_gap_is_asked_for_and_counted(site: Site) -> None:
    desk, locker = site
    locker.happens(1, "agent.started")

    locker.happens(5, "agent.stopped")

    until(lambda: len(locker.got("acks")) == 2, "both are answered")
    assert [word["next"] for word in locker.got("acks")] == [2, 2]
    assert desk.view(LOCKER)["counts"]["gaps"] == 1
    assert desk.view(LOCKER)["picture"]["last"] == 1


def test_what_a_locker_says_that_it_lacks_is_sent_again(site: Site) -> None:
    """A broker without a disk forgets what it kept; the same version comes once more, and all pre-advice."""
    desk, locker = site
    version = desk.publish(LOCKER, "couriers", [{"id": "1001", "carrier": "SF"}])
    desk.expect(LOCKER, [ROW])
    until(lambda: len(locker.got("expected")) == 1, "both have come once")

    for _ in range(2):  # at the first sight it may be about to say that it has them
        locker.say("st/state", {"expected_n": 0, "documents": {"couriers": {"version": 0}}})

    until(lambda: len(locker.got("desired/couriers")) == 2, "the document comes again")
    assert {said["version"] for said in locker.got("desired/couriers")} == {version}
    step = comes(locker, "expected", lambda said: bool(said.get("reset")))
    assert step["put"] == [ROW]


def test_a_refused_document_is_not_sent_for_ever(site: Site) -> None:
    desk, locker = site
    version = desk.publish(LOCKER, "carriers", [{"id": "SF"}])
    until(lambda: len(locker.got("desired/carriers")) == 1, "it comes")

    for _ in range(3):
        locker.say("st/state", {"documents": {"carriers": {"version": 0, "refused": version, "reason": "x"}}})
    locker.happens(1, "agent.started")
    until(lambda: bool(locker.got("acks")), "the office has read all that")

    assert len(locker.got("desired/carriers")) == 1
