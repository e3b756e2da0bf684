"""The operations over HTTP on a Unix socket: routes made from the table, sockets bound by us.

`main` builds one application a socket with the agent's handlers and serves it inside its own loop. Access is by the
socket's owner and mode, and by peer credentials, which every handler is given. uvicorn's own `uds=` would make the
socket writable for everybody, and its signal handlers would take the agent's: both are avoided here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from edge_agent.control.openapi import document
from edge_agent.control.operations import Operation, Role, served
from edge_agent.control.peer import Peer, PeerProtocol
from edge_agent.control.problem import http_status_of, trouble, trouble_of
from edge_agent.errors import ControlError

log = logging.getLogger(__name__)

BODY_MAX = (1 << 20) + (64 << 10)  # bytes; the largest request is a document, 768 KiB as base64
CONNECTIONS_MAX = 64  # a socket full of clients must not eat the agent's descriptors
SOCKET_UMASK = 0o117  # owner and group may connect, nobody else
BACKLOG = 16
STOP_WAIT_S = 5  # a long poll may be in flight; nothing durable hangs on it


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the socket's role and the kernel's word on the process."""

    role: Role
    peer: Peer


Handler = Callable[[Any, Caller], Awaitable[Any]]
StreamHandler = Callable[[Any, Caller], AsyncIterator[Any]]


def create_app(role: Role, handlers: Mapping[str, Handler | StreamHandler]) -> Starlette:
    """One route for each row of `role`. A row without a handler answers CTRL-707; failures answer as `Trouble`."""
    routes = [
        Route(row.path, _endpoint(row, role, handlers.get(row.key)), methods=[row.method])
        for row in served(role)
    ]
    described = msgspec.json.encode(document(role))

    async def openapi(request: Request) -> Response:
        return Response(described, media_type="application/json")

    return Starlette(routes=[*routes, Route("/openapi.json", openapi, methods=["GET"])])


def _endpoint(
    row: Operation, role: Role, handler: Handler | StreamHandler | None
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            if handler is None:
                raise ControlError("CTRL-707", row.name, "this agent has no such operation")
            arguments = await _arguments(row, request)
            caller = Caller(role, request.state.peer)
            if row.stream:
                return StreamingResponse(
                    _lines(handler(arguments, caller)),  # type: ignore[arg-type]
                    media_type="application/x-ndjson",
                )
            result = await handler(arguments, caller)  # type: ignore[misc]
            return Response(msgspec.json.encode(result), media_type="application/json")
        except (
            asyncio.CancelledError
        ):  # a long poll that hangs while the agent stops: the end of a wait, no accident
            return _refusal(row, ControlError("CTRL-701", row.name, "the agent is stopping"))
        except Exception as error:  # the outermost place of a request: whatever it was, the caller is told
            return _refusal(row, error)

    return answer


async def _arguments(row: Operation, request: Request) -> Any:
    """The query (GET) or the JSON body (POST) as the row's argument type. Raises ControlError CTRL-706."""
    try:
        if row.method == "GET":
            return msgspec.convert(dict(request.query_params), row.arguments, strict=False)
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_MAX:
                raise ControlError("CTRL-706", row.name, f"the request is longer than {BODY_MAX} bytes")
        return msgspec.json.decode(bytes(body) or b"{}", type=row.arguments)
    except msgspec.MsgspecError as error:
        raise ControlError("CTRL-706", row.name, str(error)) from None


async def _lines(items: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    """One JSON object a line; a failure on the way is the last line, under the key `error`."""
    try:
        async for item in items:
            yield msgspec.json.encode(item) + b"\n"
    except Exception as error:  # the headers are gone already: the line is the only way left to say it
        yield msgspec.json.encode({"error": trouble_of(error)}) + b"\n"


def _refusal(row: Operation, error: Exception) -> Response:
    told = trouble_of(error)
    if told.code == "CTRL-700":
        log.exception("operation failed", extra={"operation": row.name})
        told = trouble("CTRL-700", row.name, type(error).__name__)  # texts of strange errors may hold secrets
    body = msgspec.json.encode({"error": told})
    return Response(body, status_code=http_status_of(told.code), media_type="application/json")


def bind_socket(path: Path) -> socket.socket:
    """Listen at `path` for owner and group only. The caller holds the state lock, so what lies there is stale."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(SOCKET_UMASK)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen(BACKLOG)
    return listener


class ControlServer(uvicorn.Server):
    """uvicorn over one bound Unix socket, leaving signals to the agent.

    `await serve()` in a task; set `should_exit` to stop. The socket file is removed at the end.
    """

    def __init__(self, app: Starlette, listener: socket.socket) -> None:
        self._listener = listener
        self._path = Path(listener.getsockname())
        super().__init__(
            uvicorn.Config(
                app,
                http=PeerProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                limit_concurrency=CONNECTIONS_MAX,
                timeout_graceful_shutdown=STOP_WAIT_S,
            )
        )

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().serve(sockets or [self._listener])
        finally:
            self._path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class ThreadedServer:
    """The same server in a thread with a loop of its own: for programs without one, and for tests."""

    def __init__(self, app: Starlette, path: Path) -> None:
        self._server = ControlServer(app, bind_socket(path))
        self._thread = threading.Thread(target=self._server.run, name="control", daemon=True)

    def __enter__(self) -> ThreadedServer:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.should_exit = True
        self._thread.join(STOP_WAIT_S * 2)
