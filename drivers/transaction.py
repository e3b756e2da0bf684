"""One question to one board: the vocabulary shared by the bus and the board drivers. Pure values, no I/O.

A board operation is a *procedure*: a generator that yields transactions, receives the accepted reply's bytes,
and returns its result. The bus runs it (on its own thread, or under a virtual clock) and throws a `BusError`
into it at the yield when there was no reply. So a driver contains no waiting, no retry and no clock, and the same
code runs on a pty, on a real port and in a simulated year.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import Enum, IntEnum, auto
from typing import TypeVar


class Priority(IntEnum):
    """Who goes next on the wire; the smaller number first, first come first served within one number."""

    STOP = 0
    UNLOCK = 1
    VERIFY = 2
    POLL = 3


class Sight(Enum):
    """What a codec sees in the bytes received so far."""

    REPLY = auto()  # the answer to this very request: board, function, length, checksum and echoed value fit
    FOREIGN = auto()  # a sound frame that is somebody else's: counted, dropped, the deadline stands
    PUSHED = auto()  # an unsolicited frame of a listening family: handed to the listener, the deadline stands
    REFUSAL = auto()  # a sound frame by which the board declines this request


@dataclass(frozen=True, slots=True)
class Seen:
    """One frame found in the buffer: bytes before `start` are noise, `end` is exclusive."""

    sight: Sight
    start: int
    end: int


Recognise = Callable[[bytes], Seen | None]
"""Finds the first sound frame anywhere in the buffer (hunting past noise), or None: nothing complete yet."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One request frame and how to know its reply.

    `reply_timeout_s` counts from the end of the request on the wire; the bus adds wire times and adapter latency.
    `drain_s` is how long after a time-out a late reply may still come: the bus keeps silent and discards so long.
    `actuates` marks a frame that moves a door: never sent twice. `resends` bounds repeats of a lost read.
    `replies=False` marks frames that no board of the family answers reliably: done (reply `b""`) once they are off
    the wire, then `drain_s`. `reply_bytes_max` is the longest reply whose wire time the deadline has to allow for.
    """

    request: bytes
    recognise: Recognise
    reply_timeout_s: float
    drain_s: float
    board: str
    priority: Priority = Priority.POLL
    actuates: bool = False
    resends: int = 0
    replies: bool = True
    reply_bytes_max: int = 20  # the longest of the built families: CU48's 18-byte status, rounded up

    def __post_init__(self) -> None:
        if self.actuates and self.resends:
            raise ValueError("an actuation is never re-sent")


T = TypeVar("T")
Procedure = Generator[Transaction, bytes, T]
"""Yields transactions, is sent each accepted reply frame, returns the result; BusErrors are thrown in at a yield."""
