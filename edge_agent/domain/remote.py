"""What the cloud has given and what is due to it: rows of given tables, written beside events."""

from __future__ import annotations

from typing import Any

import msgspec


class Command(msgspec.Struct, frozen=True):
    """A command accepted and not yet closed. `correlation` is hex; `doors` those it opens; `topic` its replies'."""

    id: str
    cmd: str
    issuer: str
    exp_ms: int
    topic: str
    correlation: str = ""
    doors: tuple[str, ...] = ()
    reason: str = ""
    case: str = ""
    operator: str = ""


class StoredReply(msgspec.Struct, frozen=True):
    """A reply that the broker may not have yet. `n` rises by one for each, for the whole life of the ledger."""

    n: int
    id: str
    topic: str
    status: str
    correlation: str = ""
    code: str = ""
    result: dict[str, Any] = {}


class Document(msgspec.Struct, frozen=True):
    """One document: `version` in force, and the newest refused one with its reason. `body` is JSON text, where kept."""

    name: str
    version: int = 0
    refused: int = 0
    reason: str = ""
    body: str = ""


class Uplink(msgspec.Struct, frozen=True):
    """`replies`: number of the last reply ever made; `expected_n`: the last step of pre-advice applied."""

    replies: int = 0
    expected_n: int = 0


class Granted(msgspec.Struct, frozen=True):
    """Grants of remote access of the last powered day: (powered milliseconds, door), oldest first."""

    grants: tuple[tuple[int, str], ...] = ()
