"""The kiosk's web server: the page, its texts, the door map, speech, and one WebSocket.

Starlette on loopback, inside the agent's loop. `create_app` is everything a test needs; `KioskServer` runs
it under uvicorn without taking the agent's signals. `GET /` without the per-boot token answers the same
shell, which then shows `please-wait` and never connects. Nothing here decides anything: touches go to the
`Desk`.
"""

from __future__ import annotations

import asyncio
import html
import io
import json
import socket as sockets
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from edge_agent.kiosk import catalogues as texts
from edge_agent.kiosk.access import matches
from edge_agent.kiosk.channel import INCOMING_MAX, Channel, Words
from edge_agent.kiosk.desk import Desk
from edge_agent.kiosk.glass import Glass
from edge_agent.kiosk.site import Site
from edge_agent.kiosk.speech import Speech

STATIC = Path(__file__).parent / "static"
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
CLOSE_NOT_YOURS = 4403
STOP_S = 2  # how long open sockets may take to say goodbye when the agent stops
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
        "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "sandbox allow-scripts allow-same-origin"  # no new window, no download, no print or other question
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), usb=(), serial=()",
    "cache-control": "no-store",
}


class OwnOriginOnly:
    """Answers only to this machine's names, and lets no other page's script in (DNS rebinding, cross-site sockets)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif self._is_ours(scope):
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await WebSocket(scope, receive, send).close(CLOSE_NOT_YOURS)
        else:
            await Response("not here\n", 421, HEADERS, "text/plain")(scope, receive, send)

    @staticmethod
    def _is_ours(scope: Scope) -> bool:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        origin = headers.get(b"origin", b"").decode("latin-1")
        name = host if host.endswith("]") else host.rsplit(":", 1)[0]
        return name in LOOPBACK_NAMES and origin in ("", f"http://{host}")


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            known = {name for name, _ in message["headers"]}
            extra = [
                (name.encode(), value.encode())
                for name, value in HEADERS.items()
                if name.encode() not in known
            ]
            message["headers"] = [*message["headers"], *extra]
        await send(message)

    return sending


def create_app(
    site: Site,
    desk: Desk,
    token: str,
    speech: Speech | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> Starlette:
    """The kiosk as an ASGI application.

    `monotonic` judges heartbeats and taps: real time even where the agent's clock is virtual, because the
    browser's is.
    """
    words = texts.load()
    glass = Glass(desk, monotonic)
    pages = _Pages(site, token, words, speech)

    async def connect(websocket: WebSocket) -> None:
        if not matches(websocket.query_params.get("token", ""), token):
            await websocket.close(CLOSE_NOT_YOURS)
            return
        await websocket.accept()
        await Channel(websocket, desk, glass, Words(site, words, speech), site, monotonic).run()

    app = Starlette(
        routes=[
            Route("/", pages.shell),
            Route("/texts.json", pages.texts),
            Route("/layout.json", pages.layout),
            Route("/help-qr.svg", pages.help_qr),
            Route("/speech/{name}.wav", pages.wav),
            WebSocketRoute("/ws", connect),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]
    )
    app.add_middleware(OwnOriginOnly)
    return app


class _Pages:
    """What a browser fetches: all of it made once, except speech."""

    def __init__(
        self, site: Site, token: str, words: dict[str, texts.Catalogue], speech: Speech | None
    ) -> None:
        self._site, self._token, self._speech = site, token, speech
        self._shells = {ours: _shell(site, ours) for ours in (True, False)}
        self._texts = json.dumps({lang: words[lang] for lang in site.languages}, ensure_ascii=False)
        self._layout = msgspec.json.encode(site.layout)

    async def shell(self, request: Request) -> Response:
        return HTMLResponse(self._shells[matches(request.query_params.get("token", ""), self._token)])

    async def texts(self, _: Request) -> Response:
        return Response(self._texts, media_type="application/json")

    async def layout(self, _: Request) -> Response:
        return Response(self._layout, media_type="application/json")

    async def wav(self, request: Request) -> Response:
        spoken = await self._speech.wav(request.path_params["name"]) if self._speech else None
        return Response(spoken, media_type="audio/wav") if spoken else Response(status_code=404)

    async def help_qr(self, _: Request) -> Response:
        if not self._site.hotline:
            return Response(status_code=404)
        return Response(_phone_qr(self._site.hotline), media_type="image/svg+xml")


def _shell(site: Site, ours: bool) -> str:
    """`index.html` with the site's facts as data attributes; `data-ours` is "yes" only with the token."""
    facts = {
        "ours": "yes" if ours else "no",
        "locker": site.locker_id,
        "name": site.name,
        "hotline": site.hotline,
        "languages": " ".join(site.languages),
        "px-per-mm": f"{site.px_per_mm:g}",
        "speech": "yes" if site.speech else "no",
    }
    attributes = " ".join(f'data-{name}="{html.escape(value)}"' for name, value in facts.items())
    return (STATIC / "index.html").read_text("utf-8").replace("data-facts", attributes)


def _phone_qr(hotline: str) -> bytes:
    """The hotline as a QR code that a phone dials."""
    import segno  # 9 ms and 0.8 MB that only the help screen needs

    drawing = io.BytesIO()
    segno.make(f"tel:{hotline.replace(' ', '')}", error="m").save(
        drawing, kind="svg", scale=4, border=4, xmldecl=False
    )
    return drawing.getvalue()


class KioskServer:
    """The application under uvicorn, on a socket that the agent bound, in the agent's loop."""

    def __init__(self, app: ASGIApp) -> None:
        config = uvicorn.Config(
            app,
            loop="none",
            lifespan="off",
            log_config=None,
            access_log=False,  # an address may carry the token
            ws="websockets-sansio",
            ws_max_size=INCOMING_MAX,
            ws_per_message_deflate=False,  # nothing to gain on loopback
            ws_ping_interval=None,  # the page's own heartbeat finds a dead one sooner
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=STOP_S,
        )
        self._server = _QuietServer(config)

    async def run(self, listener: sockets.socket) -> None:
        """Serve until `stop` or cancelled, which both say goodbye to open pages; raises what uvicorn raises."""
        serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            self.stop()
            await asyncio.wait((serving,), timeout=2 * STOP_S)
            raise

    def stop(self) -> None:
        """Ask for the end; `run` then returns within `STOP_S`."""
        self._server.should_exit = True

    async def started(self) -> None:
        """Return once requests are answered."""
        while not self._server.started:  # noqa: ASYNC110 - uvicorn has no event for it; bounded by the caller's time-out
            await asyncio.sleep(0.005)


class _QuietServer(uvicorn.Server):
    """uvicorn takes SIGINT and SIGTERM for itself while it serves; here signals belong to the agent."""

    def capture_signals(self):  # type: ignore[no-untyped-def]
        return nullcontext()


def bind(listen: str) -> sockets.socket:
    """A listening socket on loopback from "host:port" (port 0: any).

    Raises ValueError for another host, OSError.
    """
    host, _, port = listen.rpartition(":")
    if host not in LOOPBACK_NAMES:
        raise ValueError(
            f"kiosk.listen is {listen}: the kiosk is served on loopback only, e.g. 127.0.0.1:8080"
        )
    family = sockets.AF_INET6 if host.startswith("[") else sockets.AF_INET
    listener = sockets.socket(family, sockets.SOCK_STREAM)
    listener.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
    listener.bind((host.strip("[]"), int(port)))
    listener.listen(16)  # one page and a few spare
    listener.setblocking(False)
    return listener
