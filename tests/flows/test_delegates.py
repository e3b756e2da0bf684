"""A recipient lets somebody else collect: one parcel, for a while, by a token of their own, until it is taken back."""

from __future__ import annotations

from functools import partial

import pytest

from edge_agent.domain import delegates
from edge_agent.domain.refusals import Refusal
from edge_agent.domain.stay import Stay
from edge_agent.domain.words import CodeLife, Contents
from tests.flows.at_hand import BADGE, PHONE, Kiosk
from tests.flows.furnishing import change_carrier

FRIEND = "f" * 32


@pytest.fixture
def stay(kiosk: Kiosk) -> Stay:
    """A parcel waits; its recipient is away and has asked a friend."""
    kiosk.logs_in()
    kept = kiosk.deposits()
    kiosk.scan(BADGE)
    kiosk.run(10)
    return kept


def lets_collect(kiosk: Kiosk, stay: Stay, name: str = "g-1", token: str = FRIEND, hours: int = 4) -> str:
    """The back office hands a second token of this stay on; what the friend's QR code says."""
    hashed = kiosk.hasher.lookup_hash("token", token)
    kiosk.transact(
        partial(
            delegates.grant, stay=stay.id, delegate=name, token_hash=hashed, hours=hours, actor="operator:o@k"
        )
    )
    return f"LKT:{token}"


def test_a_delegate_collects_what_the_recipient_could_not(kiosk: Kiosk, stay: Stay) -> None:
    """The friend's QR code opens the door; the journal says by whose grant, and holds no token."""
    friend = lets_collect(kiosk, stay)

    kiosk.scan(friend)
    assert kiosk.opens() == stay.compartment
    assert kiosk.vm.role == "delegate"
    kiosk.close()

    collected = kiosk.happened("parcel.collected")[0]
    assert (collected.method, collected.delegate) == ("delegate", "g-1")
    assert kiosk.compartment(stay.compartment).contents is Contents.EMPTY
    assert not any(FRIEND in str(event) for event in kiosk.journal)


def test_the_recipients_own_code_works_until_the_delegate_has_been_there(kiosk: Kiosk, stay: Stay) -> None:
    """A grant takes nothing away: the recipient came first after all, and then the friend's token opens nothing."""
    friend = lets_collect(kiosk, stay)
    assert kiosk.state.code[stay.id].life is CodeLife.LIVE

    kiosk.scan(kiosk.token_of(stay))
    kiosk.opens()
    kiosk.close()
    kiosk.run(10)
    kiosk.scan(friend)

    assert (kiosk.screen, kiosk.notice) == ("home", "token-invalid")
    assert kiosk.happened("parcel.collected")[0].delegate == ""


def test_a_delegates_token_serves_once(kiosk: Kiosk, stay: Stay) -> None:
    friend = lets_collect(kiosk, stay)
    kiosk.scan(friend)
    kiosk.opens()
    kiosk.close()
    kiosk.run(10)

    kiosk.scan(friend)

    assert kiosk.notice == "token-invalid"
    assert len(kiosk.doors.pulses) == 2  # the deposit and one pickup


def test_a_delegates_time_ends_and_the_recipients_does_not(kiosk: Kiosk, stay: Stay) -> None:
    """Four hours: an hour later the friend is told whom to ask, and the recipient's code still opens."""
    friend = lets_collect(kiosk, stay, hours=4)
    kiosk.run(5 * 3600)

    kiosk.scan(friend)
    assert (kiosk.screen, kiosk.notice) == ("home", "token-expired")
    kiosk.run(10)
    kiosk.scan(kiosk.token_of(stay))

    assert kiosk.opens() == stay.compartment


def test_a_grant_that_was_taken_back_opens_nothing(kiosk: Kiosk, stay: Stay) -> None:
    friend = lets_collect(kiosk, stay)
    kiosk.transact(partial(delegates.revoke, stay=stay.id, delegate="g-1", actor="operator:o@k"))

    kiosk.scan(friend)

    assert kiosk.notice == "token-invalid"
    assert kiosk.happened("code.delegation_revoked")[0].delegate == "g-1"


def test_a_jammed_door_costs_neither_of_them_the_parcel(kiosk: Kiosk, stay: Stay) -> None:
    """No opening seen: everything lives again, and the friend's second try is still the friend's."""
    friend = lets_collect(kiosk, stay)
    kiosk.doors.jammed = {stay.compartment}
    kiosk.scan(friend)
    kiosk.opens()
    assert kiosk.screen == "door-failed"
    assert kiosk.state.code[stay.id].life is CodeLife.LIVE

    kiosk.doors.jammed = set()
    kiosk.run(3)
    kiosk.touch("retry")
    kiosk.opens()
    kiosk.close()

    assert kiosk.happened("parcel.collected")[0].delegate == "g-1"


def test_a_delegate_gets_one_parcel_and_not_the_recipients_others(kiosk: Kiosk) -> None:
    """Two parcels of one phone: the recipient's code would open both doors, the friend's only the one of the grant."""
    change_carrier(kiosk, phone_required=True)
    kiosk.logs_in()
    kiosk.scan("LKC:S")
    stays = []
    for n in (1, 2):
        kiosk.scan(f"SF000000000000{n}")
        kiosk.touch("phone", digits=PHONE)
        number = kiosk.opens()
        kiosk.close()
        stays.append(kiosk.state.stay[kiosk.compartment(number).stay])
    kiosk.scan(BADGE)
    kiosk.run(10)

    kiosk.scan(lets_collect(kiosk, stays[0]))
    kiosk.opens()
    assert kiosk.vm.total == 1
    kiosk.close()

    assert kiosk.screen == "thanks"
    assert kiosk.compartment(stays[1].compartment).contents is Contents.STAY


def test_refusing_a_parcel_is_its_recipients_and_not_a_delegates(kiosk: Kiosk, stay: Stay) -> None:
    """The friend may say that something is wrong, and no more."""
    kiosk.scan(lets_collect(kiosk, stay))
    kiosk.opens()

    assert set(kiosk.vm.offers) == {"not-mine", "empty", "not-open"}


def test_not_more_than_ten_and_no_grant_twice(kiosk: Kiosk, stay: Stay) -> None:
    """A token that leads to another stay is refused as well."""
    for n in range(10):
        lets_collect(kiosk, stay, f"g-{n}", f"{n:032x}")

    with pytest.raises(Refusal, match="FLOW-307"):
        lets_collect(kiosk, stay, "g-10", "a" * 32)
    kiosk.transact(partial(delegates.revoke, stay=stay.id, delegate="g-9", actor="operator:o@k"))
    with pytest.raises(Refusal, match="FLOW-318"):
        lets_collect(kiosk, stay, "g-0", "b" * 32)
    with pytest.raises(Refusal, match="FLOW-318"):
        lets_collect(kiosk, stay, "g-11", f"{3:032x}")


def test_nothing_is_granted_for_a_parcel_that_is_gone(kiosk: Kiosk, stay: Stay) -> None:
    kiosk.scan(kiosk.token_of(stay))
    kiosk.opens()
    kiosk.close()

    with pytest.raises(Refusal, match="FLOW-307"):
        lets_collect(kiosk, stay)


def test_a_power_cut_forgets_no_grant(kiosk: Kiosk, stay: Stay) -> None:
    """What was granted is durable, like the code itself."""
    friend = lets_collect(kiosk, stay)

    kiosk.power_cut()
    kiosk.run(5)  # the coil rests after a start
    kiosk.scan(friend)

    assert kiosk.opens() == stay.compartment
