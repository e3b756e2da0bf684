"""LockerState: everything the locker knows, in memory. The store keeps the same rows on disk.

Folded tables follow from the journal alone (`fold.py`). Given tables come from signed documents, imports and clock
checkpoints; they are written beside events but never derived from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import msgspec

from edge_agent.domain.carrier import Carrier
from edge_agent.domain.changes import Change
from edge_agent.domain.code import Code
from edge_agent.domain.compartment import Compartment
from edge_agent.domain.courier import Courier
from edge_agent.domain.duty import Duty
from edge_agent.domain.fault import Fault
from edge_agent.domain.intent import Intent
from edge_agent.domain.lockout import Lockout
from edge_agent.domain.policy import Expected, Imported, Policy, Switches
from edge_agent.domain.remote import Command, Document, Granted, StoredReply, Uplink
from edge_agent.domain.staff_member import Staff
from edge_agent.domain.stay import Parcel, Stay
from edge_agent.domain.timers import Timers
from edge_agent.domain.upkeep import Device, Drill, Inspection, Maintained

FOLDED: dict[str, type[msgspec.Struct]] = {
    "compartment": Compartment,
    "stay": Stay,
    "parcel": Parcel,
    "intent": Intent,
    "code": Code,
    "lockout": Lockout,
    "duty": Duty,
    "fault": Fault,
    "device": Device,
    "maintenance": Maintained,
    "inspection": Inspection,
    "drill": Drill,
}
GIVEN: dict[str, type[msgspec.Struct]] = {
    "courier": Courier,
    "carrier": Carrier,
    "expected": Expected,
    "policy": Policy,
    "switches": Switches,
    "timers": Timers,
    "imported": Imported,
    "staff": Staff,
    "command": Command,
    "reply": StoredReply,
    "document": Document,
    "uplink": Uplink,
    "granted_access": Granted,
}
TABLES = FOLDED | GIVEN
ONLY = "locker"  # the key of tables that have one row

V = TypeVar("V")


class Layer(MutableMapping[str, V]):
    """A dictionary over another one that it never changes: decisions look ahead in it."""

    def __init__(self, below: Mapping[str, V]) -> None:
        self._below = below
        self._own: dict[str, V] = {}
        self._gone: set[str] = set()

    def __getitem__(self, key: str) -> V:
        if key in self._own:
            return self._own[key]
        if key in self._gone:
            raise KeyError(key)
        return self._below[key]

    def __setitem__(self, key: str, value: V) -> None:
        self._own[key] = value
        self._gone.discard(key)

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self._own.pop(key, None)
        self._gone.add(key)

    def __contains__(self, key: object) -> bool:
        return key in self._own or (key not in self._gone and key in self._below)

    def __iter__(self) -> Iterator[str]:
        yield from (key for key in self._below if key not in self._gone and key not in self._own)
        yield from self._own

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(slots=True)
class LockerState:
    """Tables by key. `stay_by_code` and `stay_by_token` are indices over `code`, kept by `apply`.

    Read it freely; only `apply` changes it, and only after the commit that made the changes durable.
    """

    compartment: MutableMapping[str, Compartment] = field(default_factory=dict)
    stay: MutableMapping[str, Stay] = field(default_factory=dict)
    parcel: MutableMapping[str, Parcel] = field(default_factory=dict)
    intent: MutableMapping[str, Intent] = field(default_factory=dict)
    code: MutableMapping[str, Code] = field(default_factory=dict)
    lockout: MutableMapping[str, Lockout] = field(default_factory=dict)
    duty: MutableMapping[str, Duty] = field(default_factory=dict)
    fault: MutableMapping[str, Fault] = field(default_factory=dict)
    device: MutableMapping[str, Device] = field(default_factory=dict)
    maintenance: MutableMapping[str, Maintained] = field(default_factory=dict)
    inspection: MutableMapping[str, Inspection] = field(default_factory=dict)
    drill: MutableMapping[str, Drill] = field(default_factory=dict)
    courier: MutableMapping[str, Courier] = field(default_factory=dict)
    carrier: MutableMapping[str, Carrier] = field(default_factory=dict)
    expected: MutableMapping[str, Expected] = field(default_factory=dict)
    imported: MutableMapping[str, Imported] = field(default_factory=dict)
    staff: MutableMapping[str, Staff] = field(default_factory=dict)
    command: MutableMapping[str, Command] = field(default_factory=dict)
    reply: MutableMapping[str, StoredReply] = field(default_factory=dict)
    document: MutableMapping[str, Document] = field(default_factory=dict)
    uplink: MutableMapping[str, Uplink] = field(default_factory=dict)
    granted_access: MutableMapping[str, Granted] = field(default_factory=dict)
    policy: MutableMapping[str, Policy] = field(default_factory=dict)
    switches: MutableMapping[str, Switches] = field(default_factory=dict)
    timers: MutableMapping[str, Timers] = field(default_factory=dict)
    stay_by_code: MutableMapping[str, str] = field(default_factory=dict)
    stay_by_token: MutableMapping[str, str] = field(default_factory=dict)

    @property
    def rules(self) -> Policy:
        """The policy in force; the product's defaults until a document says otherwise."""
        return self.policy.get(ONLY) or Policy()

    @property
    def switched(self) -> Switches:
        return self.switches.get(ONLY) or Switches()

    @property
    def clocks(self) -> Timers:
        return self.timers.get(ONLY) or Timers()

    @property
    def granted(self) -> Granted:
        return self.granted_access.get(ONLY) or Granted()

    @property
    def uplinked(self) -> Uplink:
        return self.uplink.get(ONLY) or Uplink()

    def table(self, name: str) -> MutableMapping[str, Any]:
        """One table by its name in TABLES."""
        return cast("MutableMapping[str, Any]", getattr(self, name))

    def apply(self, changes: Iterable[Change]) -> None:
        """Make the rows so. Later changes of the same key win."""
        for change in changes:
            if change.table == "code":
                self._index(change)
            if change.row is None:
                self.table(change.table).pop(change.key, None)
            else:
                self.table(change.table)[change.key] = change.row

    def _index(self, change: Change) -> None:
        old = self.code.get(change.key)
        if old is not None:
            self.stay_by_code.pop(old.code_hash, None)
            for token_hash in old.tokens():
                self.stay_by_token.pop(token_hash, None)
        if isinstance(change.row, Code):
            self.stay_by_code[change.row.code_hash] = change.row.stay
            self.stay_by_token.update(dict.fromkeys(change.row.tokens(), change.row.stay))

    def ahead(self) -> LockerState:
        """A view to try changes on; this state does not see them."""
        return _Ahead(self)

    def folded(self) -> dict[str, dict[str, Any]]:
        """The folded tables as plain values, keys sorted: for digests and for comparing with the store."""
        return {
            name: {key: msgspec.to_builtins(row) for key, row in sorted(self.table(name).items())}
            for name in FOLDED
        }


class _Ahead(LockerState):
    """A view over another state: each table becomes a layer when it is first asked for. Most decisions need four."""

    __slots__ = ("_below",)

    def __init__(self, below: LockerState) -> None:
        self._below = below

    def __getattr__(self, name: str) -> Any:
        layer: Layer[Any] = Layer(getattr(self._below, name))
        setattr(self, name, layer)
        return layer
