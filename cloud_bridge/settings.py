"""What the bridge's core is given at its start, and the states of its line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from cloud_bridge.outgoing import SHIPPED, Limits


class Line(Enum):
    RESTING = "resting"
    DIALLING = "dialling"
    SUBSCRIBING = "subscribing"
    UP = "up"


@dataclass(frozen=True, slots=True)
class Settings:
    """`chance` returns a number in [0, 1). `application_acks` False is the configuration's `ack = "broker"`."""

    locker: str
    urls: tuple[str, ...]
    chance: Callable[[], float]
    application_acks: bool = True
    limits: Limits = SHIPPED
