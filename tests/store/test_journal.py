"""The chain: any change from outside is found, and the back office can check it from what it received."""

from __future__ import annotations

import json
from pathlib import Path

import apsw
import pytest

from edge_agent.domain.instant import ClockQuality
from edge_agent.store import canonical, journal, rebuild, upkeep
from edge_agent.store.errors import ChainBroken, StoreError
from tests.store.locker import (
    SOURCE,
    a_day,
    clock,
    do_all,
    empty_file,
    engine_on,
    ledger_on,
    opened,
    settings,
    wait,
)


def filled(tmp_path: Path) -> apsw.Connection:
    engine = engine_on(empty_file(tmp_path / "template.db", tmp_path / "ledger.db"))
    wait(do_all(ledger_on(engine), a_day(4)))
    return engine.connection


def test_a_whole_chain_is_verified_and_counted(tmp_path: Path) -> None:
    connection = filled(tmp_path)

    verified = journal.verify(connection, SOURCE)

    assert verified.rows == verified.last_sequence == journal.head(connection).position
    assert verified.first_sequence == 1


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE journal SET data = replace(data, 'courier-1', 'courier-2') WHERE position = 3", "hash"),
        ("UPDATE journal SET wall_ms = wall_ms + 1 WHERE position = 5", "hash"),
        ("UPDATE journal SET type = 'door.forced' WHERE position = 5", "hash"),
        ("UPDATE journal SET txn = zeroblob(16) WHERE position = 5", "hash"),
        ("DELETE FROM journal WHERE position = 5", "missing"),
        ("DELETE FROM journal WHERE position < 5", "missing"),
        ("UPDATE journal SET position = position + 100 WHERE position > 5", "missing"),
        ("UPDATE epoch SET id = 'another'", "hash"),
    ],
)
def test_a_row_that_was_touched_is_named(tmp_path: Path, statement: str, said: str) -> None:
    connection = filled(tmp_path)
    connection.execute(statement)

    with pytest.raises(ChainBroken, match=said) as broken:
        journal.verify(connection, SOURCE)

    assert broken.value.code == "STORE-410"
    assert "journal" in broken.value.where


def test_another_lockers_journal_does_not_pass_for_this_ones(tmp_path: Path) -> None:
    with pytest.raises(ChainBroken):
        journal.verify(filled(tmp_path), "/lockers/HK-9999")


def test_a_table_that_was_touched_differs_from_the_fold(tmp_path: Path) -> None:
    connection = filled(tmp_path)
    assert rebuild.compare(connection).differences == ()

    connection.execute("UPDATE folded_compartment SET row = json_set(row, '$.openings', 99) WHERE key = '2'")
    connection.execute("DELETE FROM folded_duty WHERE key = '1'")

    assert rebuild.compare(connection).differences == ("compartment 2", "duty 1")


def test_the_back_office_checks_the_chain_from_the_events_alone(tmp_path: Path) -> None:
    """RFC 8785 of the event without its hash and its sealed data, hashed onto the hash before: nothing else."""
    ledger = opened(settings(tmp_path)).ledger
    wait(do_all(ledger, a_day(4)))

    link = bytes(32)
    for event in map(json.loads, wait(ledger.events_after(0)).events):
        said = bytes.fromhex(event["chainhash"])
        link = canonical.chain(link, canonical.canonical_event(event))
        assert link == said, event["type"]


def test_the_bytes_that_are_hashed_never_change() -> None:
    """Golden: every journal ever written depends on them."""
    data = {
        "sealed": None,
        "erased": True,
        "text": "投递 é",
        "n": 1,
        "list": [True, None],
        "compartment": "7",
    }
    event = {
        "type": "locker.door.closed",
        "time": "2026-03-01T08:00:00.000Z",
        "chainhash": "00",
        "data": data,
    }

    assert (
        canonical.canonical_event(event)
        == (
            '{"data":{"compartment":"7","list":[true,null],"n":1,"text":"投递 é"},'
            '"time":"2026-03-01T08:00:00.000Z","type":"locker.door.closed"}'
        ).encode()
    )
    assert canonical.chain(bytes(32), b"x").hex().startswith("fdded6faced1af47")


def test_purging_keeps_what_is_young_or_not_acknowledged_and_the_chain_whole(tmp_path: Path) -> None:
    """180 days: acknowledged rows go behind a checkpoint, folding starts there, figures stay."""
    at, time = settings(tmp_path), clock()
    ledger = opened(at, time).ledger
    wait(do_all(ledger, a_day(6)))
    old = ledger.last_sequence
    wait(ledger.events_after(0))
    wait(ledger.acknowledge(ledger.epoch, old - 3))
    time.advance(181 * 86_400)
    wait(do_all(ledger, iter([*a_day(1)][:1])))

    gone = wait(upkeep.purge(ledger, at))

    assert gone == old - 4
    verified = journal.verify(ledger.engine.connection, SOURCE)
    assert verified.first_sequence == old - 3
    compared = rebuild.compare(ledger.engine.connection)
    assert compared.differences == ()
    assert compared.rows == 0, "folding starts at the snapshot"
    assert wait(upkeep.purge(ledger, at)) == 0
    wait(do_all(ledger, iter([*a_day(1)][:1])))
    assert rebuild.compare(ledger.engine.connection).differences == ()
    wait(ledger.close())
    again = opened(at, time)
    assert again.restored == ""
    assert wait(again.ledger.hello()).first == old - 3
    wait(again.ledger.close())


def test_nothing_is_purged_by_a_clock_that_cannot_be_believed(tmp_path: Path) -> None:
    at, time = settings(tmp_path), clock()
    ledger = opened(at, time).ledger
    wait(do_all(ledger, a_day(2)))
    wait(ledger.events_after(0))
    wait(ledger.acknowledge(ledger.epoch, ledger.last_sequence + 1))
    time.quality = ClockQuality.UNSET
    time.jump_wall(20 * 365 * 86_400)

    assert wait(upkeep.purge(ledger, at)) == 0


def test_a_snapshot_that_was_touched_is_refused(tmp_path: Path) -> None:
    at, time = settings(tmp_path), clock()
    ledger = opened(at, time).ledger
    wait(do_all(ledger, a_day(3)))
    wait(ledger.events_after(0))
    wait(ledger.acknowledge(ledger.epoch, ledger.last_sequence + 1))
    time.advance(181 * 86_400)
    assert wait(upkeep.purge(ledger, at)) > 0
    ledger.engine.connection.execute("UPDATE snapshot SET digest = 'another'")

    with pytest.raises(StoreError, match="digest"):
        rebuild.compare(ledger.engine.connection)
