"""Safe mode: after repeated crashes nothing is opened, and the locker says so, on the screen and to `lockerctl status`.

It needs a configuration and nothing else: no ledger, no port, no scanner, because one of them is what crashed. The
coils were told to be off by the service manager's own stop command. After a while it ends, and one ordinary start is
tried.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from edge_agent.clock import BOOT_ID_FILE
from edge_agent.config import Config
from edge_agent.control import health_types as h
from edge_agent.control import types as t
from edge_agent.control.operations import Role
from edge_agent.control.server import Caller, ControlServer, Handler, bind_socket
from edge_agent.control.server import create_app as control_app
from edge_agent.groups import SCREEN, TECHNICIANS, hand_to
from edge_agent.health.words import wrong
from edge_agent.kiosk import access
from edge_agent.kiosk.server import KioskServer, bind, create_app
from edge_agent.kiosk.site import site_of
from edge_agent.kiosk.still import StillDesk
from edge_agent.version import VERSION

SAFE_CODE = "HOST-711"


@asynccontextmanager
async def serving(config: Config, in_vain: int, folder: Path, control_socket: str) -> AsyncIterator[None]:
    """The page and the technician's socket while the block lasts. Raises OSError where one cannot be bound."""
    listener = bind(config.kiosk.listen)
    host, port = listener.getsockname()[:2]
    url = access.publish(folder, f"{host}:{port}", BOOT_ID_FILE.read_text().strip())
    hand_to(folder / access.URL_FILE, SCREEN)
    sign = StillDesk(config.locker.languages[0], "fault", SAFE_CODE)
    page = KioskServer(create_app(site_of(config), sign, access.token_of(url)))
    socket = bind_socket(folder / control_socket)
    hand_to(folder / control_socket, TECHNICIANS)
    control = ControlServer(control_app(Role.TECHNICIAN, {"status": status_of(config, in_vain)}), socket)
    tasks = [asyncio.create_task(work) for work in (page.run(listener), control.serve())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def status_of(config: Config, in_vain: int) -> Handler:
    """The one question that is answered: no door is offered, and the one finding is why."""
    begun_s, doors = time.monotonic(), len(config.doors())
    fact = f"{in_vain} starts in a row came to nothing; no door is opened"
    nothing = h.Standing(
        installed=doors, offered=0, occupied=0, unknown=doors, set_aside=0, unreachable=doors, doors={}
    )

    async def status(asked: t.Nothing, caller: Caller) -> h.StatusResult:
        return h.StatusResult(
            locker=config.locker.id,
            name=config.locker.name,
            version=VERSION,
            up_s=round(time.monotonic() - begun_s, 1),
            clock="unset",
            deposits="off",
            accepted=False,
            compartments=nothing,
            parcels=0,
            events_waiting=0,
            drill=False,
            tickets=0,
            findings=(wrong("agent", "safe mode", "bad", SAFE_CODE, fact),),
        )

    return status
