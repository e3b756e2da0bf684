"""Finding one sound frame in a buffer that may begin, or end, with anything. Pure.

A family gives a *judge*: what stands at one position of the buffer, seen from the request that was sent. `hunt` tries
every position from the front, so that a noise byte before a reply costs that byte and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from drivers.transaction import Recognise, Seen, Sight


class Partly(Enum):
    """The bytes so far are the beginning of what may become the reply."""

    WAIT = auto()


Judge = Callable[[bytes, int], Seen | Partly | None]


def hunt(judge: Judge) -> Recognise:
    """The first sound frame by `judge`, with two rules about foreign frames, which also occur by chance.

    While something further front may yet become the reply, a foreign frame is not reported: the request's deadline ends
    the waiting. And where a foreign frame and the reply share bytes, the reply is meant.
    """

    def recognise(buffer: bytes) -> Seen | None:
        waiting = False
        foreign: Seen | None = None
        for start in range(len(buffer)):
            if foreign is not None and start >= foreign.end:
                break
            verdict = judge(buffer, start)
            if verdict is Partly.WAIT:
                waiting = waiting or foreign is None
            elif isinstance(verdict, Seen) and verdict.sight is not Sight.FOREIGN:
                return verdict
            elif isinstance(verdict, Seen) and not waiting:
                foreign = foreign or verdict
        return foreign

    return recognise


def begins(buffer: bytes, start: int, frame: bytes) -> bool:
    """True while the buffer ends before `frame` does and agrees with it so far."""
    return len(buffer) - start < len(frame) and frame.startswith(buffer[start:])
