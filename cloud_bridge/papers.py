"""What the bridge says about itself and the locker: the JSON of `st/presence` and `up/hello` (contract section 5)."""

from __future__ import annotations

from typing import Literal

import msgspec

from cloud_bridge.words import Greeting

NOBODY = Greeting("", "", "", "", "unset", 0, 0, 1)
"""In place of an agent that has never answered."""


class Hello(msgspec.Struct, frozen=True):
    """Sequence numbers: oldest kept, newest, and the next one that the agent believes the cloud wants."""

    epoch: str
    first: int
    last: int
    next: int


class Presence(msgspec.Struct, frozen=True):
    """Birth and will. A death whose `session` is not the newest one is old news."""

    online: bool
    agent: Literal["up", "down"]
    version: str
    boot: str
    session: str
    epoch: str
    clockquality: str


def hello(epoch: str, first: int, last: int, next_sequence: int) -> bytes:
    return msgspec.json.encode(Hello(epoch, first, last, next_sequence))


def birth(greeting: Greeting, *, agent_up: bool) -> bytes:
    return _presence(greeting, online=True, agent_up=agent_up)


def will(greeting: Greeting) -> bytes:
    return _presence(greeting, online=False, agent_up=False)


def _presence(greeting: Greeting, *, online: bool, agent_up: bool) -> bytes:
    return msgspec.json.encode(
        Presence(
            online,
            "up" if agent_up else "down",
            greeting.version,
            greeting.boot,
            greeting.session,
            greeting.epoch,
            greeting.clockquality,
        )
    )
