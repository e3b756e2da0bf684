"""A kiosk server on a real loopback socket, in a thread of its own, for tests that need a browser."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from edge_agent.kiosk.desk import View
from edge_agent.kiosk.server import KioskServer, bind, create_app
from edge_agent.kiosk.site import site_of
from edge_agent.kiosk.speech import Speech
from tests.kiosk.gallery import GalleryDesk, configuration

TOKEN = "t" * 32


class RunningKiosk:
    """Start with `with` (or `__enter__`); `again` starts it anew on the same address after `__exit__`.

    `show` may be called from the test's thread and returns when the server's loop has taken the view.
    """

    def __init__(self, px_per_mm: float, folder: Path) -> None:
        self.desk = GalleryDesk()
        self._px_per_mm = px_per_mm
        self._folder = folder
        self._rev = 100
        self._listen("127.0.0.1:0")

    def _listen(self, address: str) -> None:
        self._listener = bind(address)
        self._port = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kiosk-under-test")

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def address(self) -> str:
        return f"{self.origin}/?token={TOKEN}"

    def __enter__(self) -> RunningKiosk:
        self._thread.start()
        assert self._up.wait(10), "the kiosk server did not start within 10 s"
        return self

    def __exit__(self, *_: object) -> None:
        if not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join(10)
        assert not self._thread.is_alive(), "the kiosk server did not stop within 10 s"

    def again(self) -> None:
        self._listen(f"127.0.0.1:{self._port}")
        self.__enter__()

    def show(self, view: View) -> None:
        shown = threading.Event()

        def on_loop() -> None:
            self.desk.show(view)
            shown.set()

        self._loop.call_soon_threadsafe(on_loop)
        assert shown.wait(5)

    def next_rev(self, step: int = 1) -> int:
        self._rev += step
        return self._rev

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()
            self._listener.close()

    async def _serve(self) -> None:
        site = site_of(configuration(self._px_per_mm))
        app = create_app(site, self.desk, TOKEN, Speech(self._folder / "speech"))
        self._server = KioskServer(app)
        serving = asyncio.create_task(self._server.run(self._listener))
        await self._server.started()
        self._up.set()
        await serving
