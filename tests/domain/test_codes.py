"""Codes, tokens and lockouts: what guessing costs, and what it never does to honest people."""

from __future__ import annotations

import pytest

from edge_agent.domain import clock_rules, pickups, recovery, sessions, tries
from edge_agent.domain.code import draw_code, draw_token, typed_text
from edge_agent.domain.events import CodeFailed, CodeLockedOut, CodeSpent, LoginFailed
from edge_agent.domain.lockout import DAY_MS, KIOSK, Lockout
from edge_agent.domain.openings import Opening
from edge_agent.domain.policy import Policy
from edge_agent.domain.refusals import COLLIDES, IN_USE, LOCKED_OUT, Refusal
from edge_agent.domain.tries import NotAccepted
from edge_agent.domain.words import CodeLife
from edge_agent.randomness import SeededRandomness
from tests.domain.locker import Locker

STEPS = Policy().lockout_steps


class Dice:
    """Chance that rolls what it is told."""

    def __init__(self, *rolls: int) -> None:
        self.rolls = list(rolls)

    def below(self, bound: int) -> int:
        return self.rolls.pop(0)

    def token_bytes(self, count: int) -> bytes:
        return bytes(count)


def test_a_code_that_is_taken_or_a_habit_is_drawn_again():
    """All alike, runs up and down, and another stay's code are passed over."""
    chance = Dice(11111111, 12345678, 87654321, 20304050, 60708090)

    assert draw_code(chance, "8", {"20304050"}.__contains__) == "60708090"


def test_drawing_gives_up_after_a_bound():
    """A broken source of chance does not hang the deposit."""
    with pytest.raises(Refusal) as refused:
        draw_code(SeededRandomness(1), "8", lambda code: True)

    assert refused.value.code == COLLIDES


def test_codes_have_their_shape_and_tokens_enough_bits():
    """8 digits with leading zeros, 6 bound to the phone, and a token of 128 bits."""
    chance = SeededRandomness(3)
    codes = [draw_code(chance, "8", lambda code: False) for _ in range(200)]

    assert all(len(code) == 8 and code.isdigit() for code in codes)
    assert len(set(codes)) == 200
    assert typed_text("6+4", "012345", "6789") == "012345+6789"
    assert len(bytes.fromhex(draw_token(chance))) * 8 >= 64
    with pytest.raises(ValueError, match="last four"):
        typed_text("6+4", "012345", "")
    with pytest.raises(ValueError, match="8 digits"):
        typed_text("8", "012345")


def test_a_code_lives_is_claimed_and_is_spent():
    """The intent's transaction claims it, the opened door spends it."""
    locker = Locker()
    opening, code = locker.deposit()
    lives = [locker.state.code[opening.stay].life]

    locker.claim(code.code_hash)
    lives.append(locker.state.code[opening.stay].life)
    locker.opens(opening.compartment)
    lives.append(locker.state.code[opening.stay].life)

    assert lives == [CodeLife.LIVE, CodeLife.CLAIMED, CodeLife.SPENT]


def test_a_jam_does_not_cost_the_code():
    """The door does not open: the same code is good for another visit."""
    locker = Locker()
    opening, code = locker.deposit()
    claim = locker.claim(code.code_hash)

    locker.jams(claim.intent)

    assert locker.state.code[opening.stay].life is CodeLife.LIVE
    locker.pass_s(3)
    assert isinstance(locker.claim(code.code_hash, "second-visit"), Opening)


def test_a_power_cut_before_the_door_was_seen_open_does_not_cost_the_code():
    """Nobody knows what the lock did; the code lives again in the same transaction that says so."""
    locker = Locker()
    opening, code = locker.deposit()
    locker.claim(code.code_hash)

    locker.power_cut(off_s=600)

    assert locker.state.code[opening.stay].life is CodeLife.LIVE
    locker.pass_s(60)
    assert isinstance(locker.claim(code.code_hash, "second-visit"), Opening)


def test_a_code_serves_one_visit_at_a_time():
    """Typed at one screen while it opens a door for another: refused, not counted as a wrong try."""
    locker = Locker()
    _, code = locker.deposit()
    locker.claim(code.code_hash, "first")

    with pytest.raises(Refusal) as refused:
        locker.scan(code.token_hash, "second")

    assert refused.value.code == IN_USE
    assert locker.events(CodeFailed) == []


@pytest.mark.parametrize("event", ["nothing", "power cut", "wall clock back three years"])
def test_a_code_is_accepted_once_whatever_happens_afterwards(event):
    """Spent when the door was seen open: a restart or a jumping clock does not revive it."""
    locker = Locker()
    opening, code = locker.deposit()
    locker.claim(code.code_hash)
    locker.opens(opening.compartment)
    locker.closes(opening.compartment)

    if event == "power cut":
        locker.power_cut()
    elif event != "nothing":
        locker.clock.jump_wall(-3 * 365 * 86_400)

    assert isinstance(locker.claim(code.code_hash, "again"), NotAccepted)
    assert isinstance(locker.scan(code.token_hash, "again"), NotAccepted)
    assert len(locker.events(CodeSpent)) == 1


def test_token_and_code_are_one_credential_of_one_stay():
    """Whoever scanned the token has used up the code as well."""
    locker = Locker()
    opening, code = locker.deposit()
    locker.scan(code.token_hash)
    locker.collect(opening)
    locker.leave("pickup-visit")

    assert isinstance(locker.claim(code.code_hash, "later"), NotAccepted)


def wrong_tries(locker: Locker, count: int) -> list[float]:
    """So many wrong codes, each as soon as the lockout allows; what had to be waited after each."""
    waits = []
    for n in range(count):
        locker.pass_s(tries.wait_s(locker.state, (KIOSK,), locker.clock.now()))
        waits.append(locker.claim(f"wrong-{n}").wait_s)
    return waits


def test_the_lockout_escalates():
    """3, 5 and 10 wrong codes lock for 1, 5 and 15 minutes; past the last step each one does. At ten it alarms."""
    locker = Locker()

    waits = wrong_tries(locker, 12)

    assert waits == [0, 0, 60, 0, 300, 0, 0, 0, 0, 900, 900, 900]
    alarms = [event.alarm for event in locker.events(CodeLockedOut)]
    assert alarms == [False, False, True, True, True]


def test_a_try_during_the_lockout_is_not_looked_at():
    """Even the right code is not tested, so the answer tells nothing."""
    locker = Locker()
    _, code = locker.deposit()
    wrong_tries(locker, 3)

    with pytest.raises(Refusal) as refused:
        locker.claim(code.code_hash)

    assert refused.value.code == LOCKED_OUT
    assert 0 < refused.value.wait_s <= 60
    assert len(locker.events(CodeFailed)) == 3


def test_a_qr_token_opens_during_the_lockout():
    """A lockout of the keypad must not become a way to shut everybody out."""
    locker = Locker()
    opening, code = locker.deposit()
    wrong_tries(locker, 10)

    assert isinstance(locker.scan(code.token_hash), Opening)
    locker.collect(opening)


def test_a_right_code_ends_the_row_of_failures_but_not_the_days_count():
    """The next person's typing slip does not lock; the cap of the day goes on counting."""
    locker = Locker()
    _, code = locker.deposit()
    wrong_tries(locker, 2)
    locker.claim(code.code_hash)

    row = locker.state.lockout[KIOSK]

    assert row.failures == 0
    assert len(row.failed_at_ms) == 2


@pytest.mark.parametrize("jump_s", [-3 * 365 * 86_400, -3600, 86_400, 10 * 365 * 86_400])
def test_a_jumping_wall_clock_does_not_move_a_lockout(jump_s):
    locker = Locker()
    wrong_tries(locker, 5)
    before = tries.wait_s(locker.state, (KIOSK,), locker.clock.now())

    locker.clock.jump_wall(jump_s)

    assert tries.wait_s(locker.state, (KIOSK,), locker.clock.now()) == before == 300


def test_a_lockout_resumes_with_its_remainder_after_a_restart():
    """Two of five minutes were over; an hour without power counts for nothing."""
    locker = Locker()
    wrong_tries(locker, 5)
    locker.pass_s(120)

    locker.power_cut(off_s=3600)

    assert tries.wait_s(locker.state, (KIOSK,), locker.clock.now()) == 180


def test_a_crash_before_the_next_checkpoint_does_not_shorten_a_lockout():
    """The clock that locks resumes no later than it stood; what was not checkpointed is waited once more."""
    locker = Locker()
    locker.clock.advance(50)
    wrong_tries(locker, 3)
    locker.clock.advance(30)

    locker.clock.reboot("boot-x")
    locker.book.crash()
    locker.do(lambda s, at: recovery.recover(s, {}, at))

    assert 30 <= tries.wait_s(locker.state, (KIOSK,), locker.clock.now()) <= 60


def test_failures_count_for_the_phone_too():
    """Another keypad scope is free, this recipient's phone is not."""
    locker = Locker()
    scopes = ("phone:abc",)
    for _ in range(3):
        locker.do(lambda s, at: pickups.claim_by_code(s, "wrong", "v", at, locker.chance, scopes))

    assert tries.wait_s(locker.state, scopes, locker.clock.now()) == 60
    assert tries.wait_s(locker.state, (KIOSK,), locker.clock.now()) == 0


def test_old_failures_leave_the_table():
    """Trying a thousand phones does not fill the ledger: a row in which nothing counts any more goes."""
    locker = Locker()
    locker.do(lambda s, at: tries.code_failed(s, at, ("phone:old",)))
    locker.pass_s(DAY_MS / 1000 + 1)

    locker.do(lambda s, at: tries.code_failed(s, at, ("phone:new",)))

    assert set(locker.state.lockout) == {"phone:new"}


def brute_force(locker: Locker, days: float, restart_every: int, jumps: bool) -> list[int]:
    """Type wrong codes as fast as the locker lets, for so many powered days. Powered times of the tries looked at."""
    looked_at, tried = [], 0
    end_ms = locker.state.clocks.powered_ms + days * DAY_MS
    while (now := locker.state.clocks.at(locker.clock.now())).powered_ms < end_ms:
        wait_s = tries.wait_s(locker.state, (KIOSK,), locker.clock.now())
        if wait_s > 0:
            locker.pass_s(wait_s)
            continue
        looked_at.append(now.powered_ms)
        locker.claim(f"guess-{tried}")
        tried += 1
        locker.pass_s(4)
        if jumps and tried % 7 == 0:
            locker.clock.jump_wall((-1) ** tried * 86_400 * 30)
        if restart_every and tried % restart_every == 0:
            locker.power_cut(off_s=5)
    return looked_at


def most_in_a_day(times: list[int]) -> int:
    return max(sum(1 for t in times if start <= t < start + DAY_MS) for start in times)


@pytest.mark.parametrize(("days", "restart_every", "jumps"), [(2, 0, False), (2, 1, False), (10, 11, True)])
def test_brute_force_stays_within_the_days_budget(days, restart_every, jumps):
    """A patient attacker with a switch for the power and one for the clock: never more than the cap in any 24 hours."""
    locker = Locker()

    times = brute_force(locker, days, restart_every, jumps)

    assert len(times) >= 90 * days
    assert most_in_a_day(times) <= locker.policy.code_tries_per_day


def test_the_budget_keeps_eight_digits_safe_for_a_year():
    """40 live codes, the cap used up every day: under two in a hundred lockers a year are hit once."""
    guesses = Policy().code_tries_per_day * 365
    hit = 1 - (1 - 40 / 10**8) ** guesses

    assert hit < 0.02


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_ten_thousand_wrong_codes_over_restarts_and_jumps_stay_within_the_budget():
    """Some hundred days of guessing; a token opens at the end as if nothing had been."""
    locker = Locker()
    opening, code = locker.deposit()

    times = brute_force(locker, 100, 11, True)

    assert len(times) <= 100 * locker.policy.code_tries_per_day + 1
    assert most_in_a_day(times[-500:]) <= locker.policy.code_tries_per_day
    assert isinstance(locker.scan(code.token_hash), Opening)
    locker.collect(opening)


def test_an_hour_of_calm_forgets_the_steps():
    """The failures of the morning do not lock the evening's first slip."""
    row = Lockout(KIOSK)
    for second in range(4):
        row = row.failed(second * 1000)

    assert row.failures == 4
    assert row.failed(3_000 + 3_600_001).failures == 1
    assert row.failed(4_000).lock_s(STEPS) == 300


def test_wrong_pins_lock_the_login_of_this_courier():
    """Three wrong PINs: a minute; nothing of it holds up pickups."""
    locker = Locker()
    for _ in range(3):
        answer = locker.do(lambda s, at: sessions.login(s, "K1", "v", at, pin_hash="wrong"))

    assert not answer.accepted
    assert answer.wait_s == 60
    with pytest.raises(Refusal):
        locker.do(lambda s, at: sessions.login(s, "K1", "v", at, pin_hash="pin-K1"))
    assert tries.wait_s(locker.state, (KIOSK,), locker.clock.now()) == 0
    locker.pass_s(60)
    assert locker.do(lambda s, at: sessions.login(s, "K1", "v", at, pin_hash="pin-K1")).accepted


def test_what_an_unknown_person_typed_is_not_journalled():
    """Somebody types a phone number where the courier number belongs."""
    locker = Locker()

    answer = locker.do(lambda s, at: sessions.login(s, "13800000000", "v", at, pin_hash="x"))

    assert answer.reason == "unknown"
    (failed,) = locker.events(LoginFailed)
    assert "13800000000" not in str(failed)


def test_checkpoints_carry_the_days_count_over_a_restart():
    """The window of the day is on the powered clock: no restart begins a new day."""
    locker = Locker()
    wrong_tries(locker, 9)

    for _ in range(5):
        locker.power_cut(off_s=86_400)
        locker.do(lambda s, at: clock_rules.checkpoint(s, True, at))

    assert len(locker.state.lockout[KIOSK].failed_at_ms) == 9
    assert tries.wait_s(locker.state, (KIOSK,), locker.clock.now()) == 0
