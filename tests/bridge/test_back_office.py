"""The small back office by itself: every event once, in order, nothing behind a gap, and the SMS."""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from edge_agent.store import jose
from sim.cloud.office import BATCH, INFLATED_MAX, unpacked
from sim.cloud.record import Record, Taken
from sim.cloud.voice import Voice
from sim.demo_cloud import CloudKey

SOURCE = "/lockers/DEMO-0001"


def event(sequence: int, epoch: str = "e1", kind: str = "door.opened", **data: Any) -> dict[str, Any]:
    return {
        "id": f"{epoch}-{sequence}",
        "type": f"locker.{kind}",
        "epoch": epoch,
        "sequence": f"{sequence:020d}",
        "data": data,
    }


def test_doubles_are_recognised_and_nothing_behind_a_gap_is_taken() -> None:
    record = Record(":memory:")
    record.take(SOURCE, [event(1), event(2)])

    double = record.take(SOURCE, [event(2), event(3)])
    behind = record.take(SOURCE, [event(7)])

    assert (double.doubles, double.next, len(double.fresh)) == (1, 4, 1)
    assert (behind.gap, behind.next, behind.fresh) == (True, 4, [])
    assert record.sequences(SOURCE) == [("e1", 1), ("e1", 2), ("e1", 3)]


@pytest.mark.parametrize("seed", range(10))
def test_whatever_comes_twice_late_or_early_the_record_is_the_journal(seed: int) -> None:
    """Messages out of a bad line, sent again from wherever the record says: always 1, 2, 3 ... in the end."""
    dice, record = random.Random(seed), Record(":memory:")

    wanted = 1
    while wanted <= 60:
        first = dice.choice((wanted, max(1, wanted - dice.randint(0, 9)), wanted + dice.randint(1, 5)))
        wanted = record.take(SOURCE, [event(n) for n in range(first, first + dice.randint(1, 12))]).next

    numbers = [number for _, number in record.sequences(SOURCE)]
    assert numbers == list(range(1, wanted))


def test_what_was_committed_is_there_after_a_restart(tmp_path: Path) -> None:
    first = Record(tmp_path / "cloud.db")
    first.take(SOURCE, [event(1), event(2)])
    first.close()

    again = Record(tmp_path / "cloud.db")

    assert again.hello(SOURCE, "e1", 1) == 3
    assert again.hello(SOURCE, "e2", 1) == 1


def test_a_refused_event_counts_as_taken_over() -> None:
    """F-095: those behind it go on."""

    def judge(given: Mapping[str, Any]) -> str:
        return "schema" if given["sequence"].endswith("2") else ""

    taken = Record(":memory:", judge).take(SOURCE, [event(1), event(2), event(3)])

    assert (taken.next, taken.refused) == (4, [(2, "schema")])
    assert [one["id"] for one in taken.fresh] == ["e1-1", "e1-3"]


def test_what_a_locker_has_purged_is_not_waited_for() -> None:
    record = Record(":memory:")

    wanted = record.hello(SOURCE, "e1", first=500)

    assert wanted == 500
    assert record.take(SOURCE, [event(500)]).next == 501


def test_a_small_message_cannot_inflate_into_a_large_one() -> None:
    bomb = zlib.compress(b" " * (INFLATED_MAX + 1))

    with pytest.raises(ValueError, match="inflates"):
        unpacked(bomb, BATCH)


def test_the_sms_says_door_code_and_token_and_only_the_cloud_can_read_them() -> None:
    key, said = CloudKey(), list[str]()
    fields = {"fields": {"phone": "91234567", "code": "12345678", "token": "T0KEN"}}
    sealed = jose.seal(json.dumps(fields).encode(), {"kty": "OKP", "crv": "X25519", "x": key.public})
    deposited = event(1, kind="parcel.deposited", compartment="17", sealed=sealed)

    Voice(key, said.append).taken("DEMO-0001", Taken("e1", 2, fresh=[deposited]))

    assert "12345678" not in json.dumps(deposited)
    assert said == [
        "SMS to 91234567: your parcel is in door 17. Pickup code 1234 5678 (QR text for the scanner: LKT:T0KEN)"
    ]


def test_the_key_in_a_file_is_the_same_the_next_day_and_for_nobody_else(tmp_path: Path) -> None:
    file = tmp_path / "cloud.key"

    first, second = CloudKey.of_file(file), CloudKey.of_file(file)

    assert first.public == second.public
    assert file.stat().st_mode & 0o777 == 0o600
