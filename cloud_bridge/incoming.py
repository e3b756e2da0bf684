"""What the cloud sends down: sorted by topic, bounded, handed to the agent, and confirmed only when it has it.

Nothing here is believed: signatures are the agent's business. A message that nobody can use is set aside, with an
alarm, and confirmed; otherwise the broker would bring it again for ever.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from cloud_bridge.topics import Topics
from cloud_bridge.words import Alarm, Arrived, Confirm, Decided, Hand, LetGo, Wish

PAYLOAD_MAX = 768 * 1024  # bytes: a list of five thousand couriers, signed and sealed; thirteen are 10 MiB
RETRY_S = 5.0  # a message that the agent could not take just now
TRIES_MAX = 5  # then it is poison: it, not the moment, is what the agent cannot take
LEVEL_MAX = 32  # characters of a strange topic that are worth telling


class Rejected(msgspec.Struct, frozen=True):
    sequence: int
    reason: str


class Acks(msgspec.Struct, frozen=True):
    """`dn/acks`: the application has committed everything before `next`."""

    epoch: str
    next: int
    rejected: tuple[Rejected, ...] = ()


@dataclass(slots=True)
class _Held:
    wish: Hand
    tries: int = 1
    again_at: float | None = None


class Incoming:
    """Unconfirmed messages of one connection. Times are monotonic seconds."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._held: dict[int, _Held] = {}
        self.set_aside = 0

    def lost(self) -> list[Wish]:
        """The broker brings again what was not confirmed."""
        held, self._held = self._held, {}
        return [LetGo(handle) for handle in held]

    @property
    def holding(self) -> bool:
        return bool(self._held)

    def acks(self, arrived: Arrived) -> Acks | None:
        """The cloud's word, or None where it is none."""
        try:
            return msgspec.json.decode(arrived.payload, type=Acks)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return None

    def sort(self, arrived: Arrived) -> list[Wish]:
        """A command or document: to the agent, or aside."""
        fault = self._fault(arrived)
        if fault:
            return self.aside(arrived, fault)
        if not arrived.payload:  # a retained document was taken back: the last good one stays
            return [Confirm(arrived.handle)]
        wish = self._hand(arrived)
        self._held[arrived.handle] = _Held(wish)
        return [wish]

    def aside(self, arrived: Arrived, fault: str) -> list[Wish]:
        """Never seen again: confirmed, counted and told."""
        self.set_aside += 1
        level = arrived.topic.removeprefix(self._topics.base + "/")[:LEVEL_MAX]
        alarm = Alarm("CLOUD-556", f"message on {level}", fault)
        return [alarm, Confirm(arrived.handle)] if arrived.handle else [alarm]

    def decided(self, decided: Decided, now: float) -> list[Wish]:
        held = self._held.get(decided.handle)
        if held is None:
            return []
        if decided.refusal and decided.passing and held.tries < TRIES_MAX:
            held.again_at = now + RETRY_S
            return []
        del self._held[decided.handle]
        if decided.refusal:
            return self.aside(held.wish.message, decided.refusal)
        return [Confirm(decided.handle)]

    def again(self, now: float) -> list[Wish]:
        """Messages whose next try is due."""
        due = [held for held in self._held.values() if held.again_at is not None and held.again_at <= now]
        for held in due:
            held.again_at = None
            held.tries += 1
        return [held.wish for held in due]

    def wake_at(self) -> float | None:
        return min((held.again_at for held in self._held.values() if held.again_at is not None), default=None)

    def _fault(self, arrived: Arrived) -> str:
        names = self._topics
        known = arrived.topic in names.subscriptions
        if not known:
            return "nobody asked for this topic"
        if len(arrived.payload) > PAYLOAD_MAX:
            return f"{len(arrived.payload)} bytes, at most {PAYLOAD_MAX} are taken"
        if not arrived.handle:
            return "sent with QoS 0: it would be lost with the line"
        return ""

    def _hand(self, arrived: Arrived) -> Hand:
        if arrived.topic == self._topics.commands:
            return Hand("commands", arrived)
        if arrived.topic == self._topics.expected:
            return Hand("expected", arrived)
        return Hand("documents", arrived, arrived.topic.removeprefix(self._topics.desired))
