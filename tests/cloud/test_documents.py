"""Desired documents: whole or not at all, only rising, the last good one kept, guards only tightened."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from edge_agent.control import cloud_types as ct
from edge_agent.control import types as t
from edge_agent.domain.quota import DAY_MS
from sim.soak.people import Courier
from tests.cloud.office import LOCKER, SIGNER, WHO, Site, new_key, play, sealed, signed

CARRIERS = [{"id": "SF", "name": "SF", "consent": "not_needed"}]
COURIERS = [{"id": "c1", "carrier": "SF", "badge": "badge-c1", "pin": "2468"}]
BADGE = "LKB:badge-c1"


async def furnish(site: Site) -> None:
    assert (await site.document("carriers", 1, CARRIERS, seal=False)).outcome == "applied"
    assert (await site.document("couriers", 1, COURIERS)).outcome == "applied"


def test_a_courier_of_the_document_deposits_and_a_dropped_one_does_not(tmp_path: Path) -> None:
    """The list is whole: who is not on it any more is nobody here. Neither PIN nor badge stands anywhere in clear."""

    async def story(site: Site) -> None:
        await furnish(site)
        assert await Courier(BADGE, Random(1)).deposit(site.locker, ["SF1234567890123"]) == 1
        row = site.locker.ledger.state.courier["c1"]
        assert "2468" not in str(row)
        assert "badge-c1" not in str(row)

        await site.document("couriers", 2, [])

        assert dict(site.locker.ledger.state.courier) == {}
        state = await site.ask("state", None)
        assert state.documents["couriers"] == ct.DocumentStanding(version=2)
        applied = [one["documents"] for one in await site.journal("config.applied")]
        assert [["couriers", 2]] in applied

    play(tmp_path, story)


def test_only_a_higher_version_is_applied(tmp_path: Path) -> None:
    """The retained one comes at every connect; an older one is a replay."""

    async def story(site: Site) -> None:
        await site.document("carriers", 5, CARRIERS)
        rows = len(await site.locker.events())

        assert (await site.document("carriers", 5, [])).outcome == "same"
        older = await site.document("carriers", 4, [])
        assert (older.outcome, older.version) == ("refused", 5)
        assert "older" in older.reason
        assert list(site.locker.ledger.state.carrier) == ["SF"]
        assert len(await site.locker.events()) == rows + 1

    play(tmp_path, story)


BAD_BODIES: dict[str, tuple[str, Any]] = {
    "an unknown key": ("carriers", [{"id": "SF", "nickname": "x"}]),
    "twice the same": ("carriers", [{"id": "SF"}, {"id": "SF"}]),
    "a wrong type": ("policy", {"retention_h": "long"}),
    "out of range": ("policy", {"retention_h": 100_000}),
    "no key at all": ("staff", [{"id": "anna", "approval_key": "short"}]),
    "too many": ("notices", [{"id": f"n{i}", "text": {}} for i in range(21)]),
    "no digest": ("update", {"version": "1.2", "url": "x", "sha256": "zz"}),
}


@pytest.mark.parametrize("how", BAD_BODIES)
def test_one_wrong_entry_refuses_the_document_and_keeps_the_last_good_one(tmp_path: Path, how: str) -> None:
    """The reason stands in the state; the same refused document again is no news."""
    name, body = BAD_BODIES[how]

    async def story(site: Site) -> None:
        await furnish(site)
        before = dict(site.locker.ledger.state.carrier), site.locker.ledger.state.rules
        refused = await site.document(name, 9, body)
        again = await site.document(name, 9, body)

        assert refused.outcome == again.outcome == "refused"
        assert refused.reason
        assert (dict(site.locker.ledger.state.carrier), site.locker.ledger.state.rules) == before
        standing = (await site.ask("state", None)).documents[name]
        assert (standing.refused, standing.reason) == (9, refused.reason)
        assert len(await site.journal("config.rejected")) == 1

    play(tmp_path, story)


def claims(name: str, **changed: Any) -> dict[str, Any]:
    plain = {"aud": LOCKER, "iss": SIGNER, "iat": 1_772_000_000, "doc": name, "version": 3, "body": []}
    return plain | changed


FOREIGN = {
    "another key": lambda site: signed(claims("carriers"), new_key()),
    "another locker's": lambda site: signed(claims("carriers", aud="HK-9999"), site.key),
    "another document": lambda site: signed(claims("couriers"), site.key),
    "another's name": lambda site: signed(claims("carriers", iss="office-2"), site.key),
    "sealed to another": lambda site: sealed(
        signed(claims("carriers"), site.key), new_key("X25519").export_public(as_dict=True)
    ),
    "packed": lambda site: sealed(
        signed(claims("carriers"), site.key), site.locker.awake.keys.opening_public, zip="DEF"
    ),
    "no document": lambda site: b"hello",
    "huge": lambda site: b"a" * 600_000,
}


@pytest.mark.parametrize("how", FOREIGN)
def test_a_foreign_document_changes_nothing(tmp_path: Path, how: str) -> None:
    async def story(site: Site) -> None:
        await furnish(site)
        asked = ct.DocumentsArguments(document="carriers", payload=FOREIGN[how](site))
        result = await site.ask("documents", asked)

        assert (result.outcome, result.version) == ("refused", 1)
        assert list(site.locker.ledger.state.carrier) == ["SF"]

    play(tmp_path, story)


def test_lists_with_secrets_come_sealed(tmp_path: Path) -> None:
    """Badges and PINs do not travel in clear, even where the signature is good."""

    async def story(site: Site) -> None:
        assert (await site.document("couriers", 1, COURIERS, seal=False)).reason == "not-sealed"
        assert (await site.document("staff", 1, [], seal=False)).reason == "not-sealed"

    play(tmp_path, story)


def test_a_policy_tightens_the_guards_and_never_loosens_them(tmp_path: Path) -> None:
    """Retention is the operator's to choose; tries a day and remote access only ever become fewer."""

    async def story(site: Site) -> None:
        await site.document(
            "policy",
            1,
            {
                "retention_h": 72,
                "code_tries_per_day": 500,
                "remote": {"per_minute": 1, "per_hour": 400, "doors_percent": 100},
            },
        )
        rules = site.locker.ledger.state.rules

        assert (rules.retention_h, rules.code_tries_per_day) == (72, 100)
        assert (rules.remote.per_minute, rules.remote.per_hour, rules.remote.doors_percent) == (1, 20, 25)
        await site.document("policy", 2, {})
        assert site.locker.ledger.state.rules.remote.per_minute == 3

    play(tmp_path, story)


def test_the_policy_in_force_outlives_a_restart(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        await site.document("policy", 1, {"retention_h": 72})
        await site.locker.cut()
        await site.locker.start()

        assert site.locker.ledger.state.rules.retention_h == 72

    play(tmp_path, story)


def test_a_fresh_courier_s_recalls_count_for_a_day(tmp_path: Path) -> None:
    """Who can write the list could make a courier of their own: what that one takes back is limited like an unlock."""

    async def story(site: Site) -> None:
        await furnish(site)
        waybills = [f"SF{1234567890120 + n}" for n in range(4)]
        assert await Courier(BADGE, Random(1)).deposit(site.locker, waybills) == 4
        for stay in list(site.locker.ledger.state.stay):
            await site.locker.until(lambda: False, at_most_s=61)
            await site.order("recall", {"stay": stay, "reason": "x", "operator": "op"})
        await site.locker.until(lambda: False, at_most_s=61)
        before = len(site.locker.ledger.state.granted.grants)

        await Courier(BADGE, Random(2)).recall(site.locker)

        assert len(site.locker.ledger.state.granted.grants) - before == 3
        assert sum(stay.live for stay in site.locker.ledger.state.stay.values()) == 1
        since = site.locker.ledger.state.courier["c1"].recall_since_ms
        assert since is not None
        assert since < DAY_MS

    play(tmp_path, story)


def many(count: int, first: int = 0) -> list[dict[str, Any]]:
    return [
        {"id": f"c-{n:04d}", "carrier": "SF", "badge": f"B{n:06d}", "pin": f"{n:06d}"}
        for n in range(first, first + count)
    ]


def test_five_thousand_couriers_are_answered_at_once_and_hashed_behind_the_answer(tmp_path: Path) -> None:
    """Their PINs cost minutes; meanwhile the last list holds, commands are answered, and no bridge waits in vain."""

    async def story(site: Site) -> None:
        await furnish(site)
        begun = await site.document("couriers", 2, many(5_000))
        again = await site.document("couriers", 2, many(5_000))
        assert (begun.outcome, begun.version) == ("applying", 1)
        assert again.outcome == "applying"
        assert list(site.locker.ledger.state.courier) == ["c1"]
        assert (await site.order("ping")).status == "done"

        assert await site.locker.until(lambda: len(site.locker.ledger.state.courier) == 5_000)

        assert site.locker.ledger.state.document["couriers"].version == 2
        applied = [one["documents"] for one in await site.journal("config.applied")]
        assert applied.count([["couriers", 2]]) == 1

    play(tmp_path, story)


def test_a_newer_list_takes_the_place_of_one_that_is_being_hashed(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        await furnish(site)
        await site.document("couriers", 2, many(200))

        assert (await site.document("couriers", 3, many(3, first=900))).outcome == "applied"
        await site.locker.until(lambda: False, at_most_s=5)

        assert len(site.locker.ledger.state.courier) == 3
        assert site.locker.ledger.state.document["couriers"].version == 3

    play(tmp_path, story)


def test_a_list_that_a_stop_has_interrupted_is_applied_when_it_comes_again(tmp_path: Path) -> None:
    """It is retained: the next connect brings it."""

    async def story(site: Site) -> None:
        await furnish(site)
        await site.document("couriers", 2, many(200))
        await site.locker.cut()
        await site.locker.start()
        assert list(site.locker.ledger.state.courier) == ["c1"]

        assert (await site.document("couriers", 2, many(200))).outcome == "applying"

        assert await site.locker.until(lambda: len(site.locker.ledger.state.courier) == 200)

    play(tmp_path, story)


def test_notices_and_the_update_are_kept_for_whoever_acts_on_them(tmp_path: Path) -> None:
    """Version rising, the last good one kept, through a restart; a technician sees them, programs get them typed."""
    notice = {"id": "n1", "text": {"en": "Closed on Monday."}}
    update = {"version": "1.2.0", "url": "https://updates.example/x.deb", "sha256": "ab" * 32}

    async def story(site: Site) -> None:
        await site.document("notices", 1, [notice], seal=False)
        await site.document("update", 3, update, seal=False)
        refused = await site.document("update", 4, {**update, "sha256": "short"}, seal=False)
        assert refused.outcome == "refused"
        await site.locker.cut()
        await site.locker.start()

        documents = site.locker.awake.cloud.documents
        shown = {one.name: one for one in (await site.locker.awake.cloud.show(t.Nothing(), WHO)).documents}

        assert documents.kept("update").version == "1.2.0"
        assert documents.kept("notices")[0].text == {"en": "Closed on Monday."}
        assert documents.kept("policy") is None
        assert (shown["update"].version, shown["update"].refused, shown["update"].body) == (3, 4, update)
        assert shown["notices"].body == [notice]

    play(tmp_path, story)
