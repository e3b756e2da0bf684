"""Handlers whose module is loaded when the first of them is asked: most agents never run a technician's rarer verbs.

Memory is the agent's scarcest good, and a start should not wait for what a visit once a month needs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from edge_agent.control.operations import OPERATIONS
from edge_agent.control.server import Caller, Handler, StreamHandler

if TYPE_CHECKING:
    from edge_agent.agent import Agent

STREAMS = {row.key for row in OPERATIONS if row.stream}


class Later:
    """The handlers of one class: `home` is "module:Class", built with the agent; its `handlers()` has all `keys`."""

    def __init__(self, agent: Agent, home: str, keys: Iterable[str]) -> None:
        self._agent, self._home, self._keys = agent, home, tuple(keys)
        self._loaded: Mapping[str, Any] | None = None

    def handlers(self) -> dict[str, Handler | StreamHandler]:
        return {key: self._stream(key) if key in STREAMS else self._answer(key) for key in self._keys}

    def _of(self, key: str) -> Any:
        if self._loaded is None:
            module, _, name = self._home.partition(":")
            self._loaded = getattr(import_module(module), name)(self._agent).handlers()
        return self._loaded[key]

    def _answer(self, key: str) -> Handler:
        async def answer(arguments: Any, caller: Caller) -> Any:
            return await self._of(key)(arguments, caller)

        return answer

    def _stream(self, key: str) -> StreamHandler:
        async def items(arguments: Any, caller: Caller) -> AsyncIterator[Any]:
            async for item in self._of(key)(arguments, caller):
                yield item

        return items
