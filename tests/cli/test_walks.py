"""Five planted faults, walked as the manual walks them: from `status` on, each command was suggested by the one before.

The walks stand in `docs/manual/walks.md`: commands behind a dollar sign, and lines that they must print (an ellipsis
stands for what differs from day to day). A walk that the program no longer takes fails here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.manual import check, flat, page, steps_of
from tests.cli.running import Station, certificate, codes

AT_MOST = 4
SURE = ("--yes", "--reason", "walk")
"""What a person answers at the terminal: without one it is typed."""
ASKS = {"door test", "compartment unblock"}


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """An accepted cabinet with a good certificate, and an agent that has looked at it."""
    folder = tmp_path_factory.mktemp("walks")
    certificate(folder / "client.pem", days=300)
    site = Station(
        folder, cloud={"cert_file": str(folder / "client.pem"), "key_file": str(folder / "key.pem")}
    )
    (folder / "key.pem").write_text("")
    site.start()
    site.accept()
    yield site
    site.close()


def walk(station: Station, title: str) -> str:
    """Type what the manual types, one after the other; everything that the last command said."""
    steps = steps_of(page("walks.md").partition(f"## {title}\n")[2].partition("\n## ")[0])
    assert 1 < len(steps) <= AT_MOST
    assert steps[0][0] == "status"
    said = ""
    for command, lines in steps:
        assert not said or suggested(command, said), f"{command!r} was not suggested by:\n{said}"
        words = command.split()
        ran = station.types(*words, *(SURE if " ".join(words[:2]) in ASKS else ()))
        said = flat(ran.out + ran.err)
        check(command, lines, ran.out + ran.err)
    return said


def suggested(command: str, said: str) -> bool:
    return f"Next: lockerctl {command}" in said


def test_door_17_does_not_open(station: Station) -> None:
    """Its latch is jammed, and a courier has met it."""
    fault = station.cabinet.faults.add("jam", door="17")
    station.types("door", "unlock", "17", *SURE)

    walk(station, "Door 17 does not open")

    station.cabinet.faults.clear(fault)
    assert station.types("compartment", "unblock", "17", *SURE).code == 0
    station.until_gone("DOOR-201")


def test_a_board_is_silent(station: Station) -> None:
    fault = station.cabinet.faults.add("silent", board="C")
    station.until_found("BUS-110")

    walk(station, "A board is silent")

    station.cabinet.faults.clear(fault)
    station.until_gone("BUS-110")


def test_the_scanner_is_unplugged(station: Station) -> None:
    """And its ticket is opened at once, taken on, and closed by itself."""
    before = station.last()
    fault = station.cabinet.faults.add("unplug", port="front")
    station.until_found("BUS-120")
    assert station.happens("fault.opened", before)["data"]["fault"] == "BUS-120@front"

    walk(station, "The scanner is unplugged")

    assert station.json("fault", "ack", "BUS-120@front")["standing"] == "acknowledged"
    (ticket,) = [one for one in station.json("fault", "list")["faults"] if one["code"] == "BUS-120"]
    assert ticket["owner"].startswith("technician:")
    assert [clock["stopped"] for clock in ticket["clocks"]] == [True, False, False]
    station.cabinet.faults.clear(fault)
    station.until_gone("BUS-120")
    assert station.happens("fault.resolved", before)["data"]["actor"] == "agent"


def test_the_certificate_has_expired(station: Station) -> None:
    file = station.folder / "client.pem"
    certificate(file, days=-3)

    walk(station, "The certificate has expired")

    certificate(file, days=300)
    assert "CLOUD-560" not in codes(station.json("status"))


def test_the_disk_is_nearly_full(tmp_path: Path) -> None:
    """A limit that no disk reaches stands for a disk that reaches every limit."""
    site = Station(tmp_path, storage={"warn_free_mib": 1_000_000, "stop_deposits_free_mib": 8})
    try:
        site.start()

        walk(site, "The disk is nearly full")
    finally:
        site.close()
