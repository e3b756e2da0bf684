"""How the named faults of boards, ports and doors begin, and how each ends.

Every function here acts on a `SimCabinet` for one fault and returns the undo, None where it
is over as soon as it happened. Doors are named by their printed number,
boards, buses and scanners by their names in the configuration, ports by bus or scanner name; a name that does not
exist is a KeyError, which the register turns into a sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sim.faults import Fault, Undo, UnknownFault
from sim.firmware.base import Spec

if TYPE_CHECKING:
    from sim.cabinet import SimCabinet
    from sim.ports import PortHub
    from sim.virtual_ports import VirtualPorts

    Hub = PortHub | VirtualPorts


# Wire


def on_wire(site: SimCabinet, fault: Fault) -> Undo:
    if fault.params.get("board"):
        site.boards[fault["board"]]
    if fault.params.get("bus"):
        site.lines[fault["bus"]]
    site.wire_faults.active.append(fault)
    return lambda: site.wire_faults.active.remove(fault)


def unplug_on_frame(site: SimCabinet, fault: Fault) -> Undo:
    hub = _hub(site)
    fault.memory["unplug"] = lambda bus: hub.later(lambda: hub.unplug(bus))
    undo = on_wire(site, fault)

    def plug_again() -> None:
        undo()
        for bus in site.lines:
            hub.replug(bus)

    return plug_again


def foreign_writer(site: SimCabinet, fault: Fault) -> Undo:
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


def duplicate_address(site: SimCabinet, fault: Fault) -> Undo:
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


def reset(site: SimCabinet, fault: Fault) -> None:
    board = site.boards[fault["board"]]
    with site.world.lock:
        at_s = site.world.advance()
        site.world.power_cut(board.name, at_s, fault["for_s"])


def coil_stuck(site: SimCabinet, fault: Fault) -> Undo:
    coil = site.world.coils[(fault["board"], fault["channel"])]
    coil.stuck_on, coil.shown = True, fault["shown"]

    def free() -> None:
        coil.stuck_on = False
        if fault["shown"]:
            coil.board_on = False
        if not coil.board_on:
            site.world.cut((coil.board, coil.channel), site.world.advance())

    return free


def brown_out(site: SimCabinet, fault: Fault) -> Undo:
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


def port_action(
    do: Callable[[Hub, Fault], None], undo: Callable[[Hub, Fault], None] | None = None
) -> Callable[[SimCabinet, Fault], Undo | None]:
    def begin(site: SimCabinet, fault: Fault) -> Undo | None:
        hub = _hub(site)
        do(hub, fault)
        return None if undo is None else lambda: undo(hub, fault)

    return begin


# Doors


def door_setting(name: str, value: Callable[[Fault], Any]) -> Callable[[SimCabinet, Fault], Undo]:
    """A fault that is one attribute of a door, put back at the end."""

    def begin(site: SimCabinet, fault: Fault) -> Undo:
        door = site.world.doors[fault["door"]]
        before = getattr(door, name)
        setattr(door, name, value(fault))
        return lambda: setattr(door, name, before)

    return begin


def forced(site: SimCabinet, fault: Fault) -> None:
    site.world.doors[fault["door"]]
    site.force(fault["door"])


def burst(site: SimCabinet, fault: Fault) -> None:
    chosen = fault["doors"] or list(site.world.doors)
    for number in chosen:
        site.world.doors[number]
    for number in chosen:
        site.force(number)


def permuted_map(site: SimCabinet, fault: Fault) -> Undo:
    """Each named door's lock cable goes to the next one's place, the last one's to the first."""
    doors, harness = fault["doors"], site.world.harness
    if len(doors) < 2:
        raise UnknownFault("permuted-map needs at least two doors to change places")
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
