"""What the agent tells `locker-update`: whether anybody would notice, what is wanted, and how the last try ended.

`locker-update` is a program of its own (`updater`), because it replaces this one. While it has a new version on trial,
a file in the run-time folder says so, and this agent serves nobody.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from drivers.lock_board import DoorState
from edge_agent.control import install_types as i
from edge_agent.control import types as t
from edge_agent.control.server import Caller, Handler
from edge_agent.version import VERSION

if TYPE_CHECKING:
    from edge_agent.agent import Agent

RESULT = Path("/var/lib/locker-update/result.json")


def handlers(agent: Agent) -> dict[str, Handler]:
    """The one question."""

    async def state(asked: t.Nothing, caller: Caller) -> i.UpdateStateResult:
        desired = agent.cloud.documents.kept("update")
        obstacles = list(_obstacles(agent, desired))
        return i.UpdateStateResult(
            version=VERSION,
            idle=not obstacles,
            well=not agent.supervisor.failed.done(),
            trial=agent.seams.trial,
            why="; ".join(obstacles),
            desired=msgspec.to_builtins(desired) if desired else None,
            last=_last(),
        )

    return {"update.state": state}


def _obstacles(agent: Agent, desired: Any) -> Iterator[str]:
    """What an update would disturb now."""
    if agent.session.context.session:
        yield "somebody is at the screen"
    if agent.ledger.state.intent:
        yield "a door is being opened"
    if any(state is DoorState.OPEN for state in agent.cabinet.watch.states().values()):
        yield "a door is open"
    now_ms = agent.ledger.now().wall.timestamp() * 1000
    if desired and any(freeze.from_ms <= now_ms < freeze.until_ms for freeze in desired.freezes):
        yield "the back office has declared a freeze"


def _last() -> Any:
    try:
        return json.loads(RESULT.read_text())
    except (OSError, ValueError):
        return None
