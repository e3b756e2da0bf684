"""Whether a command is still good: by its dates where the clock can be believed, by its session always."""

from __future__ import annotations

from edge_agent.cloud.claims import SKEW_S, VALID_MAX_S, CommandClaims
from edge_agent.domain.instant import ClockQuality, Instant

EXPIRED = "expired"
STALE = "stale"
"""The session is older than the command's span, and no clock can say more: good again under a new session."""


def verdict(claims: CommandClaims, at: Instant, session: str, session_age_s: float) -> str:
    """ "" where it is good, else the word it is refused with: `expired`, `session`, `validity`, `clock`; or STALE.

    A clock that is not synchronised is still asked, as long as it can be right: it is set, and the command does not
    come from its future. Where it cannot, the session decides: whoever signed knew it, so a command cannot be older
    than the session, and has not run out while the session's age on the boot clock is below the command's span.
    """
    span_s = claims.exp - claims.iat
    if not 0 < span_s <= VALID_MAX_S:
        return "validity"
    now_s = at.wall.timestamp()
    from_future = claims.iat > now_s + SKEW_S
    if at.quality is ClockQuality.SYNCED and from_future:
        return "clock"
    clock_may_be_right = at.quality is not ClockQuality.UNSET and not from_future
    if clock_may_be_right and claims.exp <= now_s:
        return EXPIRED
    if not session or claims.session != session:
        return "session"
    if not clock_may_be_right and session_age_s >= span_s:
        return STALE
    return ""
