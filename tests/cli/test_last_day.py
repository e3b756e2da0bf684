"""The verbs that change a locker for good: another configuration, and the day on which it is scrapped."""

from __future__ import annotations

import hashlib
from pathlib import Path

import apsw
import pytest

from edge_agent.control.direct_record import RECORD_FILE
from edge_agent.domain.changes import Change
from edge_agent.domain.decision import Decision
from edge_agent.domain.staff_member import Staff
from edge_agent.kiosk.session_inputs import pin_text
from edge_agent.store.executor import Inline
from edge_agent.store.opening import hasher_of
from edge_agent.store.places import Settings
from tests.cli.conftest import Ran, Technician
from tests.cli.test_ledger_verbs import CONFIG
from tests.store.locker import LOCKER, PHONE, deposit, do_all, doors, opened, pickup, settings, wait

PINS = {"t1": "4711", "t2": "8150"}


@pytest.fixture
def at(tmp_path: Path) -> Settings:
    """A parcel came and went; two persons are on the staff list; a backup was made; the agent was stopped."""
    place = settings(tmp_path)
    found = opened(place)
    hasher = hasher_of(found.keys, Inline())
    staff = tuple(
        Change("staff", name, Staff(name, "", hasher.code_hash(pin_text(name, pin))))
        for name, pin in PINS.items()
    )
    wait(do_all(found.ledger, iter([doors(3), *deposit(1, "1"), *pickup(1, "1")])))
    wait(found.ledger.transact(lambda state, moment: Decision(given=staff)))
    wait(found.ledger.close())
    (tmp_path / "locker.toml").write_text(CONFIG.format(locker=LOCKER, state_dir=place.state_dir))
    return place


def decommission(tmp_path: Path, *, site: str = LOCKER, pins: str = "4711\n8150\n") -> Ran:
    words = ("cabinet", "decommission", "--first", "t1", "--second", "t2", "--reason", "scrapped")
    more = ("--export", str(tmp_path / "journal.jsonl"), "--confirm", site, "--json")
    return Technician(tmp_path / "locker.toml").types(*words, *more, answers=pins)


def test_a_locker_ends_with_its_journal_written_out_and_its_secrets_gone(
    at: Settings, tmp_path: Path
) -> None:
    assert Technician(tmp_path / "locker.toml").types("backup", "make").code == 0

    ran = decommission(tmp_path)

    assert ran.code == 0, ran.out + ran.err
    written = (tmp_path / "journal.jsonl").read_bytes()
    assert ran.json["digest"] == hashlib.sha256(written).hexdigest()
    assert ran.json["events"] == len(written.splitlines())
    assert b"cabinet.decommissioned" in written.splitlines()[-1]
    assert b"t1" in written.splitlines()[-1]
    assert not at.keys.exists()
    assert not list(at.backups.glob("*.age"))
    left = apsw.Connection(str(at.ledger), flags=apsw.SQLITE_OPEN_READONLY)
    for table in ("vault_key", "vault_item", "vault_hash", "vault_sealed", "given_staff", "given_courier"):
        assert left.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    left.close()
    everything = b"".join(path.read_bytes() for path in at.state_dir.rglob("*") if path.is_file())
    assert PHONE.encode() not in everything


def test_a_locker_that_was_scrapped_does_not_start_again(at: Settings, tmp_path: Path) -> None:
    """A ledger with a history and no keys is refused, as it is after any loss of keys."""
    decommission(tmp_path)

    ran = Technician(tmp_path / "locker.toml").types("couriers", "revoke", "K1")

    assert ran.code == 1
    assert ran.err.startswith("STORE-414 ")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"site": "HK-0002"}, "CTRL-704"),
        ({"pins": "4711\n0000\n"}, "FLOW-320"),
        ({"pins": "\n\n"}, "FLOW-320"),
    ],
)
def test_without_the_site_code_and_two_pins_nothing_is_wiped(
    at: Settings, tmp_path: Path, wrong: dict[str, str], code: str
) -> None:
    ran = decommission(tmp_path, **wrong)

    assert ran.code == 4
    assert ran.json["error"]["code"] == code
    assert at.keys.exists()
    assert not (tmp_path / "journal.jsonl").exists()


def test_while_a_parcel_is_inside_a_locker_is_not_scrapped(at: Settings, tmp_path: Path) -> None:
    found = opened(at)
    wait(do_all(found.ledger, deposit(2, "2")))
    wait(found.ledger.close())

    ran = decommission(tmp_path)

    assert ran.code != 0
    assert "1 parcels are inside or in doubt" in ran.json["error"]["detail"]
    assert at.keys.exists()


def test_a_configuration_is_compared_applied_and_the_former_one_kept(at: Settings, tmp_path: Path) -> None:
    place, new = tmp_path / "locker.toml", tmp_path / "new.toml"
    before = place.read_text()
    new.write_text(before + "[policy]\nopen_wait_s = 5.0\n")
    technician = Technician(place)

    compared = technician.types("config", "diff", str(new), "--json")
    applied = technician.types("config", "apply", str(new), "--yes", "--reason", "slow latches", "--json")

    assert compared.json["changes"] == [{"key": "policy.open_wait_s", "before": "10.0", "after": "5.0"}]
    assert (applied.code, applied.json["changes"]) == (0, 1)
    assert place.read_text() == new.read_text()
    assert Path(applied.json["kept"]).read_text() == before
    assert technician.types("config", "show", "policy.open_wait_s", "--json").json["values"] == {
        "policy.open_wait_s": "5.0"
    }


def test_a_configuration_of_another_locker_or_an_unsound_one_is_not_applied(
    at: Settings, tmp_path: Path
) -> None:
    place, new = tmp_path / "locker.toml", tmp_path / "new.toml"
    before = place.read_text()
    technician = Technician(place)

    new.write_text(before.replace(LOCKER, "HK-0002"))
    other = technician.types("config", "apply", str(new), "--yes", "--json")
    new.write_text(before.replace("address = 1", "address = 99"))
    unsound = technician.types("config", "apply", str(new), "--yes", "--json")

    assert (other.code, other.json["error"]["code"]) == (4, "CTRL-704")
    assert unsound.code == 9
    assert place.read_text() == before


def test_what_leads_to_a_secret_is_shown_as_set(at: Settings, tmp_path: Path) -> None:
    place = tmp_path / "locker.toml"
    place.write_text(place.read_text() + '[cloud]\nkey_file = "/etc/locker/client.key"\n')

    shown = Technician(place).types("config", "show", "cloud")

    assert "cloud.key_file" in shown.out
    assert "client.key" not in shown.out
    assert not (at.state_dir / RECORD_FILE).exists(), "looking leaves no record"
