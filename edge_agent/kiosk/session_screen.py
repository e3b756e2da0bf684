"""What the session shows: collects a step's screen, sound and phrase, and sends one view when the step is over.

The view is built when everything the step did is known, so a deadline drawn on the screen is the timer that runs.
`rev` rises whenever a touch would mean something else; a refresh with the same view-model keeps it, and the page keeps
what is being typed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from edge_agent.clock import Clock
from edge_agent.config import Config
from edge_agent.domain.state import LockerState
from edge_agent.flows.context import Context
from edge_agent.flows.effects import Show
from edge_agent.kiosk.desk import Deadline, Page, Say, Sound, View
from edge_agent.kiosk.screen_parts import NoticeKind, ServiceRow
from edge_agent.kiosk.screens import PleaseWait, Screen, same_meaning
from edge_agent.kiosk.session_look import Look
from edge_agent.kiosk.session_timers import Timers
from edge_agent.kiosk.session_views import build

# Which running timer a screen draws: the warning's ring, a result's short life. A lockout outlives its screen.
DEADLINES: dict[str, Literal["warn", "result"]] = {
    "warn-timeout": "warn",
    "thanks": "result",
    "courier-summary": "result",
}
TIMERS = {"warn": "idle-warning", "result": "result"}


# Said when a screen comes up and the table has nothing more particular to say. The idle screen is silent.
PHRASES = {
    "door-failed": "door-failed",
    "thanks": "thanks",
    "locked-out": "locked-out",
    "more-parcels": "more-parcels",
    "courier-scan": "scan-waybill",
    "choose-size": "choose-size",
    "recipient-phone": "enter-phone",
    "pickup-phone": "enter-phone",
    "courier-pin": "enter-pin",
    "full": "full",
    "help": "help",
    "out-of-service": "out-of-service",
}


class StateSource(Protocol):
    """The ledger, as far as a screen may look."""

    @property
    def state(self) -> LockerState: ...


class SessionScreen:
    """One page at most is shown anything. `lang` falls back to the site's first language when a session ends."""

    def __init__(
        self,
        ledger: StateSource,
        clock: Clock,
        waiting_events: Callable[[], int],
        config: Config,
        timers: Timers,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._waiting_events = waiting_events
        self._config = config
        self._timers = timers
        self._page: Page | None = None
        self._wanted = Show("please-wait")
        self._dirty = True
        self._sound: Sound | None = None
        self._phrase = ""
        self.lang: str = config.locker.languages[0]
        self.rows: tuple[ServiceRow, ...] = ()
        self._locked = (0.0, 0.0)  # until when, and how long in all
        self.touched = False  # this step was a touch that the page may send once per revision only
        self.view = View(rev=0, lang=self.lang, vm=PleaseWait(reason="starting"))

    @property
    def rev(self) -> int:
        return self.view.rev

    def connect(self, page: Page) -> None:
        self._page = page
        page.show(self.view)

    def disconnect(self, page: Page) -> None:
        if self._page is page:
            self._page = None

    def show(self, wanted: Show) -> None:
        """The last screen of a step wins. A warning's `about` is the screen behind it."""
        self._wanted = wanted
        self._dirty = True

    def refresh(self) -> None:
        self._dirty = True

    def sound(self, earcon: str) -> None:
        self._sound = Sound(earcon)
        self._dirty = True

    def speak(self, phrase: str) -> None:
        self._phrase = phrase
        self._dirty = True

    def choose_language(self, tag: str) -> None:
        """Same screen, other words; the session's end brings the site's own language back."""
        if tag in self._config.locker.languages:
            self.lang = tag
            self._send(self.view.vm, self.view.rev, self.view.session)

    def please_wait(self) -> None:
        """The answer takes longer than a blink: say so. The next flush replaces it."""
        self._send(PleaseWait(), self.view.rev + 1, self.view.session)
        self._dirty = True

    def end(self) -> None:
        """Nothing of the last person stays: language, rows and pending words go."""
        self.lang = self._config.locker.languages[0]
        self.rows = ()
        self._phrase = ""

    def flush(self, context: Context) -> None:
        """Send what this step has come to; nothing when it changed nothing."""
        if not self._dirty and not self.touched:
            return
        vm = build(self._wanted, self._look(context))
        nobody_else = self.view.session in (
            "",
            context.session,
        )  # the first touch begins the session it is part of
        same = same_meaning(vm, self.view.vm) and nobody_else and not self.touched
        rev = self.view.rev if same else self.view.rev + 1
        say = self._say(vm, context)
        if vm.NAME == "locked-out" != self.view.vm.NAME:
            self._locked = (self._clock.monotonic_s() + context.wait_s, context.wait_s)
        sound, self._sound, self._phrase = self._sound, None, ""
        self._dirty = self.touched = False
        self._send(vm, rev, context.session, sound, say)

    def _say(self, vm: Screen, context: Context) -> Say | None:
        phrase = self._phrase
        if not phrase and vm.NAME != self.view.vm.NAME:
            phrase = PHRASES.get(vm.NAME, "")
        if not phrase and vm.notice is not None and vm.notice.kind is NoticeKind.CODE_NO_MATCH:
            phrase = "code-wrong"
        return Say(phrase, {"door": context.door} if context.door else {}) if phrase else None

    def _look(self, context: Context) -> Look:
        return Look(
            state=self._ledger.state,
            config=self._config,
            context=context,
            now_s=self._clock.monotonic_s(),
            waiting_events=self._waiting_events(),
            rows=self.rows,
            code_shape=self._ledger.state.rules.code_shape,
        )

    def _send(
        self, vm: Screen, rev: int, session: str, sound: Sound | None = None, say: Say | None = None
    ) -> None:
        deadline = self._deadline(vm)
        self.view = View(rev=rev, lang=self.lang, vm=vm, session=session, deadline=deadline)
        if self._page is not None:
            self._page.show(
                View(
                    rev=rev, lang=self.lang, vm=vm, session=session, sound=sound, speak=say, deadline=deadline
                )
            )

    def _deadline(self, vm: Screen) -> Deadline | None:
        if vm.NAME == "locked-out":
            until_s, whole_s = self._locked
            return Deadline(
                "lockout", int(max(0.0, until_s - self._clock.monotonic_s()) * 1000), int(whole_s * 1000)
            )
        kind = DEADLINES.get(vm.NAME)
        left = self._timers.left_s(TIMERS[kind]) if kind else None
        return Deadline(kind, int(left[0] * 1000), int(left[1] * 1000)) if kind and left else None
