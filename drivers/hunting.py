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
    """The first sound frame by `judge`.

    While something further front may yet become the reply, a foreign frame is not reported: short foreign frames also
    occur by chance inside longer replies. The request's deadline ends the waiting.
    """

    def recognise(buffer: bytes) -> Seen | None:
        waiting = False
        for start in range(len(buffer)):
            verdict = judge(buffer, start)
            if verdict is Partly.WAIT:
                waiting = True
            elif isinstance(verdict, Seen) and not (waiting and verdict.sight is Sight.FOREIGN):
                return verdict
        return None

    return recognise


def begins(buffer: bytes, start: int, frame: bytes) -> bool:
    """True while the buffer ends before `frame` does and agrees with it so far."""
    return len(buffer) - start < len(frame) and frame.startswith(buffer[start:])
