"""The ledger's verbs as a technician types them, on the state directory of an agent that was stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.control.state_lock import AGENT, StateLock
from tests.cli.conftest import Technician
from tests.store.locker import LOCKER, deposit, do_all, doors, opened, settings, wait

CONFIG = """
[locker]
id = "{locker}"
timezone = "Asia/Hong_Kong"
state_dir = "{state_dir}"
[[bus]]
name = "main"
port = "/dev/ttyS0"
[[board]]
name = "A"
bus = "main"
driver = "lock-8a"
address = 1
channels = 3
[[compartments]]
board = "A"
channels = "1-3"
numbers = "1-3"
size = "S"
[sizes.S]
width_mm = 340
height_mm = 80
depth_mm = 380
"""


@pytest.fixture
def technician(tmp_path: Path) -> Technician:
    """One parcel in door 1; the agent was stopped."""
    at = settings(tmp_path)
    found = opened(at)
    wait(do_all(found.ledger, iter([doors(3), *deposit(1, "1")])))
    wait(found.ledger.close())
    config = tmp_path / "locker.toml"
    config.write_text(CONFIG.format(locker=LOCKER, state_dir=at.state_dir))
    return Technician(config)


def test_the_journal_is_checked_shown_and_written_out(technician: Technician, tmp_path: Path) -> None:
    verified = technician.types("journal", "verify", "--json")
    shown = technician.types("journal", "show", "--type", "door.", "--last", "2")
    written = technician.types("journal", "export", str(tmp_path / "journal.jsonl"), "--json")

    assert (verified.code, verified.json["sound"], verified.json["last"]) == (0, True, 8)
    assert "door.closed" in shown.out
    assert written.json["events"] == len((tmp_path / "journal.jsonl").read_text().splitlines()) == 8


def test_what_is_inside_is_listed_with_personal_data_masked(technician: Technician) -> None:
    parcels = technician.types("parcels")
    compartments = technician.types("compartments", "--json")

    assert "••••4567" in parcels.out
    assert "+8529123" not in parcels.out
    assert [row["contents"] for row in compartments.json["compartments"]] == ["stay", "empty", "empty"]


def test_a_backup_is_made_checked_and_brought_back_only_when_confirmed(
    technician: Technician, tmp_path: Path
) -> None:
    made = technician.types("backup", "make", "--json")
    sealed = tmp_path / "state" / "backups" / made.json["name"]

    assert technician.types("backup", "verify").code == 0
    assert technician.types("backup", "restore", str(sealed)).code == 4
    restored = technician.types("backup", "restore", str(sealed), "--yes", "--json")
    assert restored.json["epoch"] != made.json["epoch"]
    assert technician.types("journal", "verify").code == 0


def test_couriers_are_taken_over_listed_and_revoked(technician: Technician, tmp_path: Path) -> None:
    (tmp_path / "couriers.csv").write_text("id,carrier,pin\nK1,sf,4711\n")

    assert technician.types("couriers", "import", str(tmp_path / "couriers.csv")).code == 0
    assert technician.types("couriers", "revoke", "K1").code == 0
    assert technician.types("couriers", "revoke", "K9").code == 3
    listed = technician.types("couriers", "list", "--json").json["couriers"]
    assert listed == [{"id": "K1", "carrier": "sf", "pin": True, "badge": False, "revoked": True}]


def test_while_the_agent_runs_nothing_is_done_behind_its_back(technician: Technician, tmp_path: Path) -> None:
    with StateLock.acquire(tmp_path / "state", AGENT, str(tmp_path / "no.sock")):
        refused = technician.types("parcels", "--direct")

    assert refused.code != 0
    assert "locker-agent" in refused.err
