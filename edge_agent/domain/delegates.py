"""Delegates: the recipient lets somebody else collect one stay, by a second token of the same stay.

A delegate's token has an end of its own, may be taken back, and opens that one door: none of the recipient's other
parcels, and no refusal in the recipient's name. The recipient's own code and token live on beside it; whichever opens
the door first spends them all, because the parcel is gone then. An opening that did not happen spends none.
"""

from __future__ import annotations

from edge_agent.domain import events as e
from edge_agent.domain.code import Code, Delegate
from edge_agent.domain.decision import Decision, Draft
from edge_agent.domain.deposits import Credentials, check_unused
from edge_agent.domain.instant import Instant
from edge_agent.domain.openings import stay_named
from edge_agent.domain.refusals import COLLIDES, IN_USE, NOT_FOUND, WRONG_SITUATION, Refusal
from edge_agent.domain.retention import HOUR_MS
from edge_agent.domain.state import LockerState
from edge_agent.domain.words import CodeLife, StayStatus

DELEGATES_MAX = 10  # of one stay at a time: a household, not a mailing list; bounds the row that holds them


def grant(
    state: LockerState,
    stay: str,
    delegate: str,
    token_hash: str,
    hours: int,
    actor: str,
    at: Instant,
    reason: str = "",
) -> Decision:
    """Let `delegate` (the grant's own id) collect this stay within `hours` of the service clock."""
    kept, code = _live(state, stay)
    if any(one.id == delegate for one in code.delegates):
        raise Refusal(COLLIDES, f"grant {delegate} of compartment {kept} exists already")
    if len(code.delegates) >= DELEGATES_MAX:
        raise Refusal(WRONG_SITUATION, f"compartment {kept} has {DELEGATES_MAX} delegates, that is the bound")
    check_unused(state, Credentials("", token_hash))
    ends_at_ms = state.clocks.at(at).service_ms + hours * HOUR_MS
    return Decision(
        (e.CodeDelegated(stay, delegate, token_hash, ends_at_ms, actor, reason),), result=ends_at_ms
    )


def revoke(
    state: LockerState, stay: str, delegate: str, actor: str, at: Instant, reason: str = ""
) -> Decision:
    """Take it back. Refuses while this delegate stands at the door, and for one that is not there."""
    kept, code = stay_named(state, stay), state.code.get(stay)
    if code is None or all(one.id != delegate for one in code.delegates):
        raise Refusal(NOT_FOUND, f"compartment {kept.compartment} has no grant {delegate}")
    if code.life is CodeLife.CLAIMED and code.delegate == delegate:
        raise Refusal(IN_USE, f"the delegate is at compartment {kept.compartment} now")
    draft = Draft(state, at)
    draft.add(e.CodeDelegationRevoked(stay, delegate, actor, reason))
    return draft.done()


def _live(state: LockerState, stay: str) -> tuple[str, Code]:
    """The compartment and the code of a stay that can still be collected."""
    kept, code = stay_named(state, stay), state.code.get(stay)
    if kept.status not in (StayStatus.STORED, StayStatus.UNCERTAIN):
        raise Refusal(WRONG_SITUATION, f"the stay in compartment {kept.compartment} is {kept.status.value}")
    if code is None or code.life is CodeLife.SPENT:
        raise Refusal(WRONG_SITUATION, f"the stay in compartment {kept.compartment} has no live code")
    return kept.compartment, code


def shown_by(code: Code, token_hash: str) -> Delegate | None:
    """Whose token this is: a delegate's, or None for the recipient's own."""
    return next((one for one in code.delegates if one.token_hash == token_hash), None)


def is_over(state: LockerState, delegate: Delegate, at: Instant) -> bool:
    """On the service clock: no wrong date shortens a grant, and none prolongs it."""
    return state.clocks.at(at).service_ms >= delegate.ends_at_ms
