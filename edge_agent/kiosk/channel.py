"""One page's socket: views out, touches and heartbeats in.

Out: `{rev, session, screen, lang, vm, sound, speak, deadline}`, only the newest when the page is slow;
`{beat}` answers a heartbeat; `{hold_ms}` locks the page after a tap storm. In: `{rev, action, args}`,
`{beat}`, `{taps}`. Anything else, or more than `INCOMING_MAX` bytes, closes the socket.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from edge_agent.kiosk.catalogues import Catalogue, fill, place_in_words
from edge_agent.kiosk.desk import Desk, Say, View
from edge_agent.kiosk.glass import SILENT_S, Glass
from edge_agent.kiosk.guard import HOLD_S, Dropped, TouchGuard
from edge_agent.kiosk.screen_parts import MessageKind
from edge_agent.kiosk.screens import Message, wire
from edge_agent.kiosk.site import Site
from edge_agent.kiosk.speech import Speech

log = logging.getLogger(__name__)

INCOMING_MAX = 1024  # bytes; the longest legal message is below 200
CLOSE_TOO_BIG = 1009
CLOSE_MALFORMED = 1007
CLOSE_SENT_AWAY = 4000
CLOSE_TOO_MANY = 4001
SWEEP_S = 2.0  # how often a silent page is looked for: the page's own heartbeat interval


class Incoming(msgspec.Struct, forbid_unknown_fields=True):
    """What a page may send: a touch (`rev`, `action`, `args`) or a heartbeat (`beat`), or `taps` of one second."""

    rev: int = -1
    action: str = ""
    args: dict[str, Any] = {}
    beat: int = 0
    taps: int = 0


class Words:
    """Turns a phrase into text and address, in the language shown."""

    def __init__(self, site: Site, catalogues: dict[str, Catalogue], speech: Speech | None) -> None:
        self._site = site
        self._catalogues = catalogues
        self._speech = speech if site.speech else None

    def speak(self, lang: str, say: Say | None) -> dict[str, str | None] | None:
        """`{text, url}`: the text is announced to screen readers, the address is None where there is no speech."""
        if say is None:
            return None
        catalogue = self._catalogues.get(lang, {})
        place = self._site.layout.places.get(say.args.get("door", ""))
        args = {**say.args, "place": place_in_words(catalogue, place)}
        text = fill(catalogue, f"speech.{say.phrase}", args)
        voice = catalogue.get("language.voice", "")
        name = self._speech.announce(voice, text) if self._speech else None
        return {"text": text, "url": f"/speech/{name}.wav" if name else None}


class Channel:
    """A connected page. Implements `desk.Page` and `glass.Waiter`; lives on the agent's loop."""

    def __init__(
        self,
        socket: WebSocket,
        desk: Desk,
        glass: Glass,
        words: Words,
        site: Site,
        monotonic: Callable[[], float],
    ) -> None:
        self._socket = socket
        self._desk = desk
        self._glass = glass
        self._words = words
        self._site = site
        self._monotonic = monotonic
        self._guard = TouchGuard(monotonic)
        self._shown: View | None = None
        self._pending: View | None = None
        self._notes: dict[str, int] = {}  # beat and hold_ms to send; at most one of each
        self._wake = asyncio.Event()
        self._closed = False
        self.last_heard_s = monotonic()

    # desk.Page

    def show(self, view: View) -> None:
        if self._pending is not None:  # the page never saw that one: its sound and phrase still count
            view = msgspec.structs.replace(
                view, sound=view.sound or self._pending.sound, speak=view.speak or self._pending.speak
            )
        self._shown = self._pending = view
        self._wake.set()

    def close(self) -> None:
        self._closed = True
        self._wake.set()

    def wait(self) -> None:
        self.show(View(rev=0, lang=self._site.languages[0], vm=Message(kind=MessageKind.SECOND_PAGE)))

    # the socket

    async def run(self) -> None:
        """Until the page goes, misbehaves, is sent away, or falls silent."""
        if not self._glass.enter(self):
            await self._socket.close(CLOSE_TOO_MANY)
            return
        jobs = [asyncio.create_task(job()) for job in (self._send, self._receive, self._sweep)]
        try:
            await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._glass.leave(self)
            for job in jobs:
                job.cancel()
            await asyncio.wait(jobs)
            self._report(jobs)
            await self._hang_up()

    async def _send(self) -> None:
        while not self._closed:
            await self._wake.wait()
            self._wake.clear()
            view, self._pending = self._pending, None
            notes, self._notes = self._notes, {}
            if view is not None:
                await self._socket.send_text(self._encode(view))
            if notes:
                await self._socket.send_text(msgspec.json.encode(notes).decode())

    async def _receive(self) -> None:
        while not self._closed:
            try:
                text = await self._socket.receive_text()
                if len(text) > INCOMING_MAX:
                    await self._socket.close(CLOSE_TOO_BIG)
                    return
                message = msgspec.json.decode(text, type=Incoming)
            except WebSocketDisconnect:
                return
            except (msgspec.DecodeError, KeyError):  # KeyError: a binary frame has no text
                await self._socket.close(CLOSE_MALFORMED)
                return
            self._take(message)

    async def _sweep(self) -> None:
        """A page alone on the glass has nobody whose heartbeat would find it silent."""
        while not self._closed and self._monotonic() - self.last_heard_s <= SILENT_S:  # noqa: ASYNC110 - a clock
            await asyncio.sleep(SWEEP_S)

    def _take(self, message: Incoming) -> None:
        self.last_heard_s = self._monotonic()
        self._glass.take_from_silent()
        taps = max(0, message.taps) + (1 if message.action else 0)
        if taps and self._guard.storm(taps):
            self._hold()
        if message.beat:
            self._notes["beat"] = message.beat
            self._wake.set()
        if not self._glass.has(self):
            return
        if message.beat:
            self._desk.heartbeat(self)
        if message.action:
            self._touch(message)

    def _hold(self) -> None:
        self._notes["hold_ms"] = int(HOLD_S * 1000)
        self._wake.set()
        log.warning("tap storm hold_s=%s", HOLD_S)
        if self._glass.has(self):
            self._desk.tap_storm(self)

    def _touch(self, message: Incoming) -> None:
        verdict = self._guard.admit(self._shown, message.rev, message.action, message.args)
        if isinstance(verdict, Dropped):
            log.debug("touch dropped why=%s rev=%s", verdict.value, message.rev)
            return
        self._desk.action(self, message.rev, message.action, verdict)

    def _encode(self, view: View) -> str:
        return msgspec.json.encode(
            {
                "rev": view.rev,
                "session": view.session,
                "screen": view.vm.NAME,
                "lang": view.lang,
                "vm": wire(view.vm),
                "sound": view.sound,
                "speak": self._words.speak(view.lang, view.speak),
                "deadline": view.deadline,
            }
        ).decode()

    @staticmethod
    def _report(jobs: list[asyncio.Task[None]]) -> None:
        for job in jobs:
            error = None if job.cancelled() else job.exception()
            if error is not None and not isinstance(error, WebSocketDisconnect):
                log.warning("page lost error=%s", type(error).__name__)

    async def _hang_up(self) -> None:
        if self._socket.application_state is not WebSocketState.DISCONNECTED:
            try:
                await self._socket.close(CLOSE_SENT_AWAY)
            except (RuntimeError, WebSocketDisconnect):
                return  # the other side was quicker
