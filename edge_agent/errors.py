"""The error tree of the agent. What each code means to a person stands in `edge_agent.error_table`.

Codes are stable for ever: BUS-1xx (raised by `drivers`), DOOR-2xx, FLOW-3xx, STORE-4xx, CLOUD-5xx, CONF-6xx
and CTRL-7xx for the technician's tool and its socket. An error names the thing, the place, what was expected
and the fact: `where` is the place ("door A07", "locker.toml: board[1].address"), `detail` the rest.
"""

from __future__ import annotations


class AgentError(Exception):
    """A failure with a stable code. Prints as one line: `where: detail`."""

    def __init__(self, code: str, where: str, detail: str) -> None:
        super().__init__(f"{where}: {detail}" if where else detail)
        self.code = code
        self.where = where
        self.detail = detail


class DoorError(AgentError):
    """DOOR-2xx: a door, its lock or its sensor."""


class FlowError(AgentError):
    """FLOW-3xx: what a person asked for is not possible now."""


class StoreError(AgentError):
    """STORE-4xx: the ledger, its disk or its backup. Nothing was accepted."""


class CloudError(AgentError):
    """CLOUD-5xx: the bridge's connection, messages or documents."""


class ConfigError(AgentError):
    """CONF-6xx: `locker.toml` cannot be used as it stands."""


class ControlError(AgentError):
    """CTRL-7xx: the technician's tool, its socket, or a confirmation that was not given."""
