"""A Starlette application on loopback, in a thread and loop of its own: the panel's and the back office's server.

Nothing but loopback is bound, and no page of another name may talk to it.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

START_WAIT_S = 10.0  # importing and binding take a fraction of a second, a loaded machine a few
NAMES = ["127.0.0.1", "localhost"]  # a page elsewhere must not reach us under its own name
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


class _Server(uvicorn.Server):
    """uvicorn that says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


class LoopbackServer:
    """Serves `app` at `address` (host:port, port 0: any free one). Refuses anything but loopback with ValueError.

    `on_loop` is called in the server's loop before the first request.
    """

    def __init__(
        self, app: Starlette, address: str, name: str, on_loop: Callable[[asyncio.AbstractEventLoop], None]
    ) -> None:
        host, _, port = address.rpartition(":")
        if host not in NAMES or not port.isdigit():
            raise ValueError(f"{name} address {address!r}: served on {' or '.join(NAMES)} only, as host:port")
        self._socket = socket.create_server((host, int(port)))
        self.url = f"http://{host}:{self._socket.getsockname()[1]}"
        self._on_loop = on_loop
        config = uvicorn.Config(
            app, log_config=None, lifespan="off", loop="asyncio", timeout_graceful_shutdown=1
        )
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._run, name=f"sim-{name}", daemon=True)

    def start(self) -> str:
        """Returns the address once it is served."""
        self._thread.start()
        if not self._server.listening.wait(START_WAIT_S):
            raise TimeoutError(f"{self.url} is not served after {START_WAIT_S:.0f} s")
        return self.url

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(START_WAIT_S)
        self._socket.close()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._on_loop(asyncio.get_running_loop())
        await self._server.serve(sockets=[self._socket])
