"""The desk: every command comes in here, once, and gets one answer that stays the same.

Order of the checks: length and signature; for whom; an answer given before; date and session; rate; retained; name and
arguments; quota. What has no good signature leaves no row but a bounded number of security events. A command is
answered only after its answer is durable, so the bridge may then acknowledge it to the broker.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from edge_agent.cloud import jws, plans
from edge_agent.cloud import orders as o
from edge_agent.cloud.approvals import NEEDED, approvers
from edge_agent.cloud.claims import COMMAND_MAX, CommandClaims, Strict, decoded
from edge_agent.cloud.doors import Doors
from edge_agent.cloud.replies import NOBODY, answer_of, topic_for
from edge_agent.cloud.timing import EXPIRED, STALE, verdict
from edge_agent.control import cloud_types as ct
from edge_agent.domain import events as e
from edge_agent.domain import quota, remote_orders
from edge_agent.domain.decision import Decision, Draft
from edge_agent.domain.instant import Instant
from edge_agent.domain.refusals import REMOTE_QUOTA, Refusal
from edge_agent.domain.remote import Command
from edge_agent.domain.state import LockerState
from edge_agent.errors import StoreError
from edge_agent.logs import fields
from edge_agent.store import inbox
from edge_agent.store.ledger import Ledger

log = logging.getLogger(__name__)

SESSION_BYTES = 16  # 128 bits
RATE_PER_MINUTE = (
    60  # verified commands; more is a mistake of the back office, and each costs a sync of the card
)
NOISE_PER_HOUR = (
    30  # security events about messages that nobody vouches for: a flood must not fill the journal
)
HOUR_S, MINUTE_S = 3600.0, 60.0
TEXT_MAX = 64  # characters of a foreign id or name in a security event
SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
CORRELATION_MAX = 256  # bytes: MQTT would carry 64 KiB of it into every reply


@dataclass(frozen=True, slots=True)
class Letter:
    """One command as it came: `topic` its replies go to, `claims` once its signature was good."""

    asked: ct.CommandsArguments
    topic: str
    claims: CommandClaims | None = None
    sealed: bool = False

    @property
    def exp_ms(self) -> int:
        return self.claims.exp * 1000 if self.claims else 0


class Refused(Exception):
    """`keep`: the same command is answered so for ever; otherwise it may be good another time, or nobody signed it.

    `renew`: a command of a new session would be good.
    """

    def __init__(
        self,
        code: str,
        *,
        keep: bool,
        status: ct.StatusWord = "rejected",
        detail: str = "",
        renew: bool = False,
    ) -> None:
        super().__init__(code)
        self.code, self.keep, self.status, self.detail, self.renew = code, keep, status, detail, renew


class Desk:
    """One locker's desk. `take` answers one command at a time, in the order in which they came."""

    def __init__(
        self,
        locker: str,
        ledger: Ledger,
        keys: jws.Keys,
        opening: Mapping[str, str],
        means: plans.Means,
        doors: Doors,
    ) -> None:
        self._locker, self._ledger, self._keys, self._opening = locker, ledger, keys, opening
        self._means, self._doors = means, doors
        self._lock = asyncio.Lock()
        self.session = ""
        self._session_at_s = 0.0
        self._taken_s: deque[float] = deque(maxlen=RATE_PER_MINUTE)
        self._noise_s: deque[float] = deque(maxlen=NOISE_PER_HOUR)
        self.figures = {"commands": 0, "commands_refused": 0}

    def new_session(self) -> str:
        """A connection of the bridge begins: commands signed for an earlier one are refused from here on."""
        self.session = self._means.chance.token_bytes(SESSION_BYTES).hex()
        self._session_at_s = self._ledger.now().monotonic_s
        return self.session

    async def take(self, asked: ct.CommandsArguments) -> ct.CommandsResult:
        """The answer, durable. Raises StoreError: then nothing was accepted, and the bridge has to offer it again."""
        async with self._lock:
            self.figures["commands"] += 1
            letter = Letter(asked, self._topic(NOBODY, asked.response_topic) or self._topic(NOBODY, ""))
            try:
                letter = self._read(asked)
                return await self._answer(letter)
            except Refused as refused:
                self.figures["commands_refused"] += 1
                return await self._refuse(letter, refused)

    def _topic(self, issuer: str, wanted: str) -> str:
        return topic_for(self._locker, issuer, wanted) or ""

    def _read(self, asked: ct.CommandsArguments) -> Letter:
        """Whose command it is, and that it is for us. Raises Refused."""
        try:
            signed = jws.opened(asked.payload, self._keys, self._opening, COMMAND_MAX)
            claims = decoded(signed.content, CommandClaims)
        except jws.NotSigned as error:
            raise Refused(error.reason, keep=False) from error
        except ValueError as error:
            raise Refused("malformed", keep=False, detail=str(error)) from error
        if claims.iss != signed.signer:
            raise Refused("signature", keep=False)
        if claims.aud != self._locker:
            raise Refused("audience", keep=False)
        topic = self._topic(claims.iss, asked.response_topic)
        return Letter(asked, topic or self._topic(claims.iss, ""), claims, signed.sealed)

    async def _answer(self, letter: Letter) -> ct.CommandsResult:
        claims = letter.claims
        assert claims is not None
        before = await self._ledger.answer_to(claims.jti)
        if before is not None:
            return self._told(letter, before["status"], before["code"], before["result"])
        self._check(letter, claims)
        order = plans.ORDERS.get(claims.cmd)
        if order is None:
            raise Refused("unsupported", keep=True)
        arguments = self._arguments(order, claims, letter.sealed)
        try:
            if isinstance(arguments, o.Unlock):
                return await self._unlock(letter, claims, arguments)
            if isinstance(arguments, o.Cancel):
                return await self._cancel(letter, claims, arguments.command)
            return await self._at_once(letter, claims, order, arguments)
        except Refusal as refusal:
            raise await self._refusal(refusal) from refusal
        except plans.Unsupported:
            raise Refused("unsupported", keep=True) from None

    def _check(self, letter: Letter, claims: CommandClaims) -> None:
        """Date, session, rate, retained, response topic: replayed old ones use nobody's rate. Raises Refused."""
        asked, now = letter.asked, self._ledger.now()
        word = verdict(claims, now, self.session, now.monotonic_s - self._session_at_s)
        if word in (EXPIRED, STALE):
            raise Refused("", keep=False, status="expired", renew=word == STALE)
        if word:
            raise Refused(word, keep=False)
        if not room(self._taken_s, now.monotonic_s, MINUTE_S):
            raise Refused("busy", keep=False)
        if asked.retained:
            raise Refused("retained", keep=True)
        if asked.response_topic and letter.topic != asked.response_topic:
            raise Refused("response-topic", keep=True)
        if len(asked.correlation) > CORRELATION_MAX:
            raise Refused("too-large", keep=True)

    @staticmethod
    def _arguments(order: plans.Order, claims: CommandClaims, sealed: bool) -> Strict:
        try:
            arguments = decoded(claims.args, order.arguments)
        except ValueError as error:
            raise Refused("arguments", keep=True, detail=str(error)) from error
        if not sealed and (order.sealed or getattr(arguments, "phone", None)):
            raise Refused("not-sealed", keep=True)
        return arguments

    async def _at_once(
        self, letter: Letter, claims: CommandClaims, order: plans.Order, arguments: Any
    ) -> ct.CommandsResult:
        """Everything that needs no door: decided, done and answered in one commit."""
        plan = await order.plan(self._means, claims, arguments)
        now = self._ledger.now()
        preview = (
            plan(self._ledger.state, now).result or {}
        )  # refuses here what would be refused in the commit
        body = ct.ReplyBody(id=claims.jti, status="done", result=preview)
        ending = e.CommandDone(claims.jti, claims.cmd, claims.iss, "done")

        def decide(state: LockerState, at: Instant) -> Decision:
            decision = plan(state, at)
            events = decision.events if order.silent else (*decision.events, ending)
            return Decision(events, decision.vault, decision.given, decision.result)

        await self._ledger.transact(decide, answer=answer_of(claims.jti, letter.exp_ms, body))
        told = self._told(letter, "done", "", preview)
        resend_from = preview.get("next") if claims.cmd == plans.RESEND else None
        return ct.CommandsResult(reply=told.reply, resend_from=resend_from)

    async def _unlock(self, letter: Letter, claims: CommandClaims, asked: o.Unlock) -> ct.CommandsResult:
        """The one kind that moves a door: accepted with its intent in one commit, executed after it."""
        doors = asked.doors
        if not doors or (len(doors) > o.BULK_MAX):
            raise Refused("arguments", keep=True, detail=f"1 to {o.BULK_MAX} doors")
        if self._doors.busy:
            raise Refused("busy", keep=False)
        bulk = len(doors) > 1
        staff = tuple(self._ledger.state.staff.values())
        persons = approvers(claims, self._locker, staff, self._ledger.now()) if bulk else ()
        if bulk and len(persons) < NEEDED:
            raise Refused(
                "approvals", keep=True, detail=f"{len(persons)} of {NEEDED} persons have approved it"
            )
        command = self._command(letter, claims, asked)
        body = ct.ReplyBody(
            id=claims.jti, status="accepted", result={"approved_by": list(persons)} if bulk else {}
        )
        committed = await self._ledger.transact(
            lambda state, at: remote_orders.accept_unlock(
                state, command, at, self._means.chance, approved=bulk
            ),
            answer=answer_of(claims.jti, letter.exp_ms, body),
        )
        self._doors.begin(command, committed.result.intent if committed.result else "")
        return self._told(letter, body.status, "", body.result)

    @staticmethod
    def _command(letter: Letter, claims: CommandClaims, asked: o.Unlock) -> Command:
        return Command(
            claims.jti,
            claims.cmd,
            claims.iss,
            letter.exp_ms,
            letter.topic,
            letter.asked.correlation.hex(),
            asked.doors,
            asked.reason,
            asked.case,
            asked.operator,
        )

    async def _cancel(self, letter: Letter, claims: CommandClaims, target: str) -> ct.CommandsResult:
        """A cancel that comes first wins: the command it names is answered before it has come."""
        known = await self._ledger.answer_to(target)
        if known is None:
            status: ct.StatusWord = "done"
        else:
            status = "done" if self._doors.cancel(target) else "failed"
        code = "" if status == "done" else "too-late"
        body = ct.ReplyBody(id=claims.jti, status=status, code=code, result={"command": target})
        ending = e.CommandDone(claims.jti, claims.cmd, claims.iss, status, code)
        refused = ct.ReplyBody(id=target, status="rejected", code="cancelled")
        await self._ledger.transact(
            lambda state, at: Decision((ending,)),
            answer=answer_of(claims.jti, letter.exp_ms, body),
            also=None
            if known is not None
            else lambda connection, head: inbox.put(connection, answer_of(target, letter.exp_ms, refused)),
        )
        return self._told(letter, status, code, body.result)

    async def _refusal(self, refusal: Refusal) -> Refused:
        """The domain says no. A quota that is used up is an alarm as well."""
        if refusal.code != REMOTE_QUOTA:
            return Refused(refusal.code, keep=True, detail=refusal.detail)

        def decide(state: LockerState, at: Instant) -> Decision:
            draft = Draft(state, at)
            quota.alarm(draft, refusal.detail)
            return draft.done()

        await self._ledger.transact(decide)
        return Refused("quota", keep=True, detail=refusal.detail)

    async def _refuse(self, letter: Letter, refused: Refused) -> ct.CommandsResult:
        """Tell, journal, and keep the answer where somebody vouches for the command."""
        claims = letter.claims
        jti, cmd, issuer = (claims.jti, claims.cmd, claims.iss) if claims else ("", "", "")
        body = ct.ReplyBody(id=jti, status=refused.status, code=refused.code)
        noted = refused.keep or room(self._noise_s, self._ledger.now().monotonic_s, HOUR_S)
        word = refused.code or refused.status
        if noted:
            log.warning("command refused", extra=fields(command=jti, cmd=cmd, issuer=issuer, code=word))
            event = e.CommandRejected(jti, cmd, issuer, word, plain(refused.detail))
            await self._note(event, answer_of(jti, letter.exp_ms, body) if refused.keep else None)
        told = self._told(letter, body.status, body.code, {})
        return msgspec.structs.replace(told, renew_session=refused.renew)

    async def _note(self, event: e.CommandRejected, answer: inbox.Answer | None) -> None:
        """Raises StoreError only where an answer has to last: a broken disk must not make the broker repeat rubbish."""
        try:
            await self._ledger.transact(lambda state, at: Decision((event,)), answer=answer)
        except StoreError as error:
            if answer is not None:
                raise
            log.error("refusal not journalled", extra=fields(code=event.code, error=error))

    @staticmethod
    def _told(letter: Letter, status: ct.StatusWord, code: str, result: dict[str, Any]) -> ct.CommandsResult:
        jti = letter.claims.jti if letter.claims else ""
        body = ct.ReplyBody(id=jti, status=status, code=code, result=result)
        correlation = letter.asked.correlation[:CORRELATION_MAX]
        return ct.CommandsResult(reply=ct.Reply(n=0, topic=letter.topic, body=body, correlation=correlation))


def room(times: deque[float], now_s: float, window_s: float) -> bool:
    """Whether one more fits into the window, and if so it is counted: `times` holds as many as fit."""
    if len(times) == times.maxlen and now_s - times[0] < window_s:
        return False
    times.append(now_s)
    return True


def plain(text: str) -> str:
    """What a foreign text may leave in the journal: a short remark about its shape, none of its values."""
    return "".join(char if char in SAFE or char == " " else "?" for char in text[: TEXT_MAX * 2])
