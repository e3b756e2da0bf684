"""Ten thousand wrong codes, with restarts and jumping clocks between: the budget holds, and a QR code always opens."""

from __future__ import annotations

import random

from edge_agent.domain.deposits import Credentials
from edge_agent.domain.refusals import LOCKED_OUT, Refusal
from edge_agent.domain.tries import NotAccepted
from edge_agent.store.executor import Inline
from edge_agent.store.hasher import CHEAPEST, Hasher
from tests.domain.locker import Locker
from tests.store.locker import KEYS
from tests.store.test_machine import StoredBook

TRIES = 10_000
BURST = 500
DAY_MS = 86_400_000
BETWEEN_S = 5.0
CHECKPOINT_EVERY = 12  # tries: the agent checkpoints its clocks each minute


def looked_at(locker: Locker, code_hash: str) -> bool:
    """Whether the locker looked at this try at all; a wrong code is never accepted."""
    try:
        answer = locker.claim(code_hash)
    except Refusal as refusal:
        if refusal.code != LOCKED_OUT:
            raise
        return False
    assert isinstance(answer, NotAccepted)
    return True


def test_ten_thousand_wrong_codes_stay_within_the_budget_and_a_qr_code_opens_all_the_while() -> None:
    """Five hundred tries, a few hours, a power cut or a clock that jumps by years, and again, twenty times."""
    chance = random.Random(99)
    hasher = Hasher(KEYS.pepper, KEYS.salt, Inline(), CHEAPEST)
    book = StoredBook()
    locker = Locker(book=book)
    tried_at_ms: list[int] = []
    for burst in range(TRIES // BURST):
        opening, credentials = locker.deposit(waybill_hash=f"waybill-{burst}", session="courier-visit")
        for n in range(BURST):
            if looked_at(locker, hasher.code_hash(f"{chance.randrange(10**8):08d}")):
                tried_at_ms.append(locker.state.clocks.at(locker.clock.now()).powered_ms)
            locker.clock.advance(BETWEEN_S)
            if n % CHECKPOINT_EVERY == 0:
                locker.pass_s(0)
        locker.scan(credentials.token_hash, f"pickup-{burst}")
        locker.collect(opening)
        locker.leave(f"pickup-{burst}")
        locker.clock.jump_wall(chance.choice((-1, 1)) * chance.randrange(10 * 365 * 86_400))
        if burst % 2:
            locker.power_cut(off_s=3_600)
        locker.pass_s(chance.randrange(4) * 3_600)
    book.gone()

    per_day = locker.policy.code_tries_per_day
    first_of_window = zip(tried_at_ms, tried_at_ms[per_day:], strict=False)
    assert len(tried_at_ms) > per_day, "the attack lasted for more than one day's budget"
    assert all(later - earlier >= DAY_MS for earlier, later in first_of_window)


def test_one_try_costs_one_computation_whatever_is_live() -> None:
    """One salt and one pepper for the locker: the result is looked up by index, not compared one by one."""
    hasher = Hasher(KEYS.pepper, KEYS.salt, Inline(), CHEAPEST)
    other = Hasher(bytes(32), KEYS.salt, Inline(), CHEAPEST)

    assert hasher.code_hash("12345678") == hasher.code_hash("12345678")
    assert hasher.code_hash("12345678") != other.code_hash("12345678"), (
        "without the pepper a stolen table says nothing"
    )
    assert len(bytes.fromhex(hasher.code_hash("1"))) == 32
    assert hasher.lookup_hash("phone", "1") != hasher.lookup_hash("waybill", "1")
    assert Credentials(hasher.code_hash("1"), hasher.token_hash("1")).code_hash != hasher.token_hash("1")
