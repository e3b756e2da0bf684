"""The operations without an agent: in the process of `lockerctl`, on ports that it opens itself.

A handler is a function of its arguments and a `Bench`; it returns the operation's result, or yields a stream's items.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

HANDLERS: dict[str, str] = {
    "bus.scan": "edge_agent.cli.direct.scan:scan",
    "bus.watch": "edge_agent.cli.direct.frames:watch",
    "board.info": "edge_agent.cli.direct.boards:info",
    "doors": "edge_agent.cli.direct.boards:doors",
    "unlock": "edge_agent.cli.direct.unlocking:unlock",
    "scanner.watch": "edge_agent.cli.direct.scanning:watch",
    "scanner.trigger": "edge_agent.cli.direct.scanning:trigger",
    "config.check": "edge_agent.cli.direct.plain:config_check",
    "explain": "edge_agent.cli.direct.plain:explain",
    "version": "edge_agent.cli.direct.plain:version",
}
"""Operation key → function, by name: only the module of the verb that was typed is imported."""


def handler(key: str) -> Callable[[Any, Any], Any]:
    """The function of an operation; KeyError for one that needs an agent."""
    module, _, name = HANDLERS[key].partition(":")
    found: Callable[[Any, Any], Any] = getattr(import_module(module), name)
    return found
