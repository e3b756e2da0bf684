"""Backups and the drill: sealed for two, proved by opening, rotated, and restored under a new epoch."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import apsw
import pyrage
import pytest

from edge_agent.clock import VirtualClock
from edge_agent.domain.words import CodeLife
from edge_agent.randomness import SeededRandomness
from edge_agent.store import backup, startup, upkeep
from edge_agent.store.errors import BackupUnreadable, NoBackup
from edge_agent.store.opening import Opened
from edge_agent.store.places import Settings
from tests.store.locker import PHONE, SOURCE, a_day, do_all, hash_of, opened, settings, wait

OPERATOR = pyrage.x25519.Identity.generate()


def running(tmp_path: Path, **changes: object) -> tuple[Settings, Opened]:
    at = settings(tmp_path, recovery_key=str(OPERATOR.to_public()), **changes)
    found = opened(at)
    wait(do_all(found.ledger, a_day(8)))
    return at, found


def test_a_backup_opens_with_the_lockers_key_and_with_the_operators(tmp_path: Path) -> None:
    at, found = running(tmp_path)

    made = backup.make(at, found.keys, 1_000)

    sealed = at.backups / made.name
    for identity in (found.keys.backup, str(OPERATOR)):
        manifest = backup.check(sealed, identity, tmp_path / identity[-6:])
        assert manifest.last_sequence == found.ledger.last_sequence
    with pytest.raises(BackupUnreadable, match="does not open with this key"):
        backup.check(sealed, str(pyrage.x25519.Identity.generate()), tmp_path / "stranger")
    assert not (at.backups / backup.WORK).exists()


def test_inside_is_a_plain_tar_with_ledger_manifest_and_the_keys_a_dead_card_needs(tmp_path: Path) -> None:
    at, found = running(tmp_path)
    made = backup.make(at, found.keys, 1_000)

    (tmp_path / "plain.tar").write_bytes(pyrage.decrypt((at.backups / made.name).read_bytes(), [OPERATOR]))
    with tarfile.open(tmp_path / "plain.tar") as tar:
        names = set(tar.getnames())

    assert names == {"manifest.json", "ledger.db", *(f"keys/{name}" for name in backup.IN_BACKUP)}


@pytest.mark.parametrize(("name", "kind"), [("../outside", tarfile.REGTYPE), ("link", tarfile.SYMTYPE)])
def test_a_backup_that_would_write_elsewhere_is_refused(tmp_path: Path, name: str, kind: bytes) -> None:
    """Somebody who knows our public key can make a file that opens; it leads nowhere out of its folder."""
    plain, sealed, work = tmp_path / "plain.tar", tmp_path / "sealed.age", tmp_path / "work"
    with tarfile.open(plain, "w") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/passwd"
        tar.addfile(member)
    sealed.write_bytes(pyrage.encrypt(plain.read_bytes(), [OPERATOR.to_public()]))

    with pytest.raises(BackupUnreadable, match="not a plain file"):
        backup.unseal(sealed, str(OPERATOR), work)

    assert not (tmp_path / "outside").exists()
    assert not (work / name).exists()


def test_a_backup_holds_no_personal_data_and_no_look_up_hash(tmp_path: Path) -> None:
    at, found = running(tmp_path)
    made = backup.make(at, found.keys, 1_000)

    backup.unseal(at.backups / made.name, found.keys.backup, tmp_path / "in")
    content = (tmp_path / "in" / "ledger.db").read_bytes()

    connection = apsw.Connection(str(tmp_path / "in" / "ledger.db"))
    for name in ("vault_key", "vault_item", "vault_hash", "vault_sealed"):
        assert connection.execute(f"SELECT count(*) FROM {name}").fetchall() == [(0,)]
    connection.close()
    assert PHONE.encode() not in content
    assert hash_of(PHONE).encode() not in content
    assert found.keys.device not in content


def test_the_newest_are_kept_and_older_ones_go(tmp_path: Path) -> None:
    at, found = running(tmp_path)

    for n in range(backup.KEPT + 3):
        backup.make(at, found.keys, 1_000 + n)

    kept = [path.name for path in backup.found_in(at.backups)]
    assert len(kept) == backup.KEPT
    assert kept[0].startswith(f"ledger-{1_000 + backup.KEPT + 2:013d}")
    assert len(list(at.backups.glob(backup.VAULT_COPY))) == 1


def test_a_target_that_is_gone_is_named_and_the_others_get_theirs(tmp_path: Path) -> None:
    (tmp_path / "stick").write_text("not a folder: the USB stick is not there")
    at, found = running(tmp_path, backup_targets=(tmp_path / "second", tmp_path / "stick"))

    made = backup.make(at, found.keys, 1_000)

    assert "stick" in made.missed[0]
    assert len(backup.found_in(at.backups)) == len(backup.found_in(tmp_path / "second")) == 1


def test_a_damaged_backup_is_not_taken_and_the_one_before_it_is(tmp_path: Path) -> None:
    at, found = running(tmp_path)
    older = backup.make(at, found.keys, 1_000)
    newer = at.backups / backup.make(at, found.keys, 2_000).name
    wait(found.ledger.close())
    content = bytearray(newer.read_bytes())
    content[len(content) // 2] ^= 1
    newer.write_bytes(content)

    taken = startup.restore_newest(at, VirtualClock().now(), SeededRandomness(9), "drill")

    assert taken.name == older.name


def test_the_drill_a_dead_card_and_a_new_one(tmp_path: Path) -> None:
    """Only the second target is left. Restored with the operator's key: new epoch, spent codes, sound journal."""
    at, found = running(tmp_path, backup_targets=(tmp_path / "second",))
    made = backup.make(at, found.keys, 1_000)
    pepper, epoch, last = found.keys.pepper, found.ledger.epoch, found.ledger.last_sequence
    wait(found.ledger.close())
    shutil.rmtree(at.state_dir)
    at.state_dir.mkdir()

    sealed = tmp_path / "second" / made.name
    startup.restore(at, sealed, str(OPERATOR), VirtualClock().now(), SeededRandomness(9))
    again = opened(at)

    assert again.keys.pepper == pepper
    assert again.keys == found.keys, "the vault copy beside the backup carries the rest"
    assert again.ledger.epoch != epoch
    restored = json.loads(wait(again.ledger.events_after(0)).events[0])
    assert restored["type"] == "locker.ledger.restored"
    assert restored["data"] == {"backup": made.name, "old_epoch": epoch, "last_sequence": last}
    assert all(code.life is CodeLife.SPENT for code in again.ledger.state.code.values())
    assert upkeep.check(at.ledger, SOURCE) == ()
    wait(do_all(again.ledger, iter([*a_day(1)][:1])))
    wait(again.ledger.close())


def test_a_restored_ledger_accepts_no_old_code(tmp_path: Path) -> None:
    """Its look-up hashes are blinded and its codes spent: what opened a door before does not now."""
    at, found = running(tmp_path)
    backup.make(at, found.keys, 1_000)
    known = dict(found.ledger.state.stay_by_code)
    wait(found.ledger.close())

    startup.restore_newest(at, VirtualClock().now(), SeededRandomness(9), "drill")
    again = opened(at)

    assert known
    assert not known.keys() & again.ledger.state.stay_by_code.keys()
    wait(again.ledger.close())


def test_a_backup_is_made_beside_a_ledger_that_goes_on_writing(tmp_path: Path) -> None:
    at, found = running(tmp_path)
    wait(do_all(found.ledger, iter([*a_day(1)][:1])))

    made = backup.make(at, found.keys, 1_000)
    wait(do_all(found.ledger, iter([*a_day(1)][:1])))

    assert made.manifest.last_sequence < found.ledger.last_sequence
    assert upkeep.check(at.ledger, SOURCE) == ()


def test_without_any_backup_there_is_nothing_to_restore(tmp_path: Path) -> None:
    at, found = running(tmp_path)
    wait(found.ledger.close())

    with pytest.raises(NoBackup):
        startup.restore_newest(at, VirtualClock().now(), SeededRandomness(9), "drill")


def test_a_recovery_key_that_is_none_is_named(tmp_path: Path) -> None:
    _, found = running(tmp_path)
    wrong = settings(tmp_path, recovery_key="age1notakey")

    with pytest.raises(BackupUnreadable, match="recovery_key"):
        backup.make(wrong, found.keys, 1_000)
