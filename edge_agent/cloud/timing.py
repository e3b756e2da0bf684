"""Whether a command is still good: by its dates where the clock can be believed, by its session always."""

from __future__ import annotations

from edge_agent.cloud.claims import SKEW_S, VALID_MAX_S, CommandClaims
from edge_agent.domain.instant import ClockQuality, Instant


def verdict(claims: CommandClaims, at: Instant, session: str, session_age_s: float) -> str:
    """ "" where it is good, else the word it is refused with: `expired`, `session`, `validity`, `clock`.

    A clock that is not synchronised says nothing about dates. Whoever signed knew the session, so a command cannot be
    older than that: while the session's age on the boot clock is below the command's span, it has not run out.
    """
    span_s = claims.exp - claims.iat
    if not 0 < span_s <= VALID_MAX_S:
        return "validity"
    if at.quality is ClockQuality.SYNCED:
        now_s = at.wall.timestamp()
        if claims.exp <= now_s:
            return "expired"
        if claims.iat > now_s + SKEW_S:
            return "clock"
    if not session or claims.session != session:
        return "session"
    if at.quality is not ClockQuality.SYNCED and session_age_s >= span_s:
        return "expired"
    return ""
