"""The agent's faces: the screen's page and the two sockets, served in the agent's own loop.

Loaded while the boards are asked who they are (`main`): a web server is worth 150 ms of imports that no door waits for.
"""

from __future__ import annotations

import time
from pathlib import Path

from edge_agent.agent import Agent
from edge_agent.bundles import Bundles
from edge_agent.control.operations import Role
from edge_agent.control.server import ControlServer, bind_socket
from edge_agent.control.server import create_app as control_app
from edge_agent.groups import BRIDGE, SCREEN, TECHNICIANS, hand_to
from edge_agent.health.page import PageWatch
from edge_agent.kiosk import access
from edge_agent.kiosk.server import KioskServer, bind, create_app
from edge_agent.kiosk.site import site_of
from edge_agent.kiosk.speech import Speech
from edge_agent.kiosk.still import StillDesk
from edge_agent.serving import Serving

BRIDGE_SOCKET = "bridge.sock"


def serve(agent: Agent, folder: Path, control_socket: str, config_file: Path) -> None:
    """Bind the page and both sockets, publish the page's address in `folder`, and serve under the supervisor.

    `config_file` is what tools are told that the agent starts itself.
    Raises OSError where a port or socket cannot be bound.
    """
    config, start = agent.config, agent.supervisor.start
    listener = bind(config.kiosk.listen)
    host, port = listener.getsockname()[:2]
    url = access.publish(folder, f"{host}:{port}", agent.seams.clock.now().boot_id)
    hand_to(folder / access.URL_FILE, SCREEN)
    speech = Speech(folder / "speech") if config.kiosk.speech else None
    served = StillDesk(config.locker.languages[0], "maintenance") if agent.seams.trial else agent.session
    desk = PageWatch(served, time.monotonic)
    agent.health.page_ago_s = lambda: desk.ago_s
    page = create_app(site_of(config), desk, access.token_of(url), speech)
    start("kiosk", KioskServer(page).run(listener))
    serving = Serving(agent)
    for role, handlers, name, group in (
        (Role.TECHNICIAN, serving.technician(), control_socket, TECHNICIANS),
        (Role.BRIDGE, serving.bridge(), BRIDGE_SOCKET, BRIDGE),
    ):
        start(name, ControlServer(control_app(role, handlers), bind_socket(folder / name)).serve())
        hand_to(folder / name, group)
    if agent.settings.state_dir == Path(config.locker.state_dir):  # the tool looks for the agent there
        agent.cloud.support_bundle = Bundles(config_file, agent.settings.state_dir).make
