"""Wall 11: the ledger's disk is gone. Deposits stop, pickups go on with the second journal, and come back in order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_agent.store import journal, rebuild, survival
from edge_agent.store.errors import LedgerDegraded, SecondJournalBad
from edge_agent.store.ledger import Ledger, Mode
from edge_agent.store.second_journal import Line, SecondJournal
from tests.store.crash_vfs import RecordingVfs
from tests.store.locker import (
    SOURCE,
    deposit,
    do_all,
    doors,
    empty_file,
    engine_on,
    ledger_on,
    opened,
    pickup,
    settings,
    wait,
)


class Broken:
    """A locker with two parcels inside whose disk stops taking writes."""

    def __init__(self, tmp_path: Path, second: bool = True) -> None:
        self.vfs = RecordingVfs(f"broken-{tmp_path.name}-{second}")
        path = empty_file(tmp_path / "template.db", tmp_path / "ledger.db")
        (tmp_path / "stick").mkdir(exist_ok=True)
        self.second = SecondJournal(tmp_path / "stick" / "second.jsonl")
        engine = engine_on(path, vfs=self.vfs.name)
        self.ledger = ledger_on(engine, second=self.second if second else None)
        wait(do_all(self.ledger, iter([doors(4), *deposit(1, "1"), *deposit(2, "2")])))
        self.before = self.ledger.last_sequence
        self.vfs.writes, self.vfs.fail_from = 0, 1
        with pytest.raises(Exception, match="injected"):
            wait(do_all(self.ledger, deposit(3, "3")))

    def repaired(self) -> Ledger:
        self.vfs.fail_from = 0
        return self.ledger


def test_without_a_second_journal_nothing_opens_on_an_intent_that_is_not_durable(tmp_path: Path) -> None:
    broken = Broken(tmp_path, second=False)
    state = broken.ledger.state.folded()

    with pytest.raises(LedgerDegraded):
        wait(do_all(broken.ledger, pickup(1, "1")))

    assert broken.ledger.mode is Mode.DEGRADED
    assert broken.ledger.state.folded() == state


def test_with_it_pickups_go_on_and_deposits_do_not(tmp_path: Path) -> None:
    broken = Broken(tmp_path)

    wait(do_all(broken.ledger, pickup(1, "1")))
    with pytest.raises(LedgerDegraded, match=r"deposit\.reserved"):
        wait(do_all(broken.ledger, deposit(4, "4")))

    assert "stay-1" not in broken.ledger.state.stay
    assert len(broken.second.read()) == 3
    assert wait(broken.ledger.events_after(broken.before)).events == ()


def test_when_the_disk_works_again_the_record_is_taken_over_under_the_next_numbers(tmp_path: Path) -> None:
    broken = Broken(tmp_path)
    wait(do_all(broken.ledger, pickup(1, "1")))
    ledger = broken.repaired()
    reloaded: list[int] = []
    ledger.on_reload(lambda: reloaded.append(1))

    assert wait(survival.restore_service(ledger)) == 3

    assert (ledger.mode, reloaded) == (Mode.SERVING, [1])
    events = [json.loads(event) for event in wait(ledger.events_after(broken.before)).events]
    assert [event["type"] for event in events][:2] == ["locker.door.open_requested", "locker.code.claimed"]
    assert [int(event["sequence"]) for event in events] == list(
        range(broken.before + 1, ledger.last_sequence + 1)
    )
    journal.verify(ledger.engine.connection, SOURCE)
    assert rebuild.compare(ledger.engine.connection).differences == ()
    assert not broken.second.path.exists()
    wait(do_all(ledger, deposit(4, "4")))


def test_a_disk_that_still_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    broken = Broken(tmp_path)
    wait(do_all(broken.ledger, pickup(1, "1")))

    with pytest.raises(Exception, match="injected"):
        wait(survival.restore_service(broken.ledger))

    assert broken.ledger.mode is Mode.DEGRADED
    assert len(broken.second.read()) == 3


def test_a_restart_takes_over_what_an_earlier_run_left(tmp_path: Path) -> None:
    """The agent was restarted after the disk was changed back: the pickups made meanwhile are not forgotten."""
    at = settings(tmp_path, second_journal=tmp_path / "second.jsonl")
    found = opened(at)
    wait(do_all(found.ledger, iter([doors(2), *deposit(1, "1")])))
    last = found.ledger.last_sequence
    found.ledger.mode = Mode.DEGRADED
    wait(do_all(found.ledger, pickup(1, "1")))
    found.ledger.engine.connection.close(True)

    again = opened(at)

    assert again.imported == 3
    assert again.ledger.last_sequence > last
    assert "stay-1" not in again.ledger.state.stay
    wait(again.ledger.close())
    assert opened(at).imported == 0


def test_a_cut_in_the_middle_of_taking_over_imports_nothing_twice(tmp_path: Path) -> None:
    at = settings(tmp_path, second_journal=tmp_path / "second.jsonl")
    found = opened(at)
    wait(do_all(found.ledger, iter([doors(2), *deposit(1, "1")])))
    found.ledger.mode = Mode.DEGRADED
    wait(do_all(found.ledger, pickup(1, "1")))
    found.ledger.engine.connection.close(True)
    record = at.second_journal.read_bytes() if at.second_journal else b""
    first = opened(at)
    last = first.ledger.last_sequence
    first.ledger.engine.connection.close(True)
    (tmp_path / "second.jsonl").write_bytes(record)

    again = opened(at)

    assert (again.imported, again.ledger.last_sequence) == (0, last)


def line(n: int) -> Line:
    return Line(
        n, "synced", "boot-0001", n, f"{n:032x}", (("00" * 16, "door.closed", 1, {"compartment": "7"}),)
    )


def test_a_torn_last_line_was_never_confirmed_and_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "second.jsonl"
    written = SecondJournal(path)
    for n in range(3):
        written.append(line(n))
    written.close()
    whole = path.read_bytes()

    for cut in range(1, 40, 5):
        path.write_bytes(whole[:-cut])
        assert SecondJournal(path).read() == (line(0), line(1))
    after = SecondJournal(path)
    after.append(line(9))
    assert after.read() == (line(0), line(1), line(9))


def test_a_line_that_was_changed_or_removed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "second.jsonl"
    written = SecondJournal(path)
    for n in range(3):
        written.append(line(n))
    lines = path.read_bytes().splitlines(keepends=True)

    path.write_bytes(lines[0] + lines[2] + lines[1])
    with pytest.raises(SecondJournalBad, match="line 2 does not follow"):
        SecondJournal(path).read()
    path.write_bytes(lines[0].replace(b'"7"', b'"8"') + lines[1] + lines[2])
    with pytest.raises(SecondJournalBad, match="line 1 does not follow"):
        SecondJournal(path).read()


def test_a_device_that_is_not_there_is_named_and_nothing_is_believed(tmp_path: Path) -> None:
    gone = SecondJournal(tmp_path / "unplugged" / "second.jsonl")

    with pytest.raises(SecondJournalBad, match="nothing was recorded"):
        gone.append(line(1))

    assert gone.read() == ()
