"""The bridge without sockets: what happened goes in, what is to be done comes out. No threads, no clock, no queue.

A connection runs: the agent is greeted (it draws the session that the will carries), the broker dialled, topics
subscribed, and only then the presence is published, hello said and, after the cloud's answer, the journal sent in
order. The agent may be away: then presence says so and nothing else goes up. Whenever it comes back, the line is made
anew, because the will must carry the new session.

A PUBACK is flow control and no more: the watermark moves by `dn/acks` alone, and the agent judges that word too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cloud_bridge import papers
from cloud_bridge import words as w
from cloud_bridge.answers import Answers
from cloud_bridge.backoff import Backoff
from cloud_bridge.incoming import Incoming
from cloud_bridge.outgoing import LIVE_MAX, Outgoing, Verdict
from cloud_bridge.settings import Line as Line
from cloud_bridge.settings import Settings as Settings
from cloud_bridge.topics import Topics

AGENT_REST_S = 1.0  # between two knocks at an agent that is away
FLYING_MAX = 24  # messages in flight of all kinds: the events' window and four for what overtakes them
RESERVED = 4
HELLO_WAIT_S = 10.0  # for the cloud's answer; then hello again, the wait doubled, subscriptions renewed
HELLO_WAIT_MAX_S = 300.0
STALL_S = 30.0  # published events that the cloud says nothing about: it may not have got them
RENEW_REST_S = (
    30.0  # between two new sessions that a locker without a clock needs: no stale command makes a storm
)
RIVAL_REST_S = 30.0  # while another bridge has this locker's line
ACK_REST_S = 0.2  # between two words of the cloud's while a backlog drains: each costs the agent a sync
SNAPSHOT_S = 60.0  # state and telemetry, at a slow pace


class Core:
    """`handle` takes one thing that was heard and the monotonic time in seconds, and returns what is to be done."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topics = Topics(settings.locker)
        self._backoff = Backoff(settings.urls, settings.chance)
        self._puback_wait_s = (
            2 * settings.limits.keepalive_s
        )  # without any PUBACK: the connection is half open
        self._out = Outgoing(settings.limits, application_acks=settings.application_acks)
        self._in = Incoming(self._topics)
        self._answers = Answers()
        self._line = Line.RESTING
        self._agent: w.Greeting | None = None
        self._greeting = False
        self._asked: int | None = None  # the long poll under way: behind which number
        self._tokens = 0
        self._flying: set[int] = set()
        self._room = FLYING_MAX
        self._dial_at: float | None = None
        self._greet_at: float | None = 0.0
        self._hello_at: float | None = None
        self._hello_wait_s = HELLO_WAIT_S
        self._stall_at: float | None = None
        self._puback_at: float | None = None
        self._snapshot_at: float | None = None
        self._renew_at = 0.0
        self._owed: list[w.Wish] = []  # PUBACKs for commands, as many as the broker may send us unconfirmed
        self._ack_at: float | None = None  # the agent is to hear the cloud's newest word
        self._rejected: tuple[tuple[int, str], ...] = ()
        self._renew = False  # the broker has more for us than we could hold
        self._wishes: list[w.Wish] = []
        self._by_kind: dict[type, Callable[..., None]] = {
            w.AgentUp: self._agent_up,
            w.AgentGone: self._agent_gone,
            w.Rival: self._rival,
            w.Handed: self._handed,
            w.RepliesHanded: self._replies_handed,
            w.Snapshots: self._snapshots,
            w.Decided: self._decided,
            w.Connected: self._connected,
            w.Refused: self._refused,
            w.Lost: self._lost,
            w.Subscribed: self._subscribed,
            w.Published: self._published,
            w.Arrived: self._arrived,
            w.Overflowed: self._overflowed,
            w.Tick: lambda heard, now: None,
        }

    # ---- the crank's side -------------------------------------------------------------------------------------------

    def handle(self, heard: w.Heard, now: float) -> list[w.Wish]:
        self._wishes = []
        self._by_kind[type(heard)](heard, now)
        self._time_passed(now)
        self._send(now)
        if not self._answers.full:
            self._wishes += self._owed
            self._owed = []
        if self._renew and not self._owed and not self._in.holding:
            self._renewed(now)
        return self._wishes

    def wake_at(self, now: float) -> float | None:
        """The next moment at which time alone makes something due; call `handle(Tick())` then."""
        marks = (
            self._dial_at,
            self._greet_at,
            self._hello_at,
            self._stall_at,
            self._puback_at,
            self._snapshot_at,
            self._ack_at,
            self._in.wake_at(),
            self._out.wake_at(),
        )
        return min((mark for mark in marks if mark is not None and mark > now), default=None)

    @property
    def line(self) -> Line:
        return self._line

    @property
    def in_flight(self) -> frozenset[int]:
        """Tokens of the messages that the broker has not answered."""
        return frozenset(self._flying)

    @property
    def backlog(self) -> int:
        return self._out.backlog

    # ---- the agent --------------------------------------------------------------------------------------------------

    def _agent_up(self, heard: w.AgentUp, now: float) -> None:
        self._greeting, self._greet_at = False, None
        self._agent = heard.greeting
        if self._line is Line.RESTING:
            if self._dial_at is None or self._dial_at <= now:
                self._dial(now)
            return
        self._wish(w.HangUp())  # the will of this line carries no session, or an old one
        self._line_ended()
        self._dial(now)

    def _agent_gone(self, heard: w.AgentGone, now: float) -> None:
        self._greeting, self._asked = False, None
        self._answers.poll_failed()
        self._greet_at = now + AGENT_REST_S
        known, self._agent = self._agent, None
        self._out.lost()
        self._wishes += self._in.lost()
        self._hello_at = self._stall_at = self._snapshot_at = self._ack_at = None
        if self._line is Line.UP and known is not None:
            self._publish(self._topics.presence, papers.birth(known, agent_up=False), retain=True)
        elif self._line is Line.RESTING and self._dial_at is None:
            self._dial(now)

    def _rival(self, heard: w.Rival, now: float) -> None:
        """Another bridge works for this agent: dialling would push it off the line."""
        self._wish(w.Alarm("CLOUD-566", f"locker {self._settings.locker}", heard.detail))
        if self._line is not Line.RESTING:
            self._wish(w.HangUp())
            self._line_ended()
        self._greeting, self._agent, self._dial_at = False, None, None
        self._greet_at = now + RIVAL_REST_S

    def _handed(self, heard: w.Handed, now: float) -> None:
        if heard.first - 1 == self._asked:
            self._asked = None
        self._out.take(heard)

    def _replies_handed(self, heard: w.RepliesHanded, now: float) -> None:
        self._answers.take(heard.replies)

    def _snapshots(self, heard: w.Snapshots, now: float) -> None:
        if self._line is not Line.UP:
            return
        self._publish(f"{self._topics.base}/st/state", heard.state, retain=True)
        if not self._out.backlog:  # the first thing dropped
            self._wish(w.Publish(0, self._topics.telemetry, heard.telemetry, qos=0))

    def _decided(self, heard: w.Decided, now: float) -> None:
        self._owed += self._in.decided(heard, now)
        if heard.reply is not None:
            self._answers.direct(heard.reply)
        if heard.resend_from is not None:
            self._out.resend_from(heard.resend_from)
        if heard.renew and not self._greeting and now >= self._renew_at:
            self._greeting, self._renew_at = True, now + RENEW_REST_S
            self._wish(w.Greet())

    # ---- the line ---------------------------------------------------------------------------------------------------

    def _connected(self, heard: w.Connected, now: float) -> None:
        self._backoff.connected(now)
        self._room = min(FLYING_MAX, heard.receive_max)
        self._line = Line.SUBSCRIBING
        self._puback_at = now + self._puback_wait_s
        self._wish(w.Subscribe(self._topics.subscriptions))

    def _refused(self, heard: w.Refused, now: float) -> None:
        code = "CLOUD-552" if heard.certificate else "CLOUD-551"
        self._wish(w.Alarm(code, f"broker {self._backoff.url}", heard.reason))
        self._rest(now, taken_over=False)

    def _lost(self, heard: w.Lost, now: float) -> None:
        if self._line is Line.RESTING:
            return
        code = "CLOUD-558" if heard.dead else "CLOUD-551"
        self._wish(w.Alarm(code, f"broker {self._backoff.url}", heard.reason))
        self._rest(now, taken_over=heard.taken_over)
        if heard.taken_over and self._backoff.conflict(now):
            self._conflict("another client keeps connecting under this locker's name; resting")
        elif self._backoff.suspicious(now):
            self._conflict(
                "the broker's end closes one connection after another: a second client, or a bad line"
            )

    def _conflict(self, detail: str) -> None:
        self._wish(w.Alarm("CLOUD-553", f"locker {self._settings.locker}", detail))

    def _subscribed(self, heard: w.Subscribed, now: float) -> None:
        for topic in heard.refused:
            self._wish(w.Alarm("CLOUD-554", f"topic {topic}", "the broker does not grant the subscription"))
        if self._line is not Line.SUBSCRIBING:
            return
        self._line = Line.UP
        self._puback_at = None
        greeting = self._agent or papers.NOBODY
        birth = papers.birth(greeting, agent_up=self._agent is not None)
        self._publish(self._topics.presence, birth, retain=True)
        if self._agent is not None:
            self._out.begin(greeting.epoch, greeting.last, greeting.next)
            self._say_hello(now)
            self._snapshot_at = now

    def _published(self, heard: w.Published, now: float) -> None:
        self._flying.discard(heard.token)
        self._puback_at = now + self._puback_wait_s if self._flying else None
        if self._answers.published(heard.token):
            return
        alarm = self._out.published(heard.token, heard.code, now)
        if alarm is not None:
            self._wish(alarm)
        elif not self._settings.application_acks and self._agent is not None:
            before = self._out.next
            if self._out.broker_has() > before:
                self._wish(w.HandAcks(self._out.epoch, self._out.next))

    def _arrived(self, heard: w.Arrived, now: float) -> None:
        if heard.topic == self._topics.acks:
            self._told(heard, now)
        elif self._agent is not None:
            self._wishes += self._in.sort(heard)
        elif heard.handle:  # without the agent nothing is confirmed: the broker keeps it
            self._wish(w.LetGo(heard.handle))

    def _overflowed(self, heard: w.Overflowed, now: float) -> None:
        self._renew = self._line is Line.UP

    def _renewed(self, now: float) -> None:
        """Everything in hand is done: a new line brings what was dropped."""
        self._wish(w.HangUp())
        self._line_ended()
        self._dial_at = now
        self._time_passed(now)

    def _told(self, heard: w.Arrived, now: float) -> None:
        acks = self._in.acks(heard)
        if acks is None:
            self._wishes += self._in.aside(heard, "not the form of an acknowledgement")
            return
        if heard.handle:
            self._wish(w.Confirm(heard.handle))
        if self._agent is None or self._line is not Line.UP or not self._settings.application_acks:
            return  # what a kept session still brings is older than the answer to our hello
        verdict = self._out.told(acks.epoch, acks.next, now)
        if verdict is not Verdict.TAKEN:
            detail = f"next {acks.next} is {verdict.value}; ignored"
            self._wish(w.Alarm("CLOUD-555", "acknowledgement", detail))
            return
        for event in acks.rejected:
            self._wish(w.Alarm("CLOUD-557", f"event {event.sequence}", "the back office refused it for good"))
        self._hello_at, self._hello_wait_s = None, HELLO_WAIT_S
        self._stall_at = now + STALL_S if self._out.waiting else None
        self._rejected += tuple((one.sequence, one.reason) for one in acks.rejected)
        if self._ack_at is None:
            self._ack_at = now + (ACK_REST_S if self._out.backlog > LIVE_MAX else 0.0)

    # ---- time -------------------------------------------------------------------------------------------------------

    def _time_passed(self, now: float) -> None:
        if _due(self._greet_at, now) and not self._greeting:
            self._greeting, self._greet_at = True, None
            self._wish(w.Greet())
        if _due(self._dial_at, now) and self._line is Line.RESTING:
            self._dial_at = None
            if self._agent is None:
                self._dial(now)
            elif not self._greeting:
                self._greeting = True
                self._wish(w.Greet())  # a new session for the new line
        if _due(self._ack_at, now):
            self._wish(w.HandAcks(self._out.epoch, self._out.next, self._rejected))
            self._ack_at, self._rejected = None, ()
        if _due(self._puback_at, now):
            silence = f"no answer to {len(self._flying)} messages within {self._puback_wait_s:g} s"
            detail = f"{silence}: the line is half open"
            self._wish(w.Alarm("CLOUD-558", f"broker {self._backoff.url}", detail))
            self._wish(w.HangUp(politely=False))
            self._rest(now, taken_over=False)
        if self._line is Line.UP:
            self._ask_again(now)

    def _ask_again(self, now: float) -> None:
        if _due(self._hello_at, now):
            detail = f"no answer to hello within {self._hello_wait_s:g} s; subscriptions renewed"
            self._wish(w.Alarm("CLOUD-559", "back office", detail))
            self._hello_wait_s = min(self._hello_wait_s * 2, HELLO_WAIT_MAX_S)
            self._wish(w.Subscribe(self._topics.subscriptions))
            self._say_hello(now)
        if _due(self._stall_at, now):
            self._say_hello(now)
            self._stall_at = None
        if _due(self._snapshot_at, now):
            self._snapshot_at = now + SNAPSHOT_S
            self._wish(w.FetchSnapshots())
        self._wishes += self._in.again(now)

    # ---- sending ----------------------------------------------------------------------------------------------------

    def _send(self, now: float) -> None:
        """Replies first, then the journal; the reserve keeps a full window from stopping what overtakes it."""
        if self._line is not Line.UP or self._agent is None:
            return
        for reply in list(self._answers.due(self._free)):
            self._answers.sent(
                self._publish(reply.topic, reply.payload, correlation=reply.correlation), reply
            )
        for parcel in self._out.due(
            now, max(self._free - RESERVED, int(self._room <= RESERVED and self._free > 0))
        ):
            token = self._publish(self._topics.events, parcel.payload, content_type=parcel.content_type)
            self._out.sent(token, parcel)
            if self._stall_at is None and self._settings.application_acks:
                self._stall_at = now + STALL_S
        if self._out.wants and self._asked != self._out.polled:
            self._asked = self._out.polled
            self._wish(w.FetchEvents(self._asked))
        if self._answers.wants():
            self._wish(w.FetchReplies(self._answers.after))
        if self._flying and self._puback_at is None:
            self._puback_at = now + self._puback_wait_s

    def _say_hello(self, now: float) -> None:
        first = self._agent.first if self._agent else 0
        hello = papers.hello(self._out.epoch, first, self._out.last, self._out.next)
        self._publish(self._topics.hello, hello)
        self._hello_at = now + self._hello_wait_s if self._settings.application_acks else None

    def _publish(self, topic: str, payload: bytes, **how: Any) -> int:
        """`how`: the further fields of `w.Publish`. Returns the message's token."""
        self._tokens += 1
        self._flying.add(self._tokens)
        self._wish(w.Publish(self._tokens, topic, payload, **how))
        return self._tokens

    @property
    def _free(self) -> int:
        return max(self._room - len(self._flying), 0)

    # ---- dialling ---------------------------------------------------------------------------------------------------

    def _dial(self, now: float) -> None:
        self._dial_at = None
        self._line = Line.DIALLING
        self._wish(w.Dial(self._backoff.url, papers.will(self._agent or papers.NOBODY)))

    def _rest(self, now: float, *, taken_over: bool) -> None:
        self._line_ended()
        self._dial_at = now + self._backoff.rest_s(now, taken_over=taken_over)

    def _line_ended(self) -> None:
        self._line = Line.RESTING
        self._flying.clear()
        self._owed.clear()
        self._renew = False
        self._out.lost()
        self._in.lost()
        self._answers.lost()
        self._hello_at = self._stall_at = self._puback_at = self._snapshot_at = self._ack_at = None
        self._hello_wait_s = HELLO_WAIT_S

    def _wish(self, wish: w.Wish) -> None:
        self._wishes.append(wish)


def _due(mark: float | None, now: float) -> bool:
    return mark is not None and now >= mark
