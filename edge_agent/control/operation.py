"""What one row of the table of operations says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from edge_agent.control import types as t


class Role(Enum):
    """Who may ask: the socket a request came in by decides."""

    TECHNICIAN = "technician"  # control.sock
    BRIDGE = "bridge"  # bridge.sock


class Tier(IntEnum):
    """How much an operation can hurt. From CONFIRM on, `lockerctl` asks first."""

    READ = 0
    REVERSIBLE = 1
    CONFIRM = 2
    SITE_CODE = 3


class Needs(Enum):
    """What an operation works on, and so where it runs."""

    NOTHING = "nothing"  # always in the process of lockerctl
    HARDWARE = "hardware"  # in the agent while it holds the state lock, else in process
    LEDGER = "ledger"  # in the agent while it holds the state lock, else in process
    AGENT = "agent"  # in the agent only


@dataclass(frozen=True, slots=True)
class Operation:
    """One row. `name` is as typed; `example` is a whole command line; a stream's `result` is one item of it.

    `typed`: what a person types where the name is another's already.
    """

    name: str
    summary: str
    role: Role
    tier: Tier
    needs: Needs
    arguments: type[t.Arguments]
    result: type
    example: str
    stream: bool = False
    typed: str = ""

    @property
    def key(self) -> str:
        """The handler's key: `bus.scan`."""
        return self.name.replace(" ", ".")

    @property
    def path(self) -> str:
        """The route: `/bus/scan`."""
        return "/" + self.name.replace(" ", "/")

    @property
    def method(self) -> str:
        """Reads are GET with a query, everything else POST with a JSON body."""
        return "GET" if self.tier is Tier.READ else "POST"
