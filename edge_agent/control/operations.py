"""The one table of operations: everything that `lockerctl`, the socket and the OpenAPI document offer.

To add one: its argument and result types in `edge_agent.control.types`, one row here, a handler in the agent
under the row's key, and, where it works without an agent, one in `edge_agent.cli.direct`. Commands, routes,
documentation and goldens follow by themselves.
"""

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
    AGENT = "agent"  # in the agent only


@dataclass(frozen=True, slots=True)
class Operation:
    """One row. `name` is as typed; `example` is a whole command line; a stream's `result` is one item of it."""

    name: str
    summary: str
    role: Role
    tier: Tier
    needs: Needs
    arguments: type[t.Arguments]
    result: type
    example: str
    stream: bool = False

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


TECHNICIAN, READ = Role.TECHNICIAN, Tier.READ
HARDWARE, NOTHING = Needs.HARDWARE, Needs.NOTHING

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "bus scan",
        "Ask every family and address of the buses who is there.",
        TECHNICIAN,
        READ,
        HARDWARE,
        t.BusScanArguments,
        t.BusScanResult,
        "lockerctl bus scan --port /dev/ttyUSB0",
    ),
    Operation(
        "bus watch",
        "Show the frames on the buses as they pass, decoded.",
        TECHNICIAN,
        READ,
        HARDWARE,
        t.BusWatchArguments,
        t.Frame,
        "lockerctl bus watch --bus main --seconds 10",
        stream=True,
    ),
    Operation(
        "board info",
        "Ask the configured boards who they are.",
        TECHNICIAN,
        READ,
        HARDWARE,
        t.BoardInfoArguments,
        t.BoardInfoResult,
        "lockerctl board info A",
    ),
    Operation(
        "doors",
        "Show every door as its sensor sees it.",
        TECHNICIAN,
        READ,
        HARDWARE,
        t.DoorsArguments,
        t.DoorsResult,
        "lockerctl doors --watch",
    ),
    Operation(
        "unlock",
        "Unlock one door by board and channel: one frame, and the sensor says what came of it.",
        TECHNICIAN,
        Tier.CONFIRM,
        HARDWARE,
        t.UnlockArguments,
        t.UnlockResult,
        "lockerctl unlock --board A --channel 7 --reason 'latch test'",
    ),
    Operation(
        "scanner watch",
        "Show codes as a scanner reads them.",
        TECHNICIAN,
        READ,
        HARDWARE,
        t.ScannerArguments,
        t.Scan,
        "lockerctl scanner watch front",
        stream=True,
    ),
    Operation(
        "scanner trigger",
        "Switch a scanner's light on and wait for one code.",
        TECHNICIAN,
        Tier.REVERSIBLE,
        HARDWARE,
        t.ScannerTriggerArguments,
        t.ScannerTriggerResult,
        "lockerctl scanner trigger front --seconds 10",
    ),
    Operation(
        "config check",
        "Check a locker.toml and list everything that is wrong with it.",
        TECHNICIAN,
        READ,
        NOTHING,
        t.ConfigCheckArguments,
        t.ConfigCheckResult,
        "lockerctl config check locker.toml",
    ),
    Operation(
        "explain",
        "Say what an error code means and what to do.",
        TECHNICIAN,
        READ,
        NOTHING,
        t.ExplainArguments,
        t.ExplainResult,
        "lockerctl explain BUS-110",
    ),
    Operation(
        "version",
        "Say which version this is.",
        TECHNICIAN,
        READ,
        NOTHING,
        t.Nothing,
        t.VersionResult,
        "lockerctl version",
    ),
    Operation(
        "events",
        "Hand out the journal behind a sequence number; waits until there is something.",
        Role.BRIDGE,
        READ,
        Needs.AGENT,
        t.EventsArguments,
        t.EventsResult,
        "curl --unix-socket bridge.sock 'http://agent/events?after=0&wait=30'",
    ),
    Operation(
        "acks",
        "Take the cloud's word for how far its application has committed.",
        Role.BRIDGE,
        Tier.REVERSIBLE,
        Needs.AGENT,
        t.AcksArguments,
        t.AcksResult,
        'curl --unix-socket bridge.sock -d \'{"epoch": "...", "next": 42}\' http://agent/acks',
    ),
)

BY_NAME: dict[str, Operation] = {row.name: row for row in OPERATIONS}


def served(role: Role) -> tuple[Operation, ...]:
    """The rows that the agent offers on the socket of `role`."""
    return tuple(row for row in OPERATIONS if row.role is role and row.needs is not Needs.NOTHING)
