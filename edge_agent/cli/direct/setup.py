"""`lockerctl setup`: from an adapter and boards that answer to a `locker.toml` that is checked before it is written.

What was not given and cannot be asked for gets its default; the boards are never guessed: those on the wire count.
Compartments are numbered board by board, from 1, all of one size: geometry and other sizes are edited in afterwards.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edge_agent.cli.direct import scan
from edge_agent.cli.direct.bench import Bench, config_path
from edge_agent.config_reading import read_text
from edge_agent.config_rules import check
from edge_agent.control import install_types as i
from edge_agent.control import types as t
from edge_agent.errors import ConfigError, ControlError
from edge_agent.wiring import second_look

PORT_FOLDERS = ("/dev/locker", "/dev/serial/by-path", "/dev/serial/by-id")  # the first that has one is taken
STATE_DIR = "/var/lib/locker"  # where the unit lets the agent write
LANGUAGES = "zh-Hant,en,zh-Hans"
BUS = "main"
SIZES = {
    "S": (340, 80, 450),
    "M": (340, 190, 450),
    "L": (340, 290, 450),
    "XL": (340, 440, 450),
}  # millimetres
FILE_MODE = 0o644  # agent and bridge read it; nothing secret stands in it


def setup(asked: i.SetupArguments, bench: Bench) -> i.SetupResult:
    """Raises ControlError for a file that is there or a port nobody can name, BusError, ConfigError."""
    file = Path(asked.file) if asked.file else config_path(bench.config_file)
    if file.exists() and not asked.force:
        raise ControlError(
            "CTRL-704", str(file), "it is there already; --force replaces it and keeps the old one"
        )
    if asked.size not in SIZES:
        raise ControlError("CTRL-706", f"size {asked.size}", f"one of {', '.join(SIZES)} is expected")
    asked = msgspec.structs.replace(asked, port=asked.port or only_port())
    text = "\n".join(document(asked, [boards_on(asked, bench)])) + "\n"
    doors = checked(text, file)
    return i.SetupResult(file=str(file), boards=doors[0], doors=doors[1], kept=write_whole(file, text))


def ports() -> list[str]:
    """Serial adapters by their place in the hub; such a name survives a restart and a swapped adapter."""
    for folder in map(Path, PORT_FOLDERS):
        if found := sorted(str(path) for path in folder.glob("*")):
            return found
    return sorted(str(path) for pattern in ("ttyUSB*", "ttyACM*") for path in Path("/dev").glob(pattern))


def only_port() -> str:
    """Raises ControlError where there is none, or a choice."""
    found = ports()
    if len(found) == 1:
        return found[0]
    there = f"there are: {', '.join(found)}" if found else "no serial adapter is plugged in"
    raise ControlError("CTRL-705", "port of the lock boards", f"name it with --port; {there}")


def machine_timezone() -> str:
    """What this machine keeps, else UTC."""
    zone = os.path.realpath("/etc/localtime").partition("zoneinfo/")[2]
    return zone or "UTC"


@dataclass(frozen=True, slots=True)
class FoundBus:
    """One port, its speed, and who answered there."""

    port: str
    baudrate: int
    boards: list[t.ScannedBoard]


def boards_on(asked: i.SetupArguments, bench: Bench) -> FoundBus:
    """The bus of the port that was asked for. Raises ControlError where nobody answered."""
    wanted = t.BusScanArguments(
        port=asked.port, baudrate=asked.baudrate, family=asked.family, addresses=asked.addresses
    )
    scanned = scan.scan(wanted, bench)
    speaking = [bus for bus in scanned.buses if bus.boards]
    if not speaking:
        raise ControlError(
            "CTRL-705", f"lock board on {asked.port}", "nobody answered; look with `lockerctl bus scan`"
        )
    best = max(speaking, key=lambda bus: len(bus.boards))  # one port has one speed
    return FoundBus(asked.port, best.baudrate, list(best.boards))


def document(asked: i.SetupArguments, found: Sequence[FoundBus], state_dir: str = STATE_DIR) -> Iterator[str]:
    """The file, line by line. Doors are numbered over all buses."""
    languages = [word.strip() for word in (asked.languages or LANGUAGES).split(",")]
    yield "# Written by lockerctl. Every key: configuration.md beside the package's documentation."
    yield "[locker]"
    yield f"id = {_text(asked.id or socket.gethostname())}"
    yield f"name = {_text(asked.name)}"
    yield f"timezone = {_text(asked.timezone or machine_timezone())}"
    yield f"languages = {_text(languages)}"
    yield f"hotline = {_text(asked.hotline)}"
    yield f"state_dir = {_text(state_dir)}"
    names, first = _names(), 1
    for place, bus in enumerate(found, 1):
        bus_name = BUS if place == 1 else f"bus{place}"
        yield f'\n[[bus]]\nname = "{bus_name}"\nport = {_text(bus.port)}\nbaudrate = {bus.baudrate}'
        for board in bus.boards:
            name = next(names)
            channels = asked.channels or board.channels or scan.CHANNELS_ASKED.get(board.family, 8)
            yield f'\n[[board]]\nname = "{name}"\nbus = "{bus_name}"\ndriver = {_text(board.family)}'
            yield f"address = {board.address}\nchannels = {channels}"
            yield f'\n[[compartments]]\nboard = "{name}"\nchannels = "1-{channels}"'
            yield f'numbers = "{first}-{first + channels - 1}"\nsize = {_text(asked.size)}'
            first += channels
    width, height, depth = SIZES[asked.size]
    yield f"\n[sizes.{asked.size}]\nwidth_mm = {width}\nheight_mm = {height}\ndepth_mm = {depth}"
    if asked.scanner:
        yield f'\n[[scanner]]\nname = "front"\nport = {_text(asked.scanner)}\ndriver = "line"'


def _text(value: str | list[str]) -> str:
    """A TOML string or list of strings: JSON's are legal there."""
    return json.dumps(value, ensure_ascii=False)


def _names() -> Iterator[str]:
    """A, B … Z, A1, B1 …"""
    for turn in range(10):
        yield from (f"{chr(ord('A') + place)}{turn or ''}" for place in range(26))


def checked(text: str, file: Path) -> tuple[tuple[str, ...], int]:
    """The boards' names and the number of doors. Raises ConfigError with the first thing that is wrong."""
    reading = read_text(text.encode(), str(file))
    problems, config = list(reading.problems), reading.config
    if config is not None:
        problems += check(config, str(file)) + second_look(config, str(file))
    if problems or config is None:
        raise ConfigError(problems[0].code, f"{file}: {problems[0].key}", problems[0].reason)
    return tuple(board.name for board in config.board), len(config.doors())


def write_whole(file: Path, text: str) -> str:
    """The whole file or none of it; an earlier one is kept. Returns where."""
    file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    fresh, old = file.with_name(file.name + ".new"), file.with_name(file.name + ".old")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(FILE_MODE)
    kept = file.exists()
    if kept:
        os.replace(file, old)
    os.replace(fresh, file)
    return str(old) if kept else ""
