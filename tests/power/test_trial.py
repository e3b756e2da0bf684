"""What `locker-update` is told by the running agent, and an agent on trial: it works, and serves nobody."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from edge_agent import updater
from sim.demo import BADGE
from tests.power.program import site

pytestmark = pytest.mark.timeout(120)


def test_an_update_waits_for_the_person_at_the_screen_and_for_shut_doors(tmp_path: Path) -> None:
    """Idle at first; not while a courier is there; not while a door is open."""
    with site(tmp_path) as at:
        at.start()
        at.accept()
        before = at.ask("control.sock", "/update/state")
        after = at.last()
        at.scan(BADGE)
        at.happens("session.started", after)
        greeted = at.ask("control.sock", "/update/state")
        at.scan("SF1000000000001")
        at.happens("door.opened", after)
        opened = at.ask("control.sock", "/update/state")

    assert (before["idle"], before["well"], before["trial"], before["desired"]) == (True, True, False, None)
    assert (greeted["idle"], greeted["why"]) == (False, "somebody is at the screen")
    assert not opened["idle"]
    assert "a door is open" in opened["why"]


def test_on_trial_the_agent_works_and_serves_nobody(tmp_path: Path) -> None:
    """Ledger, boards and sockets as ever; the scanner is not listened to and the page shows a sign."""
    with site(tmp_path) as at:
        at.start()
        at.accept()
        at.send(signal.SIGTERM)
        at.gone()
        (at.state / "trial").touch()
        at.manager.forget()
        at.program = at.launch()
        assert at.manager.hears("READY=1")
        after = at.last()

        said = at.ask("control.sock", "/update/state")
        at.scan(BADGE)
        happened = at.events(after, wait_s=2.0)  # a scan that is listened to is an event within milliseconds

        assert (said["trial"], said["idle"], said["well"]) == (True, True, True)
        assert [one["type"] for one in happened if one["type"].startswith("locker.session")] == []


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The updater's folder, and a machine on which version 0.1.0 is installed."""
    monkeypatch.setattr(updater, "HOME", tmp_path)
    monkeypatch.setattr(updater, "installed", lambda: "0.1.0+deb12")
    return tmp_path


def desired(**changes: object) -> dict[str, object]:
    return {"version": "0.2.0", "url": "https://h/x.deb", "sha256": "0" * 64, "not_before_ms": 0, **changes}


def test_what_the_back_office_wants_is_fetched_when_it_is_news(home: Path) -> None:
    """Another version, wanted by now, that has not failed here before."""
    later = time.time() * 1000 + 60_000

    assert updater.desired_is_news(desired())
    assert not updater.desired_is_news(desired(version="0.1.0"))
    assert not updater.desired_is_news(desired(not_before_ms=later))
    (home / "failed").write_text("0.2.0")
    assert not updater.desired_is_news(desired())
    assert updater.desired_is_news(desired(version="0.2.1"))


@pytest.mark.parametrize("url", ["http://h/x.deb", "file:///etc/passwd", "ftp://h/x.deb"])
def test_only_https_is_fetched(home: Path, url: str) -> None:
    """Nothing is written either."""
    with pytest.raises(updater.Refused, match="only https"):
        updater.fetch_desired(desired(url=url))

    assert list(home.iterdir()) == []


def test_an_interrupted_update_is_taken_back_before_anything_else(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The phase on the disk decides: whatever is staged or desired waits."""
    (home / "phase").write_text(json.dumps({"from": "0.1.0+deb12", "to": "0.2.0+deb12"}))
    did: list[str] = []
    monkeypatch.setattr(updater, "fall_back", lambda reason: did.append(reason) or 1)

    assert updater.update(now=True) == 1
    assert did == ["interrupted"]
