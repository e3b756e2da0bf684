"""The control API: hands, codes, faults, trace and coil log over HTTP on loopback, and the panel that draws it all.

    GET  /doors                 POST /doors/{n}       {"hand": "close" | "open" | "push", "inside": "parcel" | "empty"}
    GET  /scanners              POST /scanners/{name} {"text": ...} or {"hex": ...}
    GET  /faults                POST /faults {"name": ..., ...} or {"clear": id | name | "all"}
    DELETE /faults              DELETE /faults/{id or name}
    GET  /trace?after=N&bus=B   GET  /coils           GET /cabinet (geometry)
    GET  /events (server-sent)  GET  / (panel)

A refusal is `{"error": sentence}` with 400 (not understood), 404 (no such thing) or 409 (physically impossible). The
server runs on a thread and loop of its own; handlers take the world's lock for microseconds.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sim.events import EventFeed
from sim.faults import UnknownFault
from sim.loopback import HEADERS, NAMES, LoopbackServer

if TYPE_CHECKING:
    from sim.cabinet import SimCabinet

STATIC = Path(__file__).parent / "static"
BODY_MAX = 65_536  # the longest sensible body is a barcode of 3 KB in hex

Handler = Callable[["Api", Request], Awaitable[Response]]


class NotPossible(Exception):
    """A refusal with its HTTP status."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Api:
    """The handlers; one instance a server."""

    def __init__(self, cabinet: SimCabinet, feed: EventFeed) -> None:
        self.cabinet = cabinet
        self.feed = feed

    def app(self) -> Starlette:
        routes = [
            Route("/", self._answer(Api.panel), methods=["GET"]),
            Route("/cabinet", self._answer(Api.geometry), methods=["GET"]),
            Route("/doors", self._answer(Api.doors), methods=["GET"]),
            Route("/doors/{number}", self._answer(Api.door), methods=["GET"]),
            Route("/doors/{number}", self._answer(Api.act_on_door), methods=["POST"]),
            Route("/scanners", self._answer(Api.scanners), methods=["GET"]),
            Route("/scanners/{name}", self._answer(Api.scan), methods=["POST"]),
            Route("/faults", self._answer(Api.faults), methods=["GET"]),
            Route("/faults", self._answer(Api.add_fault), methods=["POST"]),
            Route("/faults", self._answer(Api.clear_faults), methods=["DELETE"]),
            Route("/faults/{which}", self._answer(Api.clear_faults), methods=["DELETE"]),
            Route("/trace", self._answer(Api.trace), methods=["GET"]),
            Route("/coils", self._answer(Api.coils), methods=["GET"]),
            Route("/events", self._answer(Api.events), methods=["GET"]),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]
        return Starlette(routes=routes, middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=NAMES)])

    def _answer(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                response = await handler(self, request)
            except NotPossible as refusal:
                response = JSONResponse({"error": str(refusal)}, refusal.status)
            except UnknownFault as refusal:
                response = JSONResponse({"error": str(refusal)}, 400)
            except OSError as refusal:
                response = JSONResponse({"error": str(refusal)}, 409)
            response.headers.update(HEADERS)
            return response

        return endpoint

    async def panel(self, request: Request) -> Response:
        return FileResponse(STATIC / "panel.html")

    async def geometry(self, request: Request) -> Response:
        config = self.cabinet.config
        columns: list[dict[str, Any]] = [
            {"name": one.name, "doors": list(one.doors), "width_mm": one.width_mm, "screen": one.screen}
            for one in config.column
        ]
        placed = {number for one in config.column for number in one.doors}
        left = [number for number in self.cabinet.world.doors if number not in placed]
        if left:
            columns.append({"name": "", "doors": left, "width_mm": 400, "screen": False})
        heights = {name: size.height_mm for name, size in config.sizes.items()}
        return JSONResponse({"locker": config.locker.id, "columns": columns, "heights_mm": heights})

    async def doors(self, request: Request) -> Response:
        return JSONResponse({"doors": self.cabinet.doors()})

    async def door(self, request: Request) -> Response:
        return JSONResponse(self.cabinet.door_json(self._number(request)))

    async def act_on_door(self, request: Request) -> Response:
        number = self._number(request)
        body = await _body(request, {"hand", "inside"})
        hand, inside = body.get("hand"), body.get("inside")
        if hand not in (None, "close", "open", "push") or inside not in (None, "parcel", "empty"):
            raise NotPossible(400, "hand is close, open or push; inside is parcel or empty")
        moved = hand == "open" and self.cabinet.hand(number, hand)
        if inside is not None and not self.cabinet.inside(number, inside):
            raise NotPossible(409, f"door {number} is shut: nothing can be put in or taken out")
        if hand in ("close", "push"):
            moved = self.cabinet.hand(number, hand)
        return JSONResponse({**self.cabinet.door_json(number), "moved": moved})

    async def scanners(self, request: Request) -> Response:
        now_s = self.cabinet.world.now()
        rows = [{"name": name, "reading": one.reading(now_s)} for name, one in self.cabinet.scanners.items()]
        return JSONResponse({"scanners": rows})

    async def scan(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self.cabinet.scanners:
            raise NotPossible(404, f"no scanner {name!r}; there are: {', '.join(self.cabinet.scanners)}")
        body = await _body(request, {"text", "hex"})
        return JSONResponse({"read": self.cabinet.scan(name, _code(body))})

    async def faults(self, request: Request) -> Response:
        return JSONResponse(
            {
                "active": [fault.as_json() for fault in self.cabinet.faults.active()],
                "known": [
                    {
                        "name": kind.name,
                        "rows": kind.rows,
                        "about": kind.about,
                        "says": kind.says,
                        "params": kind.params,
                    }
                    for kind in self.cabinet.faults.table.values()
                ],
            }
        )

    async def add_fault(self, request: Request) -> Response:
        body = await _body(request, None)
        if "clear" in body:
            which = None if body["clear"] in ("all", True) else str(body["clear"])
            return JSONResponse({"cleared": await asyncio.to_thread(self.cabinet.faults.clear, which)})
        name = body.pop("name", None)
        if not isinstance(name, str):
            raise NotPossible(400, "give a fault's name, or clear")
        fault = await asyncio.to_thread(lambda: self.cabinet.faults.add(name, **body))
        return JSONResponse(fault.as_json(), 201)

    async def clear_faults(self, request: Request) -> Response:
        which = request.path_params.get("which")
        cleared = await asyncio.to_thread(self.cabinet.faults.clear, which)
        if which is not None and not cleared:
            raise NotPossible(404, f"no fault {which!r} is at work")
        return JSONResponse({"cleared": cleared})

    async def trace(self, request: Request) -> Response:
        after = request.query_params.get("after", "0")
        if not after.isdigit():
            raise NotPossible(400, "after is a frame's number")
        frames = self.cabinet.trace(int(after), request.query_params.get("bus"))
        return JSONResponse({"frames": [frame.as_json() for frame in frames]})

    async def coils(self, request: Request) -> Response:
        return JSONResponse({"energisings": [entry.as_json() for entry in self.cabinet.coils()]})

    async def events(self, request: Request) -> Response:
        async def lines() -> AsyncIterator[str]:
            async for name, data in self.feed.subscribe():
                yield f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"

        return StreamingResponse(lines(), media_type="text/event-stream")

    def _number(self, request: Request) -> str:
        number: str = request.path_params["number"]
        if number not in self.cabinet.world.doors:
            raise NotPossible(404, f"no door {number!r} in this cabinet")
        return number


async def _body(request: Request, keys: set[str] | None) -> dict[str, Any]:
    raw = await request.body()
    if len(raw) > BODY_MAX:
        raise NotPossible(400, f"more than {BODY_MAX} bytes")
    try:
        body = json.loads(raw)
    except ValueError:
        raise NotPossible(400, "the body is no JSON") from None
    if not isinstance(body, dict) or not body:
        raise NotPossible(400, "the body is a JSON object with at least one key")
    if keys is not None and set(body) - keys:
        raise NotPossible(400, f"unknown keys {sorted(set(body) - keys)}; known are {sorted(keys)}")
    return body


def _code(body: dict[str, Any]) -> str | bytes:
    value = next(iter(body.values()))
    if len(body) != 1 or not isinstance(value, str):
        raise NotPossible(400, "give either text or hex, as a string")
    if "text" in body:
        return value
    try:
        return bytes.fromhex(value)
    except ValueError:
        raise NotPossible(400, f"{value[:20]!r} is no hex") from None


class ControlServer:
    """Serves one cabinet at `address`, as `LoopbackServer` does."""

    def __init__(self, cabinet: SimCabinet, address: str) -> None:
        self._feed = EventFeed(cabinet)
        self._server = LoopbackServer(Api(cabinet, self._feed).app(), address, "control", self._feed.bind)
        self.url = self._server.url

    def start(self) -> str:
        """Returns the address once it is served."""
        return self._server.start()

    def stop(self) -> None:
        self._feed.close()
        self._server.stop()
