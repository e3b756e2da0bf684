"""Wrong codes and PINs: counted per scope before the next try is looked at, and locked by the policy's steps."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from edge_agent.domain import events as e
from edge_agent.domain.decision import Decision, Draft
from edge_agent.domain.instant import Instant
from edge_agent.domain.lockout import KIOSK
from edge_agent.domain.refusals import LOCKED_OUT, Refusal
from edge_agent.domain.state import LockerState


class NotAccepted(msgspec.Struct, frozen=True):
    """The answer to a wrong try, committed before anybody is told. `tries_left`: until the next lock."""

    reason: str  # unknown | spent | expired
    wait_s: float = 0.0
    tries_left: int = 0
    alarm: bool = False


def wait_s(state: LockerState, scopes: Iterable[str], at: Instant) -> float:
    """Seconds before any of these scopes may try again; 0.0 when now."""
    powered_ms = state.clocks.at(at).powered_ms
    per_day = state.rules.code_tries_per_day
    rows = (state.lockout.get(scope) for scope in scopes)
    return max((row.remaining_ms(powered_ms, per_day) for row in rows if row), default=0) / 1000


def check_may_try(state: LockerState, scopes: Iterable[str], at: Instant) -> None:
    """Refuses (FLOW-309, with `wait_s`) while locked out: the try is not even looked at."""
    left = wait_s(state, scopes, at)
    if left > 0:
        raise Refusal(LOCKED_OUT, f"locked for {left:.0f} s", left)


def code_failed(
    state: LockerState, at: Instant, scopes: tuple[str, ...] = (KIOSK,), session: str = ""
) -> Decision:
    """A try that is wrong by its shape already (no look-up needed) counts like any other. Result: NotAccepted."""
    check_may_try(state, scopes, at)
    draft = Draft(state, at)
    return draft.done(count_code(draft, scopes, session, "unknown"))


def count_code(draft: Draft, scopes: tuple[str, ...], session: str, reason: str) -> NotAccepted:
    draft.add(e.CodeFailed(scopes, draft.state.clocks.at(draft.at).powered_ms, session))
    return lock_if_due(draft, scopes, reason)


def lock_if_due(draft: Draft, scopes: tuple[str, ...], reason: str) -> NotAccepted:
    """After the failure has been counted: which scopes are locked now, and for how long."""
    rules, powered_ms = draft.state.rules, draft.state.clocks.at(draft.at).powered_ms
    wait_ms, alarm, tries_left = 0, False, rules.code_tries_per_day
    for scope in scopes:
        row = draft.state.lockout[scope]
        lock_ms = max(
            row.lock_s(rules.lockout_steps) * 1000, row.remaining_ms(powered_ms, rules.code_tries_per_day)
        )
        if lock_ms:
            loud = row.failures >= rules.lockout_steps[-1][0] or lock_ms > rules.lockout_steps[-1][1] * 1000
            lock_s = -(-lock_ms // 1000)
            draft.add(e.CodeLockedOut(scope, row.failures, lock_s, powered_ms + lock_ms, loud))
            alarm = alarm or loud
        wait_ms = max(wait_ms, lock_ms)
        tries_left = min(tries_left, _until_next_step(row.failures, rules.lockout_steps))
    return NotAccepted(reason, wait_ms / 1000, tries_left, alarm)


def _until_next_step(failures: int, steps: tuple[tuple[int, int], ...]) -> int:
    return next((count - failures for count, _ in steps if count > failures), 1)
