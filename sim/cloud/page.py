"""The back office's page and its HTTP side, on loopback: see lockers, order, upload lists, pre-advise.

    GET  /                                    the page
    GET  /view?locker=L&after=N               JSON; waits until there is something newer than N, 20 s at most
    POST /lockers/{L}/orders                  {"cmd": "unlock", "args": {...}}       -> {"id": ...}
    POST /lockers/{L}/documents/{name}        the document's body                     -> {"version": ...}
    POST /lockers/{L}/expected                {"put": [...], "drop": [...]}           -> {"n": ...}
    POST /lockers/{L}/opening                 {"key": X25519 public key, base64url}   -> {}

A refusal is `{"error": sentence}` with 400 (not understood) or 409 (not now). Bodies must say that they are JSON: that
keeps forms of foreign pages out.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sim.cloud.desk import Desk
from sim.loopback import HEADERS, NAMES, LoopbackServer

STATIC = Path(__file__).parents[1] / "static"
WAIT_S = 20.0  # of a poll: below every proxy's patience
BODY_MAX = 1 << 20  # two thousand couriers
ROWS_MAX = 200  # pre-advice of one request: one step stays below its 64 KiB


class Changes:
    """Counts what is new; whoever polls waits for the next number. `bind` in the server's loop."""

    def __init__(self) -> None:
        self.number = 1
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def ring(self) -> None:
        """From any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ring)

    def _ring(self) -> None:
        self.number += 1
        self._news.set()
        self._news = asyncio.Event()

    async def after(self, number: int, wait_s: float) -> None:
        if self.number <= number:
            try:
                await asyncio.wait_for(self._news.wait(), wait_s)
            except TimeoutError:
                pass  # nothing new is an answer too


Handler = Callable[[Request], Awaitable[dict[str, Any]]]


class Page:
    """Serves one desk; `start` answers the address."""

    def __init__(self, desk: Desk, address: str) -> None:
        self._desk = desk
        self._changes = Changes()
        self._server = LoopbackServer(self._app(), address, "office", self._changes.bind)
        self.url = self._server.url

    def start(self) -> str:
        url = self._server.start()
        self._desk.on_change = self._changes.ring
        return url

    def stop(self) -> None:
        self._desk.on_change = lambda: None
        self._changes.ring()  # polls end at once
        self._server.stop()

    def _app(self) -> Starlette:
        routes = [
            Route("/", self._page, methods=["GET"]),
            Route("/view", _answer(self._view), methods=["GET"]),
            Route("/lockers/{locker}/orders", _answer(self._order), methods=["POST"]),
            Route("/lockers/{locker}/documents/{name}", _answer(self._document), methods=["POST"]),
            Route("/lockers/{locker}/expected", _answer(self._expected), methods=["POST"]),
            Route("/lockers/{locker}/opening", _answer(self._opening), methods=["POST"]),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]
        return Starlette(routes=routes, middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=NAMES)])

    async def _page(self, request: Request) -> Response:
        return FileResponse(STATIC / "office.html", headers=HEADERS)

    async def _view(self, request: Request) -> dict[str, Any]:
        after = request.query_params.get("after", "0")
        if not after.isdigit():
            raise _NotUnderstood("after is a number")
        await self._changes.after(int(after), WAIT_S)
        number, lockers = self._changes.number, self._desk.lockers()
        chosen = request.query_params.get("locker") or (lockers[0]["id"] if lockers else "")
        view = await asyncio.to_thread(self._desk.view, chosen) if chosen else None
        return {"number": number, "lockers": lockers, "view": view}

    async def _order(self, request: Request) -> dict[str, Any]:
        body = await _object(request)
        cmd, args = body.get("cmd"), body.get("args", {})
        if not isinstance(cmd, str) or not isinstance(args, dict):
            raise _NotUnderstood("give cmd, and args as an object")
        return {"id": await asyncio.to_thread(self._desk.order, _locker(request), cmd, args)}

    async def _document(self, request: Request) -> dict[str, Any]:
        body, name = await _body(request), request.path_params["name"]
        return {"version": await asyncio.to_thread(self._desk.publish, _locker(request), name, body)}

    async def _expected(self, request: Request) -> dict[str, Any]:
        body = await _object(request)
        put, drop = body.get("put", []), body.get("drop", [])
        if not all(isinstance(one, dict) and isinstance(one.get("waybill"), str) for one in put):
            raise _NotUnderstood("put is a list of objects with a waybill")
        if not all(isinstance(one, str) for one in drop) or not 0 < len(put) + len(drop) <= ROWS_MAX:
            raise _NotUnderstood(f"drop is a list of waybills; 1 to {ROWS_MAX} of both together")
        return {"n": await asyncio.to_thread(self._desk.expect, _locker(request), put, drop)}

    async def _opening(self, request: Request) -> dict[str, Any]:
        body = await _object(request)
        await asyncio.to_thread(self._desk.lists.enrol, _locker(request), str(body.get("key", "")))
        return {}


class _NotUnderstood(Exception):
    """A request that makes no sense, whatever the locker does."""


def _answer(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(await handler(request), headers=HEADERS)
        except _NotUnderstood as refusal:
            return JSONResponse({"error": str(refusal)}, 400, headers=HEADERS)
        except ValueError as refusal:
            return JSONResponse({"error": str(refusal)}, 409, headers=HEADERS)

    return endpoint


def _locker(request: Request) -> str:
    return str(request.path_params["locker"])


async def _object(request: Request) -> dict[str, Any]:
    body = await _body(request)
    if not isinstance(body, dict):
        raise _NotUnderstood("the body is a JSON object")
    return body


async def _body(request: Request) -> Any:
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise _NotUnderstood("the body has to be application/json")
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > BODY_MAX:
            raise _NotUnderstood(f"more than {BODY_MAX} bytes")
    try:
        return json.loads(raw)
    except ValueError:
        raise _NotUnderstood("the body is no JSON") from None
