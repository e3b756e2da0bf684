"""A bad line for TCP, between a client and a server: delays, stalls, half-closes, cuts after so many bytes, drips.

One thread with an asyncio loop carries bytes; every fault is one call from any thread and holds until it is taken back
(`heal`) or, for cuts, happens once.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass

CHUNK = 16 * 1024  # bytes carried at once on a healthy line
STOP_S = 5.0
LOOK_S = 0.02  # between two looks of a stalled line
UNDER_WAY_MAX = 64  # chunks on a slow line: 1 MiB, as much as a kernel's buffers would hold


@dataclass
class Line:
    """How the line is now. Both directions alike, but for the two half-closes."""

    delay_s: float = 0.0
    stalled: bool = False  # bytes are taken and go nowhere: a half-open connection
    refusing: bool = False  # new connections are closed at once
    bytes_per_s: float = 0.0  # 0: as fast as it goes
    cut_after: int | None = None  # bytes from the client until the connection is reset


class ChaosProxy:
    """`with ChaosProxy(("127.0.0.1", 1883)) as proxy: proxy.port`."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.line = Line()
        self.port = 0
        self.connections = 0

    def __enter__(self) -> ChaosProxy:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(STOP_S)
        return self

    def __exit__(self, *exception: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(STOP_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_S)
        self._loop.close()

    # ---- faults -----------------------------------------------------------------------------------------------------

    def cut(self) -> None:
        """Reset every connection that stands."""
        self._soon(self._reset_all)

    def cut_after(self, count: int) -> None:
        """Reset the connection once `count` more bytes came from the client."""
        self.line.cut_after = count

    def stall(self) -> None:
        self.line.stalled = True

    def refuse(self) -> None:
        self.line.refusing = True

    def delay(self, seconds: float) -> None:
        self.line.delay_s = seconds

    def drip(self, bytes_per_s: float) -> None:
        self.line.bytes_per_s = bytes_per_s

    def half_close(self) -> None:
        """No more bytes to the client, while its own are still taken."""
        self._soon(self._end_of_file)

    def heal(self) -> None:
        self.line = Line()

    # ---- the loop's thread ------------------------------------------------------------------------------------------

    def _soon(self, deed: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(deed)

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _close(self) -> None:
        self._server.close()
        self._reset_all()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _reset_all(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    def _end_of_file(self) -> None:
        for writer in list(self._writers):
            with contextlib.suppress(OSError, RuntimeError):
                writer.write_eof()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            if not self.line.refusing:
                await self._joined(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # a proxy of broken lines is used to them
        finally:
            writer.transport.abort()
            self._writers.discard(writer)
            self._tasks.discard(task)

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._target)
        for one in (writer, back):
            self._writers.add(one)
            one.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        up = asyncio.ensure_future(self._carry(reader, back, from_client=True))
        down = asyncio.ensure_future(self._carry(there, writer, from_client=False))
        try:
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (up, down):
                task.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
            back.transport.abort()
            self._writers.discard(back)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, from_client: bool
    ) -> None:
        """One direction: bytes are read as they come and leave after their delay, many of them under way at once."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(UNDER_WAY_MAX)
        taking = asyncio.ensure_future(self._take(reader, under_way))
        leaving = asyncio.ensure_future(self._leave(under_way, writer, from_client=from_client))
        try:
            await asyncio.wait((taking, leaving), return_when=asyncio.FIRST_COMPLETED)
            await leaving
        finally:
            for task in (taking, leaving):
                task.cancel()
            await asyncio.gather(taking, leaving, return_exceptions=True)

    async def _take(
        self, reader: asyncio.StreamReader, under_way: asyncio.Queue[tuple[float, bytes]]
    ) -> None:
        """Until the end of the stream, which is an empty chunk; a broken one ends likewise."""
        data = b"-"
        while data:
            try:
                data = await reader.read(CHUNK)
            except OSError:
                data = b""
            await under_way.put((self._loop.time() + self.line.delay_s, data))

    async def _leave(
        self,
        under_way: asyncio.Queue[tuple[float, bytes]],
        writer: asyncio.StreamWriter,
        *,
        from_client: bool,
    ) -> None:
        while (item := await under_way.get())[1]:
            due, data = item
            await asyncio.sleep(max(due - self._loop.time(), 0.0))
            if self.line.bytes_per_s:
                await asyncio.sleep(len(data) / self.line.bytes_per_s)
            while self.line.stalled:  # noqa: ASYNC110 - set from other threads, where no asyncio.Event may go
                await asyncio.sleep(LOOK_S)
            if from_client and self._is_cut_by(data, writer):
                return
            writer.write(data)
            await writer.drain()

    def _is_cut_by(self, data: bytes, writer: asyncio.StreamWriter) -> bool:
        left = self.line.cut_after
        if left is None:
            return False
        if left > len(data):
            self.line.cut_after = left - len(data)
            return False
        self.line.cut_after = None
        writer.write(data[:left])
        return True
