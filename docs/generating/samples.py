"""A sample value for any type of the contract: the same one at every run, sound by its own schema.

What a field is called decides its value (`VALUES`); what is not named there gets the simplest value of its type.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import inspect

LOCKER = "HK-0001"
STAY = "01990000-0000-7000-8000-0000000000a1"
EPOCH = "e0" * 16
SESSION = "5e" * 16
HASH = "ab" * 32
ISSUER = "office-2026"
NOW_S = 1_781_000_000

VALUES: dict[str, Any] = {
    "actor": "op-3",
    "approval_key": "ERERERERERERERERERERERERERERERERERERERERERE",
    "approvals": [],
    "aud": LOCKER,
    "badge": "LKB:0042",
    "board": "A",
    "boot": "c0ffee00-0000-4000-8000-000000000001",
    "bootid": "c0ffee00-0000-4000-8000-000000000001",
    "bus": "main",
    "card": "LKB:T001",
    "carrier": "SF",
    "case": "C-2041",
    "chainhash": HASH,
    "clockquality": "synced",
    "cmd": "unlock",
    "command": "cmd-0001",
    "commanded": "7",
    "compartment": "12",
    "compartments": [],
    "config": HASH,
    "courier": "c-0042",
    "dataversion": 1,
    "datacontenttype": "application/json",
    "digest": HASH,
    "doors": ["1", "2"],
    "epoch": EPOCH,
    "exp": NOW_S + 30,
    "expected_n": 17,
    "fault": "fault-0001",
    "figures": {"events_waiting": 0.0, "certificate_days": 81.5},
    "first": 1,
    "from_ms": 1_797_811_200_000,
    "hours": 24,
    "iat": NOW_S,
    "intent": "01990000-0000-7000-8000-0000000000b2",
    "iss": ISSUER,
    "issuer": ISSUER,
    "jti": "cmd-0001",
    "last": 4711,
    "last_hash": HASH,
    "monotonicms": "86400000",
    "moved": "8",
    "n": 18,
    "next": 4712,
    "not_before_ms": 1_781_100_000_000,
    "old_epoch": "0e" * 16,
    "operator": "op-3",
    "parcel": "01990000-0000-7000-8000-0000000000c3",
    "parcels": ["01990000-0000-7000-8000-0000000000c3"],
    "phone": "85291234567",
    "pin": "246813",
    "reason": "code lost",
    "rejected": [],
    "reminders_h": [24, 4],
    "reopen_grace_s": 60,
    "retention_ends_at_ms": NOW_S * 1000 + 259_200_000,
    "retention_h": 72,
    "scanner": "front",
    "sequence": f"{4711:020d}",
    "session": SESSION,
    "sha256": HASH,
    "size": "S",
    "source": f"/lockers/{LOCKER}",
    "specversion": "1.0",
    "state_digest": HASH,
    "stay": STAY,
    "supply": "psu-1",
    "text": {"en": "Closed on 1 October.", "zh-Hant": "十月一日暫停服務。"},
    "time": "2026-06-09T10:13:20.000Z",
    "token": "70" * 16,
    "txnid": "01990000-0000-7000-8000-0000000000d4",
    "until_ms": 1_798_416_000_000,
    "url": "https://updates.example/locker-edge_1.2.0_arm64.deb",
    "version": "1.2.0",
    "waybill": "SF1234567890123",
    **dict.fromkeys(("code_hash", "token_hash", "phone_hash", "waybill_hash"), HASH),
}
OF_ONE_TYPE: dict[str, Any] = {
    "Acks.rejected": [{"sequence": 4709, "reason": "unknown type"}],
    "Alarm.code": "BUS-102",
    "Alarm.place": "board A",
    "Alarm.severity": "major",
    "CloudEvent.id": "01990000-0000-7000-8000-0000000000e5",
    "ConfigApplied.documents": [["couriers", 7]],
    "Correct.parcel": None,
    "Correct.waybill": None,
    "DocumentClaims.version": 7,
    "DocumentStanding.reason": "",
    "DocumentStanding.refused": 0,
    "DocumentStanding.version": 7,
    "ExpectedIn.code": "48151623",
    "Notice.id": "closed-1-october",
    "Notice.until_ms": 1_790_870_400_000,
    "PolicyIn.code_tries_per_day": 100,
    "RemoteIn.doors_percent": 20,
    "RemoteIn.per_day": 30,
    "RemoteIn.per_hour": 10,
    "RemoteIn.per_minute": 3,
    "ReplyBody.code": "",
    "ReplyBody.id": "cmd-0001",
    "ReplyBody.result": {},
    "ReplyBody.status": "opened",
    "StaffIn.roles": ["approver"],
    "StaffIn.valid_until_ms": 1_812_536_000_000,
    "StateResult.compartments": {"M": {"empty": 11, "suspect": 1}, "S": {"empty": 20, "stay": 4}},
    "StateResult.watermark": 4711,
    "Step.drop": ["SF1234567890124"],
    "Step.reconcile": None,
    "Unlock.compartments": [],
}
"""Where a name means something else in one type."""


def sample(kind: Any) -> Any:
    """JSON-ready; every field of an object is there, so that a reader sees what there is."""
    return _of(inspect.type_info(kind), "")


def _of(info: Any, name: str) -> Any:
    if isinstance(info, inspect.Metadata):
        return _of(info.type, name)
    if name in VALUES and _fits(VALUES[name], info):
        return VALUES[name]
    match info:
        case inspect.StructType() | inspect.TypedDictType():
            return {field.encode_name: _field(info.cls.__name__, field) for field in info.fields}
        case inspect.UnionType():
            return _of(next(one for one in info.types if not isinstance(one, inspect.NoneType)), name)
        case inspect.EnumType():
            return next(iter(info.cls)).value
        case inspect.LiteralType():
            return info.values[0]
        case inspect.VarTupleType():
            return [_of(info.item_type, name)]
        case inspect.TupleType():
            return [_of(one, name) for one in info.item_types]
        case inspect.DictType():
            return {_key(info.value_type): _of(info.value_type, name)}
    return _plain(info, name)


def _field(owner: str, field: Any) -> Any:
    own = f"{owner}.{field.encode_name}"
    return OF_ONE_TYPE[own] if own in OF_ONE_TYPE else _of(field.type, field.encode_name)


def _plain(info: Any, name: str) -> Any:
    match info:
        case inspect.BoolType():
            return name in ("online", "deposits", "enabled", "may_recall", "may_verify")
        case inspect.IntType():
            return max(info.ge or 0, 1)
        case inspect.FloatType():
            return 1.0
        case inspect.StrType():
            return name or "text"
    return {}


def _key(value: Any) -> str:
    """A size where counts stand, else a document's name."""
    return "S" if isinstance(value, inspect.IntType | inspect.DictType) else "couriers"


def _fits(value: Any, info: Any) -> bool:
    """Whether the named value has this very type: one name may stand for a list here and a count there."""
    if isinstance(info, inspect.Metadata):
        return _fits(value, info.type)
    if isinstance(info, inspect.StructType | inspect.TypedDictType | inspect.AnyType | inspect.RawType):
        return False
    if isinstance(info, inspect.VarTupleType):
        return isinstance(value, list) and all(_fits(one, info.item_type) for one in value)
    if isinstance(info, inspect.DictType):
        return isinstance(value, dict) and not isinstance(info.value_type, inspect.DictType)
    if isinstance(info, inspect.LiteralType):
        return value in info.values
    if isinstance(info, inspect.UnionType):
        return any(_fits(value, one) for one in info.types)
    plain: dict[type, type] = {inspect.StrType: str, inspect.IntType: int}
    return type(value) is plain.get(type(info))


def as_bytes(value: Any) -> bytes:
    """How JSON stands in the files: keys in the order of the type, two blanks deep."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
