"""Commissioning: an unpacked cabinet, its faults found one by one, and the report that two persons sign."""

from __future__ import annotations

import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from edge_agent.cli.commissioning import acceptance
from edge_agent.control.commission_types import CommissionItem
from edge_agent.control.direct_record import DirectUnlock, read
from edge_agent.domain.refusals import Refusal
from tests.cli.commissioning import (
    Answer,
    Place,
    demo_place,
    on_staff,
    small_place,
    state_of,
    what,
    with_parcel,
)

PERSONS: dict[str, Answer] = {"technician": "Li", "operator": "Wong"}


def mending(place: Place, faults: dict[str, object]) -> dict[str, Answer]:
    """Somebody who mends what is named, says what was seen, and tries again."""

    def answer(item: CommissionItem) -> str:
        if "Did a door open" in item.text:
            return "no" if item.place in faults else "door"
        fault = faults.pop(item.place or "boards", None)
        if fault is not None:
            place.cabinet.faults.clear(fault)  # type: ignore[arg-type]
        return "again" if item.asks == "boards" else "retry"

    number: Answer = lambda item: place.opened  # noqa: E731 - what stands on the door that is open
    return {"boards": answer, "failed": answer, "number": number, "write": "yes", **PERSONS}


def report_is_whole(last: CommissionItem) -> None:
    """Sixty doors, three times each; three faults, mended; signed; as JSON, page and PDF."""
    signed = acceptance.read(Path(last.report))
    assert acceptance.held(signed, signed.key) == ""
    assert signed.digest == last.digest
    report = signed.report
    assert report.verdict == "passed"
    assert {one.number for one in report.doors} == {str(number) for number in range(1, 61)}
    assert all(one.verdict == "passed" and len(one.opened_ms) == 3 for one in report.doors)
    assert {(one.fault, one.mended) for one in report.findings} == {
        ("duplicate-address", True),
        ("swapped-harness", True),
        ("dead-latch", True),
    }
    for kind in ("html", "pdf"):
        assert Path(last.report).with_suffix(f".{kind}").stat().st_size > 5_000


def test_an_unpacked_cabinet_of_sixty_doors_gives_its_three_faults_away_and_is_accepted(
    tmp_path: Path,
) -> None:
    """No locker.toml; two boards with one address, the lock cables of two doors exchanged, one latch that is dead.

    The boards' order on the wire is not the order of the printed numbers, and four channels have no door: both are
    learned on the way.
    """
    place = demo_place(tmp_path)
    add = place.cabinet.faults.add
    planted = {
        "boards": add("duplicate-address", board="C", other="D"),
        "5": add("permuted-map", doors=["5", "6"]),
        "17": add("jam", door="17"),
    }

    said = place.commission(
        mending(place, dict(planted)),
        port=(str(tmp_path / "main"), str(tmp_path / "second")),
        id="HK-0001",
        state=str(tmp_path / "state"),
    )

    found = {(one.place, one.code) for one in what(said, "finding")}
    assert found == {("address 11 on bus main", "BUS-111"), ("door 5", "DOOR-205"), ("door 17", "DOOR-201")}
    assert said[-1].accepted, said[-1].text
    report_is_whole(said[-1])
    written = tomllib.loads(place.config.read_text())
    assert {"board": "E", "channels": "1-16", "numbers": "25-40", "size": "M", "height": "middle"} in written[
        "compartments"
    ]
    state = state_of(place)
    assert state.switched.accepted
    assert all(one.offered for one in state.compartment.values())
    assert len(state.compartment) == 60
    unlocks = [one for one in read(tmp_path / "state") if isinstance(one, DirectUnlock)]
    assert (
        len(unlocks) >= place.pulses()
    )  # each pulse was on the disk before its frame; the absent doors have no coil


def test_after_a_break_the_walk_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """The power goes after the third door of four; the next run opens the fourth alone."""
    place = small_place(tmp_path)

    place.commission(PERSONS, stop_at=lambda item: item.what == "door" and item.place == "3")
    before = place.pulses()
    said = place.commission(PERSONS)

    assert [one.place for one in what(said, "door")] == ["4"]
    assert place.pulses() - before == 3
    assert said[-1].accepted


def test_a_latch_that_stays_dead_costs_the_coil_no_more_than_the_bound(tmp_path: Path) -> None:
    """Somebody says "retry" for ever: three pulses, then the walk goes on; nobody signs, nothing is accepted."""
    place = small_place(tmp_path)
    place.cabinet.faults.add("jam", door="2")

    said = place.commission(
        {"failed": lambda item: "no" if "Did a door open" in item.text else "retry", **PERSONS}
    )

    assert len(place.cabinet.coils("A", 2)) == 3
    assert not said[-1].accepted
    assert "technician" not in {one.asks for one in said}
    report = acceptance.read(Path(said[-1].report)).report
    assert report.verdict == "failed"
    assert [one.number for one in report.doors if one.verdict == "failed"] == ["2"]
    assert not state_of(place).switched.accepted


def test_a_door_that_nobody_shuts_gets_no_further_pulse(tmp_path: Path) -> None:
    """It stands open while somebody says "retry"; when it is shut at last it has to pass anew."""
    place = small_place(tmp_path)
    place.shuts = False
    pulses: list[int] = []

    def answer(item: CommissionItem) -> str:
        pulses.append(len(place.cabinet.coils("A", 1)))
        if len(pulses) == 2:
            place.shuts = True
            place.cabinet.hand("1", "close")
        return "retry"

    said = place.commission({"failed": answer, **PERSONS}, cycles=1)

    assert pulses == [1, 1]
    assert [one.code for one in what(said, "finding")] == ["DOOR-210", "DOOR-210"]
    assert len(place.cabinet.coils("A", 1)) == 2
    assert said[-1].accepted


def test_a_board_that_went_silent_is_named_and_its_doors_are_left(tmp_path: Path) -> None:
    """Somebody goes on without it: no pulse is sent there, and the next run, with the plug in, is accepted."""
    place = small_place(tmp_path)
    fault = place.cabinet.faults.add("silent", board="A")

    silent = place.commission({"boards": "on", **PERSONS}, cycles=1)
    place.cabinet.faults.clear(fault)
    well = place.commission(PERSONS, cycles=1)

    assert {(one.place, one.code) for one in what(silent, "finding")} == {("board A", "BUS-110")}
    assert not silent[-1].accepted
    assert {one.place for one in what(well, "mended")} == {"board A"}
    assert well[-1].accepted


def test_a_coil_rests_between_two_pulses(tmp_path: Path) -> None:
    """Two seconds at least, as in service, however quick the hand is."""
    place = small_place(tmp_path)

    place.commission(PERSONS)

    starts = [one.start_s for one in place.cabinet.coils("A", 1)]
    assert len(starts) == 3
    assert all(later - earlier >= 2.0 for earlier, later in pairwise(starts))


def test_contacts_wired_the_other_way_round_are_learned_and_written(tmp_path: Path) -> None:
    """The harness shorts when open, the file says when locked: each door shows it by what its contact does."""
    place = small_place(tmp_path, feedback="closed-when-open")

    said = place.commission({"write": "yes", **PERSONS}, cycles=1)

    assert 'feedback = "closed-when-open"' in place.config.read_text()
    assert said[-1].accepted
    assert all(one.code == "" for one in what(said, "finding"))


def test_an_exchange_may_be_written_down_instead_of_mended(tmp_path: Path) -> None:
    """Nobody reaches the cables: doors 1 and 2 are written as they are wired, and tried again like that."""
    place = small_place(tmp_path)
    place.cabinet.faults.add("permuted-map", doors=["1", "2"])

    said = place.commission({"failed": "write", "write": "yes", **PERSONS}, cycles=1)

    assert [one.place for one in what(said, "finding")] == ["door 1", "door 2"]
    assert said[-1].accepted, said[-1].text
    doors = {
        one.number: (one.board, one.channel) for one in acceptance.read(Path(said[-1].report)).report.doors
    }
    assert doors == {"1": ("A", 2), "2": ("A", 1), "3": ("A", 3), "4": ("A", 4)}


def test_a_label_that_differs_is_a_fault_of_its_own(tmp_path: Path) -> None:
    """Lock and sensor cables went to the wrong door together: only a person can see it."""
    place = small_place(tmp_path)
    place.cabinet.faults.add("permuted-map", doors=["1", "2"], contacts=True)

    said = place.commission({"number": lambda item: place.opened, "failed": "skip", **PERSONS}, cycles=1)

    assert [(one.place, one.code) for one in what(said, "finding")] == [
        ("door 1", "DOOR-205"),
        ("door 2", "DOOR-205"),
    ]
    assert not said[-1].accepted


def test_one_person_alone_cannot_sign(tmp_path: Path) -> None:
    """Every door is well; nobody, the same person, and the same in other letters: nothing is accepted."""
    place = small_place(tmp_path)
    seconds = iter(["", "Li", "li"])

    said = place.commission({"technician": "Li", "operator": lambda item: next(seconds)}, cycles=1)

    assert len([one for one in said if "Two different persons" in one.text]) == 3
    assert not said[-1].accepted
    assert not state_of(place).switched.accepted


def test_where_there_is_a_staff_list_both_sign_by_pin(tmp_path: Path) -> None:
    """A wrong PIN is counted and asked for again; the report names who signed and how."""
    place = small_place(tmp_path)
    place.commission(PERSONS, stop_at=lambda item: item.what == "door")
    on_staff(place, {"t1": "4711", "o1": "8150"})
    pins = iter(["4711", "0000", "4711", "8150"])

    said = place.commission({"technician": "t1", "operator": "o1", "pin": lambda item: next(pins)}, cycles=1)

    assert [one.text for one in said if "PIN is wrong" in one.text] == [
        "A PIN is wrong; it has been counted."
    ]
    assert all(one.secret for one in said if one.asks == "pin")
    report = acceptance.read(Path(said[-1].report)).report
    assert [(one.role, one.name, one.proof) for one in report.signatures] == [
        ("technician", "t1", "pin"),
        ("operator", "o1", "pin"),
    ]
    assert said[-1].accepted


def test_while_a_parcel_is_inside_no_door_is_tried(tmp_path: Path) -> None:
    """A cabinet in service is not opened for a test."""
    place = small_place(tmp_path)
    with_parcel(place)

    with pytest.raises(Refusal, match="1 parcels are inside"):
        place.commission(PERSONS)

    assert place.pulses() == 0


def test_a_report_that_was_changed_no_longer_holds(tmp_path: Path) -> None:
    """One word in the file, or another's key."""
    place = small_place(tmp_path)
    file = Path(place.commission(PERSONS, cycles=1)[-1].report)
    signed = acceptance.read(file)

    file.write_text(file.read_text().replace('"Wong"', '"Wang"'))
    changed = acceptance.read(file)

    assert acceptance.held(signed, signed.key) == ""
    assert "changed" in acceptance.held(changed, changed.key)
    assert "signature" in acceptance.held(signed, acceptance.public_key(bytes(32)))


def test_a_scanner_that_misses_a_printed_code_keeps_the_cabinet_from_service(tmp_path: Path) -> None:
    """Six codes are held up, the last one is not read; the next run asks for the scanner alone."""
    from edge_agent.reports.labels import TEST_CODES

    place = small_place(tmp_path, scanner=True)
    place.shown = [text for _, _, text in TEST_CODES[:-1]]

    missed = place.commission({"codes": "test", **PERSONS}, cycles=1)
    place.shown = [text for _, _, text in TEST_CODES]
    pulses = place.pulses()
    read_all = place.commission({"codes": "test", **PERSONS}, cycles=1)

    assert not missed[-1].accepted
    assert [one.code for one in what(missed, "finding")] == ["BUS-120"]
    assert read_all[-1].accepted
    assert place.pulses() == pulses
