"""The named troubles of wire, port, board and door: one table, and the register of those at work.

A row says what the fault is called, which rows of the fault catalogue it plays, what it takes and how it begins; the
beginning hands back how it ends. The same names work over the control API (`POST /faults`) and in process
(`cabinet.faults.add("jam", door="7")`).
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Undo = Callable[[], None]
CHOICES: Mapping[str, tuple[str, ...]] = {
    "of": ("any", "unlock", "read", "other"),
    "where": ("before", "after"),
    "how": ("function", "length"),
    "towards": ("boards", "master", "both"),
    "reads": ("open", "closed"),
}
BOUNDS: Mapping[str, tuple[float, float]] = {  # inclusive; every number not named here is 0 or more
    "share": (0.0, 1.0),
    "code": (1, 255),
    "bytes": (0, 4_096),
    "bits": (0, 64),
    "chunk": (1, 4_096),
    "every_s": (0.01, 1e9),  # a writer without a pause would never let time pass
    "period_s": (0.01, 1e9),
    "n": (1, 1_000),
}
AT_LEAST_0 = (0.0, 1e9)
ACTIVE_MAX = 1_000  # faults at one time; more is a script that forgot to clear


class UnknownFault(ValueError):
    """No such fault, parameter or target. The message names what exists."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One row. `params` are name → default; None means it must be given. `begin(site, fault)` returns
    the undo, or None for what is over at once."""

    name: str
    rows: tuple[str, ...]
    about: str  # wire | port | board | door | supply
    says: str
    params: Mapping[str, Any]
    begin: Callable[[Any, Fault], Undo | None]


@dataclass(slots=True)
class Fault:
    """One fault at work. `uses` counts how often a wire fault has struck."""

    id: str
    kind: FaultKind
    params: dict[str, Any]
    uses: int = 0
    seen: int = 0
    memory: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.kind.name

    def __getitem__(self, key: str) -> Any:
        return self.params[key]

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, **self.params, "uses": self.uses}


class Faults:
    """The register. `site` is the cabinet that the rows act upon; calls come from any thread."""

    def __init__(self, site: Any, table: Mapping[str, FaultKind]) -> None:
        self._site = site
        self.table = table
        self._active: dict[str, tuple[Fault, Undo]] = {}
        self._ids = itertools.count(1)
        self._lock = threading.RLock()
        self.listeners: list[Callable[[Fault], None]] = []  # called when a fault begins or ends

    def add(self, name: str, **params: Any) -> Fault:
        """Begin one fault. Raises UnknownFault for a name, parameter or target that does not exist."""
        kind = self.table.get(name.replace(" ", "-").replace("_", "-"))
        if kind is None:
            raise UnknownFault(f"no fault {name!r}; there are: {', '.join(sorted(self.table))}")
        with self._lock:
            if len(self._active) >= ACTIVE_MAX:
                raise UnknownFault(f"{ACTIVE_MAX} faults are at work already")
            fault = Fault(f"f{next(self._ids)}", kind, self._complete(kind, params))
            try:
                undo = kind.begin(self._site, fault)
            except KeyError as missing:
                raise UnknownFault(f"fault {name!r}: there is no {missing.args[0]!r} here") from None
            if undo is not None:
                self._active[fault.id] = (fault, undo)
            self._tell(fault)
            return fault

    def clear(self, which: str | Fault | None = None) -> int:
        """End one fault by id, all of one name, or every fault (None). Returns how many ended."""
        wanted = which.id if isinstance(which, Fault) else which
        with self._lock:
            chosen = [key for key, (fault, _) in self._active.items() if wanted in (None, key, fault.name)]
            for key in reversed(chosen):
                fault, undo = self._active.pop(key)
                undo()
                self._tell(fault)
            return len(chosen)

    def active(self, name: str | None = None) -> list[Fault]:
        """Faults at work, oldest first."""
        with self._lock:
            return [fault for fault, _ in self._active.values() if name in (None, fault.name)]

    def _tell(self, fault: Fault) -> None:
        for listener in self.listeners:
            listener(fault)

    def _complete(self, kind: FaultKind, given: Mapping[str, Any]) -> dict[str, Any]:
        unknown = set(given) - set(kind.params)
        if unknown:
            raise UnknownFault(f"fault {kind.name!r} takes {sorted(kind.params)}, not {sorted(unknown)}")
        complete = {**kind.params, **given}
        missing = [key for key, value in complete.items() if value is None]
        if missing:
            raise UnknownFault(f"fault {kind.name!r} needs {missing}")
        for key, default in kind.params.items():
            what = f"fault {kind.name!r}: {key}"
            complete[key] = _as_kind_of(default, complete[key], what)
            _check_value(key, complete[key], what)
        return complete


def _as_kind_of(default: Any, value: Any, what: str) -> Any:
    """Clients send numbers for texts and integers for fractions: give the row the type of its default."""
    wanted = str if default is None else type(default)
    if wanted is list and isinstance(value, list | tuple):
        return [str(one) for one in value]
    whole_number = isinstance(value, int) and not isinstance(value, bool)
    if whole_number and wanted in (str, float):
        return wanted(value)
    if type(value) is not wanted:
        raise UnknownFault(f"{what} is {value!r}, expected {wanted.__name__}")
    return value


def _check_value(key: str, value: Any, what: str) -> None:
    if key in CHOICES and value not in CHOICES[key]:
        raise UnknownFault(f"{what} is {value!r}, expected one of {', '.join(CHOICES[key])}")
    if isinstance(value, int | float) and not isinstance(value, bool):
        least, most = BOUNDS.get(key, AT_LEAST_0)
        if not least <= value <= most:
            raise UnknownFault(f"{what} is {value!r}, expected {least:g} to {most:g}")
