"""Pre-advice in steps: a lost step is noticed, a bad entry costs itself, a restore is reconciled."""

from __future__ import annotations

from pathlib import Path
from random import Random

from edge_agent.control import cloud_types as ct
from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision
from edge_agent.domain.words import CodeLife
from sim.soak.people import Courier, Recipient
from tests.cloud.office import LOCKER, SIGNER, Site, new_key, play, signed

FIRST, SECOND, THIRD = "SF1234567890123", "SF1234567890124", "SF1234567890125"
TOKEN = "ab" * 16


def known(site: Site) -> int:
    return len(site.locker.ledger.state.expected)


def test_steps_follow_one_another(tmp_path: Path) -> None:
    """Put, drop, again, a gap, everything anew; the last one applied stands in the state."""

    async def story(site: Site) -> None:
        entry = {"waybill": FIRST, "carrier": "SF"}
        assert (await site.step(1, put=[entry, {"waybill": SECOND, "carrier": "SF"}])).outcome == "applied"
        assert (await site.step(1, put=[])).outcome == "same"
        gap = await site.step(3, put=[entry])
        assert (gap.outcome, gap.n) == ("refused", 1)
        assert known(site) == 2
        assert (await site.step(2, drop=[FIRST])).outcome == "applied"
        assert known(site) == 1
        assert (await site.step(9, reset=True, put=[entry])).outcome == "applied"
        assert known(site) == 1
        assert (await site.ask("state", None)).expected_n == 9

    play(tmp_path, story)


def test_the_promised_code_opens_the_door(tmp_path: Path) -> None:
    """The recipient was told the code before the courier came; it is hashed here and stands nowhere in clear."""

    async def story(site: Site) -> None:
        badge = await site.locker.hire("c1", "SF")
        entry = {"waybill": FIRST, "carrier": "SF", "phone": "91234567", "code": "48151623", "token": TOKEN}
        await site.step(1, put=[entry])
        assert "48151623" not in str(dict(site.locker.ledger.state.expected))
        await Courier(badge, Random(1)).deposit(site.locker, [FIRST])

        assert await Recipient(Random(2)).pick_up(site.locker, code="48151623") is True

    play(tmp_path, story)


def test_a_list_from_before_the_deposit_does_not_undo_it(tmp_path: Path) -> None:
    """The office has not heard of the deposit yet and sends everything anew: what is inside is the locker's to say."""

    async def story(site: Site) -> None:
        badge = await site.locker.hire("c1", "SF")
        entry = {"waybill": FIRST, "carrier": "SF", "phone": "91234567", "code": "48151623", "token": TOKEN}
        await site.step(1, put=[entry])
        courier = Courier(badge, Random(1))
        await courier.deposit(site.locker, [FIRST])
        ledger = site.locker.ledger
        [stay] = ledger.state.stay.values()

        assert (await site.step(2, reset=True, put=[{**entry, "code": "15162342"}])).outcome == "applied"

        assert list(ledger.state.stay.values()) == [stay]
        assert not ledger.state.compartment[stay.compartment].offered
        assert await courier.deposit(site.locker, [FIRST]) == 0
        assert len(await site.journal("parcel.deposited")) == 1
        assert await Recipient(Random(2)).pick_up(site.locker, code="48151623") is True

    play(tmp_path, story)


def test_a_code_that_collides_costs_its_entry_alone(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        put = [
            {"waybill": FIRST, "carrier": "SF", "code": "48151623", "token": TOKEN},
            {"waybill": SECOND, "carrier": "SF", "code": "48151623", "token": "cd" * 16},
            {"waybill": THIRD, "carrier": "SF", "code": "4815", "token": "ef" * 16},
            {"waybill": "SF1234567890126", "carrier": "SF"},
        ]
        result = await site.step(1, put=put)
        again = await site.step(2, put=[put[0]])
        later = await site.step(3, put=[{**put[1], "token": "aa" * 16}])

        assert result.refused == (
            ("0124", "another parcel has this code"),
            ("0125", "a code has 8 digits"),
        )
        assert again.refused == ()
        assert later.refused == (("0124", "another parcel has this code"),)
        assert known(site) == 2

    play(tmp_path, story)


def test_pre_advice_in_clear_or_by_a_stranger_is_refused(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        step = {"aud": LOCKER, "iss": SIGNER, "iat": 0, "n": 1, "put": [{"waybill": FIRST, "carrier": "SF"}]}
        for key, reason in ((site.key, "not-sealed"), (new_key(), "signature")):
            asked = ct.ExpectedArguments(payload=signed(step, key))
            result = await site.ask("expected", asked)
            assert (result.outcome, result.reason) == ("refused", reason)
        assert known(site) == 0

    play(tmp_path, story)


def test_after_a_restore_only_the_named_stays_live(tmp_path: Path) -> None:
    """The backup is older than what happened since: codes rest until the back office says which stays are real."""

    async def story(site: Site) -> None:
        badge = await site.locker.hire("c1", "SF")
        await Courier(badge, Random(1)).deposit(site.locker, [FIRST, SECOND])
        ledger = site.locker.ledger
        named, other = sorted(ledger.state.stay)
        restored = e.LedgerRestored("ledger-0001.age", ledger.epoch, ledger.last_sequence)
        await ledger.transact(lambda state, at: Decision((restored,)))
        assert {code.life for code in ledger.state.code.values()} == {CodeLife.SPENT}

        await site.step(1, reconcile=[named, "no-such-stay"])

        assert ledger.state.code[named].life is CodeLife.LIVE
        assert ledger.state.code[other].life is CodeLife.SPENT
        assert ledger.state.uplinked.expected_n == 1

    play(tmp_path, story)
