"""The session runner: feeds touches, scans, doors and timers to the flow's table, and performs what it asks for.

One runner serves one screen. Everything that happens is put in line and handled one after the other; a decision is
awaited before the next event is looked at, so that no two answers can cross. All ports are handed in. It runs on the
agent's loop and uses its timers, so that a virtual loop drives it in tests and simulation.

    session = Session(ports, config)          # no I/O
    task = asyncio.create_task(session.run())
    session.scanned("LKT:…"); session.told(DoorOpened("27")); session.action(page, rev, "code", Digits("12345678"))
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec

from edge_agent.config import Config
from edge_agent.domain.decision import Decision
from edge_agent.domain.instant import Instant
from edge_agent.domain.refusals import Refusal
from edge_agent.domain.state import LockerState
from edge_agent.errors import AgentError
from edge_agent.flows import effects as fx
from edge_agent.flows.catalogue import FLOWS
from edge_agent.flows.context import Context
from edge_agent.flows.deciding import DECISIONS, END, LOOKS, Inputs
from edge_agent.flows.events import (
    Done,
    DoorEvent,
    Entered,
    Event,
    Failed,
    OutcomeUnknown,
    Refused,
    Scanned,
    ScannedBadge,
    ScannedStaff,
    ScannedToken,
    ScannedWaybill,
    TimedOut,
    Touch,
)
from edge_agent.flows.scans import classify
from edge_agent.flows.table import UnexpectedEvent, step
from edge_agent.flows.waits import waits_of
from edge_agent.kiosk.actions import REPEATABLE, Args
from edge_agent.kiosk.desk import Page
from edge_agent.kiosk.lease import Lease
from edge_agent.kiosk.session_ports import Ports as Ports
from edge_agent.kiosk.session_screen import SessionScreen
from edge_agent.kiosk.session_timers import Timers

log = logging.getLogger(__name__)

INBOX_MAX = 64  # touches and scans in line; people and scanners are never that quick, a broken one may be
REPEAT_S = 2.0  # the same scan again within this time is the scanner repeating itself, not a second parcel
HELD_S = 30.0  # a credential that waited longer belongs to somebody who has left: no door opens for it
WAIT_SHOWN_S = 0.4  # below this nobody sees a "one moment" screen as anything but a flicker
UNENDED_MAX = 16  # ends that wait for a broken disk; a restart settles what is beyond
AGENDA_MAX = 32  # steps that may follow from one event; more is a loop in a table


class Session:
    """Implements `desk.Desk`. Every public method returns at once and may be called from the loop only."""

    def __init__(self, ports: Ports, config: Config) -> None:
        self._ports = ports
        self._config = config
        self._waits = waits_of(config.policy)
        self._lease = Lease(ports.chance)
        self._timers = Timers(lambda name: self._put(TimedOut(name)))
        self._screen = SessionScreen(ports.ledger, ports.clock, ports.waiting_events, config, self._timers)
        self._inbox: deque[tuple[int, Event, int]] = deque()  # (epoch, event, rev of a touch or -1)
        self._wake = asyncio.Event()
        self._agenda: deque[Event] = deque()
        self._openings: set[asyncio.Task[None]] = set()
        self._last_scan = ("", float("-inf"))
        self._held: tuple[Scanned, float] | None = None
        self._unended: list[tuple[Context, str]] = []
        self.context = self._fresh()
        self.flow = FLOWS["home"]
        self.state = self.flow.initial

    # What comes in

    def action(self, page: Page, rev: int, action: str, args: Args) -> None:
        """A touch (desk). One of an older revision is dropped here too: the screen may have changed while it waited."""
        if action == "language":
            self._screen.choose_language(str(getattr(args, "id", "")))
            return
        self._put(Touch(action, msgspec.to_builtins(args)), rev)

    def scanned(self, raw: str) -> None:
        """A line from a scanner, as framed. Classified, bounded, and dropped when the scanner repeats itself."""
        now_s = self._ports.clock.monotonic_s()
        last, at_s = self._last_scan
        self._last_scan = (raw, now_s)
        if raw == last and now_s - at_s < REPEAT_S:
            return
        self._put(self._owned(classify(raw)))

    def told(self, event: DoorEvent) -> None:
        """The cabinet's word about a door, after its commit. Never dropped for lack of room."""
        self._put(event)

    def locker_changed(self) -> None:
        """Something else changed the locker (a command, a repair): the idle screen looks again."""
        if self.flow.name == "home":
            self._put(Entered("again"))

    def connect(self, page: Page) -> None:
        self._screen.connect(page)

    def closed(self, page: Page) -> None:
        """The page is gone; the visit is not: doors and timers go on, and the next page shows what is true then."""
        self._screen.disconnect(page)

    def heartbeat(self, page: Page) -> None: ...  # the server judges a page's silence

    def tap_storm(self, page: Page) -> None:
        log.warning("touch storm flow=%s session=%s", self.flow.name, self._lease.holder)

    def _put(self, event: Event, rev: int = -1) -> None:
        if isinstance(event, Touch | Scanned | DoorEvent):
            self._ports.stirred()
        if isinstance(event, Touch | Scanned):
            self._ports.armed()
        if len(self._inbox) >= INBOX_MAX and isinstance(event, Touch | Scanned):
            log.warning("input dropped kind=%s waiting=%d", type(event).__name__, len(self._inbox))
            return
        self._inbox.append((self._lease.epoch, event, rev))
        self._wake.set()

    def _owned(self, event: Scanned) -> Scanned:
        if isinstance(event, ScannedBadge | ScannedStaff):
            return replace(event, own=self._ports.preparer.is_badge(event.text, self.context.badge))
        return event

    def _fresh(self) -> Context:
        return Context(speed=self._config.policy.speed_mode)

    # The loop

    async def run(self) -> None:
        """For ever; the supervisor restarts nothing here. A flow that breaks ends its session, not the screen."""
        await self._handle(Entered())
        while True:
            await self._wake.wait()
            while self._inbox:
                epoch, event, rev = self._inbox.popleft()
                if self._is_late(epoch, event, rev):
                    continue
                await self._guarded(event)
            self._wake.clear()

    def _is_late(self, epoch: int, event: Event, rev: int) -> bool:
        if isinstance(event, TimedOut):
            return not self._timers.take_due(event.timer)
        if isinstance(event, DoorEvent):
            return event.door != self.context.door  # another door's news is the cabinet's business
        if isinstance(event, Entered):
            return self.flow.name != "home"  # the locker changed while somebody had begun
        if isinstance(event, Touch):
            return rev != self._screen.rev or not self._lease.still(epoch)
        return False

    async def _guarded(self, event: Event) -> None:
        try:
            await self._handle(event)
        except Exception:
            # The outermost loop: a broken flow must cost its visit, never the locker. What is durable is settled by
            # the end of the session exactly as after a walk-away.
            log.exception("flow broken flow=%s state=%s", self.flow.name, self.state.name)
            self._agenda.clear()
            self._held = None
            await self._end("fault")
            await self._handle(Entered())

    async def _handle(self, event: Event) -> None:
        self._screen.touched = isinstance(event, Touch) and event.action not in REPEATABLE
        self._agenda.append(event)
        for _ in range(AGENDA_MAX):
            if not self._agenda:
                break
            await self._step(self._agenda.popleft())
        else:
            raise RuntimeError(f"{AGENDA_MAX} steps in a row in flow {self.flow.name}")
        self._screen.flush(self.context)

    async def _step(self, event: Event) -> None:
        try:
            state, effects = step(self.flow.table, self.state, event)
        except UnexpectedEvent as unexpected:
            log.info("event without entry %s", unexpected)
            return
        if isinstance(event, Touch | Scanned) and not self._lease.holder:
            await self._end_all()
            self.context = self.context.learn({"session": self._lease.take(self._ports.clock.now().wall)})
        self.state = state
        if isinstance(event, Done):
            self.context = self.context.learn(event.facts)
        if isinstance(event, Refused):
            self.context = self.context.learn({"refusal": event.code})
        flow = self.flow
        for effect in effects:
            await PERFORM[type(effect)](self, effect, event)
            if self.flow is not flow:
                break  # Go and End stand last; what another flow shows is its own

    # What goes out: one small method an effect

    async def _show(self, effect: fx.Show, event: Event) -> None:
        self._screen.show(effect)

    async def _refresh(self, effect: fx.Refresh, event: Event) -> None:
        self._screen.refresh()

    async def _start(self, effect: fx.Start, event: Event) -> None:
        seconds = self.context.wait_s if effect.wait == "wait_s" else getattr(self._waits, effect.wait)
        self._timers.start(effect.timer, seconds)

    async def _stop_all(self, effect: fx.StopAll, event: Event) -> None:
        self._timers.stop_all()

    async def _sound(self, effect: fx.Sound, event: Event) -> None:
        self._screen.sound(effect.earcon)

    async def _speak(self, effect: fx.Speak, event: Event) -> None:
        self._screen.speak(effect.phrase)

    async def _note(self, effect: fx.Note, event: Event) -> None:
        self.context = self.context.learn({effect.field: effect.value})

    async def _keep(self, effect: fx.Keep, event: Event) -> None:
        self.context = self.context.learn({effect.field: particular(effect.field, event)})

    async def _hold(self, effect: fx.Hold, event: Event) -> None:
        assert isinstance(event, Scanned)
        if self._held is not None:
            self._screen.sound("refused")
            return
        self._screen.sound("tick")
        self._held = (event, self._ports.clock.monotonic_s())
        if isinstance(event, ScannedWaybill) and self.context.role == "courier":
            self.context = self.context.learn({"queued": event.text[-4:]})

    async def _release(self, effect: fx.Release, event: Event) -> None:
        self._feed_held()

    def _feed_held(self, session_over: bool = False) -> None:
        held, self._held = self._held, None
        self.context = self.context.learn({"queued": ""})
        if held is None:
            return
        scan, at_s = held
        is_credential = isinstance(scan, ScannedToken | ScannedBadge | ScannedStaff)
        if (is_credential or session_over) and self._ports.clock.monotonic_s() - at_s > HELD_S:
            return
        self._agenda.append(scan)

    async def _open(self, effect: fx.OpenDoor, event: Event) -> None:
        task = asyncio.get_running_loop().create_task(self._opening(self.context.intent, self.context.door))
        self._openings.add(task)
        task.add_done_callback(self._openings.discard)
        await asyncio.sleep(0)  # the frame first, then the picture: drawing takes longer than asking the bus
        self._screen.flush(self.context)

    async def _opening(self, intent: str, door: str) -> None:
        try:
            await self._ports.cabinet.open(intent)
        except AgentError as error:
            log.warning("door not opened compartment=%s code=%s", door, error.code)
            self.told(OutcomeUnknown(door))

    async def _decide(self, effect: fx.Decide, event: Event) -> None:
        wait = asyncio.get_running_loop().call_later(WAIT_SHOWN_S, self._screen.please_wait)
        try:
            answer = await self._answer(effect, event)
        finally:
            wait.cancel()
        self._agenda.appendleft(answer)

    async def _answer(self, effect: fx.Decide, event: Event) -> Event:
        name = effect.decision
        try:
            inputs = await self._ports.preparer.prepare(effect, event, self.context)
            if inputs is None:
                return Done(name, "phone-needed")
            if name in LOOKS:
                await self._end_all()  # what the disk would not take when a visit ended, it may take now
                looking = replace(inputs, trouble=self._ports.trouble())
                return LOOKS[name](self._ports.ledger.state, self.context, looking, self._ports.clock.now())
            committed = await self._ports.ledger.transact(self._decider(name, inputs))
            answer = committed.result
            assert isinstance(answer, Done)
            return answer
        except Refusal as refusal:
            log.info("refused decision=%s code=%s", name, refusal.code)
            return Refused(name, refusal.code, refusal.detail)
        except AgentError as error:
            log.error("decision failed decision=%s code=%s", name, error.code)
            return Failed(name, error.code)

    def _decider(self, name: str, inputs: Inputs) -> Callable[[LockerState, Instant], Decision]:
        context = self.context
        return lambda state, at: DECISIONS[name](state, context, inputs, at)

    async def _probe(self, effect: fx.Probe, event: Event) -> None:
        section = self.context.section
        if section in ("verify", "scanner"):
            self._agenda.appendleft(Done(effect.test, section))
            return
        try:
            self._screen.rows = await self._ports.prober.section(section)
        except AgentError as error:
            self._agenda.appendleft(Failed(effect.test, error.code))
            return
        self._agenda.appendleft(Done(effect.test, "shown" if section else "menu"))

    async def _go(self, effect: fx.Go, event: Event) -> None:
        self._enter(effect.flow)
        self._agenda.appendleft(Entered(effect.way))

    async def _end_effect(self, effect: fx.End, event: Event) -> None:
        refusal = (
            self.context.refusal if effect.say else ""
        )  # a code that says why, and nothing of the person
        await self._end(effect.reason)
        self._feed_held(session_over=True)
        self.context = self.context.learn({"refusal": refusal})
        self._agenda.appendleft(Entered(effect.say))

    def _enter(self, name: str) -> None:
        self.flow = FLOWS[name]
        self.state = self.flow.initial

    async def _end(self, reason: str) -> None:
        """The lease goes back whatever happens; an end that cannot be committed now is committed later."""
        session = self._lease.holder
        self._timers.stop_all(keep=())
        if session and self.context.role and len(self._unended) < UNENDED_MAX:
            self._unended.append((self.context, reason))
        await self._end_all()
        self._lease.release()
        self._ports.preparer.forget()
        self.context = self._fresh()
        self._screen.end()
        self._enter("home")

    async def _end_all(self) -> None:
        while self._unended:
            context, reason = self._unended[0]
            inputs = Inputs(self._ports.chance, mode=reason)
            try:
                await self._ports.ledger.transact(partial(_ended, context=context, inputs=inputs))
            except AgentError as error:
                log.error("session not ended session=%s code=%s", context.session, error.code)
                return
            self._unended.pop(0)


def _ended(state: LockerState, at: Instant, context: Context, inputs: Inputs) -> Decision:
    return END(state, context, inputs, at)


def particular(name: str, event: Event) -> Any:
    """The one thing an event brings along: a scan's text (or its length), a touch's argument."""
    if isinstance(event, Scanned):
        return len(event.text) if name == "scan_length" else event.text
    assert isinstance(event, Touch)
    return next(iter(event.args.values()))


PERFORM: Mapping[type[fx.Effect], Callable[[Session, Any, Event], Any]] = {
    fx.Show: Session._show,
    fx.Refresh: Session._refresh,
    fx.Start: Session._start,
    fx.StopAll: Session._stop_all,
    fx.Sound: Session._sound,
    fx.Speak: Session._speak,
    fx.Note: Session._note,
    fx.Keep: Session._keep,
    fx.Hold: Session._hold,
    fx.Release: Session._release,
    fx.OpenDoor: Session._open,
    fx.Decide: Session._decide,
    fx.Probe: Session._probe,
    fx.Go: Session._go,
    fx.End: Session._end_effect,
}
