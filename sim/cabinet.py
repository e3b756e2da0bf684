"""`SimCabinet`: a whole pretend cabinet in one object: world, lines, scanners, faults, and on request ptys and HTTP.

Built from a configuration, it is pure: drive its lines with any clock (`cabinet.line("main").write/read/next_due_s`).
`open_ports(folder)` puts real ptys in front of it and runs it in real time; `serve(address)` adds the control API.
As a context manager it stops whatever it started.
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent.config import Board, Bus, Config, decode
from sim.door import Door, Senses
from sim.fault_table import TABLE
from sim.faults import Faults
from sim.firmware import FAMILIES, Firmware, Spec
from sim.links import PortTaken, link_of
from sim.ports import PortHub
from sim.scanners import SimScanner, scanner_of
from sim.toml_text import dumps
from sim.trace import Frame, Trace
from sim.virtual_ports import Scheduler, VirtualPorts
from sim.wire import Line, char_s
from sim.wire_faults import WireFaults
from sim.world import Contact, World

if TYPE_CHECKING:
    from sim.coils import Energising
    from sim.control import ControlServer


class SimCabinet:
    """One cabinet. Every method may be called from any thread; door numbers are as printed."""

    def __init__(
        self,
        config: Config,
        now: Callable[[], float] = time.monotonic,
        seed: int = 0,
        document: Mapping[str, Any] | None = None,
    ) -> None:
        self.config = config
        self.document = document
        self.world = World(now, seed)
        self._trace = Trace()
        self.wire_faults = WireFaults(self.world.random)
        self.lines: dict[str, Line] = {bus.name: self._line(bus) for bus in config.bus}
        self.boards: dict[str, Firmware] = {board.name: self._board(board) for board in config.board}
        self._wire_doors()
        self.scanners: dict[str, SimScanner] = {
            one.name: scanner_of(one, self.world) for one in config.scanner
        }
        self.faults = Faults(self, TABLE)
        self.hub: PortHub | VirtualPorts | None = None
        self._control: ControlServer | None = None
        self.config_path: Path | None = None

    @classmethod
    def of_file(cls, path: Path, seed: int = 0) -> SimCabinet:
        """From a `locker.toml`. Raises what reading and checking it raises."""
        with path.open("rb") as file:
            document = tomllib.load(file)
        return cls(decode(document), seed=seed, document=document)

    @classmethod
    def of_document(
        cls, document: Mapping[str, Any], now: Callable[[], float] = time.monotonic, seed: int = 0
    ) -> SimCabinet:
        """From a document as `sim.plans.document` makes it."""
        return cls(decode(dict(document)), now, seed, document)

    # Hands, codes, and what can be seen

    def hand(self, number: str, doing: str) -> bool:
        """`close`, `open` or `push` a door; True if it moved. KeyError: no such door."""
        return self._awake(self.world.hand(number, doing))

    def inside(self, number: str, what: str) -> bool:
        """Put a `parcel` in, or leave the compartment `empty`; False if the door is shut."""
        if what not in ("parcel", "empty"):
            raise ValueError(f"inside is parcel or empty, not {what!r}")
        return self._awake(self.world.put(number, what == "parcel"))

    def force(self, number: str) -> bool:
        """A crowbar; True if the door was not open already."""
        return self._awake(self.world.force(number))

    def scan(self, name: str, code: str | bytes) -> bool:
        """Show a code (text) to a scanner, or have it send raw bytes; True if sent. KeyError: no such scanner."""
        raw = isinstance(code, bytes)
        data = code if isinstance(code, bytes) else code.encode()
        return self.scanners[name].show(data, self.world.now(), raw)

    def doors(self) -> list[dict[str, Any]]:
        """Every door as `GET /doors` shows it, in the order of the configuration."""
        with self.world.lock:
            at_s = self.world.advance()
            return [self._door_json(number, at_s) for number in self.world.doors]

    def door_json(self, number: str) -> dict[str, Any]:
        """One door as `GET /doors` shows it. KeyError: no such door."""
        with self.world.lock:
            return self._door_json(number, self.world.advance())

    def trace(self, after: int = 0, bus: str | None = None) -> list[Frame]:
        """Every frame on the wires, oldest first; `after` is a frame's number."""
        return self._trace.frames(after, bus)

    @property
    def trace_log(self) -> Trace:
        return self._trace

    def coils(self, board: str | None = None, channel: int | None = None) -> list[Energising]:
        """Every energising with start, length and the board's own record."""
        return self.world.energisings(board, channel)

    def line(self, bus: str) -> Line:
        """The wire of one bus, for a virtual clock."""
        return self.lines[bus]

    # Real time

    def open_ports(self, folder: Path | None = None) -> dict[str, Path]:
        """Open one pty per bus and scanner and link it: under `folder` by name, or (None) at the configured path.

        With a folder a rewritten `folder/locker.toml` is left there (`config_path`). Returns name → link.
        """
        twice = {bus.name for bus in self.config.bus} & set(self.scanners)
        if twice:
            raise PortTaken(
                f"bus and scanner are both called {', '.join(sorted(twice))}: their links would collide"
            )
        links = {
            **{bus.name: link_of(bus.name, bus.port, folder) for bus in self.config.bus},
            **{one.name: link_of(one.name, one.port, folder) for one in self.config.scanner},
        }
        hub = PortHub(self.world, self.lines, self.scanners, links)
        hub.start()
        self.hub = hub
        if folder is not None and self.document is not None:
            self.config_path = folder / "locker.toml"
            self.config_path.write_text(dumps(self._document_at(links)), encoding="utf-8")
        return links

    def open_virtual(self, scheduler: Scheduler) -> VirtualPorts:
        """Put every bus and scanner behind a virtual port of an event loop whose clock is this cabinet's `now`."""
        ports = VirtualPorts(self.world, {**self.lines, **self.scanners}, scheduler)
        self.hub = ports
        return ports

    @property
    def ports(self) -> dict[str, Path]:
        """Name of bus or scanner → its link. Empty before `open_ports`."""
        return {} if self.hub is None else self.hub.links

    def serve(self, address: str = "127.0.0.1:0") -> str:
        """Start the control API and panel; returns its address, `http://127.0.0.1:PORT`."""
        from sim.control import ControlServer

        self._control = ControlServer(self, address)
        return self._control.start()

    @property
    def control_url(self) -> str:
        """Empty before `serve`."""
        return "" if self._control is None else self._control.url

    def stop(self) -> None:
        """Stop the API, close the ptys, remove the links. May be called twice."""
        if self._control is not None:
            self._control.stop()
            self._control = None
        if self.hub is not None:
            self.faults.clear()
            self.hub.stop()
            self.hub = None

    def __enter__(self) -> SimCabinet:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    # Inside

    def _awake(self, result: bool) -> bool:
        if self.hub is not None:
            self.hub.wake()
        return result

    def _line(self, bus: Bus) -> Line:
        line = Line(bus.name, self.world, self._trace, char_s(bus.baudrate, bus.parity, bus.stopbits))
        line.faults = self.wire_faults
        return line

    def _board(self, board: Board) -> Firmware:
        line = self.lines[board.bus]
        supply = next(bus.supply for bus in self.config.bus if bus.name == board.bus)
        spec = Spec(
            name=board.name,
            address=board.address,
            channels=board.channels,
            supply=supply,
            char_s=line.char_s,
            options=board.options,
        )
        family = FAMILIES.get(board.driver)
        if family is None:
            raise ValueError(
                f"board {board.name}: nobody pretends {board.driver!r}; there are {', '.join(FAMILIES)}"
            )
        firmware = family(spec, self.world)
        line.boards.append(firmware)
        return firmware

    def _wire_doors(self) -> None:
        feedback = {board.name: board.feedback for board in self.config.board}
        for door in self.config.doors():
            self.world.add_door(Door(door.number, door.size))
            self.world.harness.coils[(door.board, door.channel)] = door.number
            shorted_when_locked = (door.feedback or feedback[door.sensor_board]) == "closed-when-locked"
            senses: Senses = "door" if door.senses == "door" else "latch"  # a presence input is one more
            contact = Contact(door.number, senses, shorted_when_locked)
            self.world.harness.contacts[(door.sensor_board, door.sensor_channel)] = contact

    def _door_json(self, number: str, at_s: float) -> dict[str, Any]:
        door = self.world.doors[number]
        board, channel = next(place for place, named in self.world.harness.coils.items() if named == number)
        return {
            "number": number,
            "door": "closed" if door.shut else "open",
            "latch": "locked" if door.latched else "released",
            "inside": "parcel" if door.parcel else "empty",
            "sensor": self.world.reported(number, at_s),
            "board": board,
            "channel": channel,
            "size": door.size,
        }

    def _document_at(self, links: Mapping[str, Path]) -> dict[str, Any]:
        document = dict(self.document or {})
        for section in ("bus", "scanner"):
            document[section] = [
                {**one, "port": str(links[one["name"]])} for one in document.get(section, [])
            ]
        return document
