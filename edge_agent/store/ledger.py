"""The ledger: the agent's face of the store, on the event loop.

    ledger = await opening.open_ledger(settings, clock, chance)
    committed = await ledger.transact(lambda state, at: decisions.reserve(state, ..., at))

One unit of work at a time: the decision is made and committed under one lock, and the state in memory changes only
after the commit succeeded. A decision that refuses changes nothing; a commit that fails raises StoreError and
changes nothing, and the ledger is then degraded until its device works again (`survival.restore_service`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol
from uuid import UUID

import apsw

from edge_agent.clock import Clock
from edge_agent.domain import events as domain_events
from edge_agent.domain.decision import Decision, consequences
from edge_agent.domain.instant import Instant
from edge_agent.domain.stamp import instant_of, stamp_of
from edge_agent.domain.state import LockerState
from edge_agent.randomness import Randomness, uuid7
from edge_agent.store import inbox, outbox
from edge_agent.store.cloudevents import Row
from edge_agent.store.engine import Engine, NewEvent, Unit
from edge_agent.store.errors import LedgerDegraded, LedgerError
from edge_agent.store.executor import Executor
from edge_agent.store.journal import Head, Stamp
from edge_agent.store.outbox import Ack, Batch, Hello
from edge_agent.store.second_journal import SURVIVAL_TYPES, Line, SecondJournal

log = logging.getLogger(__name__)

Also = Callable[[apsw.Connection, Head], None]
Decide = Callable[[LockerState, Instant], Decision]


class Waiting(Protocol):
    """Something that may happen once a decision is durable, and not a moment before."""

    def durable(self) -> None:
        """On the store's executor, right after the commit. Must not raise."""

    def withdrawn(self) -> None:
        """On the loop, instead: nothing of the decision became durable."""


AtOnce = Callable[[Decision], Waiting | None]
# Long polls and flows: a handful; more means that somebody forgets to unsubscribe.
LISTENERS_MAX = 64


class Mode(Enum):
    """`DEGRADED`: the ledger takes no writes; pickups go on only with a second journal."""

    SERVING = "serving"
    DEGRADED = "degraded"


@dataclass(frozen=True, slots=True)
class Committed:
    """One unit of work that is durable. `rows` carry the sequence numbers; empty while the ledger is degraded."""

    txn: str
    rows: tuple[Row, ...]
    events: tuple[domain_events.Event, ...]
    result: Any
    at: Instant


Listener = Callable[[Committed], None]


class Ledger:
    """Built by `opening.open_ledger`. All methods run on the loop; `state` may be read freely, never changed."""

    def __init__(
        self,
        engine: Engine,
        state: LockerState,
        clock: Clock,
        chance: Randomness,
        executor: Executor,
        second: SecondJournal | None = None,
    ) -> None:
        self.state = state
        self.mode = Mode.SERVING
        self.engine = engine
        self._clock = clock
        self._chance = chance
        self._executor = executor
        self.second = second
        self._lock = asyncio.Lock()
        self._listeners: list[Listener] = []
        self._reloaded: list[Callable[[], None]] = []
        self._news = asyncio.Event()
        self._outbox = outbox.Cursor(handed_out=engine.last_sequence, acked=outbox.acked(engine))

    # ---- one unit of work --------------------------------------------------------------------------------------

    async def transact(
        self,
        decide: Decide,
        *,
        answer: inbox.Answer | None = None,
        also: Also | None = None,
        at_once: AtOnce | None = None,
    ) -> Committed:
        """Decide and commit under one lock. `answer` becomes durable in the same transaction (idempotent commands).

        `also` is the store's own work in that transaction, on its executor (purge, erasure). What `at_once` hands back
        for the decision hears of the commit on that executor, before this returns.

        Raises whatever `decide` raises (Refusal), and StoreError kinds: then nothing has changed. While degraded only
        events of `SURVIVAL_TYPES` are taken, by the second journal, else LedgerDegraded.
        """
        # A caller that is cancelled must not free the lock while its unit is being written.
        work = asyncio.ensure_future(self._locked(decide, answer, also, at_once))
        work.add_done_callback(_seen)
        return await asyncio.shield(work)

    async def _locked(
        self, decide: Decide, answer: inbox.Answer | None, also: Also | None, at_once: AtOnce | None
    ) -> Committed:
        async with self._lock:
            at = self.now()
            decision = decide(self.state, at)
            waiting = at_once(decision) if at_once is not None and self.mode is Mode.SERVING else None
            try:
                return await self._commit(decision, at, answer, also, waiting)
            except BaseException:
                if waiting is not None:
                    waiting.withdrawn()
                raise

    async def _commit(
        self,
        decision: Decision,
        at: Instant,
        answer: inbox.Answer | None,
        also: Also | None,
        waiting: Waiting | None,
    ) -> Committed:
        changes = [change for one in consequences(self.state, decision, at) for change in one]
        changes.extend(decision.given)
        txn = uuid7(at.wall, self._chance)
        unit = Unit(
            stamp=_stamp(at, txn),
            events=[self._new_event(event, at) for event in decision.events],
            changes=changes,
            vault=decision.vault,
            answer=answer,
            also=also,
            durable=waiting.durable if waiting is not None else None,
            powered_ms=self.state.clocks.at(at).powered_ms,
        )
        rows = await self._make_durable(unit) if _says_something(unit) else ()
        self.state.apply(changes)
        committed = Committed(txn, rows, decision.events, decision.result, at)
        self._tell(committed)
        return committed

    def now(self) -> Instant:
        """Whole milliseconds, as they stand in the journal: a fold years later sees the same moment."""
        return instant_of(stamp_of(self._clock.now()))

    def _new_event(self, event: domain_events.Event, at: Instant) -> NewEvent:
        identity = UUID(uuid7(at.wall, self._chance)).bytes
        return NewEvent(identity, event.TYPE, event.VERSION, domain_events.encode(event))

    async def _make_durable(self, unit: Unit) -> tuple[Row, ...]:
        if self.mode is Mode.DEGRADED:
            await self._survive(unit)
            return ()
        try:
            return tuple(await self._executor.run(self.engine.commit, unit))
        except LedgerError:
            if self.engine.failed is not None:
                self.mode = Mode.DEGRADED
                log.error("ledger degraded", extra={"code": self.engine.failed.code})
            raise

    async def _survive(self, unit: Unit) -> None:
        """Wall 11: while the ledger cannot commit, doors and pickups may go on with the second journal alone."""
        foreign = [event.type for event in unit.events if event.type not in SURVIVAL_TYPES]
        if self.second is None or foreign or unit.vault or unit.answer or unit.also:
            raise LedgerDegraded(
                "ledger", f"it takes no writes now; refused: {', '.join(foreign) or 'this work'}"
            )
        stamp = unit.stamp
        line = Line(
            stamp.wall_ms,
            stamp.quality,
            stamp.boot_id,
            stamp.monotonic_ms,
            stamp.txn.hex(),
            tuple((event.id.hex(), event.type, event.version, event.data) for event in unit.events),
        )
        if line.events:
            await self._executor.run(self.second.append, line)

    # ---- who wants to know -------------------------------------------------------------------------------------

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after every commit that wrote events, on the loop. Returns what ends it."""
        if len(self._listeners) >= LISTENERS_MAX:
            raise RuntimeError(f"{LISTENERS_MAX} listeners of the ledger, that is the bound")
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def on_reload(self, callback: Callable[[], None]) -> None:
        """Call `callback` whenever `state` was loaded anew: the restart rules have to run, as after a power cut."""
        self._reloaded.append(callback)

    def _tell(self, committed: Committed) -> None:
        if not committed.events:
            return
        self._news.set()
        self._news = asyncio.Event()
        for listener in tuple(self._listeners):
            listener(committed)

    # ---- the uplink --------------------------------------------------------------------------------------------

    @property
    def epoch(self) -> str:
        return self.engine.epoch.id

    @property
    def last_sequence(self) -> int:
        return self.engine.last_sequence

    @property
    def watermark(self) -> int:
        """The newest sequence number that the cloud's application has acknowledged."""
        return self._outbox.acked

    async def hello(self) -> Hello:
        """What the bridge says at every connect."""
        first = await self._executor.run(outbox.first_kept, self.engine)
        return Hello(self.epoch, first, self.last_sequence, self._outbox.acked + 1)

    async def events_after(
        self, sequence: int, limit: int = outbox.EVENTS_MAX, max_bytes: int = outbox.BYTES_MAX
    ) -> Batch:
        """The next events behind `sequence`, as CloudEvents JSON, in order; empty where there is none."""
        events: list[bytes] = []
        most = min(limit, outbox.EVENTS_MAX)
        while len(events) < most and max_bytes > 0:
            asked = min(outbox.SLICE_EVENTS, most - len(events))
            found = await self._executor.run(self.engine.outgoing, sequence + len(events), asked, max_bytes)
            size = sum(map(len, found)) + len(found)
            if events and size > max_bytes:
                break  # the first event of a slice comes whatever its size; behind others it has to fit
            events += found
            max_bytes -= size
            if len(found) < asked:
                break
        self._outbox.handed_out = max(self._outbox.handed_out, sequence + len(events))
        return Batch(self.epoch, sequence + 1, tuple(events))

    async def wait_beyond(self, sequence: int, timeout_s: float) -> bool:
        """The long poll: True as soon as there is an event behind `sequence`, False after `timeout_s` seconds."""
        if self.last_sequence > sequence:
            return True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), timeout_s)
        return self.last_sequence > sequence

    async def acknowledge(self, epoch: str, next_sequence: int) -> Ack:
        """The cloud has committed everything before `next_sequence`. Never beyond what was handed out, plus one."""
        ack = self._outbox.judge(self.epoch, epoch, next_sequence)
        if ack is Ack.TAKEN:
            await self._executor.run(outbox.keep_watermark, self.engine, next_sequence - 1)
            self._outbox.acked = max(self._outbox.acked, next_sequence - 1)
        return ack

    async def answer_to(self, command_id: str) -> dict[str, Any] | None:
        """The answer that this command got before, or None where it is new."""
        found: dict[str, Any] | None = await self._executor.run(
            self.engine.read, lambda connection: inbox.get(connection, command_id)
        )
        return found

    # ---- people's data -----------------------------------------------------------------------------------------

    async def personal(self, stay: str) -> dict[str, str]:
        """Masked fields of one stay (`phone`, `name`, `waybill:<parcel>` ...); empty where it is erased."""
        found: dict[str, str] = await self._executor.run(
            self.engine.read, lambda connection: self.engine.vault.read_masked(connection, stay)
        )
        return found

    # ---- work of the store's own -------------------------------------------------------------------------------

    async def exclusively(self, job: Callable[[], Awaitable[Any]]) -> Any:
        """Run `job` with no unit of work in between: purge, erasure, recovery. Not to be nested."""
        async with self._lock:
            return await job()

    async def on_store(self, job: Callable[..., Any], *args: Any) -> Any:
        """Run `job` on the store's executor."""
        return await self._executor.run(job, *args)

    def served_again(self, state: LockerState) -> None:
        """The state was loaded anew: everything that looks at `ledger.state` sees it from now on."""
        self.state = state
        self.mode = Mode.SERVING
        self._outbox = outbox.Cursor(handed_out=self.engine.last_sequence, acked=self._outbox.acked)
        for callback in self._reloaded:
            callback()

    async def close(self) -> None:
        """Waits for the unit that runs, truncates the log, closes. Call once."""
        async with self._lock:
            await self._executor.run(self.engine.close)
            if self.second is not None:
                await self._executor.run(self.second.close)
        self._executor.close()


def _says_something(unit: Unit) -> bool:
    """A decision that changes nothing needs no transaction: the rounds ask for one each minute."""
    return bool(unit.events or unit.changes or unit.vault or unit.answer or unit.also)


def _seen(work: asyncio.Future[Committed]) -> None:
    """A cancelled caller does not ask for the outcome any more; that is no accident."""
    if not work.cancelled():
        work.exception()


def _stamp(at: Instant, txn: str) -> Stamp:
    stamp = stamp_of(at)
    return Stamp(stamp.wall_ms, stamp.quality.value, stamp.boot_id, stamp.monotonic_ms, UUID(txn).bytes)
