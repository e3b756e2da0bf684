"""The rows of the bridge's socket: events up, acknowledgements, commands, documents and snapshots."""

from __future__ import annotations

from edge_agent.control import cloud_types as cloud
from edge_agent.control import types as t
from edge_agent.control.operation import Needs, Operation, Role, Tier

READ = Tier.READ


def _bridge(
    name: str, summary: str, tier: Tier, arguments: type[t.Arguments], result: type, asked: str
) -> Operation:
    """A row of the bridge's socket; `asked` is what stands behind the socket on curl's command line."""
    example = f"curl --unix-socket bridge.sock {asked}"
    return Operation(name, summary, Role.BRIDGE, tier, Needs.AGENT, arguments, result, example)


BRIDGE_ROWS: tuple[Operation, ...] = (
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
        cloud.AckedArguments,
        t.AcksResult,
        'curl --unix-socket bridge.sock -d \'{"epoch": "...", "next": 42}\' http://agent/acks',
    ),
    _bridge(
        "hello",
        "Say how far the journal is: what the bridge tells the cloud at every connect.",
        READ,
        t.Nothing,
        cloud.HelloResult,
        "http://agent/hello",
    ),
    _bridge(
        "session",
        "Begin a connection: draw its session and return what presence says.",
        Tier.REVERSIBLE,
        t.Nothing,
        cloud.SessionResult,
        "-d '{}' http://agent/session",
    ),
    _bridge(
        "commands",
        "Take one command into the inbox, durably, and answer it.",
        Tier.CONFIRM,
        cloud.CommandsArguments,
        cloud.CommandsResult,
        '-d \'{"payload": "..."}\' http://agent/commands',
    ),
    _bridge(
        "replies",
        "Hand out later replies and forget those that the broker has; waits until there is one.",
        READ,
        cloud.RepliesArguments,
        cloud.RepliesResult,
        "'http://agent/replies?after=0&wait=30'",
    ),
    _bridge(
        "documents",
        "Apply one signed document whole, or refuse it with a reason.",
        Tier.REVERSIBLE,
        cloud.DocumentsArguments,
        cloud.DocumentsResult,
        '-d \'{"document": "couriers", "payload": "..."}\' http://agent/documents',
    ),
    _bridge(
        "expected",
        "Apply one signed step of pre-advice.",
        Tier.REVERSIBLE,
        cloud.ExpectedArguments,
        cloud.ExpectedResult,
        '-d \'{"payload": "..."}\' http://agent/expected',
    ),
    _bridge(
        "alarms",
        "Open a fault for what the bridge alone notices.",
        Tier.REVERSIBLE,
        cloud.AlarmsArguments,
        cloud.AlarmsResult,
        '-d \'{"code": "CLOUD-553", "where": "locker", "detail": "..."}\' http://agent/alarms',
    ),
    _bridge(
        "state",
        "Show the compact snapshot that the cloud keeps.",
        READ,
        t.Nothing,
        cloud.StateResult,
        "http://agent/state",
    ),
    _bridge(
        "telemetry",
        "Show the locker's health figures.",
        READ,
        t.Nothing,
        cloud.TelemetryResult,
        "http://agent/telemetry",
    ),
)
