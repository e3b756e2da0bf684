"""Events about people at the screen, by session and id only."""

from __future__ import annotations

from typing import ClassVar

from edge_agent.domain.events.base import Event


class SessionStarted(Event, frozen=True):
    TYPE: ClassVar[str] = "session.started"
    session: str
    kind: str  # recipient | courier | technician
    actor: str = ""
    scopes: tuple[str, ...] = ()  # lockout scopes whose row of failures ends with this login


class SessionEnded(Event, frozen=True):
    """The lease is gone. Stays that it ended leave the tables; what it left open belongs to nobody now."""

    TYPE: ClassVar[str] = "session.ended"
    session: str
    reason: str


class LoginFailed(Event, frozen=True):
    """`scopes` are the lockout scopes that count this try; `powered_ms` says when, on the powered clock."""

    TYPE: ClassVar[str] = "login.failed"
    scopes: tuple[str, ...]
    powered_ms: int
    by: str  # pin | badge
    reason: str
    courier: str = ""
    session: str = ""


class CodeFailed(Event, frozen=True):
    TYPE: ClassVar[str] = "code.failed"
    scopes: tuple[str, ...]
    powered_ms: int
    session: str = ""


class CodeLockedOut(Event, frozen=True):
    """This scope may not try again before `until_powered_ms`. `alarm`: often enough to look like guessing."""

    TYPE: ClassVar[str] = "code.locked_out"
    scope: str
    failures: int
    lock_s: int
    until_powered_ms: int
    alarm: bool = False


class FeedbackGiven(Event, frozen=True):
    TYPE: ClassVar[str] = "feedback.given"
    session: str
    rating: int  # 1 (bad) to 5 (good)
    stay: str = ""


EVENTS: tuple[type[Event], ...] = (
    SessionStarted,
    SessionEnded,
    LoginFailed,
    CodeFailed,
    CodeLockedOut,
    FeedbackGiven,
)
