"""A support bundle as an archive: its members, a manifest with a digest of each, bounded, and nobody's data in it.

Whoever gathers hands over plain values; `plain` takes out what names a person or was typed by one, by the key's name,
and `event` lets only those facts of a journal row pass that are known to be nobody's.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

MEMBER_MAX = (
    2 << 20
)  # bytes; a thousand journal rows take half of it, and 24 members still travel by mobile network
MANIFEST = "manifest.json"
WITHHELD = "(withheld)"

PEOPLES = frozenset({"actor", "owner", "login", "reason", "note", "result", "body", "desired"})
"""Keys whose values name a person, or were typed by one or by the back office."""

FOREIGN = "CLOUD-"
"""Faults of these codes quote what came down the line."""
QUOTING = frozenset({"detail", "fact"})

KEPT = frozenset(
    {
        *(
            "stay",
            "parcel",
            "parcels",
            "split_stay",
            "session",
            "intent",
            "carrier",
            "kind",
            "method",
            "rating",
        ),
        *(
            "compartment",
            "condition",
            "contents",
            "basis",
            "stay_end",
            "what",
            "failures",
            "commanded",
            "moved",
        ),
        *("attempt", "pulse_ms", "open_ms", "powered_ms", "service_ms", "final", "found", "by", "alarm"),
        *("low_needed", "joined", "size", "retention_ends_at_ms", "hours_left", "lock_s", "until_powered_ms"),
        *("board", "doors", "bus", "scanner", "supply", "millivolts", "number", "rank", "height"),
        *("fault", "code", "place", "severity", "clock", "limit_s", "item", "cycles", "checklist"),
        *("model", "serial", "firmware", "replaces", "inspection", "report"),
        *(
            "version",
            "jump_ms",
            "offset_ms",
            "last_sequence",
            "last_hash",
            "state_digest",
            "digest",
            "documents",
        ),
        *("free_mib", "threshold_mib", "target", "size_bytes", "old_epoch", "cmd", "status"),
    }
)
"""Facts of an event that are nobody's, whatever its type. Random ids stand for stays, parcels and sessions."""

MACHINES_WORDS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(
        (
            *("compartment.suspect", "door.not_opened", "door.outcome_unknown", "deposit.cancelled"),
            *("deposit.interrupted", "code.rearmed", "code.spent", "session.ended", "login.failed"),
            *("agent.started", "agent.stopped"),
        ),
        frozenset({"reason"}),
    ),
    **dict.fromkeys(
        ("board.silent", "bus.lost", "scanner.lost", "coil.stuck", "storage.degraded"), frozenset({"fact"})
    ),
    "door.open_requested": frozenset({"cause"}),
    "fault.opened": frozenset({"detail"}),
}
"""Event type → facts that the program words itself there; elsewhere a person or the back office may have."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the bundle."""

    name: str
    content: bytes


def as_json(name: str, value: Any) -> Member:
    """A value as a member, taken out what is a person's; too large, it says so instead."""
    content = msgspec.json.format(msgspec.json.encode(plain(msgspec.to_builtins(value))), indent=1)
    if len(content) > MEMBER_MAX:
        content = msgspec.json.encode({"left_out": f"{len(content)} bytes; {MEMBER_MAX} at most"})
    return Member(name, content)


def tail(name: str, content: bytes) -> Member:
    """The newest whole lines of a log."""
    if len(content) > MEMBER_MAX:
        content = content[-MEMBER_MAX:].partition(b"\n")[2]
    return Member(name, content)


def plain(value: Any) -> Any:
    """The same value without what names a person or was typed by one."""
    if isinstance(value, dict):
        foreign = str(value.get("code", "")).startswith(FOREIGN)
        hidden = PEOPLES | QUOTING if foreign else PEOPLES
        return {k: WITHHELD if k in hidden and v else plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value


def event(cloud_event: Mapping[str, Any]) -> dict[str, Any]:
    """A CloudEvent with its envelope and, of its data, what is nobody's. The rest is named, never shown."""
    kind = str(cloud_event["type"]).removeprefix("locker.")
    data: Mapping[str, Any] = cloud_event.get("data") or {}
    kept = KEPT | MACHINES_WORDS.get(kind, frozenset())
    shown = {k: v for k, v in data.items() if k in kept}
    return {**cloud_event, "data": shown, "withheld": sorted(data.keys() - kept)}


def pack(root: str, members: Sequence[Member], missed: Sequence[str], made: datetime) -> bytes:
    """A .tar.gz of it all under the folder `root`, the manifest first. `missed`: what could not be had, and why."""
    manifest = {
        "bundle": root,
        "made": made.isoformat(),
        "members": [
            {"name": one.name, "bytes": len(one.content), "sha256": hashlib.sha256(one.content).hexdigest()}
            for one in members
        ],
        "missed": list(missed),
    }
    first = Member(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as squeezed,
        tarfile.open(fileobj=squeezed, mode="w") as archive,
    ):
        for one in (first, *members):
            entry = tarfile.TarInfo(f"{root}/{one.name}")
            entry.size, entry.mtime, entry.mode = len(one.content), int(made.timestamp()), 0o600
            archive.addfile(entry, io.BytesIO(one.content))
    return packed.getvalue()
