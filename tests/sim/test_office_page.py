"""The back office's HTTP side by itself: what it refuses, and who may not talk to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sim.cloud.desk import Desk
from sim.cloud.lists import Lists
from sim.cloud.page import Page
from sim.cloud.record import Record
from sim.cloud.signing import Signer
from sim.demo_cloud import CloudKey

NOBODY = "mqtt://127.0.0.1:1"  # the desk is not started: no line, no locker


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    record, lists = Record(tmp_path / "office.db"), Lists(tmp_path / "office.db")
    page = Page(Desk(NOBODY, record, lists, Signer("office-1"), CloudKey(), print), "127.0.0.1:0")
    yield page.start()
    page.stop()
    record.close()
    lists.close()


def test_the_page_is_whole_without_a_network(url: str) -> None:
    """Script and style come from here; nothing else may be loaded."""
    page = httpx.get(f"{url}/")

    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "http" not in page.text
    for asset in ("office.js", "office.css"):
        assert httpx.get(f"{url}/static/{asset}").status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("orders", {"cmd": "unlock", "args": {}}, 409, "not online"),
        ("orders", {"cmd": 7}, 400, "give cmd"),
        ("orders", [], 400, "JSON object"),
        ("documents/menu", [], 409, "is no document"),
        ("documents/couriers", [], 409, "enrol it first"),
        ("expected", {"put": [{"waybill": "SF1000000000001"}]}, 409, "enrol it first"),
        ("expected", {"put": [{}]}, 400, "with a waybill"),
        ("expected", {}, 400, "1 to 200"),
    ],
)
def test_a_refusal_is_one_sentence(url: str, path: str, body: object, status: int, words: str) -> None:
    answer = httpx.post(f"{url}/lockers/L/{path}", json=body)

    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_a_form_of_a_foreign_page_opens_no_door(url: str) -> None:
    """Browsers send such bodies across origins without asking; JSON they do not."""
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = httpx.post(
            f"{url}/lockers/L/orders",
            content='{"cmd": "unlock", "args": {}}',
            headers={"Content-Type": kind},
        )
        assert answer.status_code == 400
        assert "application/json" in answer.json()["error"]


def test_a_foreign_name_is_not_served(url: str) -> None:
    assert httpx.get(f"{url}/view", headers={"Host": "evil.example"}).status_code == 400


def test_only_loopback_is_bound(tmp_path: Path) -> None:
    desk = Desk(NOBODY, Record(":memory:"), Lists(":memory:"), Signer("office-1"), CloudKey(), print)

    with pytest.raises(ValueError, match="localhost only"):
        Page(desk, "0.0.0.0:0")


def test_the_keys_in_files_are_the_same_the_next_day(tmp_path: Path) -> None:
    first, second = (Signer.of_file("office-1", tmp_path / "signing.key") for _ in range(2))

    assert first.public == second.public
    assert (tmp_path / "signing.key").stat().st_mode & 0o777 == 0o600
