"""The technician's verbs on a stopped agent's state directory."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pyrage
import pytest

from edge_agent.domain.courier import Courier
from edge_agent.kiosk.session_inputs import pin_text
from edge_agent.store import keys, offline
from edge_agent.store.errors import BackupUnreadable, DocumentBad, LedgerMissing
from edge_agent.store.executor import Inline
from edge_agent.store.opening import hasher_of
from edge_agent.store.places import Settings
from tests.store.locker import PHONE, deposit, do_all, doors, opened, pickup, settings, wait


@pytest.fixture
def stopped(tmp_path: Path) -> Settings:
    """Three doors, a parcel in door 1, one collected from door 2; the agent was stopped."""
    at = settings(tmp_path)
    found = opened(at)
    steps = [doors(3), *deposit(1, "1"), *deposit(2, "2"), *pickup(2, "2")]
    wait(do_all(found.ledger, iter(steps)))
    wait(found.ledger.close())
    return at


def test_a_sound_journal_is_verified(stopped: Settings) -> None:
    found, problems = offline.journal_verify(stopped)

    assert problems == ()
    assert found.rows == found.last_sequence > 10


def test_tables_that_differ_are_named_and_made_right_again(stopped: Settings) -> None:
    engine = opened(stopped).ledger.engine
    engine.connection.execute(
        "UPDATE folded_compartment SET row = json_set(row, '$.openings', 99) WHERE key = '3'"
    )
    engine.close()

    assert offline.journal_verify(stopped)[1] == ("compartment 3",)
    assert offline.journal_rebuild(stopped, write=False).differences == ("compartment 3",)
    assert offline.journal_rebuild(stopped, write=True).differences == ("compartment 3",)
    assert offline.journal_rebuild(stopped, write=False).differences == ()
    assert offline.journal_verify(stopped)[1] == ()


def test_an_export_is_one_event_a_line_without_personal_data(stopped: Settings) -> None:
    out = io.BytesIO()

    count = offline.journal_export(stopped, out)

    lines = out.getvalue().splitlines()
    assert len(lines) == count
    assert [int(json.loads(line)["sequence"]) for line in lines] == list(range(1, count + 1))
    assert PHONE.encode() not in out.getvalue()


def test_the_journal_is_shown_by_group_stay_and_compartment(stopped: Settings) -> None:
    assert len(offline.journal_show(stopped, last=3)) == 3
    of_doors = offline.journal_show(stopped, last=100, kind="door.", compartment="1")
    assert {event["type"] for event in of_doors} == {
        "locker.door.open_requested",
        "locker.door.opened",
        "locker.door.closed",
    }
    assert all(
        event["data"]["stay"] == "stay-2" for event in offline.journal_show(stopped, last=100, stay="stay-2")
    )


def test_parcels_and_compartments_are_listed_masked(stopped: Settings) -> None:
    (parcel,) = offline.parcels(stopped)

    assert (parcel.compartment, parcel.status, parcel.phone, parcel.waybill) == (
        "1",
        "stored",
        "••••4567",
        "••••0001",
    )
    assert [(c.number, c.contents) for c in offline.compartments(stopped)] == [
        ("1", "stay"),
        ("2", "empty"),
        ("3", "empty"),
    ]


CSV = "id,carrier,pin,badge,revoked\nK1,sf,4711,B-1,false\nK2,sf,,B-2,true\n"


def test_couriers_come_from_a_list_and_their_pins_are_hashed_as_at_the_screen(
    stopped: Settings, tmp_path: Path
) -> None:
    (tmp_path / "couriers.csv").write_text(CSV)

    assert offline.couriers_import(stopped, tmp_path / "couriers.csv") == 2

    assert offline.couriers_list(stopped) == [
        offline.CourierLine("K1", "sf", True, True, False),
        offline.CourierLine("K2", "sf", False, True, True),
    ]
    hasher = hasher_of(keys.load(stopped.keys), Inline())
    running = opened(stopped)
    k1: Courier = running.ledger.state.courier["K1"]
    assert k1.accepts(pin_hash=hasher.code_hash(pin_text("K1", "4711")))
    assert k1.accepts(badge_hash=hasher.lookup_hash("badge", "B-1"))
    wait(running.ledger.close())
    assert b"4711" not in b"".join(path.read_bytes() for path in stopped.state_dir.glob("ledger.db*"))
    assert offline.journal_show(stopped, last=1)[0]["data"]["cmd"] == "couriers.import"


def test_a_json_list_is_taken_as_well_and_others_stay(stopped: Settings, tmp_path: Path) -> None:
    (tmp_path / "couriers.csv").write_text(CSV)
    (tmp_path / "more.json").write_text('[{"id": "K3", "carrier": "zto", "pin": "1", "may_recall": false}]')
    offline.couriers_import(stopped, tmp_path / "couriers.csv")

    assert offline.couriers_import(stopped, tmp_path / "more.json") == 1

    assert [line.id for line in offline.couriers_list(stopped)] == ["K1", "K2", "K3"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "id,carrier,telephone\nK1,sf,123\n", "courier 1.*telephone"),
        ("a.csv", "id,carrier\nK1,\n", "id or carrier is empty"),
        ("a.csv", "id,carrier\nK1,sf\nK1,sf\n", "1 ids twice"),
        ("a.csv", "id,carrier\n", "0 couriers"),
        ("a.json", "{", "JSON|truncated"),
        ("a.json", '[{"id": "K1", "carrier": "sf", "revoked": "perhaps"}]', "courier 1"),
    ],
)
def test_of_a_list_with_a_wrong_line_nothing_is_taken(
    stopped: Settings, tmp_path: Path, name: str, content: str, said: str
) -> None:
    (tmp_path / name).write_text(content)

    with pytest.raises(DocumentBad, match=said):
        offline.couriers_import(stopped, tmp_path / name)

    assert offline.couriers_list(stopped) == []


def test_a_courier_is_revoked_and_an_unknown_one_is_said_to_be_unknown(
    stopped: Settings, tmp_path: Path
) -> None:
    (tmp_path / "couriers.csv").write_text(CSV)
    offline.couriers_import(stopped, tmp_path / "couriers.csv")

    assert offline.couriers_revoke(stopped, "K1")
    assert not offline.couriers_revoke(stopped, "nobody")

    assert [line.revoked for line in offline.couriers_list(stopped)] == [True, True]


def test_a_backup_is_made_proved_and_restored_by_hand(stopped: Settings, tmp_path: Path) -> None:
    made = offline.backup_make(stopped)
    sealed = stopped.backups / made.name

    assert offline.backup_verify(stopped).last_sequence == made.manifest.last_sequence
    assert offline.journal_show(stopped, last=1)[0]["type"] == "locker.backup.made"
    stopped.ledger.unlink()
    epoch = offline.backup_restore(stopped, sealed)

    assert epoch != made.manifest.epoch
    assert offline.journal_verify(stopped)[1] == ()
    (tmp_path / "foreign.txt").write_text(f"# a key\n{pyrage.x25519.Identity.generate()}\n")
    with pytest.raises(BackupUnreadable):
        offline.backup_verify(stopped, sealed, tmp_path / "foreign.txt")


def test_without_a_ledger_every_verb_says_so(tmp_path: Path) -> None:
    at = settings(tmp_path)

    for verb in (offline.parcels, offline.compartments, offline.couriers_list):
        with pytest.raises(LedgerMissing, match="no ledger"):
            verb(at)
    with pytest.raises(LedgerMissing):
        offline.couriers_revoke(at, "K1")
    assert not at.state_dir.exists()
