"""The control API over real HTTP: what a program in any language says to the pretend cabinet, and what it hears."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator

import httpx
import pytest

from sim.cabinet import SimCabinet
from sim.control import ControlServer
from sim.fault_table import TABLE
from sim.pytest_plugin import LockerSim
from tests.sim.host import Host
from tests.sim.stage import OPEN_1, READ_ALL


@pytest.fixture
def cabinet(locker_sim: LockerSim) -> SimCabinet:
    return locker_sim("lock-8a", scanners=["line"], control=True)


@pytest.fixture
def api(cabinet: SimCabinet) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=cabinet.control_url, timeout=10.0) as client:
        yield client


def test_doors_are_listed_in_the_order_of_the_configuration(api: httpx.Client) -> None:
    """Number, state, latch, contents, what the sensor says, and where it is wired."""
    doors = api.get("/doors").json()["doors"]

    assert [door["number"] for door in doors] == [str(number) for number in range(1, 25)]
    assert doors[6] == {
        "number": "7",
        "door": "closed",
        "latch": "locked",
        "inside": "empty",
        "sensor": "closed",
        "board": "A",
        "channel": 7,
        "size": "M",
    }


def test_a_person_deposits_a_parcel_by_http(cabinet: SimCabinet, api: httpx.Client) -> None:
    """The board opens the door; the hand puts a parcel in and shuts it in one request."""
    with Host(cabinet.ports["main"]) as bus:
        bus.ask(OPEN_1, 5)
        opened = api.get("/doors/1").json()
        closed = api.post("/doors/1", json={"inside": "parcel", "hand": "close"}).json()
        bus.ask(READ_ALL, 7)

    assert opened["door"] == opened["sensor"] == "open"
    assert (closed["door"], closed["inside"], closed["moved"]) == ("closed", "parcel", True)


def test_a_code_shown_over_http_reaches_the_scanners_port(cabinet: SimCabinet, api: httpx.Client) -> None:
    """As text with its terminator, as hex byte for byte."""
    with Host(cabinet.ports["front"]) as scanner:
        read = api.post("/scanners/front", json={"text": "順豐 SF1"}).json()
        api.post("/scanners/front", json={"hex": "00 ff 0a"})
        arrived = scanner.read(14)

    assert read == {"read": True}
    assert arrived == "順豐 SF1\r".encode() + b"\x00\xff\n"


def test_faults_are_begun_listed_and_cleared(cabinet: SimCabinet, api: httpx.Client) -> None:
    """POST, GET, DELETE one, POST clear, DELETE all."""
    begun = api.post("/faults", json={"name": "jam", "door": "1"})
    api.post("/faults", json={"name": "silent", "board": "A"})
    listed = api.get("/faults").json()

    assert begun.status_code == 201
    assert [fault["name"] for fault in listed["active"]] == ["jam", "silent"]
    assert {kind["name"] for kind in listed["known"]} == set(TABLE)
    assert api.delete(f"/faults/{begun.json()['id']}").json() == {"cleared": 1}
    assert not cabinet.world.doors["1"].jammed
    assert api.post("/faults", json={"clear": "silent"}).json() == {"cleared": 1}
    assert api.delete("/faults").json() == {"cleared": 0}
    assert api.delete("/faults/f99").status_code == 404


def test_unplugging_by_http_takes_the_device_away(cabinet: SimCabinet, api: httpx.Client) -> None:
    """A fault of a port, from outside."""
    link = cabinet.ports["main"]

    api.post("/faults", json={"name": "unplug", "port": "main"})
    gone = not os.path.lexists(link)
    api.delete("/faults")

    assert gone
    with Host(link) as bus:
        assert len(bus.ask(READ_ALL, 7)) == 7


def test_a_port_that_its_owner_has_locked_cannot_be_held_by_another(
    cabinet: SimCabinet, api: httpx.Client
) -> None:
    """Impossible now is 409 and begins nothing; once the owner is gone it goes."""
    with Host(cabinet.ports["main"]) as owner:
        fcntl.flock(owner.descriptor, fcntl.LOCK_EX)
        refused = api.post("/faults", json={"name": "held", "port": "main"})

    assert refused.status_code == 409
    assert "locked by the program" in refused.json()["error"]
    assert cabinet.faults.active() == []
    assert api.post("/faults", json={"name": "held", "port": "main"}).status_code == 201


def test_trace_and_coil_log_tell_what_happened(cabinet: SimCabinet, api: httpx.Client) -> None:
    """One unlock: two frames with their meaning, one energising with the board's own record."""
    with Host(cabinet.ports["main"]) as bus:
        bus.ask(OPEN_1, 5)

    frames = api.get("/trace").json()["frames"]
    [coil] = api.get("/coils").json()["energisings"]

    assert [(frame["direction"], frame["hex"]) for frame in frames] == [
        (">", "8A 01 01 11 9B"),
        ("<", "8A 01 01 00 8A"),
    ]
    assert frames[0]["meaning"] == "unlock channel 1 of board 1"
    assert api.get("/trace", params={"after": frames[0]["number"]}).json()["frames"] == frames[1:]
    assert (coil["door"], coil["length_s"]) == ("1", 0.3)
    assert coil["board_record"] == {"asked_s": 0.3, "on": False, "length_s": 0.3}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("GET", "/doors/99", None, 404, "no door '99'"),
        ("POST", "/doors/1", {"hand": "kick"}, 400, "close, open or push"),
        ("POST", "/doors/1", {"foot": "kick"}, 400, "unknown keys ['foot']"),
        ("POST", "/doors/1", {"inside": "parcel"}, 409, "door 1 is shut"),
        ("POST", "/doors/1", {}, 400, "at least one key"),
        ("POST", "/scanners/back", {"text": "x"}, 404, "no scanner 'back'"),
        ("POST", "/scanners/front", {"hex": "xyz"}, 400, "no hex"),
        ("POST", "/scanners/front", {"text": 7}, 400, "either text or hex"),
        ("POST", "/faults", {"name": "gremlin"}, 400, "no fault 'gremlin'"),
        ("POST", "/faults", {"door": "1"}, 400, "a fault's name"),
        ("GET", "/trace?after=now", None, 400, "a frame's number"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    api: httpx.Client, method: str, path: str, body: dict[str, object] | None, status: int, says: str
) -> None:
    """The status tells the kind, the sentence what is wrong."""
    answer = api.request(method, path, json=body)

    assert answer.status_code == status
    assert says in answer.json()["error"]


def test_a_body_that_is_no_json_or_endless_is_refused(api: httpx.Client) -> None:
    """Neither is read any further."""
    assert "no JSON" in api.post("/doors/1", content=b"{hand").json()["error"]
    assert "more than" in api.post("/doors/1", content=b" " * 70_000).json()["error"]


def test_everything_that_happens_is_told_without_asking(cabinet: SimCabinet, api: httpx.Client) -> None:
    """Server-sent events: hello, then fault, frames, coil and door as they come."""
    heard: list[tuple[str, dict[str, object]]] = []
    begun = threading.Event()

    def listen() -> None:
        with api.stream("GET", "/events") as stream:
            name = ""
            for line in stream.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    heard.append((name, json.loads(line.removeprefix("data: "))))
                    begun.set()

    thread = threading.Thread(target=listen)
    thread.start()
    assert begun.wait(10)
    cabinet.faults.add("slam", door="1", after_s=0.05)
    with Host(cabinet.ports["main"]) as bus:
        bus.ask(OPEN_1, 5)
    cabinet.stop()
    thread.join(10)

    names = [name for name, _ in heard]
    assert names[0] == "hello"
    assert {"faults", "frame", "coil", "door"} <= set(names)
    assert next(data["door"] for name, data in heard if name == "door") in ("open", "closed")
    assert not thread.is_alive()


def test_only_loopback_and_only_under_its_own_name(cabinet: SimCabinet, api: httpx.Client) -> None:
    """No other address is served, and a page that calls us by another name is turned away."""
    with pytest.raises(ValueError, match="or localhost only"):
        ControlServer(cabinet, "0.0.0.0:0")

    assert api.get("/doors", headers={"host": "evil.example"}).status_code == 400


def test_pages_may_load_nothing_from_elsewhere(api: httpx.Client) -> None:
    """The panel works offline: its policy allows this server only, and it names no other."""
    page = api.get("/")

    assert "default-src 'none'" in page.headers["content-security-policy"]
    for path in ("/", "/static/panel.js", "/static/panel.css"):
        text = api.get(path).text
        assert "http://" not in text
        assert "https://" not in text
