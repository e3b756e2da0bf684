"""Replies on their way up: published again until the broker has them, in the order of the agent.

Stored replies come by long poll and are forgotten by the agent when it is asked for those behind them. A direct answer
to a command is held here until its PUBACK; should the bridge die before, the command comes again and gets the same one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from cloud_bridge.words import Reply

WAITING_MAX = (
    100  # one poll's worth; beyond it commands stay unconfirmed, and the broker sends no more of them
)


class Answers:
    """Replies that the broker does not have."""

    def __init__(self) -> None:
        self.after = 0  # the broker has every stored reply up to this number
        self._waiting: deque[Reply] = deque()
        self._flying: dict[int, Reply] = {}
        self._polling = False

    def direct(self, reply: Reply) -> None:
        self._waiting.append(reply)

    def take(self, replies: tuple[Reply, ...]) -> None:
        """The poll's answer, by rising number."""
        self._polling = False
        self._waiting.extend(reply for reply in replies if reply.n > self.after)

    def wants(self) -> bool:
        """True once for each poll that may start: when everything stored that was handed out is with the broker."""
        stored = any(reply.n for reply in (*self._waiting, *self._flying.values()))
        if self._polling or stored:
            return False
        self._polling = True
        return True

    def poll_failed(self) -> None:
        self._polling = False

    def due(self, room: int) -> Iterator[Reply]:
        while self._waiting and room > 0:
            yield self._waiting.popleft()
            room -= 1

    def sent(self, token: int, reply: Reply) -> None:
        self._flying[token] = reply

    def published(self, token: int) -> bool:
        """PUBACK; a refused reply is not tried again, its topic will not be granted the next time either."""
        reply = self._flying.pop(token, None)
        if reply is not None:
            self.after = max(self.after, reply.n)
        return reply is not None

    def lost(self) -> None:
        """What was in flight goes first on the next connection."""
        self._waiting.extendleft(reversed(self._flying.values()))
        self._flying.clear()

    @property
    def full(self) -> bool:
        return len(self._waiting) >= WAITING_MAX

    def __len__(self) -> int:
        return len(self._waiting)
