"""One operation from within another: answered by the agent where one runs, else here.

For verbs that draw or write files in the caller's own process, with the caller's rights, from what only the ledger's
owner knows.
"""

from __future__ import annotations

from typing import Any

from edge_agent.cli.direct import handler
from edge_agent.cli.direct.bench import Bench
from edge_agent.control.types import Arguments


def asked_where_the_ledger_is(name: str, arguments: Arguments, bench: Bench) -> Any:
    """The result of the operation `name`. Raises what the operation raises, ControlError CTRL-701."""
    from edge_agent.cli.options import Options
    from edge_agent.cli.places import agent_socket
    from edge_agent.control.client import Client
    from edge_agent.control.operations import BY_NAME

    row = BY_NAME[name]
    socket = agent_socket(row, arguments, Options(config=bench.config_file))
    return Client(socket).ask(row, arguments) if socket else handler(row.key)(arguments, bench)
