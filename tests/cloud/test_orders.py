"""Commands that move no door: what each does, who is named for it, and that a mistake changes nothing."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from edge_agent.cloud.plans import ORDERS
from edge_agent.control import cloud_types as ct
from edge_agent.domain.words import Condition
from sim.soak.people import Courier, Recipient
from tests.cloud.office import SIGNER, Site, play, signed, unlock

BY = {"reason": "asked by phone", "operator": "op-3"}


async def a_parcel(site: Site) -> str:
    """A courier leaves one parcel; returns its stay."""
    badge = await site.locker.hire("c1", "SF")
    assert await Courier(badge, Random(1)).deposit(site.locker, ["SF1234567890123"]) == 1
    [stay] = site.locker.ledger.state.stay.values()
    return stay.id


async def told_code(site: Site, event: str) -> str:
    """The code that the cloud opens from the newest event of this type."""
    found = [one for one in await site.locker.events() if one["type"] == f"locker.{event}"]
    return site.locker.unseal(found[-1])["code"]


def test_a_compartment_goes_out_of_service_and_back(tmp_path: Path) -> None:
    """The operator is named in the journal."""

    async def story(site: Site) -> None:
        condition = lambda: site.locker.ledger.state.compartment["4"].condition  # noqa: E731

        assert (await site.order("set_out_of_service", {"compartment": "4", **BY})).status == "done"
        assert condition() is Condition.OUT_OF_SERVICE
        assert (await site.order("set_in_service", {"compartment": "4", **BY})).status == "done"
        assert condition() is Condition.OK
        [out] = await site.journal("compartment.out_of_service")
        assert out["actor"] == f"operator:op-3@{SIGNER}"
        assert len(await site.journal("command.done")) == 2

    play(tmp_path, story)


def test_deposits_stop_and_go_on_and_pickups_have_no_switch(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        await site.order("stop_deposits", BY)
        assert site.locker.ledger.state.switched.deposits is False
        assert (await site.ask("state", None)).deposits is False
        await site.order("resume_deposits", BY)
        assert site.locker.ledger.state.switched.deposits is True

    play(tmp_path, story)


def test_a_fresh_code_goes_up_sealed_and_opens_the_door(tmp_path: Path) -> None:
    """The old code is dead; the new one stands in no reply and no clear field; the recipient gets the parcel."""

    async def story(site: Site) -> None:
        stay = await a_parcel(site)
        old = await told_code(site, "parcel.deposited")
        answer = await site.order("reissue_code", {"stay": stay, **BY})
        new = await told_code(site, "code.reissued")

        assert (answer.status, answer.result) == ("done", {})
        assert new != old
        assert new not in str(await site.journal("code.reissued"))
        assert await Recipient(Random(2)).pick_up(site.locker, code=old) is False
        assert await Recipient(Random(3)).pick_up(site.locker, code=new) is True

    play(tmp_path, story)


def test_a_phone_is_corrected_only_in_a_sealed_command(tmp_path: Path) -> None:
    """Personal data in clear is refused, even where the signature is good."""

    async def story(site: Site) -> None:
        stay = await a_parcel(site)
        before = site.locker.ledger.state.stay[stay].phone_hash
        wanted = {"stay": stay, "operator": "op-3", "phone": "91234567"}

        assert (await site.order("correct_parcel", wanted)).code == "not-sealed"
        assert site.locker.ledger.state.stay[stay].phone_hash == before
        assert (await site.order_sealed("correct_parcel", wanted)).status == "done"
        assert site.locker.ledger.state.stay[stay].phone_hash != before
        assert "91234567" not in str(await site.locker.events())

    play(tmp_path, story)


def test_retention_is_extended_for_one_or_for_all(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        stay = await a_parcel(site)
        retention = lambda: site.locker.ledger.state.stay[stay].retention  # noqa: E731
        before = retention()
        one = await site.order("extend_retention", {"hours": 24, "stay": stay, "operator": "op-3"})
        everybody = await site.order("extend_retention", {"hours": 1, "all": True, "operator": "op-3"})
        neither = await site.order("extend_retention", {"hours": 1, "operator": "op-3"})

        assert one.result == everybody.result == {"stays": 1}
        assert before is not None
        assert retention().ends_at_ms - before.ends_at_ms >= 25 * 3_600_000 - 1000  # type: ignore[union-attr]
        assert (neither.status, neither.code) == ("rejected", "FLOW-307")

    play(tmp_path, story)


def test_a_recall_gives_the_parcel_back_to_its_courier(tmp_path: Path) -> None:
    """Ordered from afar, done by the courier at the screen."""

    async def story(site: Site) -> None:
        stay = await a_parcel(site)
        answer = await site.order("recall", {"stay": stay, **BY})
        badge = await site.locker.hire("c1", "SF")

        assert answer.result == {"why": "overdue"}
        assert await Courier(badge, Random(4)).recall(site.locker) == 1

    play(tmp_path, story)


def test_every_grant_of_access_counts(tmp_path: Path) -> None:
    """A fresh code, a corrected phone and an ordered recall are as good as an open door: three a minute together."""

    async def story(site: Site) -> None:
        stay = await a_parcel(site)
        phone = {"stay": stay, "operator": "op-3", "phone": "91234567"}

        assert (await site.order("reissue_code", {"stay": stay, **BY})).status == "done"
        assert (await site.order_sealed("correct_parcel", phone)).status == "done"
        assert (await site.order("recall", {"stay": stay, **BY})).status == "done"
        assert (await site.order("unlock", unlock())).code == "quota"
        await site.locker.until(lambda: False, at_most_s=61)
        assert (await site.order("unlock", unlock())).status == "accepted"

    play(tmp_path, story)


def test_reads_answer_at_once_and_leave_no_row(tmp_path: Path) -> None:
    """A canary every minute must not fill the journal."""

    async def story(site: Site) -> None:
        rows = len(await site.locker.events())
        doors = (await site.order("read_doors")).result["doors"]
        parts = (await site.order("self_test")).result["parts"]
        ping = await site.order("ping")

        assert set(doors.values()) == {"closed"}
        assert (len(doors), parts["board A"], parts["doors"]) == (60, "answers", "60 closed")
        assert ping.result == {"clock": "synced"}
        assert len(await site.locker.events()) == rows
        assert site.pulses() == 0

    play(tmp_path, story)


def test_the_journal_is_published_again_from_where_the_cloud_asks(tmp_path: Path) -> None:
    """The bridge is told the number; another ledger's epoch is refused."""

    async def story(site: Site) -> None:
        epoch = site.locker.ledger.epoch
        payload = signed(site.claims("resend", {"epoch": epoch, "next": 3}), site.key)
        result = await site.ask("commands", ct.CommandsArguments(payload=payload))

        assert result.resend_from == 3
        assert (await site.order("resend", {"epoch": "older", "next": 3})).status == "rejected"

    play(tmp_path, story)


@pytest.mark.parametrize("cmd", ["factory_reset", "unlock_all"])
def test_an_unknown_command_is_answered_unsupported(tmp_path: Path, cmd: str) -> None:
    async def story(site: Site) -> None:
        answer = await site.order(cmd)

        assert (answer.status, answer.code) == ("rejected", "unsupported")

    play(tmp_path, story)


def test_a_support_bundle_is_made_where_somebody_makes_them(tmp_path: Path) -> None:
    """Before that the command is known and answered `unsupported`; the reply names a file, never its content."""
    asked = {"reason": "door 7 jams", "operator": "op-3"}
    made = {"file": "bundle.tar", "sha256": "00" * 32, "size_bytes": 7}

    async def story(site: Site) -> None:
        before = await site.order("support_bundle", asked)
        told: list[tuple[str, str]] = []

        async def make(who: str, why: str) -> dict[str, Any]:
            told.append((who, why))
            return made

        site.locker.awake.cloud.support_bundle = make
        after = await site.order("support_bundle", asked)

        assert (before.status, before.code) == ("rejected", "unsupported")
        assert (after.status, after.result) == ("done", made)
        assert [why for _, why in told] == ["door 7 jams"]
        assert "op-3" in told[0][0]

    play(tmp_path, story)


@pytest.mark.parametrize("cmd", sorted(set(ORDERS) - {"ping", "read_doors", "self_test"}))
def test_wrong_arguments_change_nothing(tmp_path: Path, cmd: str) -> None:
    """Missing, surplus, of another kind: refused for good, with the same answer each time."""

    async def story(site: Site) -> None:
        before = site.locker.ledger.state.folded()
        for args in ({}, {"compartment": 7}, {**unlock(), "surplus": True}, {"stay": ["x"]}):
            claims = site.claims(cmd, args)
            first = await site.post(signed(claims, site.key))
            assert (first.status, first.code) == ("rejected", "arguments"), args
            assert await site.post(signed(claims, site.key)) == first
        assert site.locker.ledger.state.folded() == before
        assert site.pulses() == 0

    play(tmp_path, story)


def test_a_door_that_is_not_there_is_refused(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        answer = await site.order("unlock", unlock("61"))

        assert (answer.status, answer.code) == ("rejected", "FLOW-319")
        assert site.pulses() == 0

    play(tmp_path, story)


def test_replies_wait_for_the_broker_through_a_restart(tmp_path: Path) -> None:
    """Numbers go on, nothing is lost before the broker has it, and nothing comes twice after."""

    async def story(site: Site) -> None:
        first = await site.order("unlock", unlock("1"))
        await site.closed(first.id)
        await site.locker.cut()
        await site.locker.start()
        await site.connect()

        assert await site.replies() == [("pulse_sent", ""), ("opened", "")]
        assert await site.replies(after=1) == [("opened", "")]
        assert await site.replies(after=2, wait=0.1) == []
        second = await site.order("unlock", unlock("2"))
        await site.closed(second.id)
        numbers = [row.n for row in site.locker.ledger.state.reply.values()]
        assert numbers == [3, 4]

    play(tmp_path, story)
