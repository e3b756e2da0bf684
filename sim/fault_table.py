"""The table of named faults: what each is called, which catalogue rows it plays, what it takes, how it begins and ends.

`begin` functions act on a `SimCabinet` and return the undo. Doors are named by their printed number, boards, buses and
scanners by their names in the configuration, ports by bus or scanner name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sim.faults import Fault, FaultKind, Undo, UnknownFault
from sim.firmware.base import Spec
from sim.wire_faults import WHERE

if TYPE_CHECKING:
    from sim.cabinet import SimCabinet
    from sim.ports import PortHub
    from sim.virtual_ports import VirtualPorts

    Hub = PortHub | VirtualPorts


def _nothing() -> None:
    """The undo of what is over as soon as it happened."""


# Wire


def _on_wire(site: SimCabinet, fault: Fault) -> Undo:
    if fault.params.get("board"):
        site.boards[fault["board"]]
    if fault.params.get("bus"):
        site.lines[fault["bus"]]
    site.wire_faults.active.append(fault)
    return lambda: site.wire_faults.active.remove(fault)


def _unplug_on_frame(site: SimCabinet, fault: Fault) -> Undo:
    hub = _hub(site)
    fault.memory["unplug"] = lambda bus: hub.later(lambda: hub.unplug(bus))
    undo = _on_wire(site, fault)

    def plug_again() -> None:
        undo()
        for bus in site.lines:
            hub.replug(bus)

    return plug_again


def _foreign_writer(site: SimCabinet, fault: Fault) -> Undo:
    line, text = site.lines[fault["bus"]], fault["text"].encode()
    ended = False

    def write(at_s: float) -> None:
        if ended:
            return
        fault.uses += 1
        if fault["towards"] in ("boards", "both"):
            line.write(text, at_s)
        if fault["towards"] in ("master", "both"):
            line.talk(at_s, text, "", "a foreign writer")
        line.at(at_s + fault["every_s"], write)

    def stop() -> None:
        nonlocal ended
        ended = True

    with site.world.lock:
        line.at(site.world.now(), write)
    line.on_wake()
    return stop


# Boards and supplies


def _duplicate_address(site: SimCabinet, fault: Fault) -> Undo:
    board = site.boards[fault["board"]]
    line = next(line for line in site.lines.values() if board in line.boards)
    if fault["other"]:
        other = site.boards[fault["other"]]
        before = other.address
        other.address, other.late_s = board.address, 1.5 * line.char_s

        def own_address_again() -> None:
            other.address, other.late_s = before, 0.0

        return own_address_again
    spec: Spec = replace(board.spec, name=f"{board.name}-twin", address=board.address)
    twin = type(board)(spec, site.world)
    twin.late_s = 1.5 * line.char_s
    line.boards.append(twin)
    return lambda: line.boards.remove(twin)


def _reset(site: SimCabinet, fault: Fault) -> Undo:
    board = site.boards[fault["board"]]
    with site.world.lock:
        at_s = site.world.advance()
        site.world.power_cut(board.name, at_s, fault["for_s"])
    return _nothing


def _coil_stuck(site: SimCabinet, fault: Fault) -> Undo:
    coil = site.world.coils[(fault["board"], fault["channel"])]
    coil.stuck_on = True

    def free() -> None:
        coil.stuck_on = False
        if not coil.board_on:
            site.world.cut((coil.board, coil.channel), site.world.advance())

    return free


def _brown_out(site: SimCabinet, fault: Fault) -> Undo:
    supply = site.world.supplies[fault["supply"]]
    before = (supply.coils_at_once, supply.reset_s)
    supply.coils_at_once, supply.reset_s = fault["coils"], fault["for_s"]

    def strong_again() -> None:
        supply.coils_at_once, supply.reset_s = before

    return strong_again


# Ports


def _hub(site: SimCabinet) -> Hub:
    if site.hub is None:
        raise UnknownFault("this cabinet has no ports: nothing to unplug")
    return site.hub


def _port_action(
    do: Callable[[Hub, Fault], None], undo: Callable[[Hub, Fault], None] | None = None
) -> Callable[[SimCabinet, Fault], Undo]:
    def begin(site: SimCabinet, fault: Fault) -> Undo:
        hub = _hub(site)
        do(hub, fault)
        return _nothing if undo is None else lambda: undo(hub, fault)

    return begin


# Doors


def _door_setting(name: str, value: Callable[[Fault], Any]) -> Callable[[SimCabinet, Fault], Undo]:
    """A fault that is one attribute of a door, put back at the end."""

    def begin(site: SimCabinet, fault: Fault) -> Undo:
        door = site.world.doors[fault["door"]]
        before = getattr(door, name)
        setattr(door, name, value(fault))
        return lambda: setattr(door, name, before)

    return begin


def _forced(site: SimCabinet, fault: Fault) -> Undo:
    site.world.doors[fault["door"]]
    site.force(fault["door"])
    return _nothing


def _burst(site: SimCabinet, fault: Fault) -> Undo:
    chosen = fault["doors"] or list(site.world.doors)
    for number in chosen:
        site.world.doors[number]
    for number in chosen:
        site.force(number)
    return _nothing


def _permuted_map(site: SimCabinet, fault: Fault) -> Undo:
    """Each named door's lock cable goes to the next one's place, the last one's to the first."""
    doors, harness = fault["doors"], site.world.harness
    for number in doors:
        site.world.doors[number]
    turned = dict(zip(doors, doors[1:] + doors[:1], strict=True))
    coils, contacts = dict(harness.coils), dict(harness.contacts)
    harness.coils = {place: turned.get(number, number) for place, number in coils.items()}
    if fault["contacts"]:
        harness.contacts = {
            place: replace(wire, door=turned.get(wire.door, wire.door)) for place, wire in contacts.items()
        }

    def put_right() -> None:
        harness.coils, harness.contacts = coils, contacts

    return put_right


def _row(name: str, rows: str, about: str, says: str, begin: Any, **params: Any) -> FaultKind:
    return FaultKind(name, tuple(rows.split()), about, says, params, begin)


def _wire(name: str, rows: str, says: str, begin: Any = _on_wire, **params: Any) -> FaultKind:
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
        _foreign_writer,
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
        _port_action(
            lambda hub, fault: hub.unplug(fault["port"]), lambda hub, fault: hub.replug(fault["port"])
        ),
        port=None,
    ),
    _wire("unplug-on-frame", "F-018", "the device goes between a request and its answer", _unplug_on_frame),
    _row(
        "rename",
        "F-019",
        "port",
        "the device goes and comes back under another name, once",
        _port_action(lambda hub, fault: hub.rename(fault["port"])),
        port=None,
    ),
    _row(
        "swap",
        "F-020 F-021",
        "port",
        "two devices change places",
        _port_action(
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
        _port_action(
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
        _port_action(
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
        _port_action(
            lambda hub, fault: hub.chmod(fault["port"], 0), lambda hub, fault: hub.chmod(fault["port"], 0o620)
        ),
        port=None,
    ),
    _row(
        "write-block",
        "F-027",
        "port",
        "nobody takes the bytes: writes block",
        _port_action(
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
        _duplicate_address,
        board=None,
        other="",
    ),
    _row("reset", "F-043", "board", "the board loses its power for a moment", _reset, board=None, for_s=1.0),
    _row(
        "coil-stuck",
        "F-039",
        "board",
        "a coil that was switched on stays on, whatever the board believes",
        _coil_stuck,
        board=None,
        channel=1,
    ),
    _row(
        "brown-out",
        "F-043",
        "supply",
        "more than `coils` at once and every board of the supply restarts",
        _brown_out,
        supply="psu-1",
        coils=1,
        for_s=1.0,
    ),
    _row(
        "permuted-map",
        "F-029",
        "door",
        "lock cables of these doors are one place on (`contacts`: sensor cables too)",
        _permuted_map,
        doors=[],
        contacts=False,
    ),
    _row(
        "jam",
        "F-030",
        "door",
        "the coil pulls, the latch does not move",
        _door_setting("jammed", lambda fault: True),
        door=None,
    ),
    _row(
        "opens-on-nth",
        "F-031",
        "door",
        "the latch moves with the n-th pulse only",
        _door_setting("pulses_needed", lambda fault: fault["n"]),
        door=None,
        n=3,
    ),
    _row(
        "stuck-sensor",
        "F-032 F-033",
        "door",
        "the sensor always `reads` open or closed",
        _door_setting("stuck", lambda fault: fault["reads"]),
        door=None,
        reads="closed",
    ),
    _row(
        "chatter",
        "F-034",
        "door",
        "the contact flutters",
        _door_setting("chatter_hz", lambda fault: fault["hz"]),
        door=None,
        hz=50.0,
    ),
    _row(
        "delayed-sensor",
        "F-032",
        "door",
        "the sensor follows the door only after `by_s`",
        _door_setting("delay_s", lambda fault: fault["by_s"]),
        door=None,
        by_s=1.0,
    ),
    _row(
        "slam",
        "F-035",
        "door",
        "whenever the door opens a hand shuts it after `after_s`",
        _door_setting("slams_after_s", lambda fault: fault["after_s"]),
        door=None,
        after_s=0.3,
    ),
    _row(
        "ajar",
        "F-036",
        "door",
        "the latch does not catch: the door cannot be shut",
        _door_setting("catches", lambda fault: False),
        door=None,
    ),
    _row("forced", "F-037", "door", "a crowbar, once", _forced, door=None),
    _row("burst", "F-038", "door", "many doors forced at once (none named: all)", _burst, doors=[]),
)
TABLE: dict[str, FaultKind] = {row.name: row for row in ROWS}
