"""A journal row as a CloudEvents 1.0 event (contract section 4): the form that is hashed and the form that is sent."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import msgspec

from edge_agent.domain.events import PREFIX
from edge_agent.store.canonical import canonical_json

SEQUENCE_DIGITS = 20
# In `data` of a row whose personal data went to the vault: an HMAC under the stay's key, so that the chain commits
# to what was said without saying it.
COMMITMENT = "personal"


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row of the journal. `data` is canonical JSON; ids are the 16 bytes of a UUIDv7; times in milliseconds."""

    sequence: int
    epoch: str
    id: bytes
    type: str  # without prefix: "door.opened"
    version: int
    wall_ms: int  # Unix time, UTC
    quality: str
    boot_id: str
    monotonic_ms: int
    txn: bytes
    data: bytes


class CloudEvent(TypedDict):
    """One event as the outside sees it: CloudEvents 1.0, structured JSON, with the contract's extensions.

    `chainhash` is there in what goes up, not in what is hashed.
    """

    specversion: Literal["1.0"]
    id: str
    source: Annotated[str, msgspec.Meta(pattern=r"^/lockers/[A-Za-z0-9._-]{1,64}$")]
    type: Annotated[str, msgspec.Meta(pattern=r"^locker\.")]
    datacontenttype: Literal["application/json"]
    dataversion: Annotated[int, msgspec.Meta(ge=1)]
    time: Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
    sequence: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{20}$")]
    epoch: str
    clockquality: Literal["synced", "floor", "unset"]
    bootid: str
    monotonicms: Annotated[str, msgspec.Meta(pattern=r"^[0-9]+$")]
    txnid: str
    data: Any
    chainhash: NotRequired[Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]]


class Personal(TypedDict, total=False):
    """What stands in `data` beside the event's own fields where personal data belongs to it.

    `personal` commits to it (HMAC under the stay's key); `sealed` is the JWE to the cloud's key, null once it was
    erased or where no key is configured.
    """

    personal: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
    sealed: str | None
    erased: bool


def timestamp(wall_ms: int) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return f"{_second(wall_ms // 1000)}.{wall_ms % 1000:03d}Z"


@lru_cache(maxsize=16)  # the events of one moment, and of a backlog that is read in order
def _second(unix_s: int) -> str:
    return f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%dT%H:%M:%S}"


def uuid_text(raw: bytes) -> str:
    """The same as `str(UUID(bytes=raw))`, in a quarter of its time: every row is written and sent with two."""
    digits = raw.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def envelope(row: Row, source: str) -> CloudEvent:
    """The event as it is hashed: no `chainhash`, no sealed data. `source` is `/lockers/{locker id}`."""
    return {
        "specversion": "1.0",
        "id": uuid_text(row.id),
        "source": source,
        "type": PREFIX + row.type,
        "datacontenttype": "application/json",
        "dataversion": row.version,
        "time": timestamp(row.wall_ms),
        "sequence": f"{row.sequence:0{SEQUENCE_DIGITS}d}",
        "epoch": row.epoch,
        "clockquality": row.quality,  # type: ignore[typeddict-item] # a column of the database is any text
        "bootid": row.boot_id,
        "monotonicms": str(row.monotonic_ms),
        "txnid": uuid_text(row.txn),
        "data": msgspec.Raw(row.data),
    }


def row_bytes(row: Row, source: str) -> bytes:
    """Canonical bytes of a row: `data` is canonical already and is not parsed again."""
    return canonical_json(envelope(row, source))


def to_send(row: Row, source: str, chainhash: bytes, sealed: str | None, erased: bool) -> dict[str, Any]:
    """The event as it goes up. A row with a commitment also says what became of its personal data."""
    event: dict[str, Any] = {**envelope(row, source), "chainhash": chainhash.hex()}
    event["data"] = data = msgspec.json.decode(row.data)
    if COMMITMENT in data:
        data["sealed"] = sealed
        if sealed is None:
            data["erased"] = erased
    return event
