"""The table of messages: what crosses the broker, where, how, and by what rules that a schema cannot say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cloud_bridge import topics
from edge_agent.cloud.claims import COMMAND_MAX, DOCUMENT_MAX, EXPECTED_MAX

SIGNED, SEALED = "application/jose", "application/jose; sealed"
NAMES = topics.Topics("{locker}")


@dataclass(frozen=True, slots=True)
class Message:
    """One row. `schema`: of its content; what is signed travels as a JWS of that content, sealed ones inside a JWE."""

    name: str
    channel: str
    topic: str
    up: bool
    title: str
    summary: str
    schema: str
    content_type: str = topics.JSON
    qos: int = 1
    retain: bool = False
    rules: dict[str, Any] = field(default_factory=dict)
    samples: tuple[str, ...] = ()  # stems of the examples that the document shows; its own name without any

    @property
    def signed(self) -> bool:
        return self.content_type in (SIGNED, SEALED)


MESSAGES: tuple[Message, ...] = (
    Message(
        "presence",
        "presence",
        NAMES.presence,
        True,
        "Presence",
        "Who is there: at every connect once the subscriptions stand, when the agent comes or goes, and as the will.",
        "presence",
        retain=True,
        rules={
            "x-session": "A death whose session is not the newest is old news. Commands name this session."
        },
    ),
    Message(
        "hello",
        "hello",
        NAMES.hello,
        True,
        "Hello",
        "Sequence numbers of the journal, at every connect.",
        "hello",
        rules={"x-answer": "acks with the next sequence number that the back office wants."},
    ),
    Message(
        "event",
        "events",
        NAMES.events,
        True,
        "One event of the journal",
        "Live events, one by one, always in sequence order.",
        "event",
        topics.EVENT,
        rules={
            "x-ordering": "Gap-free and rising within an epoch; a repeat has the same sequence and the same content.",
            "x-durability": "Kept by the locker until acks moves past it, whatever the broker confirmed.",
        },
        samples=("event.door.opened", "event.parcel.deposited"),
    ),
    Message(
        "batch",
        "events",
        NAMES.events,
        True,
        "A backlog of events",
        "A zlib stream of a JSON array of events, in sequence order.",
        "batch",
        topics.BATCH,
        rules={"x-compression": "zlib", "x-wire-bytes-max": 65_536, "x-inflated-bytes-max": 1_048_576},
    ),
    Message(
        "reply",
        "replies",
        NAMES.replies + "{issuer}",
        True,
        "Reply to a command",
        "A direct answer or a later step; the same command again gets the same answer.",
        "reply",
        rules={"x-retention": "Until 30 days past the command's exp; then expired."},
    ),
    Message(
        "state",
        "state",
        NAMES.state,
        True,
        "Snapshot",
        "Versions, documents, alarms, compartments by size.",
        "state",
        retain=True,
    ),
    Message(
        "telemetry",
        "telemetry",
        NAMES.telemetry,
        True,
        "Health figures",
        "At a slow pace; the first thing dropped on a bad line.",
        "telemetry",
        qos=0,
    ),
    Message(
        "acks",
        "acks",
        NAMES.acks,
        False,
        "Acknowledgement",
        "The application has committed everything before next.",
        "acks",
        rules={
            "x-watermark": "Cumulative. A lower or repeated next, or a gap, asks for a resend; one beyond the last "
            "published + 1, or of another epoch, is ignored and alarmed.",
            "x-rejected": "Counts as taken over and opens a fault at the locker.",
        },
    ),
    Message(
        "command",
        "commands",
        NAMES.commands,
        False,
        "Command",
        "A compact JWS (EdDSA on Ed25519, a pinned key) over the exact bytes of its claims.",
        "command",
        SIGNED,
        rules={
            "x-acknowledge": "Confirmed to the broker only after the locker has committed it.",
            "x-retained": "A retained command is refused.",
            "x-session": "Refused unless session is what presence shows.",
            "x-bytes-max": COMMAND_MAX,
        },
        samples=("command.unlock",),
    ),
    Message(
        "document",
        "desired",
        NAMES.desired + "{document}",
        False,
        "Desired document",
        "A compact JWS; couriers and staff inside a JWE (ECDH-ES on X25519, A256GCM) to the locker's opening key.",
        "document",
        SIGNED,
        retain=True,
        rules={"x-version": "Applied whole, only when version rises.", "x-bytes-max": DOCUMENT_MAX},
        samples=("document.policy", "document.couriers"),
    ),
    Message(
        "expected",
        "expected",
        NAMES.expected,
        False,
        "One step of pre-advice",
        "A compact JWS inside a JWE to the locker's opening key.",
        "expected",
        SEALED,
        rules={"x-steps": "n rises by one; the applied n stands in state.", "x-bytes-max": EXPECTED_MAX},
    ),
)
