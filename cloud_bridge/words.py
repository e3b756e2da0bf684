"""What the bridge's core hears and what it asks for: plain frozen values, no sockets, no threads.

The core (`cloud_bridge.core`) is handed one `Heard` at a time and answers with a list of `Wish`es. Whoever turns the
crank (threads over paho in the shipped program, a virtual line in tests) carries them out and reports back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

# ---- the agent's side -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Greeting:
    """The agent's word at the start of a connection. `session` is drawn for it; sequence numbers as in `up/hello`."""

    session: str
    version: str
    boot: str
    epoch: str
    clockquality: str
    first: int
    last: int
    next: int


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer that the broker does not have yet. `n` is its number with the agent; 0 for a direct answer."""

    n: int
    topic: str
    payload: bytes
    correlation: bytes = b""


@dataclass(frozen=True, slots=True)
class AgentUp:
    greeting: Greeting


@dataclass(frozen=True, slots=True)
class AgentGone:
    detail: str


@dataclass(frozen=True, slots=True)
class Rival:
    """The agent has another bridge already, and it lives."""

    detail: str


@dataclass(frozen=True, slots=True)
class Handed:
    """The poll's answer: CloudEvents JSON from sequence number `first` on, without a gap; may be empty."""

    epoch: str
    first: int
    events: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class RepliesHanded:
    replies: tuple[Reply, ...]


@dataclass(frozen=True, slots=True)
class Snapshots:
    """What `st/state` and `up/telemetry` say, as JSON."""

    state: bytes
    telemetry: bytes


@dataclass(frozen=True, slots=True)
class Decided:
    """The agent has taken a command or document over, durably (`refusal` empty), or refused to look at it."""

    handle: int
    reply: Reply | None = None
    resend_from: int | None = None  # the cloud asks for the journal again from this number
    renew: bool = False  # the session is too old where no clock can be believed
    refusal: str = ""
    passing: bool = False  # the refusal is the agent's trouble, not the message's: worth another try


# ---- the line's side ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Connected:
    """CONNACK. `receive_max` is the broker's bound of unacknowledged publishes."""

    session_present: bool
    receive_max: int


@dataclass(frozen=True, slots=True)
class Refused:
    """No connection came about. `reason` is a sentence for a person; `certificate`: TLS did not trust the other end."""

    reason: str
    certificate: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection is gone. `taken_over`: the broker said that another client has this name; `dead`: silence."""

    reason: str
    taken_over: bool = False
    dead: bool = False


@dataclass(frozen=True, slots=True)
class Subscribed:
    refused: tuple[str, ...] = ()  # topics that the broker does not grant


@dataclass(frozen=True, slots=True)
class Published:
    """PUBACK. `code` from 0x80 on is a refusal."""

    token: int
    code: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message of the cloud. `handle` names it for its PUBACK; 0 where none is owed (QoS 0)."""

    handle: int
    topic: str
    payload: bytes
    retained: bool = False
    response_topic: str = ""
    correlation: bytes = b""


@dataclass(frozen=True, slots=True)
class Overflowed:
    """A message was dropped, unconfirmed, because too many are in hand: the broker has it until the next line."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Nothing happened; time passed."""


Heard: TypeAlias = (
    AgentUp
    | AgentGone
    | Rival
    | Handed
    | RepliesHanded
    | Snapshots
    | Decided
    | Connected
    | Refused
    | Lost
    | Subscribed
    | Published
    | Arrived
    | Overflowed
    | Tick
)

# ---- wishes ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Greet:
    """Ask the agent who it is; it draws a new session. Answered by AgentUp or AgentGone."""


@dataclass(frozen=True, slots=True)
class FetchEvents:
    """Long poll behind `after`, in place of one that is under way; answered by Handed or AgentGone."""

    after: int


@dataclass(frozen=True, slots=True)
class FetchReplies:
    """Long poll for answers; the broker has all up to `after`. One at a time; answered by RepliesHanded."""

    after: int


@dataclass(frozen=True, slots=True)
class HandAcks:
    """The cloud's word, as it is: the agent judges it."""

    epoch: str
    next: int
    rejected: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Hand:
    """A command, document or pre-advice as it came; answered by Decided. `kind` is the agent's operation."""

    kind: str  # commands | documents | expected
    message: Arrived
    document: str = ""


@dataclass(frozen=True, slots=True)
class FetchSnapshots:
    """State and telemetry; answered by Snapshots."""


@dataclass(frozen=True, slots=True)
class Dial:
    """Connect to `url` with this will (retained, QoS 1, delay `WILL_DELAY_S`)."""

    url: str
    will: bytes


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the connection. `politely` sends DISCONNECT, so that no will is published."""

    politely: bool = True


@dataclass(frozen=True, slots=True)
class Subscribe:
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Publish:
    """`token` comes back in Published; 0 where nobody waits for it (QoS 0)."""

    token: int
    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    content_type: str = "application/json"
    correlation: bytes = b""


@dataclass(frozen=True, slots=True)
class Confirm:
    """PUBACK for a message that was taken over, or set aside for good."""

    handle: int


@dataclass(frozen=True, slots=True)
class LetGo:
    """No PUBACK, and no room kept for it: the broker brings the message again on the next line."""

    handle: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something for a person, with its stable code."""

    code: str
    where: str
    detail: str


Wish: TypeAlias = (
    Greet
    | FetchSnapshots
    | FetchEvents
    | FetchReplies
    | HandAcks
    | Hand
    | Dial
    | HangUp
    | Subscribe
    | Publish
    | Confirm
    | LetGo
    | Alarm
)
