"""The table of named faults: what each is called, which catalogue rows it plays, what it takes, how it begins.

Rows of the catalogue that are about programs, commands or the machine itself have no fault here.
"""

from __future__ import annotations

from typing import Any

from sim.fault_deeds import (
    brown_out,
    burst,
    coil_stuck,
    door_setting,
    duplicate_address,
    forced,
    foreign_writer,
    on_wire,
    permuted_map,
    port_action,
    reset,
    unplug_on_frame,
)
from sim.faults import FaultKind
from sim.wire_faults import WHERE


def _row(name: str, rows: str, about: str, says: str, begin: Any, **params: Any) -> FaultKind:
    return FaultKind(name, tuple(rows.split()), about, says, params, begin)


def _wire(name: str, rows: str, says: str, begin: Any = on_wire, **params: Any) -> FaultKind:
    return FaultKind(name, tuple(rows.split()), "wire", says, {**WHERE, **params}, begin)


ROWS: tuple[FaultKind, ...] = (
    _wire("swallow-reply", "F-001", "the board acts, its answer is lost"),
    _wire("swallow-request", "F-002", "the request never reaches the board"),
    _wire("late", "F-003 F-004", "answers come `by_s` later", by_s=1.0),
    _wire("shift", "F-005", "each answer is sent in place of the next one"),
    _wire("other-unit", "F-006", "the next board's address stands in the answer, check sum right"),
    _wire("wrong-function", "F-007", "wrong function or one byte too long, check sum right", how="function"),
    _wire("bit-flips", "F-008", "`bits` bits of the answer are turned over", bits=1),
    _wire("garbage", "F-009", "random bytes `before` or `after` an answer", bytes=8, where="after"),
    _wire("drip", "F-010", "the answer comes in pieces of `chunk` bytes with pauses", chunk=1, gap_s=0.02),
    _wire("truncate", "F-011", "the last `cut` bytes of the answer are missing", cut=1),
    _wire("echo", "F-012", "the adapter hands the master its own bytes back"),
    _wire("partial-echo", "F-013", "the same, `cut` bytes short", cut=1),
    _wire("silent", "F-014", "the board hears nothing and says nothing"),
    _wire("flap", "F-015", "the board is gone and back every `period_s`", period_s=2.0),
    _wire("exception", "F-016", "the board declines: busy, illegal (Modbus codes; WKLY says FF)", code=6),
    _row(
        "foreign-writer",
        "F-023",
        "wire",
        "somebody else writes on the line, to `boards`, `master` or `both`",
        foreign_writer,
        bus=None,
        text="AT\r",
        every_s=0.5,
        towards="boards",
    ),
    _row(
        "unplug",
        "F-017 F-025",
        "port",
        "the device is gone until the fault is cleared",
        port_action(
            lambda hub, fault: hub.unplug(fault["port"]), lambda hub, fault: hub.replug(fault["port"])
        ),
        port=None,
    ),
    _wire("unplug-on-frame", "F-018", "the device goes between a request and its answer", unplug_on_frame),
    _row(
        "rename",
        "F-019",
        "port",
        "the device goes and comes back under another name, once",
        port_action(lambda hub, fault: hub.rename(fault["port"])),
        port=None,
    ),
    _row(
        "swap",
        "F-020 F-021",
        "port",
        "two devices change places",
        port_action(
            lambda hub, fault: hub.swap(fault["port"], fault["other"]),
            lambda hub, fault: hub.swap(fault["port"], fault["other"]),
        ),
        port=None,
        other=None,
    ),
    _row(
        "held",
        "F-022",
        "port",
        "another program owns the port, locked and exclusive",
        port_action(
            lambda hub, fault: hub.hold(fault["port"], True),
            lambda hub, fault: hub.hold(fault["port"], False),
        ),
        port=None,
    ),
    _row(
        "second-reader",
        "F-022",
        "port",
        "another program reads along and takes part of the bytes",
        port_action(
            lambda hub, fault: hub.steal(fault["port"], True),
            lambda hub, fault: hub.steal(fault["port"], False),
        ),
        port=None,
    ),
    _row(
        "permission",
        "F-024",
        "port",
        "the system refuses everybody but root",
        port_action(
            lambda hub, fault: hub.chmod(fault["port"], 0), lambda hub, fault: hub.chmod(fault["port"], 0o620)
        ),
        port=None,
    ),
    _row(
        "write-block",
        "F-027",
        "port",
        "nobody takes the bytes: writes block",
        port_action(
            lambda hub, fault: hub.deafen(fault["port"], True),
            lambda hub, fault: hub.deafen(fault["port"], False),
        ),
        port=None,
    ),
    _row(
        "duplicate-address",
        "F-028",
        "board",
        "a second board, or `other`, has this board's address",
        duplicate_address,
        board=None,
        other="",
    ),
    _row("reset", "F-043", "board", "the board loses its power for a moment", reset, board=None, for_s=1.0),
    _row(
        "coil-stuck",
        "F-039",
        "board",
        "a coil that was switched on stays on, whatever the board believes; `shown`: and the board says so",
        coil_stuck,
        board=None,
        channel=1,
        shown=False,
    ),
    _row(
        "brown-out",
        "F-043",
        "supply",
        "more than `coils` at once and every board of the supply restarts",
        brown_out,
        supply="psu-1",
        coils=1,
        for_s=1.0,
    ),
    _row(
        "permuted-map",
        "F-029",
        "door",
        "lock cables of these doors are one place on (`contacts`: sensor cables too)",
        permuted_map,
        doors=[],
        contacts=False,
    ),
    _row(
        "jam",
        "F-030",
        "door",
        "the coil pulls, the latch does not move",
        door_setting("jammed", lambda fault: True),
        door=None,
    ),
    _row(
        "opens-on-nth",
        "F-031",
        "door",
        "the latch moves with the n-th pulse only",
        door_setting("pulses_needed", lambda fault: fault["n"]),
        door=None,
        n=3,
    ),
    _row(
        "stuck-sensor",
        "F-032 F-033",
        "door",
        "the sensor always `reads` open or closed",
        door_setting("stuck", lambda fault: fault["reads"]),
        door=None,
        reads="closed",
    ),
    _row(
        "chatter",
        "F-034",
        "door",
        "the contact flutters",
        door_setting("chatter_hz", lambda fault: fault["hz"]),
        door=None,
        hz=50.0,
    ),
    _row(
        "delayed-sensor",
        "F-032",
        "door",
        "the sensor follows the door only after `by_s`",
        door_setting("delay_s", lambda fault: fault["by_s"]),
        door=None,
        by_s=1.0,
    ),
    _row(
        "slam",
        "F-035",
        "door",
        "whenever the door opens a hand shuts it after `after_s`",
        door_setting("slams_after_s", lambda fault: fault["after_s"]),
        door=None,
        after_s=0.3,
    ),
    _row(
        "ajar",
        "F-036",
        "door",
        "the latch does not catch: the door cannot be shut",
        door_setting("catches", lambda fault: False),
        door=None,
    ),
    _row("forced", "F-037", "door", "a crowbar, once", forced, door=None),
    _row("burst", "F-038", "door", "many doors forced at once (none named: all)", burst, doors=[]),
)
TABLE: dict[str, FaultKind] = {row.name: row for row in ROWS}
