"""What the back office believes of a locker, event by event, and what it keeps beside the record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sim.cloud.lists import Lists
from sim.cloud.picture import PARCELS_MAX, Picture

DOORS = [{"number": "1", "size": "S"}, {"number": "2", "size": "M"}]


class Journal:
    """Events of one locker into a picture, numbered by themselves."""

    def __init__(self) -> None:
        self.picture = Picture()
        self._sequence = 0
        self.say("config.applied", doors=DOORS)
        self.say("acceptance.passed", doors=["1", "2"])

    def say(self, kind: str, **data: Any) -> None:
        self._sequence += 1
        self.picture.take(
            {
                "type": f"locker.{kind}",
                "epoch": "e1",
                "sequence": f"{self._sequence:020d}",
                "time": "2026-01-01T00:00:00.000Z",
                "data": data,
            }
        )

    def deposit(self, stay: str = "s1", door: str = "2") -> None:
        self.say("deposit.reserved", stay=stay, compartment=door, carrier="SF", courier="1001")
        self.say("door.opened", compartment=door)
        self.say("door.closed", compartment=door)
        self.say("parcel.deposited", stay=stay, compartment=door)


@pytest.fixture
def journal() -> Journal:
    return Journal()


def test_an_accepted_cabinet_is_empty_and_its_sizes_are_known(journal: Journal) -> None:
    doors = journal.picture.doors

    assert [(door.number, door.size, door.contents, door.door) for door in doors.values()] == [
        ("1", "S", "empty", "closed"),
        ("2", "M", "empty", "closed"),
    ]


def test_a_parcel_comes_and_goes(journal: Journal) -> None:
    journal.deposit()
    stored = (journal.picture.doors["2"].contents, journal.picture.stays["s1"].status, journal.picture.live())

    journal.say("parcel.collected", stay="s1", compartment="2")

    assert stored == ("parcel", "stored", ["s1"])
    assert (journal.picture.doors["2"].contents, journal.picture.stays["s1"].status) == ("empty", "collected")
    assert journal.picture.live() == []


def test_a_cancelled_deposit_leaves_what_the_locker_says(journal: Journal) -> None:
    """Contents unknown stay unknown; a parcel that was to join others leaves those alone."""
    journal.say("deposit.reserved", stay="s1", compartment="1")
    journal.say("deposit.cancelled", stay="s1", compartment="1", contents="unknown")
    journal.deposit("s2")
    journal.say("deposit.reserved", stay="s2", compartment="2", joined=True)
    journal.say("deposit.cancelled", stay="s2", compartment="2", contents="unknown")

    assert journal.picture.doors["1"].contents == "unknown"
    assert journal.picture.stays["s2"].parcels == 1
    assert journal.picture.live() == ["s2"]
    assert [stay["id"] for stay in journal.picture.as_json()["stays"]] == ["s2"]


@pytest.mark.parametrize(
    ("kind", "data", "condition", "contents"),
    [
        ("compartment.out_of_service", {}, "out_of_service", "empty"),
        ("compartment.suspect", {"condition": "faulty"}, "faulty", "empty"),
        ("compartment.contents_unknown", {}, "ok", "unknown"),
    ],
)
def test_a_door_that_is_not_offered_shows_why(
    journal: Journal, kind: str, data: dict[str, str], condition: str, contents: str
) -> None:
    journal.say(kind, compartment="1", **data)

    door = journal.picture.doors["1"]
    assert (door.condition, door.contents) == (condition, contents)


def test_events_of_a_newer_locker_are_listed_and_change_nothing(journal: Journal) -> None:
    before = journal.picture.as_json()["doors"]

    journal.say("compartment.painted", compartment="1")

    assert journal.picture.as_json()["doors"] == before
    assert journal.picture.tail[-1]["type"] == "compartment.painted"


def test_the_tail_tells_no_hash_and_nothing_sealed(journal: Journal) -> None:
    journal.say("parcel.deposited", stay="s1", compartment="2", sealed="eyJ", code_hash="abcd" * 16)

    told = json.dumps(list(journal.picture.tail))
    assert "eyJ" not in told
    assert "abcd" not in told


def test_what_is_over_makes_room_for_what_is_there(journal: Journal) -> None:
    journal.deposit("first")
    for number in range(PARCELS_MAX + 20):
        journal.say("deposit.reserved", stay=f"s{number}", compartment="1")
        journal.say("deposit.cancelled", stay=f"s{number}", compartment="1", contents="empty")

    assert len(journal.picture.stays) == PARCELS_MAX
    assert journal.picture.live() == ["first"]


def test_a_fault_is_shown_until_it_is_resolved(journal: Journal) -> None:
    journal.say("fault.opened", fault="BUS-110@main/A", code="BUS-110", place="main/A", severity="major")
    open_ones = list(journal.picture.faults)
    journal.say("fault.resolved", fault="BUS-110@main/A", actor="t1")

    assert open_ones == ["BUS-110@main/A"]
    assert journal.picture.faults == {}


# ---- lists ----------------------------------------------------------------------------------------------------------


def test_versions_rise_above_whatever_the_locker_has_seen(tmp_path: Path) -> None:
    """A new office before an old locker: its version would otherwise be refused."""
    lists = Lists(tmp_path / "office.db")

    versions = [lists.keep_document("L", "couriers", [], above) for above in (0, 0, 41, 3)]

    assert versions == [1, 2, 42, 43]
    assert Lists(tmp_path / "office.db").documents("L") == {"couriers": (43, [])}


def test_pre_advice_is_kept_until_the_parcel_lies_there(tmp_path: Path) -> None:
    lists = Lists(tmp_path / "office.db")
    rows = [{"waybill": f"SF{number}", "phone": f"9{number}"} for number in range(3)]

    steps = [lists.expect("L", rows, ()), lists.expect("L", (), ["SF0"]), lists.expect("L", (), (), above=9)]
    known = lists.arrived("L", "SF1")

    assert steps == [1, 2, 10]
    assert known["phone"] == "91"
    assert [row["waybill"] for row in lists.expected("L")] == ["SF2"]
    assert lists.arrived("L", "SF1") == {}


def test_a_locker_that_nobody_enrolled_is_not_sealed_to(tmp_path: Path) -> None:
    lists = Lists(tmp_path / "office.db")

    with pytest.raises(ValueError, match="enrol it first"):
        lists.opening("L")
    lists.enrol("L", "key")

    assert lists.opening("L") == "key"


def test_an_answer_finds_its_command_and_a_foreign_one_none(tmp_path: Path) -> None:
    lists = Lists(tmp_path / "office.db")
    lists.sent("c1", "L", "unlock", {"compartment": "7"})

    lists.answered({"id": "other", "status": "done"})
    lists.answered({"id": "c1", "status": "opened", "result": {"door": "7"}})

    command = lists.commands("L")[0]
    assert (command["status"], command["result"], command["args"]) == (
        "opened",
        {"door": "7"},
        {"compartment": "7"},
    )
