"""Asks the agent over its Unix socket: HTTP by h11, one connection a question, no event loop.

Light on purpose: a technician's simple verb must start at once. Failures of the way there are CTRL-70x; what the
agent itself answers as a failure comes back as the same code it had there.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import h11
import msgspec

from edge_agent.control.operations import Operation
from edge_agent.errors import AgentError, ControlError

CONNECT_WAIT_S = 2.0  # a local socket answers at once or its backlog is full
ANSWER_WAIT_S = 30.0  # the longest operation that is no stream: scanning a whole bus has its own bound
CHUNK = 65536
OVERLOADED = 503  # uvicorn's own answer beyond its bound of connections


class Unanswered(ControlError):
    """CTRL-701: nobody, or nobody any more, at the socket."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__("CTRL-701", f"socket {path}", detail)


class Client:
    """Questions to the agent behind one socket. `wait_s` bounds each wait for bytes."""

    def __init__(self, path: Path, wait_s: float = ANSWER_WAIT_S) -> None:
        self._path = path
        self._wait_s = wait_s

    def ask(self, row: Operation, arguments: Any) -> Any:
        """One answer of the row's result type. Raises ControlError, or AgentError as the agent had it."""
        with self._connection() as wire:
            status = self._send(wire, row, arguments)
            body = b"".join(self._body(wire))
        if status != 200:
            raise _told(self._path, status, body)
        return self._decoded(body, row)

    def stream(self, row: Operation, arguments: Any) -> Iterator[Any]:
        """The items of a stream as they come; ends when the agent ends it."""
        with self._connection() as wire:
            status = self._send(wire, row, arguments)
            if status != 200:
                raise _told(self._path, status, b"".join(self._body(wire)))
            for line in _lines(self._body(wire)):
                if line.startswith(b'{"error":'):
                    raise _told(self._path, status, line)
                yield self._decoded(line, row)

    def _decoded(self, body: bytes, row: Operation) -> Any:
        try:
            return msgspec.json.decode(body, type=row.result)
        except msgspec.MsgspecError as error:
            raise ControlError(
                "CTRL-707", row.name, f"the agent's answer is of another kind: {error}"
            ) from None

    @contextmanager
    def _connection(self) -> Iterator[_Wire]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connected:
            connected.settimeout(CONNECT_WAIT_S)
            try:
                connected.connect(str(self._path))
            except PermissionError:
                raise ControlError(
                    "CTRL-702", f"socket {self._path}", "the system refuses this user"
                ) from None
            except OSError as error:
                raise Unanswered(self._path, error.strerror or "no connection") from None
            connected.settimeout(self._wait_s)
            yield _Wire(self._path, connected, self._wait_s)

    def _send(self, wire: _Wire, row: Operation, arguments: Any) -> int:
        """Send the question, return the answer's status."""
        given = msgspec.to_builtins(arguments)
        query = row.method == "GET"
        target = f"{row.path}?{urlencode(given)}" if query and given else row.path
        body = b"" if query else msgspec.json.encode(given)
        headers = [("Host", "agent"), ("Content-Length", str(len(body))), ("Connection", "close")]
        wire.send(h11.Request(method=row.method, target=target, headers=headers), h11.Data(body))
        answer = wire.next_event()
        return answer.status_code if isinstance(answer, h11.Response) else 0

    def _body(self, wire: _Wire) -> Iterator[bytes]:
        while isinstance(event := wire.next_event(), h11.Data):
            yield bytes(event.data)


class _Wire:
    """One HTTP exchange over one connected socket."""

    def __init__(self, path: Path, connected: socket.socket, wait_s: float) -> None:
        self._path = path
        self._socket = connected
        self._wait_s = wait_s
        self._h11 = h11.Connection(h11.CLIENT)

    def send(self, request: h11.Request, body: h11.Data) -> None:
        parts = (self._h11.send(event) for event in (request, body, h11.EndOfMessage()))
        try:
            self._socket.sendall(b"".join(part for part in parts if part))
        except OSError as error:
            raise Unanswered(self._path, error.strerror or "the connection broke") from None

    def next_event(self) -> Any:
        try:
            while (event := self._h11.next_event()) is h11.NEED_DATA:
                self._h11.receive_data(self._socket.recv(CHUNK))
        except TimeoutError:
            raise Unanswered(self._path, f"no answer within {self._wait_s:g} s") from None
        except OSError as error:
            raise Unanswered(self._path, error.strerror or "the connection broke") from None
        except h11.RemoteProtocolError as error:
            raise Unanswered(self._path, f"the answer broke off: {error}") from None
        return event


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole


def _told(path: Path, status: int, body: bytes) -> AgentError:
    """The agent's own failure, with its code."""
    try:
        error = msgspec.json.decode(body)["error"]
        return AgentError(error["code"], error["where"], error["detail"])
    except (msgspec.MsgspecError, KeyError, TypeError):
        if status == OVERLOADED:
            return Unanswered(path, "the agent has too many questions at once")
        return ControlError("CTRL-707", f"socket {path}", "what answers there is not this agent")
