"""Daily roll-ups per locker: how much, how full, how available, how successful, how fast. They survive purging.

They are counted from the journal in steps; the position reached and the running state (which doors are down, which
faults are open) are kept in the same transaction as the figures, so that no row counts twice. A day is a day of the
locker's time zone. Figures are whole numbers: counts, and sums of seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import apsw
import msgspec

from edge_agent.store import journal
from edge_agent.store.connection import open_reader
from edge_agent.store.errors import LedgerMissing, from_sqlite
from edge_agent.store.journal import Stored
from edge_agent.store.places import Settings
from edge_agent.store.sql import one, rows

UNSET = "unset"
# Between two rows of a running agent lie minutes; past a day the wall clock was set, and nothing is counted.
GAP_MAX_MS = 86_400_000
SPLIT_MS = 900_000  # figures are split at quarter hours: every zone's hours and days begin at one


class Tally(msgspec.Struct):
    """The running state between two steps. `down` maps a door to the reasons that keep it from service."""

    at_ms: int = 0
    installed: int = 0
    down: dict[str, list[str]] = {}
    holding: dict[str, int] = {}  # door with something in it → Unix ms since when
    sizes: dict[str, str] = {}  # door → its size
    faults: dict[str, int] = {}  # open fault → Unix ms of its report
    figures: dict[str, int] = {}  # "day|name|part" → what this step adds
    held: dict[str, list[str]] | None = None  # during a drill: `down` as it was before
    practised: list[str] = []  # a drill's intents and faults: what follows from them is practice too


class Day(msgspec.Struct, frozen=True):
    """Figures of one local day by name, then by part ("" is the whole)."""

    day: str
    figures: dict[str, dict[str, int]]


def roll_up(connection: apsw.Connection, timezone: str, limit: int) -> int:
    """Count up to `limit` rows that are not counted yet, inside the caller's transaction. Returns how many."""
    tally, position = _counted_so_far(connection)
    zone, count = ZoneInfo(timezone), 0
    for stored in journal.walk(connection, position):
        count_row(tally, stored, zone)
        position, count = stored.position, count + 1
        if count == limit:
            break
    _write(connection, tally, position)
    return count


def _counted_so_far(connection: apsw.Connection) -> tuple[Tally, int]:
    """The running state and the position it has reached."""
    found = one(connection, "SELECT position, state FROM tally")
    if found is None:
        return Tally(), journal.purged(connection).position
    return msgspec.json.decode(found[1], type=Tally), found[0]


def up_to_now(connection: apsw.Connection, timezone: str, first: str = "", last: str = "9999") -> list[Day]:
    """`days`, and what happened since the last roll-up, counted without writing. One short read transaction."""
    tally, position = _counted_so_far(connection)
    figures = {
        day.day: {name: dict(parts) for name, parts in day.figures.items()} for day in days(connection)
    }
    zone = ZoneInfo(timezone)
    for stored in journal.walk(connection, position):
        count_row(tally, stored, zone)
    for key, value in tally.figures.items():
        day, name, part = key.split("|", 2)
        parts = figures.setdefault(day, {}).setdefault(name, {})
        parts[part] = parts.get(part, 0) + value
    return [Day(day, figures[day]) for day in sorted(figures) if first <= day <= (last or "9999")]


def of_locker(settings: Settings, first: str = "", last: str = "") -> list[Day]:
    """`up_to_now` on a connection of its own; for callers off the loop. Raises StoreError."""
    if not settings.ledger.exists():
        raise LedgerMissing(settings.ledger, "no ledger found in this state directory")
    connection = open_reader(settings.ledger)
    try:
        return up_to_now(connection, settings.timezone, first, last or "9999")
    except apsw.Error as error:
        raise from_sqlite(settings.ledger, error) from error
    finally:
        connection.close()


def _write(connection: apsw.Connection, tally: Tally, position: int) -> None:
    for key, value in tally.figures.items():
        connection.execute(
            "INSERT INTO daily(day, name, part, value) VALUES (?,?,?,?)"
            " ON CONFLICT(day, name, part) DO UPDATE SET value = value + excluded.value",
            (*key.split("|", 2), value),
        )
    tally.figures = {}
    connection.execute(
        "INSERT OR REPLACE INTO tally(one, position, state) VALUES (1,?,?)",
        (position, msgspec.json.encode(tally).decode()),
    )


def days(connection: apsw.Connection, first: str = "", last: str = "9999") -> list[Day]:
    """Roll-ups from `first` to `last` (ISO dates, both included), oldest first."""
    by_day: dict[str, dict[str, dict[str, int]]] = {}
    found = rows(
        connection,
        "SELECT day, name, part, value FROM daily WHERE day BETWEEN ? AND ? ORDER BY day, name, part",
        (first, last),
    )
    for day, name, part, value in found:
        by_day.setdefault(day, {}).setdefault(name, {})[part] = value
    return [Day(day, figures) for day, figures in by_day.items()]


def count_row(tally: Tally, stored: Stored, zone: ZoneInfo) -> None:
    """Time up to this row first, then what it says."""
    row = stored.row
    if row.quality == UNSET:
        return
    data = msgspec.json.decode(row.data)
    _pass_time(tally, row.wall_ms, zone, running=row.type != "agent.started")
    moment = datetime.fromtimestamp(row.wall_ms / 1000, UTC).astimezone(zone)
    day = moment.date().isoformat()
    practice = _is_practice(tally, row.type, data)
    for name, part in () if practice else _COUNTED.get(row.type, _nothing)(data):
        _add(tally, day, name, part)
    if row.type in _BY_HOUR:
        _add(tally, day, _BY_HOUR[row.type], f"hour:{moment.hour:02d}")
    if row.type in _DWELT and data["compartment"] in tally.holding:
        _add(tally, day, "dwell")
        _add(tally, day, "dwell_seconds", value=(row.wall_ms - tally.holding[data["compartment"]]) // 1000)
    change = _STATE.get(row.type)
    if change is not None:
        change(tally, data)
    if not practice:
        _fault_times(tally, row.type, data, row.wall_ms, day)


PRACTISED_MAX = 2_000  # of one drill: every door of the largest cabinet, opened five times
PRACTISED_CAUSES = ("technician", "remote")


def _is_practice(tally: Tally, kind: str, data: dict[str, Any]) -> bool:
    """Service work during a drill, and what follows from it later. Parcels that come and go meanwhile are real."""
    if kind == "drill.started":
        tally.held = dict(tally.down)
    elif kind == "drill.ended":
        tally.held = None
    name = data.get("intent") or data.get("fault") or ""
    if name in tally.practised:
        return True
    opening = kind == "door.open_requested" and data.get("cause") in PRACTISED_CAUSES
    if tally.held is None or not (opening or kind == "fault.opened"):
        return False
    tally.practised = [*tally.practised, name][-PRACTISED_MAX:]
    return True


def _add(tally: Tally, day: str, name: str, part: str = "", value: int = 1) -> None:
    key = f"{day}|{name}|{part}"
    tally.figures[key] = tally.figures.get(key, 0) + value


def _pass_time(tally: Tally, wall_ms: int, zone: ZoneInfo, *, running: bool) -> None:
    """Door-seconds between two rows, by day, hour and size. While the agent was away no door was available."""
    start, tally.at_ms = tally.at_ms, wall_ms
    if not start or not 0 < wall_ms - start <= GAP_MAX_MS:
        return
    down = tally.down if tally.held is None else tally.held  # nothing that is practised costs availability
    installed, occupied = (
        Counter(tally.sizes.values()),
        Counter(tally.sizes.get(door) for door in tally.holding),
    )
    available = tally.installed - len(down) if running else 0
    while start < wall_ms:
        local = datetime.fromtimestamp(start / 1000, UTC).astimezone(zone)
        end = min(wall_ms, start + SPLIT_MS - start % SPLIT_MS)
        seconds = (end - start + 500) // 1000
        day, hour = local.date().isoformat(), f"hour:{local.hour:02d}"
        _add(tally, day, "door_seconds_available", value=seconds * available)
        for name, doors, by_size in (
            ("door_seconds_installed", tally.installed, installed),
            ("door_seconds_occupied", len(tally.holding), occupied),
        ):
            _add(tally, day, name, value=seconds * doors)
            _add(tally, day, name, hour, value=seconds * doors)
            for size, count in by_size.items():
                _add(tally, day, name, f"size:{size}", value=seconds * count)
        start = end


Counted = Callable[[dict[str, Any]], list[tuple[str, str]]]


def _nothing(data: dict[str, Any]) -> list[tuple[str, str]]:
    return []


def _plain(*names: str) -> Counted:
    return lambda data: [(name, "") for name in names]


def _with(name: str, *fields: str) -> Counted:
    """The whole, and one part for each field that says something."""
    return lambda data: (
        [(name, "")] + [(name, f"{field}:{data[field]}") for field in fields if data.get(field)]
    )


_COUNTED: dict[str, Counted] = {
    "deposit.reserved": _with("deposits_started", "carrier"),
    "parcel.deposited": _with("deposits", "carrier", "size"),
    "deposit.cancelled": _with("deposits_cancelled", "reason"),
    "deposit.interrupted": _with("deposits_interrupted", "reason"),
    "deposit.refused": _with("deposits_refused", "size", "carrier"),
    "code.claimed": _with("pickups_started", "by"),
    "parcel.collected": _with("pickups", "method"),
    "parcel.refused": _with("refused", "reason"),
    "parcel.recalled": _with("recalled", "reason"),
    "parcel.overdue": _plain("overdue"),
    "door.open_requested": _with("openings_started", "cause"),
    "door.opened": _plain("openings"),
    "door.not_opened": _plain("openings_failed"),
    "door.outcome_unknown": _plain("openings_unknown"),
    "door.forced": _plain("forced"),
    "code.failed": _plain("codes_failed"),
    "code.locked_out": _plain("lockouts"),
    "feedback.given": lambda data: [("feedback", ""), ("feedback", f"rating:{data['rating']}")],
    "fault.opened": _with("faults", "severity", "code"),
}
_DWELT = frozenset({"parcel.collected", "parcel.recalled"})
_BY_HOUR = {"parcel.deposited": "deposits", "parcel.collected": "pickups"}


def _down(reason: str) -> Callable[[Tally, dict[str, Any]], None]:
    def change(tally: Tally, data: dict[str, Any]) -> None:
        for door in data.get("doors") or (data["compartment"],):
            tally.down[door] = sorted({*tally.down.get(door, []), reason})

    return change


def _up(*reasons: str) -> Callable[[Tally, dict[str, Any]], None]:
    def change(tally: Tally, data: dict[str, Any]) -> None:
        for door in data.get("doors") or (data["compartment"],):
            left = [reason for reason in tally.down.pop(door, []) if reason not in reasons]
            if left:
                tally.down[door] = left

    return change


def _suspect(tally: Tally, data: dict[str, Any]) -> None:
    if data["condition"] == "faulty":
        _down("condition")(tally, data)


def _configured(tally: Tally, data: dict[str, Any]) -> None:
    doors = {door["number"] for door in data["doors"]}
    tally.installed = len(doors)
    tally.sizes = {door["number"]: door["size"] for door in data["doors"]}
    tally.down = {door: reasons for door, reasons in tally.down.items() if door in doors}


def _occupied(tally: Tally, data: dict[str, Any]) -> None:
    tally.holding.setdefault(data["compartment"], tally.at_ms)


def _vacated(tally: Tally, data: dict[str, Any]) -> None:
    tally.holding.pop(data["compartment"], None)


_STATE: dict[str, Callable[[Tally, dict[str, Any]], None]] = {
    "config.applied": _configured,
    "compartment.out_of_service": _down("condition"),
    "compartment.in_service": _up("condition", "coil"),
    "compartment.suspect": _suspect,
    "board.silent": _down("board"),
    "board.back": _up("board"),
    "coil.stuck": _down("coil"),
    "parcel.deposited": _occupied,
    "parcel.collected": _vacated,
    "parcel.recalled": _vacated,
    "compartment.verified_empty": _vacated,
}


def _fault_times(tally: Tally, kind: str, data: dict[str, Any], wall_ms: int, day: str) -> None:
    """Response time: report to acknowledgement, and report to resolution, as sum of seconds and count."""
    fault = data.get("fault", "")
    if kind == "fault.opened":
        tally.faults[fault] = wall_ms
    elif kind in ("fault.acknowledged", "fault.resolved") and fault in tally.faults:
        name = kind.replace(".", "s_")  # faults_acknowledged, faults_resolved
        _add(tally, day, name)
        _add(tally, day, f"{name}_seconds", value=max(0, wall_ms - tally.faults[fault]) // 1000)
        if kind == "fault.resolved":
            del tally.faults[fault]
