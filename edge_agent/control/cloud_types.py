"""What goes over the bridge's socket: presence, commands and their replies, documents, pre-advice, snapshots.

Payloads are the exact bytes that came by MQTT (base64 in JSON), so that a signature is checked over what was signed and
bad UTF-8 arrives here too. Field names are part of the contract: add, never rename.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from edge_agent.control.types import AcksArguments, Arguments, Result, option

StatusWord = Literal[
    "accepted",
    "executing",
    "pulse_sent",
    "opened",
    "done",
    "failed",
    "unknown",
    "rejected",
    "expired",
]
DocumentName = Literal["carriers", "couriers", "staff", "policy", "notices", "update"]

PayloadOption = Annotated[bytes, option("The message's exact bytes, base64.")]


class HelloResult(Result, frozen=True):
    """Sequence numbers of the journal: oldest kept, newest, next that the cloud wants. `session`: "" before one."""

    epoch: str
    first: int
    last: int
    next: int
    session: str = ""


class SessionResult(Result, frozen=True):
    """The content of `st/presence`. `session`: 128 random bits as hex, good until the next one is drawn."""

    online: bool
    agent: Literal["up", "down"]
    version: str
    boot: str
    session: str
    epoch: str
    clockquality: Literal["synced", "floor", "unset"]


class ReplyBody(msgspec.Struct, frozen=True, kw_only=True):
    """What is published: `id` is the command's `jti`, "" where none could be read."""

    id: str
    status: StatusWord
    code: str = ""
    result: dict[str, Any] = {}


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One reply on its way up. `topic` is whole; `n` numbers stored ones from 1 on, 0 for a direct answer."""

    n: int
    topic: str
    body: ReplyBody
    correlation: bytes = b""


class CommandsArguments(Arguments, frozen=True):
    payload: PayloadOption
    correlation: Annotated[bytes, option("The message's correlation data, base64.")] = b""
    response_topic: Annotated[str, option("The message's response topic.")] = ""
    retained: Annotated[bool, option("The broker had kept it: then it is refused.")] = False


class CommandsResult(Result, frozen=True):
    """The direct answer, to be published; acknowledge the command to the broker after this, whatever it says.

    `resend_from`: publish the journal again from this sequence number. `renew_session`: no clock can be believed, and
    the session has become too old for commands of such a span; begin a new connection.
    """

    reply: Reply
    resend_from: int | None = None
    renew_session: bool = False


class RepliesArguments(Arguments, frozen=True):
    after: Annotated[
        int,
        msgspec.Meta(description="The broker has every reply up to this number; they are forgotten.", ge=0),
    ] = 0
    wait: Annotated[
        float, msgspec.Meta(description="Seconds to wait for a reply, 60 at most.", ge=0, le=60)
    ] = 0.0


class RepliesResult(Result, frozen=True):
    """Later replies of accepted commands, by rising `n`; numbers go on after a restart of the agent."""

    replies: tuple[Reply, ...]


class DocumentsArguments(Arguments, frozen=True):
    document: Annotated[str, option("Which one: the last level of its topic.")]
    payload: PayloadOption


class DocumentsResult(Result, frozen=True):
    """`version` is the one in force now; a refused or older one changes nothing. `reason` as it stands in state.

    `applying`: it is sound, and its secrets are being hashed; how it ended stands in state.
    """

    outcome: Literal["applied", "applying", "same", "refused"]
    version: int
    reason: str = ""


class ExpectedArguments(Arguments, frozen=True):
    payload: PayloadOption


class ExpectedResult(Result, frozen=True):
    """`n` is the last one applied. `refused`: entries that were left out, each with its reason."""

    outcome: Literal["applied", "same", "refused"]
    n: int
    reason: str = ""
    refused: tuple[tuple[str, str], ...] = ()


class RejectedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event that the cloud will never take."""

    sequence: int
    reason: str = ""


class AckedArguments(AcksArguments, frozen=True, kw_only=True):
    """An acknowledgement with the events that were refused for good: they count as taken over."""

    rejected: Annotated[
        tuple[RejectedEvent, ...],
        msgspec.Meta(description="Events refused for good; each opens a fault.", max_length=1000),
    ] = ()


AlarmCode = Literal["CLOUD-552", "CLOUD-553", "CLOUD-554", "CLOUD-555", "CLOUD-556", "CLOUD-565"]
"""What the bridge alone notices and a person has to see to."""


class DocumentShown(msgspec.Struct, frozen=True, kw_only=True):
    """One document as it stands. `body` as JSON where it is kept (`policy`, `notices`, `update`), else null."""

    name: str
    version: int
    refused: int = 0
    reason: str = ""
    body: Any = None


class CloudShowResult(Result, frozen=True):
    """`waiting`: events that the back office has not acknowledged; `connected`: the bridge has begun a session."""

    connected: bool
    waiting: int
    expected_n: int
    documents: tuple[DocumentShown, ...]


class AlarmsArguments(Arguments, frozen=True):
    code: Annotated[AlarmCode, option("Which one, as in the table of errors.")]
    where: Annotated[str, option("The broker, topic or file.", metavar="TEXT")]
    detail: Annotated[str, option("What was found.", metavar="TEXT")] = ""


class AlarmsResult(Result, frozen=True):
    """`fault`: the open one; the same trouble again adds nothing to it."""

    fault: str


class DocumentStanding(msgspec.Struct, frozen=True, kw_only=True):
    """`version` in force, 0 for none; the newest refused one with its reason, if it came later."""

    version: int
    refused: int = 0
    reason: str = ""


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """One open fault."""

    code: str
    place: str
    severity: str


class StateResult(Result, frozen=True):
    """The content of `st/state`. `compartments`: size → condition or contents → how many."""

    version: str
    config: str
    epoch: str
    next: int
    watermark: int
    documents: dict[str, DocumentStanding]
    expected_n: int
    deposits: bool
    alarms: tuple[Alarm, ...]
    compartments: dict[str, dict[str, int]]


class TelemetryResult(Result, frozen=True):
    """Health figures by name; the first thing dropped on a bad line."""

    figures: dict[str, float]
