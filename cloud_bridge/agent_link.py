"""The agent behind its bridge socket: one thread for short questions, one for each long poll. Blocking HTTP, no loop.

Everything that comes back is put into the hearer as the core's words; nothing is kept here.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import msgspec

from cloud_bridge import words as w
from edge_agent.control import cloud_types as ct
from edge_agent.control import types as t
from edge_agent.control.bridge_rows import BRIDGE_ROWS
from edge_agent.control.client import Client
from edge_agent.errors import AgentError
from edge_agent.logs import fields

log = logging.getLogger(__name__)

ROWS = {row.name: row for row in BRIDGE_ROWS}
POLL_S = 20.0  # of one long poll; shorter than the client's own patience
ANSWER_S = 30.0
POLLS_MAX = 8  # polls that were overtaken by a reconnect end by themselves; so many may be doing so
QUESTIONS_MAX = (
    256  # twenty commands, acknowledgements and snapshots; beyond it the agent has been away for minutes
)
TOLD = get_args(ct.AlarmCode)  # the rest is the line's daily life, or in the journal by another way
TELL_AGAIN_S = 3600.0
AWAY = ("CTRL-701", "CTRL-702")
RIVAL = "CLOUD-566"  # another bridge has the line
MALFORMED = "CTRL-706"  # the agent says that the message itself is no good


class AgentLink:
    """`hear` is called from the link's threads and must only enqueue. `figures`: the bridge's own telemetry."""

    def __init__(
        self,
        bridge_socket: Path,
        hear: Callable[[w.Heard], None],
        figures: Callable[[], dict[str, float]] = dict,
    ) -> None:
        self._client = Client(bridge_socket, ANSWER_S)
        self._hear = hear
        self._figures = figures
        self._told_at: dict[str, float] = {}
        self._questions: queue.Queue[w.Wish] = queue.Queue(QUESTIONS_MAX)
        self._polls = threading.Semaphore(POLLS_MAX)
        threading.Thread(target=self._answer_questions, name="agent", daemon=True).start()

    def do(self, wish: w.Wish) -> None:
        if isinstance(wish, w.FetchEvents | w.FetchReplies):
            threading.Thread(target=self._poll, args=(wish,), name="poll", daemon=True).start()
            return
        if isinstance(wish, w.Alarm) and not self._worth_telling(wish):
            return
        try:
            self._questions.put_nowait(wish)
        except queue.Full:
            self._hear(w.AgentGone("it does not answer"))

    def _answer_questions(self) -> None:
        while True:
            self._guarded(self._questions.get())

    def _poll(self, wish: w.Wish) -> None:
        with self._polls:
            self._guarded(wish)

    def _guarded(self, wish: w.Wish) -> None:
        """Whatever goes wrong is heard as the agent being away, or as the message's own fault."""
        try:
            heard = self._asked(wish)
        except AgentError as error:
            heard = self._failed(wish, error)
        except Exception as error:  # the outermost place of a thread
            log.exception("asking the agent failed")
            heard = w.AgentGone(type(error).__name__)
        if heard is not None:
            self._hear(heard)

    def _worth_telling(self, alarm: w.Alarm) -> bool:
        """What belongs into the journal, and not more often than a person would want to read it."""
        now = time.monotonic()
        if alarm.code not in TOLD or now - self._told_at.get(alarm.code, float("-inf")) < TELL_AGAIN_S:
            return False
        self._told_at[alarm.code] = now
        return True

    def _failed(self, wish: w.Wish, error: AgentError) -> w.Heard | None:
        if isinstance(wish, w.Alarm):
            self._told_at.pop(wish.code, None)  # when it comes up again, the agent may be there
            return None
        if isinstance(wish, w.Hand) and error.code not in AWAY:
            return w.Decided(wish.message.handle, refusal=str(error), passing=error.code != MALFORMED)
        if error.code == RIVAL:
            return w.Rival(error.detail)
        if isinstance(wish, w.FetchSnapshots) and error.code not in AWAY:
            return None
        return w.AgentGone(str(error))

    def _asked(self, wish: w.Wish) -> w.Heard | None:
        match wish:
            case w.Greet():
                return w.AgentUp(self._greeting())
            case w.FetchEvents(after):
                batch = self._ask("events", t.EventsArguments(after=after, wait=POLL_S))
                return w.Handed(batch.epoch, batch.first, tuple(bytes(event) for event in batch.events))
            case w.FetchReplies(after):
                answer = self._ask("replies", ct.RepliesArguments(after=after, wait=POLL_S))
                return w.RepliesHanded(tuple(_reply(reply) for reply in answer.replies))
            case w.FetchSnapshots():
                return self._snapshots()
            case w.HandAcks():
                self._hand_acks(wish)
                return None
            case w.Hand():
                return self._hand(wish)
            case w.Alarm():
                self._ask("alarms", _alarm(wish))
                return None
        raise AssertionError(f"no question to the agent: {wish}")

    def _greeting(self) -> w.Greeting:
        session: ct.SessionResult = self._ask("session", t.Nothing())
        hello: ct.HelloResult = self._ask("hello", t.Nothing())
        return w.Greeting(
            session.session,
            session.version,
            session.boot,
            hello.epoch,
            session.clockquality,
            hello.first,
            hello.last,
            hello.next,
        )

    def _snapshots(self) -> w.Snapshots:
        state, telemetry = self._ask("state", t.Nothing()), self._ask("telemetry", t.Nothing())
        telemetry = msgspec.structs.replace(telemetry, figures={**telemetry.figures, **self._figures()})
        return w.Snapshots(msgspec.json.encode(state), msgspec.json.encode(telemetry))

    def _hand_acks(self, wish: w.HandAcks) -> None:
        rejected = tuple(ct.RejectedEvent(sequence=one, reason=why) for one, why in wish.rejected)
        asked = ct.AckedArguments(epoch=wish.epoch, next=wish.next, rejected=rejected)
        taken = self._ask("acks", asked).taken
        if taken not in ("taken", "resend"):
            log.warning("acknowledgement ignored", extra=fields(judged=taken, next=wish.next))

    def _hand(self, wish: w.Hand) -> w.Decided:
        message = wish.message
        if wish.kind == "expected":
            self._ask("expected", ct.ExpectedArguments(payload=message.payload))
            return w.Decided(message.handle)
        if wish.kind == "documents":
            self._ask("documents", ct.DocumentsArguments(document=wish.document, payload=message.payload))
            return w.Decided(message.handle)
        asked = ct.CommandsArguments(
            payload=message.payload,
            correlation=message.correlation,
            response_topic=message.response_topic,
            retained=message.retained,
        )
        answer: ct.CommandsResult = self._ask("commands", asked)
        return w.Decided(message.handle, _reply(answer.reply), answer.resend_from, renew=answer.renew_session)

    def _ask(self, name: str, arguments: Any) -> Any:
        return self._client.ask(ROWS[name], arguments)


def _reply(reply: ct.Reply) -> w.Reply:
    return w.Reply(reply.n, reply.topic, msgspec.json.encode(reply.body), reply.correlation)


def _alarm(alarm: w.Alarm) -> ct.AlarmsArguments:
    said = {"code": alarm.code, "where": alarm.where, "detail": alarm.detail}
    return msgspec.convert(said, ct.AlarmsArguments)
