"""Canaries through a whole locker: planted where people type them and back offices send them, then looked for.

The shipped agent and bridge run at their most talkative. One day: lists and documents arrive, a courier fails and
succeeds, parcels are scanned and typed, the back office corrects and delegates, a recipient collects, a technician
types what does not belong there; then a bundle and a backup are made and the machine is stolen.
"""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from edge_agent.store import backup, keys
from sim.broker import EmbeddedBroker
from sim.cloud.signing import Signer, sealed
from tests.bridge.stage import LOCKER, BackOffice, until
from tests.power.program import Site
from tests.security import canaries as c

TALKATIVE = (
    "import functools, logging; from edge_agent import logs;"
    "logs.set_up = functools.partial(logs.set_up, logging.DEBUG);"
)
AGENT = TALKATIVE + "from edge_agent.main import run; run()"
BRIDGE = TALKATIVE + "from cloud_bridge.main import run; run()"
LISTS = {
    "carriers": [{"id": "SF", "consent": "not_needed"}],
    "couriers": [{"id": c.COURIER, "carrier": "SF", "badge": c.BADGE, "pin": c.PIN}],
    "expected": [{"waybill": c.SCANNED, "carrier": "SF", "size": "S", "phone": c.PHONE}],
}
STAFF = [{"id": c.STAFF, "card": c.CARD, "pin": c.CARD_PIN, "roles": ["technician"]}]
REST_S = 0.5  # between two scans
OPEN_S = 2.5  # longer than a door has to be open to count as used
SEALED_OR_HASHED = (
    *(c.BADGE, c.PIN, c.STRANGER_BADGE, c.CARD, c.CARD_PIN, c.WRONG_PIN, c.WRONG_CODE, c.SCANNED, c.TYPED),
    *(c.PHONE, c.TYPED_PHONE, c.CORRECTED_PHONE, c.DELEGATE_TOKEN),
)
"""What may stand nowhere in clear, not even in the ledger."""
IN_THE_LEDGER = (c.COURIER, c.STAFF, c.WORDS, c.OPERATOR, c.CASE, c.ASKED_WHY, c.DELEGATE)
"""Who did what and why: the journal's own, and for nobody who helps from afar."""


@dataclass
class Day:
    """What the day left behind, name → bytes, and the secrets that the locker drew itself."""

    bundle: dict[str, bytes]
    ordered: dict[str, bytes]
    logs: dict[str, bytes]
    disk: dict[str, bytes]
    backups: dict[str, bytes]
    pages: dict[str, bytes]
    errors: dict[str, bytes]
    drawn: tuple[str, ...]
    keys: tuple[str, ...]
    events: list[str] = field(default_factory=list)


class Locker:
    """A site with bridge and back office."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.signer = Signer("office-1")
        broker = stack.enter_context(EmbeddedBroker(folder))
        self.site = Site(
            folder,
            security={"command_signers": {self.signer.name: self.signer.public}},
            cloud={"urls": [broker.url]},
        )
        stack.callback(self.site.close)
        self.folder, self.state = folder, self.site.state
        self.site.start(AGENT)
        self.office = stack.enter_context(BackOffice(folder, broker.url))
        with (folder / "bridge.log").open("ab") as log:
            command = [sys.executable, "-c", BRIDGE, "--config", str(self.site.config)]
            bridge = subprocess.Popen(command, stdout=log, stderr=log)
        stack.callback(bridge.wait)
        stack.callback(bridge.kill)
        until(lambda: self.office.presence.get("agent") == "up", "the locker is online")
        self.errors: dict[str, bytes] = {}

    @property
    def address(self) -> str:
        return (self.state / "kiosk.url").read_text().strip()

    def lockerctl(self, *words: str) -> int:
        """Whatever it says is kept; its exit code."""
        command = [
            str(Path(sys.executable).with_name("lockerctl")),
            "--config",
            str(self.site.config),
            *words,
        ]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        self.errors[" ".join(words[:2])] = done.stderr
        return done.returncode

    def sealed(self, plain: bytes) -> bytes:
        return sealed(plain, json.loads((self.state / "keys" / "opening.jwk").read_text())["x"])

    def orders(self, cmd: str, **args: Any) -> dict[str, Any]:
        """A sealed command; its final answer."""
        session, before = str(self.office.presence["session"]), len(self.office.replies())
        signed = self.signer.command(LOCKER, session, cmd, {"operator": c.OPERATOR, **args})
        self.office.send(LOCKER, "dn/commands", self.sealed(signed))
        until(lambda: len(self.office.replies()) > before, f"{cmd} is answered")
        answer: dict[str, Any] = json.loads(self.office.replies()[-1].payload)
        return answer

    def shuts_after(self, door: str, hand: str) -> None:
        (self.site.puts if hand == "puts" else self.site.takes)(door)
        self.site.shuts(door)


def lists_arrive(at: Locker) -> None:
    file = at.folder / "lists.json"
    file.write_text(json.dumps(LISTS))
    assert at.lockerctl("lists", "import", str(file)) == 0, at.errors
    file.unlink()
    assert at.lockerctl("cabinet", "accept", "--yes", "--reason", "canary") == 0, at.errors
    staff = at.sealed(at.signer.document(LOCKER, "staff", 1, STAFF))
    at.office.send(LOCKER, "dn/desired/staff", staff, retain=True)


def a_courier_types(at: Locker, glass: c.Glass) -> str:
    """A stranger's badge, a wrong PIN, the right one; a waybill and a phone by hand. The door."""
    glass.sees("home")
    at.site.scan(f"LKB:{c.STRANGER_BADGE}")
    at.site.passes(REST_S)
    for pin in (c.WRONG_PIN, c.PIN):
        while glass.sees("home", "courier-pin") == "home" or glass.view["vm"]["ask"] == "number":
            if glass.view["screen"] == "home":
                glass.touch("courier")
            else:
                glass.touch("number", digits=c.COURIER)
        glass.touch("pin", digits=pin)
    glass.sees("courier-scan")
    glass.touch("type-waybill")
    glass.sees("courier-scan")
    glass.touch("waybill", text=c.TYPED)
    while (screen := glass.sees("choose-size", "recipient-phone", "door-open-put")) != "door-open-put":
        if screen == "choose-size":
            glass.touch("size", id="S")
        else:
            glass.touch("phone", digits=c.TYPED_PHONE)
    return in_it_goes(at, glass)


def in_it_goes(at: Locker, glass: c.Glass) -> str:
    after = at.site.last()
    glass.sees("door-open-put", opening=False)
    door = at.site.open_door()
    at.shuts_after(door, "puts")
    at.site.happens("parcel.deposited", after)
    glass.sees("courier-scan")
    return door


def a_recipient_collects(at: Locker, glass: c.Glass, code: str) -> None:
    after = at.site.last()
    glass.sees("home")
    glass.touch("code", digits=c.WRONG_CODE)
    glass.sees("home")
    glass.touch("code", digits=code)
    glass.sees("door-open-take", opening=False)
    door = at.site.open_door()
    at.site.passes(OPEN_S)
    at.shuts_after(door, "takes")
    at.site.happens("parcel.collected", after)


def the_office_orders(at: Locker, stay: str) -> list[str]:
    said = [
        at.orders("correct_parcel", stay=stay, phone=c.CORRECTED_PHONE),
        at.orders(
            "delegate_pickup",
            stay=stay,
            delegate=c.DELEGATE,
            token=c.DELEGATE_TOKEN,
            hours=4,
            reason=c.ASKED_WHY,
        ),
        at.orders("reissue_code", stay=stay, reason=c.ASKED_WHY),
    ]
    return [one["status"] for one in said]


def a_technician_types(at: Locker) -> None:
    at.site.scan(f"LKS:{c.CARD}")
    for words in (
        ("compartment", "block", "9", "--yes", "--reason", c.WORDS),
        ("device", "fit", "lock 17", "--serial", "L-1", "--reason", c.WORDS),
        ("maintenance", "do", "scanner-window", "--result", c.WORDS),
        ("parcel", c.SCANNED),
        ("parcel", "SF0000000000000"),
        ("parcels",),
        ("couriers", "import", str(at.folder / "no-such-list.csv")),
        ("backup", "make"),
    ):
        at.lockerctl(*words)


def private_keys(state: Path) -> tuple[str, ...]:
    """Every private key of the locker as text that would be noticed."""
    opening = json.loads((state / "keys" / "opening.jwk").read_text())["d"]
    age = (state / "keys" / "backup.age").read_text().strip().splitlines()[-1]
    raw = [(state / "keys" / name).read_bytes() for name in ("device.key", "pepper.key")]
    return (opening, age, *(one.hex() for one in raw), *(base64.b64encode(one).decode() for one in raw))


def a_day_with_two_parcels(at: Locker) -> tuple[c.Glass, dict[str, str], set[str]]:
    """The page, what the first recipient was told, and every code and token that the locker drew."""
    glass = c.Glass(at.address)
    a_courier_types(at, glass)
    first = at.site.message()
    at.site.passes(OPEN_S)
    at.site.scan(c.SCANNED)
    in_it_goes(at, glass)
    second = at.site.message()
    stay = [one for one in at.site.events() if one["type"] == "locker.parcel.deposited"][-1]["data"]["stay"]
    glass.touch("finish")
    glass.sees("courier-summary")
    assert the_office_orders(at, stay) == ["done", "done", "done"]
    reissued = [one for one in at.site.events() if one["type"] == "locker.code.reissued"][-1]
    told = (first, second, at.site.opened(reissued))
    return glass, first, {one[key] for one in told for key in ("code", "token") if key in one}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    folder = tmp_path_factory.mktemp("canaries")
    with ExitStack() as stack:
        at = Locker(folder, stack)
        lists_arrive(at)
        glass, first, drawn = a_day_with_two_parcels(at)
        glass.sees("home")
        a_recipient_collects(at, glass, first["code"])
        before = len(glass.heard)
        a_technician_types(at)
        glass.close()
        other = c.Glass(at.address)
        stack.callback(other.close)
        other.sees("home", "courier-pin", "thanks")
        shell = httpx.get(at.address).text
        bundle = folder / "bundle.tar.gz"
        at.lockerctl(
            "support-bundle",
            str(bundle),
            "--log",
            str(folder / "agent.log"),
            "--log",
            str(folder / "bridge.log"),
        )
        made = at.orders("support_bundle", reason=c.ASKED_WHY)
        types = [one["type"] for one in at.site.events()]
        at.site.send(signal.SIGKILL)  # the log of the database is not tidied up
        yield Day(
            bundle=c.members(bundle),
            ordered=c.members(at.state / "support" / made["result"]["file"]),
            logs={name: (folder / name).read_bytes() for name in ("agent.log", "bridge.log")},
            disk=on_disk(at.state),
            backups=opened_backups(at.state, folder),
            pages={
                "shell": shell.encode(),
                "others": "".join((*glass.heard[before:], *other.heard)).encode(),
            },
            errors=at.errors,
            drawn=tuple(drawn),
            keys=private_keys(at.state),
            events=types,
        )


def on_disk(state: Path) -> dict[str, bytes]:
    """Every file but the keys themselves and the page's address."""
    files = [path for path in state.rglob("*") if path.is_file() and path.parent.name != "keys"]
    return {path.name: path.read_bytes() for path in files}


def opened_backups(state: Path, folder: Path) -> dict[str, bytes]:
    """What an operator reads who opens a backup with the locker's own key."""
    found: dict[str, bytes] = {}
    for sealed_file in (state / "backups").glob("ledger-*.age"):
        into = folder / "opened" / sealed_file.stem
        backup.unseal(sealed_file, keys.load(state / "keys").backup, into)
        found |= {path.name: path.read_bytes() for path in into.rglob("*") if path.is_file()}
    return found


EVERYTHING = (*SEALED_OR_HASHED, *IN_THE_LEDGER)


def test_the_day_was_a_whole_one(day: Day) -> None:
    """A search in nothing finds nothing: all of it has happened, and canaries are found where they may be."""
    assert {
        *("locker.login.failed", "locker.code.failed", "locker.parcel.deposited", "locker.parcel.corrected"),
        *("locker.code.delegated", "locker.code.reissued", "locker.parcel.collected", "locker.backup.made"),
    } <= set(day.events)
    assert {place for place, secret in c.found_in(day.disk, IN_THE_LEDGER)} >= {"ledger.db-wal"}
    assert {secret for _, secret in c.found_in(day.disk, IN_THE_LEDGER)} >= {c.WORDS, c.COURIER, c.OPERATOR}
    assert b"ready" in day.logs["agent.log"]


def test_the_support_bundle_holds_nobodys_data_and_no_key(day: Day) -> None:
    """Every member, decompressed, of the technician's bundle and of the one that the back office ordered."""
    secrets = (*EVERYTHING, *day.drawn, *day.keys)

    assert c.found_in(day.bundle, secrets) == []
    assert c.found_in(day.ordered, secrets) == []
    assert {"status.json", "journal.json", "agent.log", "manifest.json"} <= {
        Path(name).name for name in day.bundle
    }


def test_logs_at_their_most_talkative_hold_nobodys_data_and_no_key(day: Day) -> None:
    """Agent and bridge at DEBUG."""
    assert c.found_in(day.logs, (*SEALED_OR_HASHED, *day.drawn, *day.keys)) == []


def test_nothing_personal_stands_in_clear_on_the_disk(day: Day) -> None:
    """Database, write-ahead log, marks, sealed copies: the machine was stolen in full swing."""
    assert c.found_in(day.disk, (*SEALED_OR_HASHED, *day.drawn)) == []


def test_an_opened_backup_holds_nobodys_data(day: Day) -> None:
    """With the key, and still: no vault."""
    assert day.backups
    assert c.found_in(day.backups, (*SEALED_OR_HASHED, *day.drawn)) == []


def test_the_next_person_at_the_screen_is_sent_nothing_of_the_one_before(day: Day) -> None:
    """The page as it is loaded, and every word that the server says after a session."""
    assert c.found_in(day.pages, (*EVERYTHING, *day.drawn, *day.keys)) == []


def test_what_goes_wrong_is_said_without_what_was_typed(day: Day) -> None:
    """A technician's errors on the terminal, which end in screenshots."""
    assert c.found_in(day.errors, (*SEALED_OR_HASHED, *day.drawn, *day.keys)) == []


@pytest.mark.parametrize(
    "spell",
    ["6193 8275 406", "NjE5MzgyNzU0MDY", "36313933383237353430 36".replace(" ", ""), "619-382-754-06"],
)
def test_the_search_finds_a_secret_however_it_is_written(spell: str) -> None:
    assert c.found_in({"log": f"phone={spell};".encode()}, [c.PHONE]) == [("log", c.PHONE)]
