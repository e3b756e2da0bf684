"""The journal on its way up: which events go next, in what packing, and when to go back. It keeps no queue.

What it holds is one answer of the agent's long poll and the numbers of what is in flight. Everything can be asked for
again, and after every break it is: the cloud's answer to `up/hello` says from where.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from cloud_bridge import topics
from cloud_bridge.batching import batch_of
from cloud_bridge.words import Alarm, Handed

LIVE_MAX = 8  # events of one poll that still go one by one; more of them are a backlog
WINDOW = 20  # messages in flight: fills a link of 80 ms at 250 messages a second
BATCHES_MAX = 3  # batches in flight: 192 KiB, so that a reply waits seconds behind them on the slowest line
BATCHES_PER_S = 10.0  # of a backlog: five thousand events, a hundredth of what a broker takes
AHEAD_MAX = 20_000  # events beyond the cloud's word: a broker's queue drops silently where it is full
BATCH_EVENTS = 500  # one poll of the agent's, about 40 KiB compressed: more would often be compressed twice
POLLED_MAX = BATCH_EVENTS  # events in hand beyond which no further poll starts: one is read while one is sent
REWIND_REST_S = 1.0  # one gap makes the cloud repeat itself for every message in flight behind it
KEEPALIVE_S = 30.0  # a dead line is known within two of them
PAUSE_FIRST_S, PAUSE_MAX_S = 5.0, 300.0  # after a broker's refusal: it is an ACL or a quota, not a moment


class Verdict(Enum):
    """What the cloud's word was."""

    TAKEN = "taken"
    FOREIGN_EPOCH = "foreign-epoch"
    BEYOND = "beyond"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message for `up/events`, holding `count` events from `first` on."""

    first: int
    count: int
    payload: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What a test or a benchmark may set otherwise."""

    batches_per_s: float = BATCHES_PER_S
    window: int = WINDOW
    keepalive_s: float = KEEPALIVE_S


SHIPPED = Limits()


class Outgoing:
    """One connection after another over the same journal. Times are monotonic seconds."""

    def __init__(self, limits: Limits, *, application_acks: bool) -> None:
        self._limits = limits
        self._application_acks = application_acks
        self.epoch = ""
        self.last = 0  # newest event that is known to exist
        self._published = 0  # newest event that may have gone up, in this run or an earlier one
        self.next = 1  # what the cloud wants
        self.cursor = 1  # what is published next
        self.answered = False  # the cloud has answered this connection's hello
        self._events: tuple[bytes, ...] = ()
        self._at = 0  # index of `cursor` in `_events`
        self._backlog = False
        self._flying: dict[int, Parcel] = {}
        self._acked_ahead: dict[int, int] = {}  # first → count, with ack = "broker"
        self._ready_at = 0.0  # the next batch may leave
        self._paused_until = 0.0
        self._pause_s = PAUSE_FIRST_S
        self._rewound_at = float("-inf")

    # ---- a connection begins and ends -------------------------------------------------------------------------------

    def begin(self, epoch: str, last: int, next_sequence: int) -> None:
        """The agent's hello. With ack = "broker" nobody else is asked from where to go on."""
        if epoch != self.epoch:
            self.last = self._published = 0
        self._published = max(self._published, last)
        self.epoch, self.last, self.next = epoch, max(self.last, last), next_sequence
        self.lost()
        self._go_to(next_sequence)
        self.answered = not self._application_acks

    def lost(self) -> None:
        """Nothing is in flight any more; the next connection says hello again."""
        self._flying.clear()
        self._acked_ahead.clear()
        self._drop()
        self.answered = False

    # ---- what the agent hands out -----------------------------------------------------------------------------------

    @property
    def wants(self) -> bool:
        """Whether the next long poll may start."""
        return self.answered and self._left <= POLLED_MAX and self.cursor - self.next < AHEAD_MAX

    @property
    def polled(self) -> int:
        """The newest event in hand, or already sent: the next poll asks behind it."""
        return self.cursor + self._left - 1

    def take(self, handed: Handed) -> bool:
        """The poll's answer; False where it is not what is wanted (any more), and then it is dropped."""
        if handed.epoch != self.epoch or handed.first != self.polled + 1 or not self.answered:
            return False
        self._events, self._at = self._events[self._at :] + handed.events, 0
        self._backlog = self._left > LIVE_MAX
        self.last = max(self.last, handed.first + len(handed.events) - 1)
        return True

    # ---- what may leave ---------------------------------------------------------------------------------------------

    def due(self, now: float, room: int) -> Iterator[Parcel]:
        """Messages that may leave now, at most `room` and the own window; each is to be `sent`."""
        while self._left and now >= self._paused_until and room > 0:
            if len(self._flying) >= self._limits.window:
                return
            if not self._backlog:
                yield self._single()
            elif len(self._flying) < BATCHES_MAX and now >= self._ready_at:
                yield self._batch(now)
            else:
                return
            room -= 1

    def sent(self, token: int, parcel: Parcel) -> None:
        self._flying[token] = parcel
        self._published = max(self._published, parcel.first + parcel.count - 1)

    def wake_at(self) -> float | None:
        """When something that waits for time alone may leave."""
        return max(self._ready_at, self._paused_until) if self._left else None

    def _single(self) -> Parcel:
        parcel = Parcel(self.cursor, 1, self._events[self._at], topics.EVENT)
        self._step(1)
        return parcel

    def _batch(self, now: float) -> Parcel:
        wire, count = batch_of(self._events[self._at : self._at + BATCH_EVENTS])
        if count == 1:
            return self._single()
        parcel = Parcel(self.cursor, count, wire, topics.BATCH)
        self._step(count)
        if self._limits.batches_per_s:
            self._ready_at = max(now, self._ready_at) + 1 / self._limits.batches_per_s
        return parcel

    def _step(self, count: int) -> None:
        self.cursor += count
        self._at += count
        if not self._left:
            self._drop()

    # ---- what comes back --------------------------------------------------------------------------------------------

    def published(self, token: int, code: int, now: float) -> Alarm | None:
        """PUBACK of one message. A refusal pauses and goes back: the row stays where it is."""
        parcel = self._flying.pop(token, None)
        if parcel is None:
            return None
        if code < 0x80:
            self._pause_s = PAUSE_FIRST_S
            self._acked_ahead[parcel.first] = parcel.count
            return None
        if parcel.first < self.cursor:
            self._go_to(max(parcel.first, self.next))
        self._paused_until = now + self._pause_s
        self._pause_s = min(self._pause_s * 2, PAUSE_MAX_S)
        detail = f"refused with reason {code:#04x}; kept, and sent again in {self._paused_until - now:.0f} s"
        return Alarm("CLOUD-554", f"event {parcel.first}", detail)

    def broker_has(self) -> int:
        """With ack = "broker": the next number behind everything the broker has taken without a gap."""
        while (count := self._acked_ahead.pop(self.next, 0)) > 0:
            self.next += count
        return self.next

    def told(self, epoch: str, next_sequence: int, now: float) -> Verdict:
        """The cloud's word. Its first one on a connection sets the cursor; a lower or repeated one goes back."""
        if epoch != self.epoch:
            return Verdict.FOREIGN_EPOCH
        if not 1 <= next_sequence <= self._published + 1:
            return Verdict.BEYOND
        again = next_sequence <= self.next and next_sequence < self.cursor
        if not self.answered or next_sequence > self.cursor:
            self._go_to(next_sequence)
        elif again and now - self._rewound_at >= REWIND_REST_S:
            self._rewound_at = now
            self._go_to(next_sequence)
        self.answered = True
        self.next = next_sequence
        self._acked_ahead.clear()
        return Verdict.TAKEN

    def resend_from(self, sequence: int) -> None:
        """A `resend` command: the cloud wants older events again."""
        if 1 <= sequence < self.cursor:
            self._go_to(sequence)

    @property
    def waiting(self) -> bool:
        """Whether something was published that the cloud's application has not spoken of."""
        return self.cursor > self.next

    @property
    def backlog(self) -> int:
        """Events that the cloud does not have yet."""
        return max(self.last + 1 - self.next, 0)

    @property
    def _left(self) -> int:
        return len(self._events) - self._at

    def _go_to(self, sequence: int) -> None:
        self.cursor = sequence
        self._drop()

    def _drop(self) -> None:
        self._events, self._at = (), 0
