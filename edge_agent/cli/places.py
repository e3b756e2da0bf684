"""Where an operation runs: in the agent behind its socket, or here on the hardware itself."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from edge_agent.cli.direct.bench import config_path
from edge_agent.cli.options import Options
from edge_agent.control.operations import Needs, Operation
from edge_agent.control.state_lock import AGENT, Holder, held_error, holder_of
from edge_agent.errors import ControlError

SOCKET_NAME = "control.sock"


def agent_socket(row: Operation, arguments: Any, options: Options) -> Path | None:
    """The socket to ask, or None: run here. Raises ControlError where the agent is needed, or in the way."""
    own_port = str(getattr(arguments, "port", ""))
    if row.needs is Needs.NOTHING or own_port:
        return None
    if options.socket:
        return Path(options.socket)
    state_dir = _state_dir(options)
    holder = _holder(state_dir) if state_dir else None
    if state_dir is None or holder is None or holder.program != AGENT:
        if row.needs is Needs.AGENT:
            raise ControlError("CTRL-701", f"locker state in {state_dir}", "no agent is running")
        return None
    if options.direct:
        raise held_error(state_dir, holder)
    return Path(holder.socket) if holder.socket else state_dir / SOCKET_NAME


def _state_dir(options: Options) -> Path | None:
    """From the file without checking it all: None where it cannot be read, which the checked reading will tell."""
    try:
        with config_path(options.config).open("rb") as file:
            return Path(tomllib.load(file)["locker"]["state_dir"])
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError):
        return None


def _holder(state_dir: Path) -> Holder | None:
    try:
        return holder_of(state_dir)
    except OSError as error:
        raise ControlError("CTRL-702", f"locker state in {state_dir}", error.strerror or str(error)) from None
