"""From a locker without papers to one on the line, and off it again: real tool, bridge and broker, an office's CA."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cloud_bridge import words as w
from cloud_bridge.identity_watch import LOOK_S, IdentityWatch
from cloud_bridge.paho_transport import Identity, tls_context
from sim.cloud.enrolment import Authority, Enrolment
from sim.demo_cloud import CloudKey
from tests.bridge.agent import AgentEnd, Journal
from tests.bridge.papers import Pair, documented
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

TOOL = (sys.executable, "-c", "from edge_agent.cli.main import run; run()")
REFUSED, DONE = 1, 0


@dataclass
class Site:
    """An office with its authority and its enrolment, a broker by the documented example, and lockers beside it."""

    folder: Path
    authority: Authority
    enrolment: Enrolment
    broker: Mosquitto

    @property
    def url(self) -> str:
        return f"mqtts://127.0.0.1:{self.broker.port}"

    def locker(self, name: str = "locker") -> Path:
        """A configuration that names where the papers shall go; none are there yet."""
        folder = self.folder / name
        (folder / "identity").mkdir(parents=True)
        places = {key: str(folder / "identity" / file) for key, file in PLACES.items()}
        return written_config(folder, self.url, **places)

    def tool(self, config: Path, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        command = [*TOOL, "--config", str(config), "--json", *words]
        return subprocess.run(command, input=typed, capture_output=True, text=True, timeout=60)

    def provision(self, config: Path, token: str, **more: str) -> subprocess.CompletedProcess[str]:
        words = {"url": self.enrolment.url, "ca": str(self.authority.ca), **more}
        options = [part for name, value in words.items() for part in (f"--{name}", value)]
        return self.tool(config, "provision", *options, typed=token + "\n")

    def identity(self, config: Path) -> Identity:
        places = {key: str(config.parent / "identity" / file) for key, file in PLACES.items()}
        return Identity(LOCKER, **places)

    def office(self) -> BackOffice:
        cert, key = self.authority.pair("back-office")
        return BackOffice(
            self.folder / "office",
            self.url,
            tls=tls_context(Identity("", str(self.authority.ca), str(cert), str(key))),
        )


PLACES = {"ca_file": "ca.pem", "cert_file": "locker.pem", "key_file": "locker.key"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        authority = Authority(tmp_path / "ca")
        enrolment = stack.enter_context(Enrolment(authority, {"cloud_key": CloudKey().public}))
        cert, key = authority.pair("broker")
        settings = documented(tmp_path, authority, Pair(str(cert), str(key)))  # type: ignore[arg-type]
        yield Site(tmp_path, authority, enrolment, stack.enter_context(Mosquitto(tmp_path, settings)))


def test_a_locker_without_papers_gets_its_certificate_and_comes_on_the_line(site: Site) -> None:
    """One token, one command, and the bridge that waits for its papers is there: mutual TLS, by the access list."""
    config = site.locker()
    token, journal = site.enrolment.token(LOCKER), Journal(LOCKER)
    journal.append(3)

    with site.office() as office, AgentEnd(config.parent / "state", journal), shipped_bridge(config):
        done = site.provision(config, token)
        assert journal.acknowledged(3, SOON_S)
        assert office.presence["online"]

    assert (done.returncode, json.loads(done.stdout)["outcome"]) == (DONE, "installed")
    assert "cloud_key" in json.loads(done.stdout)["configure"][0]
    key = config.parent / "identity" / "locker.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert secrets_of(key, token).isdisjoint((done.stdout + done.stderr).splitlines())
    opening = json.loads((config.parent / "state" / "keys" / "opening.jwk").read_text())
    assert site.enrolment.opening_keys[LOCKER] == {name: opening[name] for name in ("kty", "crv", "x")}
    log = (config.parent / "bridge.log").read_text()
    assert secrets_of(key, token).isdisjoint(log.split())


def secrets_of(key: Path, token: str) -> set[str]:
    return {token, *key.read_text().splitlines()[1:-1]}


def test_a_token_is_good_once_and_for_its_own_locker(site: Site) -> None:
    """A second device with the same token, a token of another locker, one that ran out: refused, nothing installed."""
    first, second = site.locker(), site.locker("second")
    token = site.enrolment.token(LOCKER)
    assert site.provision(first, token).returncode == DONE

    for wrong in (token, site.enrolment.token("OTHER-0002"), site.enrolment.token(LOCKER, -1)):
        refused = site.provision(second, wrong)
        assert refused.returncode == REFUSED
        assert json.loads(refused.stdout)["error"]["code"] == "CLOUD-563"

    assert not (second.parent / "identity" / "locker.pem").exists()


def test_an_answer_that_was_lost_is_asked_for_again_with_the_same_token(site: Site) -> None:
    """The power went between the office's answer and the file: the key waits, and the token is good for it."""
    config = site.locker()
    token = site.enrolment.token(LOCKER)
    assert site.tool(config, "provision", "--request", str(site.folder / "seen.csr")).returncode == DONE
    site.enrolment.enrol({"locker": LOCKER, "token": token, "csr": (site.folder / "seen.csr").read_text()})

    assert json.loads(site.provision(config, token).stdout)["outcome"] == "installed"


def test_a_stranger_in_the_office_s_place_learns_no_token(site: Site) -> None:
    """The enrolment's certificate is checked before a word is said."""
    config = site.locker()
    stranger = Authority(site.folder / "stranger", "stranger-ca")

    refused = site.provision(config, site.enrolment.token(LOCKER), ca=str(stranger.ca))

    assert json.loads(refused.stdout)["error"]["code"] == "CLOUD-562"
    assert site.provision(config, "t", url="http://127.0.0.1:1/enrol").returncode == REFUSED


def test_papers_travel_by_hand_where_there_is_no_network(site: Site) -> None:
    """A request in a file, an answer in a file; an answer for another locker or another key is no answer."""
    config, other = site.locker(), site.locker("other")
    request, bundle = site.folder / "HK.csr", site.folder / "bundle.json"
    for one in (other, config):
        assert site.tool(one, "provision", "--request", str(request)).returncode == DONE
    bundle.write_text(json.dumps(site.enrolment.sign(LOCKER, request.read_bytes())))

    wrong = site.tool(other, "provision", "--bundle", str(bundle))
    right = site.tool(config, "provision", "--bundle", str(bundle))

    assert json.loads(wrong.stdout)["error"]["code"] == "CLOUD-564"
    assert json.loads(right.stdout)["outcome"] == "installed"
    shown = json.loads(site.tool(config, "identity", "show").stdout)
    assert 89 < shown["present"]["days"] < 91
    assert shown["waiting"] is None


def test_a_new_key_takes_over_when_the_broker_has_greeted_it(site: Site) -> None:
    """Until then the old one stays; afterwards it is gone from the disk."""
    config = site.locker()
    site.provision(config, site.enrolment.token(LOCKER))
    key = config.parent / "identity" / "locker.key"
    old = key.read_bytes()

    again = site.provision(config, site.enrolment.token(LOCKER))

    assert json.loads(again.stdout)["outcome"] == "waiting"
    assert key.read_bytes() == old
    with AgentEnd(config.parent / "state", Journal(LOCKER)), shipped_bridge(config):
        until(lambda: not list(key.parent.glob("*.next")), "the new pair is confirmed")
    assert key.read_bytes() != old


def test_a_new_certificate_that_the_broker_refuses_leaves_the_old_one_in_use(site: Site) -> None:
    """By an authority that the broker does not know yet: told, the line comes up with the old one, nothing is lost."""
    config = site.locker()
    site.provision(config, site.enrolment.token(LOCKER))
    key = config.parent / "identity" / "locker.key"
    old = key.read_bytes()
    with Enrolment(Authority(site.folder / "next", "next-ca")) as unknown:
        done = site.provision(config, unknown.token(LOCKER), url=unknown.url, ca=str(unknown.authority.ca))
    assert json.loads(done.stdout)["outcome"] == "waiting"
    journal = Journal(LOCKER)

    with site.office(), AgentEnd(config.parent / "state", journal), shipped_bridge(config):
        journal.append()
        assert journal.acknowledged(1, SOON_S)
        until(lambda: "CLOUD-565" in journal.alarms, "the agent is told")

    assert key.read_bytes() == old
    assert (config.parent / "identity" / "ca.pem").read_text().count("BEGIN CERTIFICATE") == 2


def test_a_revoked_locker_is_off_the_line_until_it_is_provisioned_again(site: Site) -> None:
    """Stolen papers are worth nothing once the locker is given up: the broker reads the office's list."""
    config = site.locker()
    site.provision(config, site.enrolment.token(LOCKER))
    thief = site.folder / "thief"
    (config.parent / "identity").rename(thief)
    (config.parent / "identity").mkdir()
    for file in thief.iterdir():
        (config.parent / "identity" / file.name).write_bytes(file.read_bytes())

    words = ("--url", site.enrolment.url, "--ca", str(site.authority.ca), "--reason", "moved", "--yes")
    gone = json.loads(site.tool(config, "identity", "forget", *words).stdout)

    assert gone["told"]
    assert len(gone["gone"]) == 2
    site.broker.reads(f"crlfile {site.authority.crl}")
    journal = Journal(LOCKER)
    journal.append()
    stolen = Identity(LOCKER, **{key: str(thief / file) for key, file in PLACES.items()})
    with site.office(), AgentEnd(config.parent / "state", journal):
        with patient_bridge(config.parent / "state", site.url, stolen):
            assert not journal.acknowledged(1, 2.0)
        assert site.provision(config, "used before").returncode == REFUSED
        site.provision(config, site.enrolment.token(LOCKER))
        with patient_bridge(config.parent / "state", site.url, site.identity(config)):
            assert journal.acknowledged(1, SOON_S)


# ---- which pair is shown, without a broker --------------------------------------------------------------------------


class Papers:
    """Two places in a folder, and a watch over them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.told = folder, list[w.Alarm]()
        for name in ("c.pem", "c.key"):
            (folder / name).write_text("old")
        identity = Identity("x", "", str(folder / "c.pem"), str(folder / "c.key"))
        self.watch = IdentityWatch(identity, self.told.append)

    def arrive(self, word: str = "new") -> None:
        for name in ("c.key.next", "c.pem.next"):
            (self.folder / name).write_text(word)

    def shows(self) -> str:
        return Path(self.watch.identity().cert_file).name

    def content(self) -> tuple[str, str]:
        return (self.folder / "c.pem").read_text(), (self.folder / "c.key").read_text()


GREETED: Any = w.Connected(session_present=False, receive_max=20)
AWAY: Any = w.Refused("no route")


def test_a_pair_that_comes_while_the_line_stands_is_tried_within_a_minute(tmp_path: Path) -> None:
    papers = Papers(tmp_path)
    assert papers.shows() == "c.pem"
    papers.watch.heard(GREETED)
    assert not papers.watch.look(0.0)

    papers.arrive()

    assert not papers.watch.look(LOOK_S / 2)
    assert papers.watch.look(LOOK_S)
    assert papers.shows() == "c.pem.next"
    papers.watch.heard(GREETED)
    assert papers.content() == ("new", "new")
    assert not papers.watch.look(LOOK_S * 3)


def test_a_broker_that_is_away_refuses_nobody(tmp_path: Path) -> None:
    """Both pairs in turn, and the new one is still tried when the line comes up."""
    papers = Papers(tmp_path)
    papers.arrive()

    shown = []
    for _ in range(4):
        shown.append(papers.shows())
        papers.watch.heard(AWAY)
    shown.append(papers.shows())
    papers.watch.heard(GREETED)

    assert shown == ["c.pem.next", "c.pem", "c.pem.next", "c.pem", "c.pem.next"]
    assert papers.told == []
    assert papers.content() == ("new", "new")


def test_a_refused_pair_is_told_once_and_not_tried_again_and_its_successor_is(tmp_path: Path) -> None:
    papers = Papers(tmp_path)
    papers.arrive("refused")
    papers.shows()
    papers.watch.heard(AWAY)
    papers.shows()
    papers.watch.heard(GREETED)

    assert [alarm.code for alarm in papers.told] == ["CLOUD-565"]
    assert papers.shows() == "c.pem"
    assert papers.content() == ("old", "old")
    (tmp_path / "c.pem.next").unlink()
    papers.arrive("second")
    assert papers.shows() == "c.pem.next"


def test_a_power_cut_between_key_and_certificate_is_mended(tmp_path: Path) -> None:
    """The key is in place already, its certificate still waits: they belong together."""
    papers = Papers(tmp_path)
    papers.arrive()
    (tmp_path / "c.key.next").replace(tmp_path / "c.key")

    assert papers.shows() == "c.pem"
    assert papers.content() == ("new", "new")
