"""Touches at the real agent, and at a bare prototype of the same way. See `tests.bench.locker`.

`python -m tests.bench.locker_touch ADDRESS COUNT` is the client: a page that deposits parcels and says, as JSON, when
it sent each touch that opens a door and when the answer came. All times are of the machine's one monotonic clock.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import apsw
import httpx
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.sync.client import connect

from drivers.bus_stats import Direction
from drivers.serial_bus import SWITCH_INTERVAL_S
from edge_agent.agent import Agent
from edge_agent.cabinet.cabinet import Cabinet
from edge_agent.cabinet.head_start import Gate
from edge_agent.config_rules import load_checked
from edge_agent.domain import service
from edge_agent.kiosk.server import KioskServer, bind, create_app
from edge_agent.kiosk.site import site_of
from edge_agent.main import system_seams
from edge_agent.store.connection import WRITER_PRAGMAS
from edge_agent.wiring import line_settings
from sim import demo_cabinet
from sim.toml_text import dumps

TOKEN = "b" * 32
WAIT_S = 20.0
PHONE = "91234567"
LEARN_S = 2.5  # every board is looked at some five times
TYPING_S = 0.2  # between two digits
REST_S = 0.9  # pulse, gap and two looks: the next touch meets a quiet cabinet


@dataclass(slots=True)
class Touches:
    """Milliseconds, one each touch. `before_ms`: touch to the commit's begin, `after_ms`: from the commit's end, as the
    loop hears of it, to the first byte; negative where the store's thread handed the frame over before.

    `exchange_ms`: the usual look at a board while scanning, and the silence that the line is owed after it.
    """

    beyond_ms: list[float] = field(default_factory=list)
    answer_ms: list[float] = field(default_factory=list)
    commit_ms: list[float] = field(default_factory=list)
    before_ms: list[float] = field(default_factory=list)
    after_ms: list[float] = field(default_factory=list)
    exchange_ms: float = 0.0


# ---- the agent -----------------------------------------------------------------------------------------------------


def touches(folder: Path, count: int, armed: bool) -> Touches:
    """`count` deposits. `armed` False takes the hint away that keeps the lines quiet for a touch."""
    folder.mkdir(parents=True)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    with ExitStack() as stack:
        panel = stack.enter_context(_boards(folder))
        return asyncio.run(_agent(folder, panel, count, armed))


def _boards(folder: Path) -> Any:
    """The pretend cabinet as a process; its control address."""
    from contextlib import contextmanager

    @contextmanager
    def running() -> Any:
        config = folder / "in.toml"
        config.write_text(dumps(demo_cabinet.document(folder)), encoding="utf-8")
        program = "from sim.main import run; run()"
        options = [
            "boards",
            "--config",
            str(config),
            "--ports",
            str(folder / "ports"),
            "--control",
            "127.0.0.1:0",
        ]
        process = subprocess.Popen(
            [sys.executable, "-c", program, *options], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.startswith("control"):
                    yield line.split()[4]
                    break
        finally:
            process.terminate()
            process.wait()

    return running()


async def _agent(folder: Path, panel: str, count: int, armed: bool) -> Touches:
    config = load_checked(folder / "ports" / "locker.toml")
    async with AsyncExitStack() as stack:
        if not armed:  # on the class: the agent hands the method on while it is built
            stack.enter_context(patch.object(Cabinet, "armed", lambda cabinet: None))
        agent = await Agent.build(config, system_seams(config), folder / "state")
        await agent.start()
        stack.push_async_callback(agent.stop, "measured")
        await _into_service(agent)
        listener = bind("127.0.0.1:0")
        server = KioskServer(create_app(site_of(config), agent.session, TOKEN))
        serving = asyncio.create_task(server.run(listener))
        await server.started()
        gc.freeze()  # as the program does before it is ready
        commits, frames, looks, gates = await _listen(agent)
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        told = await _client(address, str(count), panel)
        server.stop()
        await serving
    found = _reckon(told, commits, frames, looks, gates)
    found.exchange_ms += max(line_settings(bus).silence_s for bus in config.bus) * 1000
    return found


async def _into_service(agent: Agent) -> None:
    from edge_agent.domain.carrier import Carrier, Consent
    from edge_agent.domain.changes import Change
    from edge_agent.domain.courier import Courier
    from edge_agent.domain.decision import Decision

    hashed = agent.hasher.lookup_hash("badge", "bench")
    given = (
        Change("carrier", "SF", Carrier("SF", "SF", consent=Consent.NOT_NEEDED)),
        Change("courier", "c1", Courier("c1", "SF", badge_hash=hashed)),
    )
    doors = tuple(door.number for door in agent.config.doors())
    await agent.ledger.transact(lambda state, at: Decision(given=given))
    await agent.ledger.transact(lambda state, at: service.accept(state, "technician:bench", doors, at))


Spans = list[tuple[float, float]]
Frames = list[tuple[float, bytes]]


async def _listen(agent: Agent) -> tuple[Spans, Frames, Spans, Spans]:
    """Commits as they are awaited on the loop, frames that are no looks at doors, looks from question to answer, and
    the time that the store's thread spends on handing a frame over: no part of a commit."""
    gates: Spans = []
    durable = Gate.durable

    def handed_over(gate: Gate) -> None:
        began = time.monotonic()
        durable(gate)
        gates.append((began, time.monotonic()))

    Gate.durable = handed_over  # type: ignore[method-assign]
    commits: Spans = []
    frames: Frames = []
    looks: Spans = []
    transact = agent.ledger.transact

    async def timed(decide: Any, **more: Any) -> Any:
        began = time.monotonic()
        try:
            return await transact(decide, **more)
        finally:
            commits.append((began, time.monotonic()))

    agent.ledger.transact = timed  # type: ignore[method-assign]
    polls: set[bytes] = set()
    for bus in agent.buses.values():
        bus.on_trace(_noted(frames, looks, polls))
    await asyncio.sleep(LEARN_S)
    polls.update(data for _, data in frames)
    return commits, frames, looks, gates


def _noted(frames: Frames, looks: Spans, polls: set[bytes]) -> Callable[[Any], None]:
    """`polls`: frames that nobody touched anything for; they are learned while the cabinet is left alone."""
    asked = [0.0]

    def note(entry: Any) -> None:
        if entry.direction is not Direction.SENT:
            if asked[0]:
                looks.append((asked[0], entry.at_s))
        elif entry.data in polls:
            asked[0] = entry.at_s
        else:
            asked[0] = 0.0
            frames.append((entry.at_s, entry.data))

    return note


async def _client(*arguments: str) -> list[dict[str, float]]:
    command = [sys.executable, "-m", "tests.bench.locker_touch", *arguments]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    said, _ = await process.communicate()
    found: list[dict[str, float]] = json.loads(said)
    return found


def _reckon(
    told: list[dict[str, float]], commits: Spans, frames: Frames, looks: Spans, gates: Spans
) -> Touches:
    found = Touches(exchange_ms=median([end - began for began, end in looks] or [0.0]) * 1000)
    for one in told:
        spans = [(began, end) for began, end in commits if one["touched"] <= began <= one["answered"]]
        if not spans:
            continue
        began, end = spans[0]
        left = next(at_s for at_s, _ in frames if at_s >= began)
        commit = end - began - sum(over - begun for begun, over in gates if began <= begun <= end)
        found.commit_ms.append(commit * 1000)
        found.before_ms.append((began - one["touched"]) * 1000)
        found.after_ms.append((left - end) * 1000)
        found.beyond_ms.append((left - one["touched"] - commit) * 1000)
        found.answer_ms.append((one["answered"] - one["touched"] - commit) * 1000)
    return found


# ---- the prototype -------------------------------------------------------------------------------------------------


def prototype(folder: Path, count: int) -> Touches:
    """The same way with nothing on it: socket, one commit in a thread, one write to a pty in another, answer."""
    folder.mkdir(parents=True)
    return asyncio.run(_prototype(folder, count))


async def _prototype(folder: Path, count: int) -> Touches:
    store = ThreadPoolExecutor(1)
    connection: apsw.Connection = store.submit(_database, folder / "bare.db").result()
    _, slave = os.openpty()
    wire: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    frames: Frames = []
    commits: Spans = []

    def write() -> None:
        while frame := wire.get():
            frames.append((time.monotonic(), frame))
            os.write(slave, frame)

    async def page(websocket: WebSocket) -> None:
        await websocket.accept()
        while True:
            text = await websocket.receive_text()
            if text == "end":
                return
            began = time.monotonic()
            await asyncio.get_running_loop().run_in_executor(store, _commit, connection)
            commits.append((began, time.monotonic()))
            wire.put(b"\x8a\x01\x01\x11\x9b")
            await websocket.send_text(text)

    writer = threading.Thread(target=write)
    writer.start()
    listener = bind("127.0.0.1:0")
    server = KioskServer(Starlette(routes=[WebSocketRoute("/bare", page)]))
    serving = asyncio.create_task(server.run(listener))
    await server.started()
    told = await _client(f"127.0.0.1:{listener.getsockname()[1]}", str(count), "")
    server.stop()
    await serving
    wire.put(b"")
    writer.join()
    store.submit(connection.close).result()
    store.shutdown()
    return _reckon(told, commits, frames, [], [])


def _database(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    for pragma in WRITER_PRAGMAS:
        connection.execute(pragma).fetchall()
    connection.execute("CREATE TABLE journal(position INTEGER PRIMARY KEY, data BLOB)")
    return connection


def _commit(connection: apsw.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for _ in range(2):
        connection.execute("INSERT INTO journal(data) VALUES (?)", (bytes(600),))
    connection.execute("COMMIT")


# ---- the client, a process of its own ------------------------------------------------------------------------------


class Page:
    """A browser's page in front of the agent: the newest view, and touches."""

    def __init__(self, address: str) -> None:
        socket = connect(f"ws://{address}/ws?token={TOKEN}", origin=f"http://{address}")  # type: ignore[arg-type]
        self._socket = ExitStack().enter_context(socket)
        self.view: dict[str, Any] = {}

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + WAIT_S
        while not (self.view and wanted(self.view)):
            message = json.loads(self._socket.recv(max(0.0, deadline - time.monotonic())))
            if "screen" in message:
                self.view = message
        return self.view

    def sees(self, *screens: str) -> dict[str, Any]:
        return self.until(lambda view: view["screen"] in screens)

    def touch(self, action: str, **args: Any) -> None:
        self._socket.send(json.dumps({"rev": self.view["rev"], "action": action, "args": args}))


def deposits(address: str, count: int, panel: str) -> list[dict[str, float]]:
    """Each touch on the phone's screen reserves a compartment and opens its door."""
    page = Page(address)
    hands = httpx.Client(base_url=panel)
    page.sees("home")
    hands.post("/scanners/front", json={"text": "LKB:bench"}).raise_for_status()
    found = []
    for number in range(count):
        page.sees("courier-scan", "full")
        time.sleep(REST_S)
        hands.post("/scanners/front", json={"text": f"SF{number:013d}"}).raise_for_status()
        if page.sees("choose-size", "recipient-phone")["screen"] == "choose-size":
            page.touch("size", id="S" if number % 2 else "M")
            page.sees("recipient-phone")
        time.sleep(REST_S)
        page.touch("touch")  # as the page does while digits are typed: the hint
        time.sleep(TYPING_S)
        touched = time.monotonic()
        page.touch("phone", digits=PHONE)
        page.sees("door-open-put")
        found.append({"touched": touched, "answered": time.monotonic()})
        door = page.until(lambda view: view["screen"] == "door-open-put" and not view["vm"]["opening"])["vm"][
            "door"
        ]
        time.sleep(REST_S)
        hands.post(f"/doors/{door}", json={"inside": "parcel"}).raise_for_status()
        hands.post(f"/doors/{door}", json={"hand": "close"}).raise_for_status()
    page.sees("courier-scan", "full")
    return found


def bare(address: str, count: int) -> list[dict[str, float]]:
    found = []
    with connect(f"ws://{address}/bare", origin=f"http://{address}") as socket:  # type: ignore[arg-type]
        for number in range(count):
            time.sleep(0.02)
            touched = time.monotonic()
            socket.send(json.dumps({"rev": number, "action": "phone", "args": {"digits": PHONE}}))
            socket.recv(WAIT_S)
            found.append({"touched": touched, "answered": time.monotonic()})
        socket.send("end")
    return found


if __name__ == "__main__":
    to, many, beside = sys.argv[1:]
    print(json.dumps(deposits(to, int(many), beside) if beside else bare(to, int(many))))
