"""A recipient asks the back office to let somebody else collect: one sealed command, and one to take it back."""

from __future__ import annotations

from pathlib import Path
from random import Random

from sim.soak.people import Recipient
from tests.cloud.office import Site, play
from tests.cloud.test_orders import a_parcel

FRIEND = "c0ffee" * 5 + "00"


def grant(stay: str, **others: object) -> dict[str, object]:
    return {"stay": stay, "delegate": "g-1", "token": FRIEND, "hours": 4, "operator": "op-3", **others}


def test_a_friend_collects_with_a_token_that_came_by_the_cloud(tmp_path: Path) -> None:
    """Only sealed, counted as access, in no row of the journal; and the door opens for it."""

    async def story(site: Site) -> None:
        stay = await a_parcel(site)

        assert (await site.order("delegate_pickup", grant(stay))).code == "not-sealed"
        assert (await site.order_sealed("delegate_pickup", grant(stay))).status == "done"
        assert len(site.locker.ledger.state.granted.grants) == 1
        assert FRIEND not in str(await site.locker.events())
        assert await Recipient(Random(2)).pick_up(site.locker, token=FRIEND) is True
        [collected] = await site.journal("parcel.collected")
        assert (collected["method"], collected["delegate"]) == ("delegate", "g-1")

    play(tmp_path, story)


def test_a_grant_is_taken_back_by_its_id(tmp_path: Path) -> None:
    """The friend fell ill; the same grant cannot be taken back twice."""

    async def story(site: Site) -> None:
        stay = await a_parcel(site)
        back = {"stay": stay, "delegate": "g-1", "operator": "op-3"}
        await site.order_sealed("delegate_pickup", grant(stay))

        assert (await site.order("revoke_delegate", back)).status == "done"
        assert (await site.order("revoke_delegate", back)).code == "FLOW-319"
        assert await Recipient(Random(2)).pick_up(site.locker, token=FRIEND) is False

    play(tmp_path, story)
