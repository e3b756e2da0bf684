"""What the session shows: collects a step's screen, sound and phrase, and sends one view when the step is over.

The view is built when everything the step did is known, so a deadline drawn on the screen is the timer that runs.
`rev` rises whenever a touch would mean something else; a refresh with the same view-model keeps it, and the page keeps
what is being typed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from edge_agent.clock import Clock
from edge_agent.config import Config
from edge_agent.domain.state import LockerState
from edge_agent.flows.context import Context
from edge_agent.flows.effects import Show
from edge_agent.kiosk.desk import Deadline, Page, Say, Sound, View
from edge_agent.kiosk.screens import PleaseWait, Screen, ServiceRow, same_meaning
from edge_agent.kiosk.session_timers import Timers
from edge_agent.kiosk.session_views import Look, build

# Which running timer a screen draws: the warning's ring, the lockout's countdown, a result's short life.
DEADLINES = {
    "warn-timeout": "warn",
    "locked-out": "lockout",
    "thanks": "result",
    "courier-summary": "result",
}
TIMERS = {"warn": ("idle-warning",), "lockout": ("lockout", "result"), "result": ("result",)}


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
        say = Say(self._phrase, {"door": context.door} if context.door else {}) if self._phrase else None
        sound, self._sound, self._phrase = self._sound, None, ""
        self._dirty = self.touched = False
        self._send(vm, rev, context.session, sound, say)

    def _look(self, context: Context) -> Look:
        return Look(
            state=self._ledger.state,
            config=self._config,
            context=context,
            now_s=self._clock.monotonic_s(),
            waiting_events=self._waiting_events(),
            rows=self.rows,
            code_shape=self._config.security.code,
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
        kind = DEADLINES.get(vm.NAME)
        for timer in TIMERS.get(kind or "", ()):
            left = self._timers.left_s(timer)
            if left is not None and kind in ("warn", "lockout", "result"):
                return Deadline(kind, int(left[0] * 1000), int(left[1] * 1000))  # type: ignore[arg-type]
        return None
