"""Personal data: sealed, masked, erased on time, and gone for whoever holds every file and every key."""

from __future__ import annotations

import json
from pathlib import Path

import apsw
import msgspec
import pytest

from edge_agent.clock import VirtualClock
from edge_agent.domain import events as e
from edge_agent.domain.changes import Change
from edge_agent.domain.decision import Decision, VaultWrite
from edge_agent.domain.instant import ClockQuality
from edge_agent.domain.words import Basis, CodeLife
from edge_agent.store import backup, canonical, jose, journal, keys, rebuild, upkeep, vault
from edge_agent.store.errors import VaultClosed
from edge_agent.store.ledger import Ledger
from edge_agent.store.opening import Opened
from edge_agent.store.places import Settings
from tests.store.locker import (
    PHONE,
    SOURCE,
    deposit,
    do_all,
    doors,
    hash_of,
    opened,
    pickup,
    says,
    settings,
    wait,
)

CLOUD = jose.new_private_key() | {"kid": "cloud-1"}
CLOUD_PUBLIC = {name: value for name, value in CLOUD.items() if name != "d"}
HOUR_S = 3600


def with_a_stay(at: Settings, time: VirtualClock) -> Opened:
    found = opened(at, time)
    wait(do_all(found.ledger, iter([doors(3), *deposit(1, "1"), *deposit(2, "2", "+85298765432")])))
    return found


def collect(ledger: Ledger, n: int, door: str) -> None:
    wait(do_all(ledger, pickup(n, door)))
    wait(ledger.events_after(0))
    wait(ledger.acknowledge(ledger.epoch, ledger.last_sequence + 1))


def sent(ledger: Ledger) -> list[dict[str, object]]:
    return [json.loads(event) for event in wait(ledger.events_after(0)).events]


def everything_on_disk(at: Settings) -> bytes:
    """Every file of the state directory, the sealed ones opened with every key there is."""
    plain = [path.read_bytes() for path in sorted(at.state_dir.rglob("*")) if path.is_file()]
    for sealed in at.backups.glob("*.age"):
        into = at.state_dir.parent / "opened" / sealed.name
        backup.unseal(sealed, keys.load(at.keys).backup, into)
        plain += [path.read_bytes() for path in sorted(into.rglob("*")) if path.is_file()]
    return b"".join(plain)


def fields_that_open(at: Settings, stay: str) -> dict[str, str]:
    """What somebody with every file and every key reads of this stay: from the ledger and from every vault copy."""
    found: dict[str, str] = {}
    known = keys.load(at.keys)
    copies = [at.ledger]
    for number, sealed in enumerate(at.backups.glob("*.age")):
        into = at.state_dir.parent / f"open-{number}"
        backup.unseal(sealed, known.backup, into)
        copies += list(into.glob("*.db"))
    for copy in copies:
        connection = apsw.Connection(str(copy))
        found |= vault.Vault(known.device, None).read(connection, stay)  # type: ignore[arg-type]
        connection.close()
    return found


def test_the_event_goes_up_with_its_sealed_data_and_only_the_cloud_opens_it(tmp_path: Path) -> None:
    time = VirtualClock()
    found = with_a_stay(settings(tmp_path, cloud_key=CLOUD_PUBLIC), time)

    reserved = next(event for event in sent(found.ledger) if event["type"] == "locker.deposit.reserved")
    data = reserved["data"]
    assert isinstance(data, dict)
    opened_data = json.loads(jose.open_sealed(data["sealed"], CLOUD))

    assert opened_data == {
        "stay": "stay-1",
        "fields": {"phone": PHONE, "waybill:parcel-1": "SF0000000000001"},
    }
    with pytest.raises(VaultClosed):
        jose.open_sealed(data["sealed"], jose.new_private_key())
    assert sent(found.ledger) == sent(found.ledger), "sealed once: a resend carries the same bytes"


def test_another_algorithm_is_not_opened_whatever_the_header_says() -> None:
    from joserfc import jwe
    from joserfc.jwk import OKPKey

    weaker = jwe.encrypt_compact({"alg": "ECDH-ES", "enc": "A128GCM"}, b"x", OKPKey.import_key(CLOUD_PUBLIC))

    with pytest.raises(VaultClosed):
        jose.open_sealed(weaker, CLOUD)


def test_no_clear_text_or_look_up_hash_stands_in_journal_or_event(tmp_path: Path) -> None:
    """A phone's keyed hash could be searched for by whoever holds the pepper: rows carry a blinded one."""
    at = settings(tmp_path)
    found = with_a_stay(at, VirtualClock())

    rows = found.ledger.engine.connection.execute("SELECT data FROM journal").fetchall()
    journalled = b"".join(bytes(row[0]) for row in rows) + json.dumps(sent(found.ledger)).encode()

    for secret in (PHONE, "SF0000000000001", "73190001", hash_of(PHONE), f"{1:062x}"):
        assert secret.encode() not in journalled
    assert found.ledger.state.stay["stay-1"].phone_hash.endswith(hash_of(PHONE))
    assert rebuild.compare(found.ledger.engine.connection).differences == ()


def test_people_see_masked_data_only(tmp_path: Path) -> None:
    found = with_a_stay(settings(tmp_path), VirtualClock())

    shown = wait(found.ledger.personal("stay-1"))

    assert shown["phone"] == "••••4567"
    assert shown["waybill:parcel-1"] == "••••0001"
    assert shown["code"] == "••••"
    assert wait(found.ledger.personal("never-was")) == {}


def test_a_plain_code_is_not_kept_once_it_is_sealed_for_the_notice(tmp_path: Path) -> None:
    found = with_a_stay(settings(tmp_path, cloud_key=CLOUD_PUBLIC), VirtualClock())

    assert "code" not in wait(found.ledger.personal("stay-1"))


def test_erasure_makes_the_data_unreadable_with_every_file_and_every_key(tmp_path: Path) -> None:
    """72 hours after collection and acknowledgement: before it opens, after it does not, and the chain is whole."""
    at, time = settings(tmp_path), VirtualClock()
    found = with_a_stay(at, time)
    backup.make(at, found.keys, 1)
    collect(found.ledger, 1, "1")
    before = wait(found.ledger.events_after(0)).events
    assert fields_that_open(at, "stay-1")["phone"] == PHONE
    wrapped = bytes(
        found.ledger.engine.connection.execute(
            "SELECT wrapped FROM vault_key WHERE stay='stay-1'"
        ).fetchall()[0][0]
    )

    time.advance(72 * HOUR_S - 60)
    assert wait(upkeep.erase_due(found.ledger, at, found.keys)) == ()
    time.advance(120)
    assert wait(upkeep.erase_due(found.ledger, at, found.keys)) == ("stay-1",)

    assert fields_that_open(at, "stay-1") == {}
    assert fields_that_open(at, "stay-2")["phone"] == "+85298765432"
    everything = everything_on_disk(at)
    assert wrapped not in everything
    assert PHONE.encode() not in everything
    assert hash_of(PHONE).encode() not in everything
    journal.verify(found.ledger.engine.connection, SOURCE)
    assert rebuild.compare(found.ledger.engine.connection).differences == ()
    after = wait(found.ledger.events_after(0)).events
    reserved = [
        json.loads(event)["data"] for event in after if b"deposit.reserved" in event and b"stay-1" in event
    ]
    assert reserved[0]["sealed"] is None
    assert reserved[0]["erased"] is True
    assert [canonical.canonical_event(json.loads(x)) for x in before] == [
        canonical.canonical_event(json.loads(x)) for x in after[: len(before)]
    ]
    assert json.loads(after[-1])["type"] == "locker.privacy.erased"


def test_without_acknowledgement_it_is_erased_after_thirty_days_and_says_so(tmp_path: Path) -> None:
    at, time = settings(tmp_path), VirtualClock()
    found = with_a_stay(at, time)
    wait(do_all(found.ledger, pickup(1, "1")))

    time.advance(29 * 24 * HOUR_S)
    assert wait(upkeep.erase_due(found.ledger, at, found.keys)) == ()
    time.advance(25 * HOUR_S)
    assert wait(upkeep.erase_due(found.ledger, at, found.keys)) == ("stay-1",)

    assert sent(found.ledger)[-1]["type"] == "locker.privacy.erased_unsent"


def test_a_jump_of_an_unbelievable_clock_erases_nothing_early(tmp_path: Path) -> None:
    at, time = settings(tmp_path), VirtualClock()
    found = with_a_stay(at, time)
    collect(found.ledger, 1, "1")

    time.quality = ClockQuality.FLOOR
    time.jump_wall(10 * 365 * 24 * HOUR_S)

    assert wait(upkeep.erase_due(found.ledger, at, found.keys)) == ()


def test_the_phone_of_a_part_that_was_refused_outlives_the_part_that_was_taken(tmp_path: Path) -> None:
    """Two parcels, one taken, one put back: the second is a stay of its own and still needs its recipient."""
    at, time = settings(tmp_path), VirtualClock()
    found = with_a_stay(at, time)
    more = e.DepositReserved("stay-1", "parcel-9", "1", "sf", "courier-1", "s9", "wh9", "", joined=True)
    stored = e.ParcelDeposited("stay-1", "parcel-9", "1", "sf", "courier-1", "", "", 1, "s9", "S")
    refused = e.ParcelRefused("stay-1", ("parcel-9",), "1", "wrong", "session-1p", split_stay="stay-1b")
    first, second, _ = pickup(1, "1")
    taken = e.ParcelCollected("stay-1", ("parcel-1",), "1", Basis.RECIPIENT, "session-1p")
    steps = [
        says(more),
        says(stored),
        first,
        second,
        says(refused, taken, e.SessionEnded("session-1p", "done")),
    ]
    wait(do_all(found.ledger, iter(steps)))
    wait(found.ledger.events_after(0))
    wait(found.ledger.acknowledge(found.ledger.epoch, found.ledger.last_sequence + 1))
    time.advance(80 * HOUR_S)

    assert wait(upkeep.erase_due(found.ledger, at, found.keys)) == ("stay-1",)

    assert fields_that_open(at, "stay-1") == {}
    assert fields_that_open(at, "stay-1b")["phone"] == PHONE
    assert found.ledger.state.stay["stay-1b"].phone_hash.endswith(hash_of(PHONE))
    assert rebuild.compare(found.ledger.engine.connection).differences == ()


def test_a_changed_box_or_another_device_key_opens_nothing(tmp_path: Path) -> None:
    found = with_a_stay(settings(tmp_path), VirtualClock())
    connection = found.ledger.engine.connection

    stranger = vault.Vault(bytes(32), None)  # type: ignore[arg-type]
    with pytest.raises(VaultClosed, match="device key"):
        stranger.read(connection, "stay-1")
    connection.execute("UPDATE vault_item SET cipher = zeroblob(40) WHERE field = 'phone'")
    with pytest.raises(VaultClosed, match="was changed"):
        wait(found.ledger.personal("stay-1"))


def test_no_two_live_stays_may_share_a_code(tmp_path: Path) -> None:
    """The look-up column is unique: the second one is refused by the table, and nothing of its unit is kept."""
    found = with_a_stay(settings(tmp_path), VirtualClock())
    code = found.ledger.state.code["stay-1"]
    again = msgspec.structs.replace(
        found.ledger.state.code["stay-2"], code_hash=code.code_hash, life=CodeLife.LIVE
    )

    with pytest.raises(Exception, match="UNIQUE"):
        wait(found.ledger.transact(lambda state, at: Decision(given=(Change("code", "stay-2", again),))))

    assert found.ledger.engine.failed is None
    assert found.ledger.engine.load().code["stay-2"].code_hash != code.code_hash


def test_what_is_written_without_an_event_of_its_stay_is_kept_but_not_sealed(tmp_path: Path) -> None:
    found = with_a_stay(settings(tmp_path, cloud_key=CLOUD_PUBLIC), VirtualClock())

    wait(found.ledger.transact(says(vault=(VaultWrite("stay-1", "name", "Chan Tai Man"),))))

    assert wait(found.ledger.personal("stay-1"))["name"] == "••••"
